"""Answers kept for ``Idempotency-Key``."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from arus_dagster.catalog.idempotency_key import IdempotencyKey
from arus_dagster.errors import ConflictError

KEPT_FOR = timedelta(hours=24)
# No request takes this long: one that is still unanswered then died with its process.
ABANDONED_AFTER = timedelta(minutes=15)


class InFlightError(ConflictError):
    """The first request with the key is still being answered."""


def begin(
    session: Session, user_id: uuid.UUID, key: str, fingerprint: str
) -> IdempotencyKey | None:
    """Claim a key for a request, in a transaction of its own.

    Args:
        fingerprint: a digest of what is asked (method, path, body).

    Returns:
        None when the request is new and must be carried out; the kept answer otherwise.

    Raises:
        ConflictError: the key belongs to another request.
        InFlightError: the first request is still being answered.
    """
    session.execute(
        delete(IdempotencyKey).where(
            or_(
                IdempotencyKey.created_at < func.now() - KEPT_FOR,
                and_(
                    IdempotencyKey.status.is_(None),
                    IdempotencyKey.created_at < func.now() - ABANDONED_AFTER,
                ),
            )
        )
    )
    claimed = session.scalar(
        insert(IdempotencyKey)
        .values(user_id=user_id, key=key, fingerprint=fingerprint)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.key)
    )
    if claimed is not None:
        return None
    kept = session.scalar(
        select(IdempotencyKey).where(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key)
    )
    if kept is None:
        raise InFlightError("The first request with this Idempotency-Key just failed: try again")
    if kept.fingerprint != fingerprint:
        raise ConflictError("This Idempotency-Key was used with another request")
    if kept.response is None:
        raise InFlightError("The first request with this Idempotency-Key is still being answered")
    return kept


def finish(
    session: Session, user_id: uuid.UUID, key: str, status: int, response: dict[str, Any]
) -> None:
    """Keep the answer."""
    session.execute(
        update(IdempotencyKey)
        .where(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key)
        .values(status=status, response=response)
    )


def forget(session: Session, user_id: uuid.UUID, key: str) -> None:
    """Give the key back, after a failure that another try may not meet."""
    session.execute(
        delete(IdempotencyKey).where(IdempotencyKey.user_id == user_id, IdempotencyKey.key == key)
    )
