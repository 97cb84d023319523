"""The route of the dependency graph."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from arus_api.dag import service
from arus_api.dag.schemas import Dag
from arus_api.deps import DagsterDep, SessionDep, SettingsDep, require_role
from arus_api.envelope import Ok, ok

router = APIRouter(tags=["dag"])


@router.get(
    "/api/dag",
    dependencies=[Depends(require_role("viewer"))],
    summary="Get the dependency graph",
)
def get_dag(session: SessionDep, dagster: DagsterDep, settings: SettingsDep) -> Ok[Dag]:
    """Every pipeline as source, raw (where there is one) and target assets, with the edges
    between assets and between pipelines."""
    return ok(service.graph(session, dagster, settings.dagster_links))
