"""Routes of a pipeline's transform scripts."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Depends

from arus_api.deps import SessionDep, require_role
from arus_api.envelope import Ok, Page, ok, page
from arus_api.errors import errors
from arus_api.pagination import PagingDep
from arus_api.scripts import service
from arus_api.scripts.schemas import ScriptChanges, ScriptDeleted, ScriptIn, ScriptOut
from arus_dagster.catalog.repositories import scripts

router = APIRouter(prefix="/api/pipelines/{id}/scripts", tags=["scripts"])
VIEWER = [Depends(require_role("viewer"))]
EDITOR = [Depends(require_role("editor"))]


@router.get("", dependencies=VIEWER, responses=errors(404), summary="List transform scripts")
def list_scripts(id: uuid.UUID, session: SessionDep, paging: PagingDep) -> Page[ScriptOut]:  # noqa: A002
    """The pipeline's scripts in the order in which they are applied, that of their creation."""
    found = service.page(session, id, limit=paging.limit, offset=paging.offset)
    return page(
        [ScriptOut.model_validate(script) for script in found.items],
        total=found.total,
        limit=paging.limit,
        offset=paging.offset,
    )


@router.post(
    "",
    dependencies=EDITOR,
    status_code=201,
    responses=errors(404, 409),
    summary="Create a transform script",
)
def create_script(id: uuid.UUID, body: ScriptIn, session: SessionDep) -> Ok[ScriptOut]:  # noqa: A002
    """The script is compiled and given a dry run; what is wrong with it is told with its line
    (422). It is applied from the next run on, after the scripts that are there already."""
    return ok(ScriptOut.model_validate(service.create(session, id, body)))


@router.get(
    "/{script_id}", dependencies=VIEWER, responses=errors(404), summary="Get a transform script"
)
def get_script(id: uuid.UUID, script_id: uuid.UUID, session: SessionDep) -> Ok[ScriptOut]:  # noqa: A002
    """The script with its content."""
    return ok(ScriptOut.model_validate(scripts.get(session, id, script_id)))


@router.put(
    "/{script_id}",
    dependencies=EDITOR,
    responses=errors(404, 409),
    summary="Update a transform script",
)
def update_script(
    id: uuid.UUID,  # noqa: A002
    script_id: uuid.UUID,
    body: ScriptChanges,
    session: SessionDep,
) -> Ok[ScriptOut]:
    """Fields left out stay. New content is checked as at creation and keeps the script's place."""
    return ok(ScriptOut.model_validate(service.update(session, id, script_id, body)))


@router.delete(
    "/{script_id}",
    dependencies=EDITOR,
    responses=errors(404),
    summary="Delete a transform script",
)
def delete_script(id: uuid.UUID, script_id: uuid.UUID, session: SessionDep) -> Ok[ScriptDeleted]:  # noqa: A002
    """It is applied no more from the next run on. Columns it added stay in the target."""
    service.delete(session, id, script_id)
    return ok(ScriptDeleted(id=script_id))
