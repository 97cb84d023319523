"""Loading a script: compile, run its top level, find ``transform``.

Owns what makes a script acceptable and how its faults are told (script, line, exception). Refuses
isolation: the caller is inside it already. Standard library alone: the worker imports it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from arus_dagster.engine.transform.memory import out_of_memory

_MAX_MESSAGE = 500

Transform = Callable[[Any], Any]


class ScriptError(Exception):
    """A script can't be used at all; ``line`` is 1-based, or None where no line is to blame."""

    def __init__(self, script: str, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.script = script
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class LoadedScript:
    """A script ready to be called."""

    name: str
    file: str
    transform: Transform


def describe(error: BaseException) -> str:
    """``KeyError: 'email'``, cut to a readable length."""
    try:
        text = str(error)
    except Exception as other:  # noqa: BLE001 - a script's own exception may fail to print itself
        text = f"(its text can't be had: {type(other).__name__})"
    text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text if len(text) <= _MAX_MESSAGE else text[: _MAX_MESSAGE - 1] + "…"


def line_within(file: str, trace: TracebackType | None) -> int | None:
    """The innermost line of the script's own text that a traceback passes through."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def fault(script: LoadedScript, error: BaseException) -> str:
    """Why a row was refused: script, line, exception."""
    line = line_within(script.file, error.__traceback__)
    place = f"script {script.name!r}" + (f", line {line}" if line is not None else "")
    return f"{place}: {describe(error)}"


def _definition_line(function: Any) -> int | None:
    code = getattr(function, "__code__", None)
    return getattr(code, "co_firstlineno", None)


def _check_signature(name: str, transform: Any) -> None:
    line = _definition_line(transform)
    if inspect.iscoroutinefunction(transform) or inspect.isasyncgenfunction(transform):
        raise ScriptError(name, "transform must be a plain function, not async", line)
    if inspect.isgeneratorfunction(transform):
        raise ScriptError(name, "transform must return, not yield", line)
    try:
        signature = inspect.signature(transform)
    except (ValueError, TypeError):
        return  # a built-in callable that doesn't tell; the dry run will
    try:
        signature.bind({})
    except TypeError:
        raise ScriptError(
            name, "transform must accept exactly one argument, the row: def transform(row)", line
        ) from None


def load(name: str, content: str) -> LoadedScript:
    """Compile a script and run its top level.

    Raises:
        ScriptError: with the line at fault.
    """
    file = f"<script {name}>"
    try:
        code = compile(content, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        raise ScriptError(name, f"{type(error).__name__}: {error.msg}", error.lineno) from None
    except (ValueError, RecursionError, OverflowError) as error:
        raise ScriptError(name, describe(error)) from None
    module: dict[str, Any] = {"__name__": "arus_script", "__builtins__": __builtins__}
    try:
        exec(code, module)
    except MemoryError:
        out_of_memory()
    except BaseException as error:  # noqa: BLE001 - sys.exit() at the top level is a fault too
        raise ScriptError(name, describe(error), line_within(file, error.__traceback__)) from None
    if "transform" not in module:
        raise ScriptError(name, "no function transform(row) is defined", 1)
    transform = module["transform"]
    if not callable(transform):
        raise ScriptError(name, "transform is not a function", 1)
    _check_signature(name, transform)
    return LoadedScript(name, file, transform)
