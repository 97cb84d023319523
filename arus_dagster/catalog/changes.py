"""What a session changes, by name: the raw material of the audit log.

Owns the watching of a session's unit of work, so that no caller has to say what it changed. What
goes past it in a statement of its own is told by ``note``. Refuses values: only the names of
fields are kept, since a value may be a secret.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session

from arus_dagster.catalog.destination import Destination
from arus_dagster.catalog.notification import NotificationLink, NotificationTarget
from arus_dagster.catalog.pipeline import Pipeline, PipelineTable
from arus_dagster.catalog.script import TransformScript
from arus_dagster.catalog.source import Source
from arus_dagster.catalog.user import User

# What a person configures; results, deliveries and the like follow from it.
KINDS: dict[type[Any], str] = {
    Source: "source",
    Destination: "destination",
    Pipeline: "pipeline",
    PipelineTable: "table",
    TransformScript: "script",
    NotificationTarget: "notification_target",
    NotificationLink: "notification_link",
    User: "user",
}
# How the API names what is stored under another name.
_NAMES = {"password_hash": "password"}
# What a test of a connection or a run leaves behind, and the clock, are no change of configuration.
_FOLLOWING = frozenset(
    {"updated_at", "status", "last_error", "last_tested", "identity", "rows_synced_before"}
)
_WATCHED = "arus.changes"


@dataclass(slots=True)
class Change:
    """One thing that was changed.

    Args:
        kind: e.g. ``source``; see ``KINDS``.
        change: ``created``, ``updated``, ``deleted``, or what an action did.
        fields: names of the fields that have other values now, for an update.
    """

    kind: str
    change: str
    id: uuid.UUID | None = None
    name: str | None = None
    fields: set[str] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        """The change as it is stored."""
        return {
            "resource": self.kind,
            "change": self.change,
            "id": None if self.id is None else str(self.id),
            "name": self.name,
            "fields": sorted(self.fields),
        }


class Changes:
    """The changes of one session, in the order in which they were made."""

    def __init__(self) -> None:
        self._noted: list[Change] = []
        self._objects: dict[int, tuple[Any, Change]] = {}

    @property
    def made(self) -> Sequence[Change]:
        """What was changed so far; rows that are new have their key once they are flushed."""
        for row, change in self._objects.values():
            if change.id is None:
                change.id = row.id
        return tuple(self._noted)

    def add(self, change: Change) -> None:
        """Take one in."""
        self._noted.append(change)

    def collect(self, session: Session) -> None:
        """Take in what a flush is about to write."""
        for row in session.new:
            self._take(row, "created", set())
        for row in session.deleted:
            self._take(row, "deleted", set())
        for row in session.dirty:
            if fields := _changed_fields(row):
                self._take(row, "updated", fields)

    def _take(self, row: Any, change: str, fields: set[str]) -> None:
        kind = KINDS.get(type(row))
        if kind is None:
            return
        _, known = self._objects.get(id(row), (None, None))
        if known is not None:
            if known.change == "updated" and change == "updated":
                known.fields |= fields
            elif change == "deleted":
                known.change, known.fields = "deleted", set()
            return
        made = Change(kind, change, row.id, getattr(row, "name", None), set(fields))
        # The row is held, so that no other one gets its number while this session lasts.
        self._objects[id(row)] = (row, made)
        self._noted.append(made)


def watch(session: Session) -> Changes:
    """Collect what the session changes from now on."""
    changes = Changes()
    session.info[_WATCHED] = changes

    def before_flush(flushing: Session, *_: Any) -> None:
        changes.collect(flushing)

    event.listen(session, "before_flush", before_flush)
    return changes


def note(session: Session, change: Change) -> None:
    """Tell of a change that the session itself can't see; nothing happens if nobody watches."""
    changes: Changes | None = session.info.get(_WATCHED)
    if changes is not None:
        changes.add(change)


def _changed_fields(row: Any) -> set[str]:
    state = inspect(row)
    columns = state.mapper.column_attrs.keys()
    changed = {name for name in columns if state.attrs[name].history.has_changes()}
    return {_NAMES.get(name, name) for name in changed - _FOLLOWING}
