"""People who may log in, and the rule that an active admin always remains."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from arus_dagster.catalog.repositories.integrity import conflicts
from arus_dagster.catalog.repositories.page import Page, fetch_page
from arus_dagster.catalog.session import advisory_lock
from arus_dagster.catalog.user import User
from arus_dagster.errors import ConflictError, NotFoundError

ADMIN = "admin"
_CHANGEABLE = frozenset({"email", "name", "password_hash", "role", "is_active"})


def page(session: Session, *, limit: int, offset: int) -> Page[User]:
    """Users, newest first."""
    return fetch_page(session, select(User), User, limit=limit, offset=offset)


def get(session: Session, user_id: uuid.UUID) -> User:
    """Raises NotFoundError if there is no such user."""
    user = session.get(User, user_id)
    if user is None:
        raise NotFoundError("There is no such user")
    return user


def find_by_email(session: Session, email: str) -> User | None:
    """The user with this e-mail, ignoring case."""
    return session.scalar(select(User).where(func.lower(User.email) == func.lower(email)))


def create(session: Session, *, email: str, name: str, password_hash: str, role: str) -> User:
    """Raises ConflictError if the e-mail is taken, ignoring case."""
    user = User(email=email, name=name, password_hash=password_hash, role=role, is_active=True)
    with _unique_email(session, email):
        session.add(user)
    session.refresh(user)
    return user


def update(session: Session, user: User, changes: Mapping[str, object]) -> User:
    """Change some of a user's fields.

    Args:
        changes: among ``email, name, password_hash, role, is_active``.

    Raises:
        ConflictError: the e-mail is taken, or no active admin would remain.
    """
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise ValueError(f"not fields of a user that change: {sorted(unknown)}")
    stays_admin = changes.get("role", user.role) == ADMIN and changes.get(
        "is_active", user.is_active
    )
    if not stays_admin:
        _keep_an_admin(session, user)
    with _unique_email(session, str(changes.get("email", user.email))):
        for name, value in changes.items():
            setattr(user, name, value)
    session.refresh(user)
    return user


def delete(session: Session, user: User) -> None:
    """Raises ConflictError if no active admin would remain."""
    _keep_an_admin(session, user)
    session.delete(user)
    session.flush()


def _keep_an_admin(session: Session, user: User) -> None:
    # One such change at a time: two admins demoting each other would each see the other remain.
    advisory_lock(session, "admins")
    session.refresh(user)
    if user.role != ADMIN or not user.is_active:
        return
    others = session.scalar(
        select(func.count()).where(User.role == ADMIN, User.is_active, User.id != user.id)
    )
    if not others:
        raise ConflictError(
            "This is the last active admin: make another one before changing this one"
        )


def _unique_email(session: Session, email: str) -> AbstractContextManager[None]:
    return conflicts(session, {"uq_users_email_lower": f"There is already a user {email}"})
