"""Notifications on their way: each event once for each target, tried again with pauses.

Owns the claim of what is due, so that two senders never send the same. All times are the
database's, so that senders need not agree on theirs.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.orm import Session

from arus_dagster.catalog.notification import NotificationDelivery

PENDING, SENT, FAILED = "pending", "sent", "failed"


@dataclass(frozen=True, slots=True)
class Account:
    """How it went with what was sent to a target, as far back as deliveries are kept.

    Args:
        last_error: of the newest delivery that is given up or tried again, without secrets.
    """

    sent: int = 0
    pending: int = 0
    failed: int = 0
    last_error: str | None = None
    last_sent_at: datetime | None = None


def enqueue(
    session: Session,
    target_ids: Sequence[uuid.UUID],
    *,
    event_key: str,
    event: str,
    payload: Mapping[str, Any],
) -> int:
    """Put an event on its way to some targets.

    Args:
        event_key: names this very event, e.g. a run and a kind; a target gets it once.

    Returns:
        For how many targets the event was new.
    """
    if not target_ids:
        return 0
    rows = [
        {
            "id": uuid.uuid4(),
            "target_id": target_id,
            "event_key": event_key,
            "event": event,
            "payload": dict(payload),
            "next_attempt_at": func.clock_timestamp(),
        }
        for target_id in target_ids
    ]
    statement = (
        insert(NotificationDelivery)
        .values(rows)
        .on_conflict_do_nothing(constraint="uq_notification_deliveries_target_id_event_key")
        .returning(NotificationDelivery.id)
    )
    return len(session.execute(statement).all())


def claim_due(session: Session, *, limit: int, lease: timedelta) -> Sequence[NotificationDelivery]:
    """Take deliveries that are due, for one attempt each.

    An attempt is counted before it is made: a sender that dies in between costs an attempt and
    never sends twice without bound.

    Args:
        lease: after which an attempt that reported nothing counts as lost.
    """
    due = session.scalars(
        select(NotificationDelivery)
        .where(
            NotificationDelivery.status == PENDING,
            NotificationDelivery.next_attempt_at <= func.clock_timestamp(),
        )
        .order_by(NotificationDelivery.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for delivery in due:
        delivery.attempts += 1
        delivery.next_attempt_at = func.clock_timestamp() + lease
    session.flush()
    return due


def mark_sent(session: Session, delivery_id: uuid.UUID) -> None:
    """The target has it."""
    _set(session, delivery_id, status=SENT, sent_at=func.now(), last_error=None)


def mark_for_retry(session: Session, delivery_id: uuid.UUID, error: str, after: timedelta) -> None:
    """The attempt failed; another follows."""
    _set(session, delivery_id, last_error=error, next_attempt_at=func.clock_timestamp() + after)


def mark_failed(session: Session, delivery_id: uuid.UUID, error: str) -> None:
    """The event is given up for this target."""
    _set(session, delivery_id, status=FAILED, last_error=error)


def accounts(session: Session, target_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Account]:
    """How it went with what was sent to targets, in one query; a target without any is left out."""
    made = NotificationDelivery
    # The text of the newest fault, without a second look at each target.
    newest = func.array_agg(aggregate_order_by(made.last_error, made.created_at.desc()))
    rows = session.execute(
        select(
            made.target_id,
            func.count().filter(made.status == SENT),
            func.count().filter(made.status == PENDING),
            func.count().filter(made.status == FAILED),
            newest.filter(made.last_error.is_not(None))[1],
            func.max(made.sent_at),
        )
        .where(made.target_id.in_(target_ids))
        .group_by(made.target_id)
    )
    return {target_id: Account(*facts) for target_id, *facts in rows}


def prune(session: Session, older_than: timedelta) -> int:
    """Forget what was sent or given up long ago; answers how many."""
    statement = (
        sa.delete(NotificationDelivery)
        .where(
            NotificationDelivery.status != PENDING,
            NotificationDelivery.created_at < func.now() - older_than,
        )
        .returning(NotificationDelivery.id)
    )
    return len(session.execute(statement).all())


def _set(session: Session, delivery_id: uuid.UUID, **values: Any) -> None:
    session.execute(
        sa.update(NotificationDelivery)
        .where(NotificationDelivery.id == delivery_id)
        .values(**values)
    )
