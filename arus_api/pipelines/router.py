"""Routes of pipelines: configuration, starting, pausing, dead letters."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Query

from arus_api.deps import DagsterDep, DefinitionsDep, SessionDep, SettingsDep, require_role
from arus_api.envelope import Ok, Page, ok, page
from arus_api.errors import errors
from arus_api.pagination import PagingDep
from arus_api.pipelines import actions, dead_letters, service, view
from arus_api.pipelines.schemas import (
    Backfill,
    DeadLetterChoice,
    DeadLetterOut,
    Discarded,
    PipelineChanges,
    PipelineDeleted,
    PipelineDetail,
    PipelineIn,
    PipelineOut,
    PipelineState,
    PipelineStates,
    Replayed,
    RunStarted,
)
from arus_dagster.catalog.repositories import pipelines
from arus_dagster.orchestration.models import DagsterRun

router = APIRouter(prefix="/api/pipelines", tags=["pipelines"])
VIEWER = [Depends(require_role("viewer"))]
EDITOR = [Depends(require_role("editor"))]


@router.get("", dependencies=VIEWER, summary="List pipelines")
def list_pipelines(
    session: SessionDep, dagster: DagsterDep, settings: SettingsDep, paging: PagingDep
) -> Page[PipelineOut]:
    """All pipelines with their tables, statistics and latest run, newest first."""
    found = pipelines.page(session, limit=paging.limit, offset=paging.offset)
    return page(
        view.pipelines_out(session, dagster, settings.dagster_links, found.items),
        total=found.total,
        limit=paging.limit,
        offset=paging.offset,
    )


@router.post(
    "",
    dependencies=EDITOR,
    status_code=201,
    responses=errors(409, 502),
    summary="Create a pipeline",
)
def create_pipeline(
    body: PipelineIn, session: SessionDep, dagster: DagsterDep, settings: SettingsDep
) -> Ok[PipelineDetail]:
    """The name is unique, ignoring case. A schedule ticks from now on."""
    made = service.create(session, body)
    return ok(view.pipeline_detail(session, dagster, settings.dagster_links, made))


@router.post("/pause-all", dependencies=EDITOR, summary="Pause all pipelines")
def pause_all(
    session: SessionDep, dagster: DagsterDep, definitions: DefinitionsDep
) -> Ok[PipelineStates]:
    """Stops every schedule; runs that are active go on."""
    changed, unchanged = actions.set_all(session, dagster, definitions, "paused")
    return ok(PipelineStates(changed=changed, unchanged=unchanged))


@router.post("/resume-all", dependencies=EDITOR, summary="Resume all pipelines")
def resume_all(
    session: SessionDep, dagster: DagsterDep, definitions: DefinitionsDep
) -> Ok[PipelineStates]:
    """Starts every schedule."""
    changed, unchanged = actions.set_all(session, dagster, definitions, "active")
    return ok(PipelineStates(changed=changed, unchanged=unchanged))


@router.get("/{id}", dependencies=VIEWER, responses=errors(404), summary="Get a pipeline")
def get_pipeline(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    dagster: DagsterDep,
    settings: SettingsDep,
) -> Ok[PipelineDetail]:
    """The pipeline with its tables, statistics, latest run and recorded drift."""
    found = pipelines.get(session, id)
    return ok(view.pipeline_detail(session, dagster, settings.dagster_links, found))


@router.put(
    "/{id}", dependencies=EDITOR, responses=errors(404, 409, 502), summary="Update a pipeline"
)
def update_pipeline(
    id: uuid.UUID,  # noqa: A002
    body: PipelineChanges,
    session: SessionDep,
    dagster: DagsterDep,
    definitions: DefinitionsDep,
    settings: SettingsDep,
) -> Ok[PipelineDetail]:
    """Fields left out stay. A run that is active goes on as it began; a pause stays a pause."""
    changed = service.update(session, dagster, definitions, id, body)
    return ok(view.pipeline_detail(session, dagster, settings.dagster_links, changed))


@router.delete(
    "/{id}", dependencies=EDITOR, responses=errors(404, 409), summary="Delete a pipeline"
)
def delete_pipeline(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    dagster: DagsterDep,
) -> Ok[PipelineDeleted]:
    """What it loaded stays in the warehouse. Refused (409) while a run is active."""
    service.delete(session, dagster, id)
    return ok(PipelineDeleted(id=id))


@router.post(
    "/{id}/trigger", dependencies=EDITOR, responses=errors(404, 409), summary="Run a pipeline now"
)
def trigger(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    dagster: DagsterDep,
    definitions: DefinitionsDep,
    settings: SettingsDep,
) -> Ok[RunStarted]:
    """One run at a time: while one is active this is 409 with its id in `error.details.run_id`."""
    run = actions.trigger(session, dagster, definitions, id)
    return ok(_started(run, settings.dagster_links))


@router.post(
    "/{id}/full-refresh",
    dependencies=EDITOR,
    responses=errors(404, 409),
    summary="Reload a pipeline's tables whole",
)
def full_refresh(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    dagster: DagsterDep,
    definitions: DefinitionsDep,
    settings: SettingsDep,
) -> Ok[RunStarted]:
    """Forgets the watermarks and syncs all data again; readers see the old rows until the end."""
    run = actions.full_refresh(session, dagster, definitions, id)
    return ok(_started(run, settings.dagster_links))


@router.post(
    "/{id}/backfill",
    dependencies=EDITOR,
    responses=errors(404, 409),
    summary="Read again from a date on",
)
def backfill(
    id: uuid.UUID,  # noqa: A002
    body: Backfill,
    session: SessionDep,
    dagster: DagsterDep,
    definitions: DefinitionsDep,
    settings: SettingsDep,
) -> Ok[RunStarted]:
    """Merges every row from that date on; watermarks don't move back."""
    run = actions.backfill(session, dagster, definitions, id, body.from_date, body.to_date)
    return ok(_started(run, settings.dagster_links))


@router.post(
    "/{id}/pause", dependencies=EDITOR, responses=errors(404, 409), summary="Pause a pipeline"
)
def pause(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    dagster: DagsterDep,
    definitions: DefinitionsDep,
) -> Ok[PipelineState]:
    """Stops its schedule in Dagster; an active run goes on. Without a schedule this is 409."""
    actions.set_state(session, dagster, definitions, id, "paused")
    return ok(PipelineState(id=id, status="paused"))


@router.post(
    "/{id}/resume", dependencies=EDITOR, responses=errors(404, 409), summary="Resume a pipeline"
)
def resume(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    dagster: DagsterDep,
    definitions: DefinitionsDep,
) -> Ok[PipelineState]:
    """Starts its schedule in Dagster. Without a schedule this is 409."""
    actions.set_state(session, dagster, definitions, id, "active")
    return ok(PipelineState(id=id, status="active"))


@router.get(
    "/{id}/dead-letters",
    dependencies=VIEWER,
    responses=errors(404, 502),
    summary="List dead letters",
)
def list_dead_letters(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    paging: PagingDep,
) -> Page[DeadLetterOut]:
    """Rows that could not be carried over, newest first, read from the warehouse."""
    letters, total = dead_letters.page(session, id, limit=paging.limit, offset=paging.offset)
    return page(
        [DeadLetterOut.model_validate(letter) for letter in letters],
        total=total,
        limit=paging.limit,
        offset=paging.offset,
    )


@router.post(
    "/{id}/dead-letters/replay",
    dependencies=EDITOR,
    responses=errors(404, 409, 502),
    summary="Try dead letters again",
)
def replay_dead_letters(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    dagster: DagsterDep,
    definitions: DefinitionsDep,
    body: Annotated[DeadLetterChoice | None, Body()] = None,
) -> Ok[Replayed]:
    """By a run of the pipeline, which is launched unless one is active."""
    ids = [str(i) for i in body.ids] if body is not None and body.ids is not None else None
    replayed, run_id = dead_letters.replay(session, dagster, definitions, id, ids)
    return ok(Replayed(replayed=replayed, run_id=uuid.UUID(run_id) if run_id else None))


@router.delete(
    "/{id}/dead-letters",
    dependencies=EDITOR,
    responses=errors(404, 502),
    summary="Discard dead letters",
)
def discard_dead_letters(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    letter_id: Annotated[
        list[uuid.UUID] | None,
        Query(description="Which ones; may be repeated. All where left out.", max_length=1000),
    ] = None,
) -> Ok[Discarded]:
    """The rows are gone from the dead letters; nothing else changes."""
    ids = [str(letter) for letter in letter_id] if letter_id is not None else None
    return ok(Discarded(discarded=dead_letters.discard(session, id, ids)))


def _started(run: DagsterRun, links: str) -> RunStarted:
    return RunStarted(
        run_id=uuid.UUID(run.id),
        status="pending" if run.started is None else "running",
        started_at=run.created,
        dagster_url=f"{links}/runs/{run.id}",
    )
