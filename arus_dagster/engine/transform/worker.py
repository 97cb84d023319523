"""The child: shuts itself in, loads scripts, answers batches until its input ends.

Owns the child's side of the protocol and what a script prints. Standard library alone.
"""

from __future__ import annotations

import decimal
import gc
import io
import json
import os
import sys
from typing import Any, BinaryIO

from arus_dagster.engine.transform.batch import BatchRunner, ColumnLimitError
from arus_dagster.engine.transform.frames import (
    BATCH,
    FAILURE,
    INIT,
    LINES,
    OUTCOME,
    PRINT,
    READY,
    frame,
    read_frame,
)
from arus_dagster.engine.transform.memory import out_of_memory
from arus_dagster.engine.transform.sandbox import isolate
from arus_dagster.engine.transform.script import ScriptError, describe, load

# Python's usual 28 digits would round a DECIMAL(65,30) as soon as a script computes with it.
DECIMAL_DIGITS = 100
MAX_PRINTED_LINES = 1000
MAX_PRINTED_CHARACTERS = 4000


class _Printer(io.TextIOBase):
    """Stands for stdout and stderr of a script: whole lines become frames, up to a limit."""

    def __init__(self, output: BinaryIO) -> None:
        self._output = output
        self._partial = ""
        self._printed = 0
        self.suppressed = 0

    def writable(self) -> bool:
        return True

    def write(self, text: str, /) -> int:
        *lines, rest = (self._partial + text).split("\n")
        for line in lines:
            self._tell(line)
        # One character past the limit is enough to see that the line was cut.
        self._partial = rest[: MAX_PRINTED_CHARACTERS + 1]
        return len(text)

    def finish_line(self) -> None:
        """Pass on what has no newline yet."""
        if self._partial:
            self._tell(self._partial)
            self._partial = ""

    def _tell(self, line: str) -> None:
        if self._printed >= MAX_PRINTED_LINES:
            self.suppressed += 1
            return
        self._printed += 1
        if len(line) > MAX_PRINTED_CHARACTERS:
            line = line[:MAX_PRINTED_CHARACTERS] + "…"
        self._output.write(frame(PRINT, line.encode("utf-8", "backslashreplace")))
        self._output.flush()  # a script that never ends should still be heard


def _take_over_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Move the protocol away from descriptors 0 and 1, so that nothing a script prints meets it."""
    requests = os.fdopen(os.dup(0), "rb")
    answers = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    return requests, answers


def _say(answers: BinaryIO, kind: bytes, content: Any) -> None:
    answers.write(frame(kind, json.dumps(content).encode()))
    answers.flush()


def _dry_run(transform: Any) -> None:
    """Call once with an empty row: what it raises is the sample's fault, unless memory ends."""
    try:
        transform({})
    except MemoryError:
        out_of_memory()
    except BaseException:  # noqa: BLE001, S110 - a good script may well need real columns
        pass


def _serve(requests: BinaryIO, answers: BinaryIO, printer: _Printer, isolation: Any) -> None:
    first = read_frame(requests)
    if first is None or first[0] != INIT:
        return
    order = json.loads(first[1])
    scripts = [load(script["name"], script["content"]) for script in order["scripts"]]
    if order["dry_run"]:
        for script in scripts:
            _dry_run(script.transform)
    runner = BatchRunner(scripts, order["columns"], order["known"])
    printer.finish_line()
    _say(answers, READY, {"isolation": isolation})
    gc.collect()
    gc.freeze()
    while (request := read_frame(requests)) is not None:
        kind, data = request
        if kind != BATCH:
            return
        outcome = runner.run(data)
        printer.finish_line()
        told = {
            "rows": outcome.rows,
            "dropped": outcome.dropped,
            "added": runner.added,
            "rejected": outcome.rejected,
            "origins": outcome.origins,
            "suppressed": printer.suppressed,
        }
        printer.suppressed = 0
        answers.write(frame(OUTCOME, json.dumps(told).encode()))
        answers.write(frame(LINES, outcome.data))
        answers.flush()


def main(parent: int, memory_mb: int) -> None:
    """Run until the input ends; the exit code says how it went."""
    requests, answers = _take_over_pipes()
    printer = _Printer(answers)
    sys.stdin = open(os.devnull)  # noqa: SIM115, PTH123 - lives as long as the process
    sys.stdout = sys.stderr = printer
    os.environ.clear()
    sys.set_int_max_str_digits(0)  # numeric holds far longer numbers than Python reads by default
    decimal.getcontext().prec = decimal.DefaultContext.prec = DECIMAL_DIGITS
    isolation = isolate(parent, memory_mb)
    # Scripts import the standard library alone: this package's modules are bound already.
    for name in [name for name in sys.modules if name.split(".")[0] == "arus_dagster"]:
        del sys.modules[name]
    code = 0
    try:
        _serve(requests, answers, printer, isolation)
    except MemoryError:
        out_of_memory()
    except ScriptError as error:
        printer.finish_line()
        _say(
            answers,
            FAILURE,
            {"script": error.script, "line": error.line, "message": error.message},
        )
    except (ColumnLimitError, ValueError) as error:
        _say(answers, FAILURE, {"script": None, "line": None, "message": describe(error)})
    except BrokenPipeError:
        code = 1  # the parent is gone; there is nobody to tell
    # Threads or exit handlers that a script left behind get no say.
    os._exit(code)
