"""Transform scripts of a pipeline, in order of creation."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from arus_dagster.catalog.repositories.integrity import conflicts
from arus_dagster.catalog.repositories.page import Page
from arus_dagster.catalog.script import TransformScript
from arus_dagster.errors import NotFoundError

_CHANGEABLE = frozenset({"name", "description", "content", "table"})


def of_pipeline(session: Session, pipeline_id: uuid.UUID) -> Sequence[TransformScript]:
    """All scripts of a pipeline, in the order in which they are applied."""
    return session.scalars(
        select(TransformScript)
        .where(TransformScript.pipeline_id == pipeline_id)
        .order_by(TransformScript.sequence)
    ).all()


def page(
    session: Session, pipeline_id: uuid.UUID, *, limit: int, offset: int
) -> Page[TransformScript]:
    """Scripts of a pipeline in the order in which they are applied, which is what matters here."""
    mine = select(TransformScript).where(TransformScript.pipeline_id == pipeline_id)
    total = session.scalar(select(func.count()).select_from(mine.subquery()))
    items = session.scalars(
        mine.order_by(TransformScript.sequence).limit(limit).offset(offset)
    ).all()
    return Page(items=items, total=total or 0)


def get(session: Session, pipeline_id: uuid.UUID, script_id: uuid.UUID) -> TransformScript:
    """Raises NotFoundError if the pipeline has no such script."""
    script = session.scalar(
        select(TransformScript).where(
            TransformScript.id == script_id, TransformScript.pipeline_id == pipeline_id
        )
    )
    if script is None:
        raise NotFoundError("The pipeline has no such script")
    return script


def create(
    session: Session,
    pipeline_id: uuid.UUID,
    *,
    name: str,
    content: str,
    description: str | None = None,
    table: str | None = None,
) -> TransformScript:
    """Raises ConflictError if the pipeline has a script of that name."""
    script = TransformScript(
        pipeline_id=pipeline_id, name=name, content=content, description=description, table=table
    )
    with _unique_name(session, name):
        session.add(script)
    session.refresh(script)
    return script


def update(
    session: Session, script: TransformScript, changes: Mapping[str, object]
) -> TransformScript:
    """Change some of a script's fields.

    Args:
        changes: among ``name, description, content, table``.

    Raises:
        ConflictError: the pipeline has another script of that name.
    """
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise ValueError(f"not fields of a script that change: {sorted(unknown)}")
    with _unique_name(session, str(changes.get("name", script.name))):
        for name, value in changes.items():
            setattr(script, name, value)
    session.refresh(script)
    return script


def delete(session: Session, script: TransformScript) -> None:
    """Forget a script."""
    session.delete(script)
    session.flush()


def _unique_name(session: Session, name: str) -> AbstractContextManager[None]:
    return conflicts(
        session,
        {
            "uq_transform_scripts_pipeline_id_name": f"The pipeline has a script {name!r} already",
            "fk_transform_scripts_pipeline_id": "The pipeline has just been deleted",
        },
    )
