"""Runs scripts over batches of COPY text lines.

Owns what becomes of a row: kept, dropped or rejected, and the columns that scripts add. A field
that no script changed keeps its original text. Refuses isolation and transport. Standard library
alone: the worker imports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from arus_dagster.engine.transform.copytext import NULL
from arus_dagster.engine.transform.decoders import decoder
from arus_dagster.engine.transform.encoders import Encoder, encoder
from arus_dagster.engine.transform.kinds import kind_of, type_for
from arus_dagster.engine.transform.memory import out_of_memory
from arus_dagster.engine.transform.row import Row, row_class
from arus_dagster.engine.transform.script import LoadedScript, describe, fault

RESERVED_PREFIX = "_arus_"
MAX_COLUMNS = 1600  # PostgreSQL's own limit of a table

_MISSING = object()


class ColumnLimitError(Exception):
    """Scripts add more columns than a table can have."""


@dataclass(slots=True)
class BatchOutcome:
    """Lines for ``columns`` and the added ones; rejected rows as (reason, original line).

    ``origins`` says which input line each line was made of; None where each one was kept.
    """

    data: bytes
    rows: int
    dropped: int
    origins: list[int] | None = None
    rejected: list[tuple[str, str]] = field(default_factory=list)


class _RejectedError(Exception):
    """This row can't be kept; the message is the reason."""


class BatchRunner:
    """Applies scripts in order; remembers the columns they added.

    Args:
        scripts: applied to every row, each to what the one before gave.
        columns: name and target type of each field of a line.
        known: name and target type of columns that scripts added in earlier runs, so that they
            keep their type.
    """

    def __init__(
        self,
        scripts: Sequence[LoadedScript],
        columns: Sequence[tuple[str, str]],
        known: Sequence[tuple[str, str]] = (),
    ) -> None:
        kinds = [kind_of(target_type) for _, target_type in columns]
        # Where a text stands for itself; in JSON it is written with quotes.
        self._takes_text = [kind != "json" for kind in kinds]
        self._scripts = tuple(scripts)
        self._names = [name for name, _ in columns]
        self._decoders = [decoder(kind) for kind in kinds]
        self._encoders = [encoder(kind) for kind in kinds]
        self._row = row_class(self._names, self._decoders)
        self._known = dict(known)
        self._added: dict[str, Encoder] = {}
        self.added: list[tuple[str, str]] = []

    def run(self, data: bytes) -> BatchOutcome:
        """Transform complete lines.

        Raises:
            ColumnLimitError: more columns than a table can have.
        """
        lines = data.decode("utf-8", "surrogateescape").split("\n")
        lines.pop()
        width = len(self._names)
        make_row = self._row.of
        scripts = self._scripts
        dropped = 0
        origins: list[int] = []
        made: list[str] = []
        extras: list[dict[str, Any] | None] = []
        rejected: list[tuple[str, str]] = []
        for number, line in enumerate(lines):
            fields = line.split("\t") if width else []
            if len(fields) != width:
                raise ValueError(f"a line of {len(fields)} fields for {width} columns")
            decoded = make_row(fields)
            row: Any = decoded
            script = None
            try:
                for script in scripts:
                    row = script.transform(row)
                    if row is None:
                        break
                    if not isinstance(row, dict):
                        raise _RejectedError(
                            f"script {script.name!r}: transform returned a "
                            f"{type(row).__name__}, not a dict or None"
                        )
                if row is None:
                    dropped += 1
                    continue
                script = None
                text, extra = self._emit(line, fields, decoded, row)
                origins.append(number)
                made.append(text)
                extras.append(extra)
            except MemoryError:
                out_of_memory()
            except _RejectedError as error:
                rejected.append((str(error), line))
            except BaseException as error:  # noqa: BLE001 - sys.exit() in a script is a fault too
                if script is not None:
                    rejected.append((fault(script, error), line))
                else:  # values of a script's own classes have methods that may fail
                    rejected.append((f"the row can't be stored: {describe(error)}", line))
        kept = self._with_added(lines, origins, made, extras, rejected)
        text = "\n".join(kept) + "\n" if kept else ""
        return BatchOutcome(
            text.encode("utf-8", "surrogateescape"),
            len(kept),
            dropped,
            None if len(kept) == len(lines) else origins,
            rejected,
        )

    def _emit(
        self, line: str, fields: list[str], decoded: Row, row: dict[Any, Any]
    ) -> tuple[str, dict[str, Any] | None]:
        """The new line without added columns, and those by name.

        Args:
            decoded: the row the first script got.
            row: the row the last script gave.
        """
        extras: dict[str, Any] | None = None
        changed: list[str] | None = None
        if row is decoded and decoded.is_lazy:
            positions = decoded.positions
            for name, value in decoded.touched():
                position = positions.get(name)
                if position is None:
                    if name not in self._added:
                        self._check_name(name)
                    extras = extras or {}
                    extras[name] = value
                    continue
                if not position and decoded.still_first(value):
                    continue
                original = fields[position]
                text = self._field(position, original, value)
                if text is not original:
                    changed = changed or fields.copy()
                    changed[position] = text
        else:
            rest = dict(row.items())
            known = decoded.originals
            changed = []
            for position, name in enumerate(self._names):
                value = rest.pop(name, _MISSING)
                if value is _MISSING:
                    changed.append(NULL)
                elif known is not None and value is known[position]:
                    changed.append(fields[position])
                else:
                    changed.append(self._field(position, fields[position], value))
            if rest:
                for name in rest:
                    self._check_name(name)
                extras = rest
        return line if changed is None else "\t".join(changed), extras

    def _field(self, position: int, original: str, value: Any) -> str:
        """The field's text: the original object where the value is what the field stood for."""
        encode = self._encoders[position]
        if type(value) is str and "\\" not in original and self._takes_text[position]:
            # What such a field stands for is its own text, or no text at all.
            if value == original:
                return original
            try:
                return encode(value)
            except ValueError as error:
                raise self._unstorable(position, error) from None
        try:
            text: str = encode(value)
            if text == original:
                return original
            before = self._decoders[position](original)
            if type(before) is type(value) and encode(before) == text:
                return original
        except (ValueError, ArithmeticError, RecursionError) as error:
            before = self._decoders[position](original)
            if type(before) is type(value) and before == value:
                return original
            raise self._unstorable(position, error) from None
        return text

    def _unstorable(self, position: int, error: Exception) -> _RejectedError:
        return _RejectedError(f"column {self._names[position]!r}: {error}")

    def _check_name(self, name: Any) -> None:
        if not isinstance(name, str):
            raise _RejectedError(f"a key is a {type(name).__name__}; column names are str")
        if not name or "\x00" in name or not name.isprintable():
            raise _RejectedError(f"{name!r} can't be a column's name")
        if name.startswith(RESERVED_PREFIX):
            raise _RejectedError(f"{name!r}: names that start with {RESERVED_PREFIX} are reserved")

    def _with_added(
        self,
        lines: list[str],
        origins: list[int],
        made: list[str],
        extras: list[dict[str, Any] | None],
        rejected: list[tuple[str, str]],
    ) -> list[str]:
        """The made lines with the fields of added columns behind.

        Args:
            lines: the batch's.
            origins: of which of them each line was made; loses those that turn out unfit.
            extras: the values of added columns of each.
            rejected: is given the unfit ones.
        """
        present = [extra for extra in extras if extra]
        self._add_columns(present)
        if not (present or self._added):
            return made
        kept = []
        numbers = origins.copy()
        origins.clear()
        for number, line, extra in zip(numbers, made, extras, strict=True):
            try:
                tail = self._tail(extra or {})
            except _RejectedError as error:
                rejected.append((str(error), lines[number]))
                continue
            kept.append("\t".join([line, *tail] if self._names else tail))
            origins.append(number)
        return kept

    def _add_columns(self, rows: list[dict[str, Any]]) -> None:
        """Make columns of the keys that have a value for the first time; a key without any value
        is no column yet."""
        fresh = {name: None for extras in rows for name in extras if name not in self._added}
        for name in fresh:
            target_type = type_for(extras.get(name) for extras in rows)
            if target_type is None:
                continue
            target_type = self._known.get(name, target_type)
            if len(self._names) + len(self._added) >= MAX_COLUMNS:
                raise ColumnLimitError(f"scripts add columns past {MAX_COLUMNS}, the limit")
            self._added[name] = encoder(kind_of(target_type))
            self.added.append((name, target_type))

    def _tail(self, extras: dict[str, Any]) -> list[str]:
        fields = []
        for name, encode in self._added.items():
            try:
                fields.append(encode(extras.get(name)))
            except (ValueError, ArithmeticError, RecursionError) as error:
                raise _RejectedError(f"column {name!r}: {error}") from None
        for name, value in extras.items():
            if value is not None and name not in self._added:
                raise _RejectedError(f"column {name!r}: a {type(value).__name__} can't be stored")
        return fields
