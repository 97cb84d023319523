"""Which events of a pipeline go to which notification target."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_dagster.catalog.notification import NotificationLink, NotificationTarget
from arus_dagster.catalog.repositories.integrity import conflicts
from arus_dagster.errors import NotFoundError

_CHANGEABLE = frozenset({"events", "active"})


def of_pipeline(session: Session, pipeline_id: uuid.UUID) -> Sequence[NotificationLink]:
    """The links of a pipeline, newest first."""
    return session.scalars(
        select(NotificationLink)
        .where(NotificationLink.pipeline_id == pipeline_id)
        .order_by(NotificationLink.created_at.desc(), NotificationLink.id.desc())
    ).all()


def targets_for(
    session: Session, pipeline_id: uuid.UUID, event: str
) -> Sequence[NotificationTarget]:
    """The active targets that an event of a pipeline goes to."""
    return session.scalars(
        select(NotificationTarget)
        .join(NotificationLink, NotificationLink.target_id == NotificationTarget.id)
        .where(
            NotificationLink.pipeline_id == pipeline_id,
            NotificationLink.active,
            NotificationTarget.active,
            NotificationLink.events.contains([event]),
        )
        .order_by(NotificationTarget.created_at, NotificationTarget.id)
    ).all()


def get(session: Session, link_id: uuid.UUID) -> NotificationLink:
    """Raises NotFoundError if there is no such link."""
    link = session.get(NotificationLink, link_id)
    if link is None:
        raise NotFoundError("There is no such notification link")
    return link


def create(
    session: Session,
    *,
    pipeline_id: uuid.UUID,
    target_id: uuid.UUID,
    events: Sequence[str],
    active: bool = True,
) -> NotificationLink:
    """Raises ConflictError if the pipeline is linked to the target already."""
    link = NotificationLink(
        pipeline_id=pipeline_id, target_id=target_id, events=list(events), active=active
    )
    with conflicts(
        session,
        {
            "uq_notification_links_pipeline_id_target_id": "The pipeline is linked to this "
            "target already",
            "fk_notification_links_pipeline_id": "The pipeline has just been deleted",
            "fk_notification_links_target_id": "The target has just been deleted",
        },
    ):
        session.add(link)
    session.refresh(link)
    return link


def update(
    session: Session, link: NotificationLink, changes: Mapping[str, object]
) -> NotificationLink:
    """Change a link's ``events`` or ``active``."""
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise ValueError(f"not fields of a link that change: {sorted(unknown)}")
    for name, value in changes.items():
        setattr(link, name, value)
    session.flush()
    session.refresh(link)
    return link


def delete(session: Session, link: NotificationLink) -> None:
    """Forget a link."""
    session.delete(link)
    session.flush()
