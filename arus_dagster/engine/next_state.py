"""What the next sync of a table has to know: its watermark, its columns, those of its scripts.

Owns the step from the state before to the state after. Refuses to write it.
"""

from __future__ import annotations

from collections.abc import Iterable

from arus_dagster.dialects.base import Column, HighWatermark
from arus_dagster.dialects.postgresql.bookkeeping import TableState
from arus_dagster.dialects.postgresql.names import literal
from arus_dagster.dialects.postgresql.types import is_temporal
from arus_dagster.engine.load.staged import StagedLoad
from arus_dagster.engine.transit import Transit


def next_state(transit: Transit, high: HighWatermark, row_count: int) -> TableState:
    """The state after a load.

    Args:
        high: of the rows that were read.
        row_count: the target's rows now.
    """
    prepared, state = transit.prepared, transit.state
    plan = prepared.plan
    watermark, deleted = high.value, high.deleted
    if not plan.moves_watermark and state is not None:
        watermark, deleted = state.watermark, state.deleted_watermark
    elif not plan.full and state is not None:
        watermark = _later(transit, state.watermark, watermark, plan.watermark_column)
        deleted = _later(transit, state.deleted_watermark, deleted, plan.soft_delete_column)
    return TableState(
        source_place=transit.request.source.place,
        watermark_column=plan.watermark_column,
        watermark=watermark,
        deleted_watermark=deleted,
        row_filter=plan.row_filter,
        deleted_column=plan.deleted_column,
        primary_key=prepared.key,
        source_columns=prepared.found,
        script_columns=_script_columns(transit),
        row_count=row_count,
    )


def known_script_columns(transit: Transit) -> tuple[Column, ...]:
    """Those that scripts added before, in earlier runs or earlier in this one."""
    before = _present(transit, transit.state.script_columns if transit.state else ())
    return (*before, *_made(transit))


def _present(transit: Transit, columns: Iterable[Column]) -> tuple[Column, ...]:
    """Those that the target has: one that a person dropped may come back as another type."""
    job = transit.prepared.job
    return tuple(c for c in columns if job.shape and job.rename(c.name) in job.shape.types)


def _made(transit: Transit) -> tuple[Column, ...]:
    return transit.load.script_columns if isinstance(transit.load, StagedLoad) else ()


def _script_columns(transit: Transit) -> tuple[Column, ...]:
    """Those that scripts ever added: a run in which one has no value must not forget its type.

    A source column that got the name since has taken its place.
    """
    known = transit.state.script_columns if transit.state else ()
    taken = {column.name for column in transit.prepared.found}
    merged = {column.name: column for column in (*known, *_made(transit))}
    return tuple(column for name, column in merged.items() if name not in taken)


def _later(transit: Transit, old: str | None, new: str | None, name: str | None) -> str | None:
    """The later of two watermarks; in a window with a lookback the new one may be the older."""
    if old is None or new is None or name is None:
        return new if old is None else old
    column = transit.prepared.shape.column(name)
    if column is None or not is_temporal(column.target_type):
        return new  # read without a lookback, so never less than the old one
    later = transit.connection.value(
        f"SELECT {literal(new)}::{column.target_type} >= {literal(old)}::{column.target_type}"
    )
    return new if later else old
