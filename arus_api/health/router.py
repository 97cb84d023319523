"""The health checks, which need no token and never fail themselves."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from arus_api.deps import DagsterDep, public
from arus_api.envelope import Ok, ok
from arus_api.errors import DESCRIPTIONS, errors, failure
from arus_api.health import service
from arus_api.health.schemas import Health, Readiness
from arus_dagster import __version__
from arus_dagster.catalog.session import Catalog
from arus_dagster.errors import RETRY_AFTER_SECONDS

RETRY = {"Retry-After": str(RETRY_AFTER_SECONDS)}

router = APIRouter(prefix="/api/health", tags=["health"])


@router.get("", dependencies=[Depends(public)], summary="Check the parts' health")
def health(request: Request, dagster: DagsterDep) -> Ok[Health]:
    """Public, so that whatever watches the service needs no account; it tells no more than this."""
    catalog: Catalog = request.app.state.side_catalog
    return ok(
        Health(
            version=__version__,
            database=service.database(catalog),
            scheduler=service.scheduler(dagster),
        )
    )


@router.get(
    "/ready",
    dependencies=[Depends(public)],
    responses=errors(503),
    summary="Check whether requests can be served",
    response_model=Ok[Readiness],
)
def ready(request: Request, dagster: DagsterDep) -> Ok[Readiness] | JSONResponse:
    """For load balancers and orchestrators: 503, with the same parts as `error.details`, until the
    catalog is reached and migrated and Dagster has the definitions loaded. A scheduler that stands
    still is `/api/health`'s to tell: requests can be served without it."""
    found = service.readiness(request.app.state.side_catalog, dagster)
    if service.is_ready(found):
        return ok(found)
    return failure(503, DESCRIPTIONS[503], details=found.model_dump(), headers=RETRY)
