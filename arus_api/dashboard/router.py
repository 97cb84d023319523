"""Routes of the dashboard."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from arus_api.dashboard import service
from arus_api.dashboard.schemas import Summary
from arus_api.deps import DagsterDep, SessionDep, SettingsDep, require_role
from arus_api.envelope import Ok, ok
from arus_api.runs.schemas import Run

router = APIRouter(prefix="/api/dashboard", tags=["dashboard"])
VIEWER = [Depends(require_role("viewer"))]


@router.get("/summary", dependencies=VIEWER, summary="Get the summary")
def get_summary(session: SessionDep, dagster: DagsterDep) -> Ok[Summary]:
    """Figures of the whole installation."""
    return ok(service.summary(session, dagster))


@router.get("/recent-runs", dependencies=VIEWER, summary="Get the latest runs")
def get_recent_runs(
    session: SessionDep,
    dagster: DagsterDep,
    settings: SettingsDep,
    limit: Annotated[int, Query(ge=1, le=100, description="How many at most.")] = 10,
) -> Ok[list[Run]]:
    """The latest runs of all pipelines, newest first."""
    return ok(service.recent_runs(session, dagster, settings.dagster_links, limit))
