"""Channels that notifications go to; their configuration is secret and kept encrypted."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_dagster.catalog.notification import NotificationTarget
from arus_dagster.catalog.repositories.integrity import conflicts
from arus_dagster.catalog.repositories.page import Page, fetch_page
from arus_dagster.catalog.session import cipher_of
from arus_dagster.errors import NotFoundError

_CHANGEABLE = frozenset({"name", "type", "active"})


def page(session: Session, *, limit: int, offset: int) -> Page[NotificationTarget]:
    """Targets, newest first."""
    return fetch_page(
        session, select(NotificationTarget), NotificationTarget, limit=limit, offset=offset
    )


def get(session: Session, target_id: uuid.UUID) -> NotificationTarget:
    """Raises NotFoundError if there is no such target."""
    target = session.get(NotificationTarget, target_id)
    if target is None:
        raise NotFoundError("There is no such notification target")
    return target


def config_of(session: Session, target: NotificationTarget) -> dict[str, Any]:
    """The target's configuration in the clear.

    Raises:
        ConfigurationError: it can't be decrypted.
    """
    return cipher_of(session).decrypt_json(target.config)


def create(
    session: Session,
    *,
    name: str,
    kind: str,
    config: Mapping[str, Any],
    active: bool,
) -> NotificationTarget:
    """Raises ConflictError if the name is taken, ignoring case."""
    target = NotificationTarget(
        name=name, type=kind, config=cipher_of(session).encrypt_json(config), active=active
    )
    with _unique_name(session, name):
        session.add(target)
    session.refresh(target)
    return target


def update(
    session: Session,
    target: NotificationTarget,
    changes: Mapping[str, object],
    config: Mapping[str, Any] | None = None,
) -> NotificationTarget:
    """Change some of a target's fields.

    Args:
        changes: among ``name, type, active``.
        config: the whole configuration; None keeps what is stored.

    Raises:
        ConflictError: the name is taken, ignoring case.
    """
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise ValueError(f"not fields of a target that change: {sorted(unknown)}")
    with _unique_name(session, str(changes.get("name", target.name))):
        for name, value in changes.items():
            setattr(target, name, value)
        if config is not None:
            target.config = cipher_of(session).encrypt_json(config)
    session.refresh(target)
    return target


def delete(session: Session, target: NotificationTarget) -> None:
    """Forget a target, its links and what was sent to it."""
    session.delete(target)
    session.flush()


def _unique_name(session: Session, name: str) -> AbstractContextManager[None]:
    return conflicts(
        session,
        {"uq_notification_targets_name_lower": f"There is already a target {name!r}"},
    )
