"""What a sync reads: the whole table or a window of it, and where the watermark goes.

Owns the decision, from the request and the state that the last sync left. Refuses a window
wherever it could miss a row: then the table is read whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

from arus_dagster.dialects.base import Read, TableShape, Window
from arus_dagster.dialects.postgresql.bookkeeping import TableState
from arus_dagster.dialects.postgresql.predicates import can_mark_deleted
from arus_dagster.dialects.postgresql.types import family, is_numeric, is_temporal
from arus_dagster.engine.specs import RunSpec, TableSpec
from arus_dagster.errors import ConfigurationError

_DATE_CHARACTERS = len("2024-01-31")


@dataclass(frozen=True, slots=True)
class Plan:
    """What to read and how it meets the target.

    Args:
        reason: why the table is read whole, or from where it is read; for the log.
        window: None reads the whole table and replaces the target.
        watermark_column: None keeps no watermark.
        moves_watermark: whether a later watermark found in the read is saved.
        deleted_column: rows in which it is set leave the target.
        soft_delete_column: its recent changes belong to a window, whatever they lead to.
    """

    reason: str
    window: Window | None
    watermark_column: str | None
    moves_watermark: bool
    deleted_column: str | None
    soft_delete_column: str | None
    row_filter: str | None

    @property
    def full(self) -> bool:
        return self.window is None

    def read(self, shape: TableShape, *, exclude_deleted: bool) -> Read:
        """The rows to stream.

        Args:
            exclude_deleted: leave soft-deleted rows out at the source already.
        """
        return Read(
            shape=shape,
            window=self.window,
            row_filter=self.row_filter,
            exclude_deleted=self.deleted_column if exclude_deleted else None,
        )

    def watermark_read(self, shape: TableShape) -> Read | None:
        """The rows whose greatest watermark is saved; None where none is."""
        if not self.moves_watermark or self.watermark_column is None:
            return None
        window = self.window or Window(
            self.watermark_column, deleted_column=self.soft_delete_column
        )
        return Read(shape=shape, window=window, row_filter=self.row_filter)


def plan(
    table: TableSpec,
    run: RunSpec,
    shape: TableShape,
    key: tuple[str, ...],
    state: TableState | None,
    reload_reason: str | None,
    *,
    place: str,
    transformed: bool,
) -> Plan:
    """What to read of a table.

    Args:
        place: the database that is read.
        key: the primary key in force; empty means none.
        reload_reason: why the target must be replaced whatever the state, or None.
        transformed: whether scripts stand between source and target.

    Raises:
        ConfigurationError: a configured column is not in the source or can't be what it is
            configured for, or a date is no date.
    """
    watermark = table.watermark_column if table.sync_mode == "incremental" else None
    for name, role in ((watermark, "watermark"), (table.soft_delete_column, "soft-delete")):
        if name is not None and shape.column(name) is None:
            raise ConfigurationError(f"the {role} column {name!r} is not in {shape.table}")
    deleted = table.soft_delete_column if table.soft_delete == "remove" else None
    if deleted is not None:
        _require_mark(shape, deleted)
    whole = Plan(
        reason="",
        window=None,
        watermark_column=watermark,
        moves_watermark=watermark is not None,
        deleted_column=deleted,
        soft_delete_column=table.soft_delete_column,
        row_filter=table.row_filter,
    )
    reason = reload_reason or _reason_for_whole(
        table, run, shape, key, state, watermark, deleted, place=place, transformed=transformed
    )
    if reason is not None:
        return replace(whole, reason=reason)
    assert watermark is not None and state is not None  # both are reasons to read whole
    if run.kind == "backfill":
        window = _backfill_window(run, shape, watermark)
        return replace(whole, reason="backfill", window=window, moves_watermark=False)
    window = Window(
        column=watermark,
        lower=state.watermark,
        lookback_seconds=table.lookback_seconds,
        deleted_column=table.soft_delete_column,
        deleted_lower=state.deleted_watermark,
    )
    return replace(whole, reason="incremental", window=window)


def _reason_for_whole(
    table: TableSpec,
    run: RunSpec,
    shape: TableShape,
    key: tuple[str, ...],
    state: TableState | None,
    watermark: str | None,
    deleted: str | None,
    *,
    place: str,
    transformed: bool,
) -> str | None:
    if run.kind == "full_refresh":
        return "full refresh requested"
    if watermark is None:
        return "no watermark column" if table.sync_mode == "incremental" else "full refresh"
    if state is None:
        return "first sync"
    if state.source_place != place:
        return "the source was moved to another host, port or database"
    if state.watermark_column != watermark:
        return "the watermark column was changed"
    if state.watermark is None:
        return "no watermark yet"
    if state.row_filter != table.row_filter:
        return "the row filter was changed"
    if state.deleted_column != deleted:
        return "what becomes of deleted rows was changed"
    if state.primary_key != key:
        return "the primary key was changed"
    column = shape.column(watermark)
    type_name = column.target_type if column else "text"
    if run.kind == "backfill":
        if run.from_date is None:
            return "backfill without a first date"
        if not is_temporal(type_name):
            return f"backfill by date, but the watermark is {type_name}"
    if not key:
        if deleted is not None:
            return "soft-deleted rows can't be found without a primary key"
        if not (is_temporal(type_name) or is_numeric(type_name)):
            # Source and warehouse may sort such values differently, so that the window deleted
            # here would not be the window read there.
            return f"no primary key, and the watermark is {type_name}"
        if transformed:
            # The rows of a window are deleted by the watermark that a script gave them, and read
            # by the source's.
            return "no primary key, and scripts may change the watermark"
    return None


def _require_mark(shape: TableShape, name: str) -> None:
    """Refuse a column in which any value, such as ``N``, would count as a deletion."""
    column = shape.column(name)
    if column is not None and not can_mark_deleted(column.target_type):
        raise ConfigurationError(
            f"the soft-delete column {name!r} of {shape.table} is {column.source_type}; a row is"
            " marked as deleted by a time, a boolean or a number"
        )


def _backfill_window(run: RunSpec, shape: TableShape, watermark: str) -> Window:
    column = shape.column(watermark)
    dates_only = column is not None and family(column.target_type) == "date"
    assert run.from_date is not None  # its absence is a reason to read whole
    return Window(
        column=watermark,
        lower=_bound(run.from_date, "from_date", dates_only=dates_only, end=False),
        upper=(
            _bound(run.to_date, "to_date", dates_only=dates_only, end=True) if run.to_date else None
        ),
    )


def _bound(given: str, name: str, *, dates_only: bool, end: bool) -> str:
    """A date or time as any database reads it, in UTC; a date alone means all of that day."""
    try:
        moment = datetime.fromisoformat(given.strip())
    except ValueError:
        raise ConfigurationError(f"{name} {given!r} is no ISO 8601 date") from None
    if end and len(given.strip()) <= _DATE_CHARACTERS:
        moment = datetime.combine(moment.date(), time.max, moment.tzinfo)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    if dates_only:
        return moment.date().isoformat()
    return moment.isoformat(sep=" ", timespec="microseconds")
