"""From a request and what is found at both ends to a load that can begin.

Owns the meeting of source and target: names, types, drift, key, and the choice of the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from arus_dagster.dialects.base import Column, SourceSnapshot, TableShape
from arus_dagster.dialects.postgresql.bookkeeping import TableState
from arus_dagster.dialects.postgresql.connection import Apart, Connection
from arus_dagster.dialects.postgresql.names import RESERVED_COLUMNS, SOURCE_LINE, target_name
from arus_dagster.dialects.postgresql.predicates import is_deleted, is_deleted_line
from arus_dagster.dialects.postgresql.raw_table import RawTable
from arus_dagster.dialects.postgresql.target_table import (
    TargetShape,
    TargetTable,
    canonical_types,
)
from arus_dagster.engine.drift import (
    IncompatibleDriftError,
    Reconciliation,
    compare,
    reconcile,
    refuse_changed,
)
from arus_dagster.engine.load.direct import DirectLoad
from arus_dagster.engine.load.job import LoadJob, Reject
from arus_dagster.engine.load.staged import StagedLoad
from arus_dagster.engine.result import DriftEvent
from arus_dagster.engine.specs import Script, SyncRequest
from arus_dagster.engine.window import Plan, plan
from arus_dagster.errors import ConfigurationError, FatalError


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that was decided before the first row.

    Args:
        shape: the source's columns that are read, under their own names.
        columns: the same under the target's names.
        found: the source's columns, read or not, for the saved state.
        excludes_deleted: whether soft-deleted rows are left out at the source.
        unread: columns of the source that the target lacks and may not be given.
    """

    shape: TableShape
    columns: tuple[Column, ...]
    found: tuple[Column, ...]
    key: tuple[str, ...]
    plan: Plan
    drift: tuple[DriftEvent, ...]
    scripts: tuple[Script, ...]
    job: LoadJob
    excludes_deleted: bool
    unread: tuple[str, ...]

    def load(self) -> DirectLoad | StagedLoad:
        """The way that fits: straight where every row that comes stays as it is."""
        job = self.job
        rekeyed = job.shape is not None and job.shape.key != job.key
        merges = job.window is not None and bool(job.key)
        meets = job.may_repeat or merges or rekeyed or job.deleted_condition is not None
        # Raw copies are of the source's own values, which a wider target does not hold.
        kept_apart = job.raw is not None and not job.same_types
        if self.scripts or meets or kept_apart:
            return StagedLoad(job, transformed=bool(self.scripts))
        return DirectLoad(job)


def target_column_name(name: str) -> str:
    """The target's name for a source column, or for one that a script adds."""
    return target_name(name, RESERVED_COLUMNS)


def prepare(
    request: SyncRequest,
    snapshot: SourceSnapshot,
    connection: Connection,
    apart: Apart,
    state: TableState | None,
    reject: Reject,
) -> Prepared:
    """Look at both ends, change the target where it must be, and decide how to load.

    Raises:
        IncompatibleDriftError: the source's columns can't be carried over.
        ConfigurationError: the request contradicts the source or the warehouse.
    """
    table, policy = request.table, request.policy
    shape = _describe(request, snapshot, connection)
    key = shape.primary_key
    events = compare(state, shape.columns, key)
    if policy.schema_drift_detection and request.run.kind != "full_refresh":
        refuse_changed(events, str(shape.table))
    target = TargetTable(connection, table.target)
    present = target.shape()
    named = tuple(replace(c, name=target_column_name(c.name)) for c in shape.columns)
    needed = Reconciliation()
    if present is not None:
        needed = reconcile(
            present, named, events, may_alter=policy.auto_alter_schema, table=str(shape.table)
        )
    read_shape = replace(
        shape,
        columns=tuple(c for c in shape.columns if target_column_name(c.name) not in needed.unread),
    )
    columns = tuple(c for c in named if c.name not in needed.unread)
    _require_read(key, read_shape, "primary key")
    target_key = tuple(target_column_name(name) for name in key)
    scripts = tuple(s for s in request.scripts if s.table in (None, table.source.name))
    try:
        decided = plan(
            table,
            request.run,
            read_shape,
            key,
            state,
            _reload_reason(request, state, events, present, target_key, needed),
            place=request.source.place,
            transformed=bool(scripts),
        )
    except ConfigurationError as error:
        if not events or not policy.schema_drift_detection:
            raise
        # Such as a watermark column that was renamed: the drift is what a person has to see.
        raise IncompatibleDriftError(error.message, events) from None
    if present is not None:
        try:
            present = _change_target(apart, target, present, needed, target_key)
        except FatalError as error:
            raise IncompatibleDriftError(
                f"{table.target} can't follow its source: {error.message}", events
            ) from None
    may_repeat = bool(key) and bool(table.primary_key or scripts)
    excludes_deleted = decided.full and not may_repeat
    job = LoadJob(
        connection=connection,
        apart=apart,
        target=target,
        shape=present,
        columns=columns,
        source_columns=read_shape.columns,
        rename=target_column_name,
        key=target_key,
        window=decided.window,
        watermark=_renamed(columns, decided.watermark_column),
        deleted_condition=_deleted_condition(
            read_shape,
            None if excludes_deleted else decided.deleted_column,
            transformed=bool(scripts),
        ),
        may_repeat=may_repeat,
        raw=_raw_table(request, connection, apart),
        run_id=request.run.id,
        may_alter=policy.auto_alter_schema,
        comment=shape.comment,
        reject=reject,
    )
    return Prepared(
        shape=read_shape,
        columns=columns,
        found=shape.columns,
        key=key,
        plan=decided,
        drift=events if policy.schema_drift_detection else (),
        scripts=scripts,
        job=job,
        excludes_deleted=excludes_deleted,
        unread=needed.unread,
    )


def _describe(request: SyncRequest, snapshot: SourceSnapshot, connection: Connection) -> TableShape:
    """The source table, its key as configured and its types as the warehouse spells them."""
    table = request.table
    shape = snapshot.describe(table.source)
    if shape is None:
        message = f"{table.source} is not in the source any more, or may not be read"
        raise IncompatibleDriftError(
            message, (DriftEvent("table_missing", None, str(table.source), None, message),)
        )
    if not shape.columns:
        raise ConfigurationError(f"{table.source} has no columns")
    types = canonical_types(connection, [c.target_type for c in shape.columns])
    columns = [replace(c, target_type=kind) for c, kind in zip(shape.columns, types, strict=True)]
    if table.primary_key:
        for name in table.primary_key:
            if shape.column(name) is None:
                raise ConfigurationError(f"the key column {name!r} is not in {table.source}")
        positions = {name: n for n, name in enumerate(table.primary_key, start=1)}
        columns = [replace(c, key_position=positions.get(c.name)) for c in columns]
    return replace(shape, columns=tuple(columns))


def _reload_reason(
    request: SyncRequest,
    state: TableState | None,
    events: Sequence[DriftEvent],
    present: TargetShape | None,
    key: tuple[str, ...],
    needed: Reconciliation,
) -> str | None:
    if state is None:
        return None
    if present is None:
        return "the target table is gone"
    if present.key != key:
        return "the target's primary key differs from the source's"
    known = {target_column_name(column.name) for column in state.source_columns}
    if any(column.name in known for column in needed.added):
        # Dropped from the target by a person: put back empty, it would look like the source's.
        return "a column is missing in the target"
    added = any(event.kind == "column_added" for event in events)
    if added and request.policy.drift_backfill and request.policy.auto_alter_schema:
        return "a new column is filled"
    return None


def _change_target(
    apart: Apart,
    target: TargetTable,
    present: TargetShape,
    needed: Reconciliation,
    key: tuple[str, ...],
) -> TargetShape:
    """Alter the target in a transaction that holds its lock for an instant."""
    drop_key = present.key != key and present.key_name is not None
    if not (needed.added or needed.widened or drop_key):
        return present
    with apart() as connection:
        beside = TargetTable(connection, target.table)
        beside.alter(needed.added, needed.widened or {})
        if drop_key:
            beside.drop_key(present)
    changed = target.shape()
    if changed is None:
        raise ConfigurationError(f"{target.table} was dropped while it was changed")
    return changed


def _require_read(names: Sequence[str], shape: TableShape, role: str) -> None:
    for name in names:
        if shape.column(name) is None:
            raise ConfigurationError(
                f"the {role} column {name!r} is missing in the target, and auto_alter_schema is off"
            )


def _raw_table(request: SyncRequest, connection: Connection, apart: Apart) -> RawTable | None:
    table = request.table
    if table.load_mode != "raw":
        return None
    if table.raw is None:
        raise ConfigurationError("load mode raw needs the name of a raw table")
    raw = RawTable(connection, request.raw_schema, table.raw, table.id)
    raw.ensure(apart)
    return raw


def _renamed(columns: Sequence[Column], name: str | None) -> Column | None:
    if name is None:
        return None
    return next(c for c in columns if c.name == target_column_name(name))


def _deleted_condition(shape: TableShape, name: str | None, *, transformed: bool) -> str | None:
    """Whether the source's row is deleted, whatever scripts made of it."""
    if name is None:
        return None
    position = next(n for n, column in enumerate(shape.columns) if column.name == name)
    kind = shape.columns[position].target_type
    if transformed:
        return is_deleted_line(SOURCE_LINE, position, kind)
    return is_deleted(target_column_name(name), kind)
