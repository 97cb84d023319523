"""The audit log: entries are added and, past their time, forgotten; none is ever changed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from arus_dagster.catalog.audit_entry import AuditEntry
from arus_dagster.catalog.changes import Change
from arus_dagster.catalog.repositories.page import Page, fetch_page

Outcome = Literal["success", "denied", "failed"]

# A pipeline may have ten thousand tables; their names are in the pipeline.
MOST_CHANGES = 50
COMMAND_LINE = "command line"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries are asked for; None takes all.

    Args:
        since: entries of that moment and later ones.
        until: entries before that moment.
    """

    user_id: uuid.UUID | None = None
    resource: str | None = None
    resource_id: uuid.UUID | None = None
    action: str | None = None
    outcome: Outcome | None = None
    since: datetime | None = None
    until: datetime | None = None


def record(
    session: Session,
    *,
    action: str,
    resource: str,
    address: str,
    outcome: Outcome,
    changes: Sequence[Change] = (),
    status: int | None = None,
    resource_id: uuid.UUID | None = None,
    user_id: uuid.UUID | None = None,
    user_email: str | None = None,
    request_id: uuid.UUID | None = None,
) -> None:
    """Add an entry, in the transaction of what it tells.

    Args:
        action: what was asked for, e.g. ``update_source``.
        resource: the kind of thing that it is about, e.g. ``sources``.
        address: where the request came from.
        status: the answer's HTTP status, where there is one.
    """
    session.add(
        AuditEntry(
            user_id=user_id,
            user_email=user_email,
            address=address[:64],
            action=action,
            resource=resource,
            resource_id=resource_id,
            outcome=outcome,
            status=status,
            changes=[change.as_json() for change in changes[:MOST_CHANGES]],
            changes_total=len(changes),
            request_id=request_id,
        )
    )
    session.flush()


def page(session: Session, wanted: Filter, *, limit: int, offset: int) -> Page[AuditEntry]:
    """Entries, newest first."""
    query = select(AuditEntry)
    for column, value in (
        (AuditEntry.user_id, wanted.user_id),
        (AuditEntry.resource, wanted.resource),
        (AuditEntry.resource_id, wanted.resource_id),
        (AuditEntry.action, wanted.action),
        (AuditEntry.outcome, wanted.outcome),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(AuditEntry.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.created_at < wanted.until)
    return fetch_page(session, query, AuditEntry, limit=limit, offset=offset)


def prune(session: Session, kept: timedelta) -> int:
    """Forget entries older than ``kept``; answers how many."""
    forgotten = session.execute(delete(AuditEntry).where(AuditEntry.created_at < func.now() - kept))
    return int(forgotten.rowcount)  # type: ignore[attr-defined]
