"""Managing notification targets and links.

Owns the check of a channel's configuration, the masking of its secrets on the way out, and what
is kept of it over an update.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, cast

from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.orm import Session

from arus_api.notifications.schemas import (
    DeliveriesOut,
    LinkChanges,
    LinkIn,
    TargetChanges,
    TargetIn,
    TargetOut,
    config_problems,
)
from arus_dagster.catalog import NotificationLink, NotificationTarget
from arus_dagster.catalog.repositories import (
    notification_deliveries,
    notification_links,
    notification_targets,
    pipelines,
    settings,
)
from arus_dagster.catalog.repositories.page import Page
from arus_dagster.catalog.repositories.secrets import readable
from arus_dagster.errors import ConfigurationError, InvalidInputError, NotFoundError
from arus_dagster.notify.channels import CHANNELS, ChannelType
from arus_dagster.notify.config import ChannelConfig
from arus_dagster.notify.delivery import send_test

_UNUSABLE = "The stored configuration is not acceptable any more; enter it again"


def page(session: Session, *, limit: int, offset: int) -> Page[TargetOut]:
    """Targets, newest first, their secrets masked."""
    found = notification_targets.page(session, limit=limit, offset=offset)
    accounts = notification_deliveries.accounts(session, [target.id for target in found.items])
    items = [_shown(session, target, accounts.get(target.id)) for target in found.items]
    return Page(items=items, total=found.total)


def shown(session: Session, target: NotificationTarget) -> TargetOut:
    """One target, with how it went with its messages; see ``page``."""
    return _shown(
        session, target, notification_deliveries.accounts(session, [target.id]).get(target.id)
    )


def _shown(
    session: Session,
    target: NotificationTarget,
    account: notification_deliveries.Account | None,
) -> TargetOut:
    """A target as it may be seen; one whose configuration can't be read shows why."""
    config: ChannelConfig | None = None
    error: str | None = None
    try:
        config = _stored_config(session, target)
    except ConfigurationError as unreadable:
        error = unreadable.message
    return TargetOut(
        id=target.id,
        name=target.name,
        type=cast(ChannelType, target.type),
        config={} if config is None else config.masked(),
        destination="" if config is None else CHANNELS[target.type].destination(config),
        error=error,
        active=target.active,
        deliveries=DeliveriesOut.model_validate(account or notification_deliveries.Account()),
        created_at=target.created_at,
        updated_at=target.updated_at,
    )


def create(session: Session, new: TargetIn) -> TargetOut:
    """Store a target; nothing is sent yet.

    Raises:
        ConflictError: the name is taken, ignoring case.
        RequestValidationError: naming the fields of ``config`` at fault.
    """
    config = _checked(new.type, {}, new.config)
    made = notification_targets.create(
        session, name=new.name, kind=new.type, config=config.plain(), active=new.active
    )
    return shown(session, made)


def update(session: Session, target_id: uuid.UUID, changes: TargetChanges) -> TargetOut:
    """Change the fields that were sent.

    Raises:
        NotFoundError: there is no such target.
        ConflictError: the name is taken, ignoring case.
        RequestValidationError: naming the fields of ``config`` at fault.
    """
    target = notification_targets.get(session, target_id)
    fields = changes.model_dump(exclude_unset=True, exclude={"config"})
    kind = changes.type or target.type
    config: Mapping[str, Any] | None = None
    if changes.config is not None or kind != target.type:
        stored = _kept(session, target) if kind == target.type else {}
        config = _checked(kind, stored, changes.config or {}).plain()
    return shown(session, notification_targets.update(session, target, fields, config))


def delete(session: Session, target_id: uuid.UUID) -> None:
    """Raises NotFoundError if there is no such target."""
    notification_targets.delete(session, notification_targets.get(session, target_id))


def test(session: Session, target_id: uuid.UUID) -> None:
    """Send a target a message now, active or not.

    Raises:
        NotFoundError: there is no such target.
        ConnectionFailedError: it was not taken; the message says why, without secrets.
        ConfigurationError: the stored configuration can't be used.
    """
    target = notification_targets.get(session, target_id)
    config = _stored_config(session, target)
    allow_local = settings.load(session).notify_allow_local
    send_test(target.type, config, target.name, allow_local=allow_local)


def links(session: Session, pipeline_id: uuid.UUID) -> Sequence[NotificationLink]:
    """Raises NotFoundError if there is no such pipeline."""
    pipelines.get(session, pipeline_id)
    return notification_links.of_pipeline(session, pipeline_id)


def create_link(session: Session, new: LinkIn) -> NotificationLink:
    """Link a pipeline to a target.

    Raises:
        ConflictError: they are linked already.
        InvalidInputError: there is no such pipeline or target.
    """
    try:
        pipelines.get(session, new.pipeline_id)
    except NotFoundError as error:
        raise InvalidInputError(error.message, field="pipeline_id") from None
    try:
        notification_targets.get(session, new.target_id)
    except NotFoundError as error:
        raise InvalidInputError(error.message, field="target_id") from None
    return notification_links.create(session, **new.model_dump())


def update_link(session: Session, link_id: uuid.UUID, changes: LinkChanges) -> NotificationLink:
    """Raises NotFoundError if there is no such link."""
    link = notification_links.get(session, link_id)
    return notification_links.update(session, link, changes.model_dump(exclude_unset=True))


def delete_link(session: Session, link_id: uuid.UUID) -> None:
    """Raises NotFoundError if there is no such link."""
    notification_links.delete(session, notification_links.get(session, link_id))


def _checked(kind: str, stored: Mapping[str, Any], given: Mapping[str, Any]) -> ChannelConfig:
    try:
        return CHANNELS[kind].config.changed(stored, given)
    except ValidationError as error:
        raise RequestValidationError(config_problems(error)) from None


def _stored_config(session: Session, target: NotificationTarget) -> ChannelConfig:
    stored = notification_targets.config_of(session, target)
    try:
        return CHANNELS[target.type].config.model_validate(stored)
    except ValidationError:
        raise ConfigurationError(_UNUSABLE) from None


def _kept(session: Session, target: NotificationTarget) -> dict[str, Any]:
    # Where it can't be decrypted nothing is kept, so that it can be entered anew as a whole.
    return readable(session, target.config) or {}
