"""Counting failed logins, for all API processes together.

Owns the order in which two attempts at once are counted: one after the other, so that guesses
sent at the same moment don't all pass. Keeps nothing for longer than the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from arus_dagster.catalog.login_failure import LoginFailure
from arus_dagster.catalog.session import advisory_lock


def begin(session: Session, limits: Mapping[str, int], window: timedelta) -> float | None:
    """Count a failure for each key, unless one of them has reached its limit.

    Args:
        limits: key to the number of failures within the window from which on it has to wait.
            Two callers must give their keys in the same order of kinds.

    Returns:
        None where it was counted; else the seconds until the first of the failures that stand in
        the way leaves the window, and nothing is counted.
    """
    now = func.clock_timestamp()
    for key in limits:
        advisory_lock(session, f"login {key}")
    # What another attempt is forgetting at this moment need not be waited for.
    past = select(LoginFailure.id).where(LoginFailure.failed_at < now - window)
    forgotten = past.with_for_update(skip_locked=True).subquery()
    session.execute(delete(LoginFailure).where(LoginFailure.id.in_(select(forgotten.c.id))))
    for key, limit in limits.items():
        number, oldest = session.execute(
            select(
                func.count(),
                func.extract("epoch", func.min(LoginFailure.failed_at) + window - now),
            ).where(LoginFailure.key == key, LoginFailure.failed_at >= now - window)
        ).one()
        if number >= limit:
            return max(float(oldest), 0.0)
    session.add_all(LoginFailure(key=key) for key in limits)
    session.flush()
    return None


def forget(session: Session, key: str) -> None:
    """Forget every failure of a key."""
    session.execute(delete(LoginFailure).where(LoginFailure.key == key))


def take_back(session: Session, key: str) -> None:
    """Forget the latest failure of a key."""
    latest = (
        select(LoginFailure.id)
        .where(LoginFailure.key == key)
        .order_by(LoginFailure.failed_at.desc())
        .limit(1)
    )
    session.execute(delete(LoginFailure).where(LoginFailure.id == latest.scalar_subquery()))
