"""How a source's columns differ from those of the last sync, and from the target's.

Owns the judgement: what is recorded, what the target is changed by, and what fails the table.
Refuses any change that could lose a value the target holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from arus_dagster.dialects.base import Column
from arus_dagster.dialects.postgresql.bookkeeping import TableState
from arus_dagster.dialects.postgresql.target_table import TargetShape
from arus_dagster.dialects.postgresql.widening import widens
from arus_dagster.engine.result import DriftEvent
from arus_dagster.errors import SchemaDriftError


class IncompatibleDriftError(SchemaDriftError):
    """The source changed in a way that fails the table.

    Args:
        events: every difference found, for the record.
    """

    def __init__(self, message: str, events: Sequence[DriftEvent]) -> None:
        super().__init__(message)
        self.events = tuple(events)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What must happen to the target before rows are loaded.

    Args:
        added: columns the target lacks, named as in the target.
        widened: target column to its new type.
        unread: target columns that are left out, because the target may not be changed.
    """

    added: tuple[Column, ...] = ()
    widened: Mapping[str, str] | None = None
    unread: tuple[str, ...] = ()


def compare(
    state: TableState | None, columns: Sequence[Column], key: tuple[str, ...]
) -> tuple[DriftEvent, ...]:
    """Differences between the source's columns at the last sync and now.

    Args:
        columns: the source's columns now, types as the warehouse spells them.
        key: the primary key in force.
    """
    if state is None:
        return ()
    before = {column.name: column for column in state.source_columns}
    now = {column.name: column for column in columns}
    events = [
        DriftEvent(
            "column_added", c.name, None, c.source_type, f"column {c.name} ({c.source_type}) is new"
        )
        for c in columns
        if c.name not in before
    ]
    events += [
        DriftEvent(
            "column_dropped",
            c.name,
            c.source_type,
            None,
            f"column {c.name} ({c.source_type}) is gone; the target keeps it,"
            " with NULL for new rows",
        )
        for c in state.source_columns
        if c.name not in now
    ]
    for name, column in now.items():
        old = before.get(name)
        if old is None or old.target_type == column.target_type:
            continue
        wider = widens(old.target_type, column.target_type)
        events.append(
            DriftEvent(
                "type_widened" if wider else "type_changed",
                name,
                old.source_type,
                column.source_type,
                f"column {name} was {'widened' if wider else 'changed'}"
                f" from {old.source_type} to {column.source_type}",
            )
        )
    if state.primary_key != key:
        events.append(
            DriftEvent(
                "key_changed",
                None,
                ", ".join(state.primary_key) or None,
                ", ".join(key) or None,
                f"the primary key was ({', '.join(state.primary_key)}) and is ({', '.join(key)})",
            )
        )
    return tuple(events)


def refuse_changed(events: Sequence[DriftEvent], table: str) -> None:
    """Fail on a type that was narrowed or changed: values of the two may not mix unseen.

    Raises:
        IncompatibleDriftError: names each such column and the way out.
    """
    changed = [event.message for event in events if event.kind == "type_changed"]
    if changed:
        raise IncompatibleDriftError(
            f"{table}: {'; '.join(changed)}. Run a full refresh to accept it where the target"
            " column can hold the new type; otherwise drop the column from the target first",
            events,
        )


def reconcile(
    target: TargetShape,
    columns: Sequence[Column],
    events: Sequence[DriftEvent],
    *,
    may_alter: bool,
    table: str,
) -> Reconciliation:
    """What the target needs in order to take the source's columns.

    Args:
        columns: named as in the target, types as the warehouse spells them.
        may_alter: whether columns may be added and widened.

    Raises:
        IncompatibleDriftError: a column's values don't fit, or would fit if it could be altered.
    """
    added: list[Column] = []
    widened: dict[str, str] = {}
    for column in columns:
        present = target.types.get(column.name)
        if present is None:
            added.append(column)
        elif widens(column.target_type, present):
            continue
        elif not widens(present, column.target_type):
            raise IncompatibleDriftError(
                f"{table}: column {column.name} is {column.target_type} in the source, which"
                f" does not fit the target's {present}; drop the target's column and run a full"
                " refresh",
                events,
            )
        elif may_alter:
            widened[column.name] = column.target_type
        else:
            raise IncompatibleDriftError(
                f"{table}: column {column.name} must be widened from {present} to"
                f" {column.target_type} in the target, but auto_alter_schema is off",
                events,
            )
    if not may_alter:
        return Reconciliation(unread=tuple(column.name for column in added))
    return Reconciliation(tuple(added), widened)
