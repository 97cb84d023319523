"""Managing a pipeline's transform scripts.

Owns the checks before a script is stored: it is compiled and given a dry run where scripts run in
a sync, and the table it is limited to is one of the pipeline's.
"""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from arus_api.scripts.schemas import ScriptChanges, ScriptIn
from arus_dagster.catalog import Pipeline, TransformScript
from arus_dagster.catalog.repositories import pipelines, scripts
from arus_dagster.catalog.repositories.page import Page
from arus_dagster.engine.transform.check import check_script
from arus_dagster.errors import InvalidInputError


def page(
    session: Session, pipeline_id: uuid.UUID, *, limit: int, offset: int
) -> Page[TransformScript]:
    """Raises NotFoundError if there is no such pipeline."""
    pipelines.get(session, pipeline_id)
    return scripts.page(session, pipeline_id, limit=limit, offset=offset)


def create(session: Session, pipeline_id: uuid.UUID, new: ScriptIn) -> TransformScript:
    """Store a script.

    Raises:
        NotFoundError: there is no such pipeline.
        ConflictError: the pipeline has a script of that name.
        InvalidInputError: the script can't be used, or the pipeline has no such table.
    """
    _check_table(pipelines.get(session, pipeline_id), new.table)
    check_script(new.content)
    return scripts.create(session, pipeline_id, **new.model_dump())


def update(
    session: Session, pipeline_id: uuid.UUID, script_id: uuid.UUID, changes: ScriptChanges
) -> TransformScript:
    """Change the fields that were sent.

    Raises:
        NotFoundError: the pipeline has no such script.
        ConflictError, InvalidInputError: as ``create``.
    """
    script = scripts.get(session, pipeline_id, script_id)
    if changes.table is not None and changes.table != script.table:
        _check_table(pipelines.get(session, pipeline_id), changes.table)
    if changes.content is not None and changes.content != script.content:
        check_script(changes.content)
    return scripts.update(session, script, changes.model_dump(exclude_unset=True))


def delete(session: Session, pipeline_id: uuid.UUID, script_id: uuid.UUID) -> None:
    """Raises NotFoundError if the pipeline has no such script."""
    scripts.delete(session, scripts.get(session, pipeline_id, script_id))


def _check_table(pipeline: Pipeline, table: str | None) -> None:
    if table is not None and table not in {chosen.name for chosen in pipeline.tables}:
        raise InvalidInputError(f"The pipeline has no table {table!r}", field="table")
