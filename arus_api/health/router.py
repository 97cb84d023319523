"""The health check, which needs no token and never fails itself."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request

from arus_api.deps import DagsterDep, public
from arus_api.envelope import Ok, ok
from arus_api.health import service
from arus_api.health.schemas import Health
from arus_dagster import __version__
from arus_dagster.catalog.session import Catalog

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
