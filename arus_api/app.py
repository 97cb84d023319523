"""The application: every resource's router, put together.

Owns what is started and stopped with the process: the catalog's connections, the client of
Dagster, the reloader of definitions. Refuses to migrate or to make users; ``arus migrate`` does.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse

from arus_api.audit import trail
from arus_api.audit.router import router as audit
from arus_api.auth.router import router as auth
from arus_api.auth.throttle import LoginThrottle
from arus_api.console.site import install_console
from arus_api.dag.router import router as dag
from arus_api.dashboard.router import router as dashboard
from arus_api.destinations.router import router as destinations
from arus_api.docs import install_docs
from arus_api.errors import install_error_handlers
from arus_api.fields import refuse_unstorable
from arus_api.health.router import router as health
from arus_api.idempotency import AnswerKeeper, KeptAnswer
from arus_api.metrics.route import install_metrics
from arus_api.middleware import RequestFrame
from arus_api.notifications.router import router as notifications
from arus_api.openapi import api_routes, describe, operation_id
from arus_api.pipelines.router import router as pipelines
from arus_api.runs.router import router as runs
from arus_api.scripts.router import router as scripts
from arus_api.settings.router import router as settings_router
from arus_api.sources.router import router as sources
from arus_api.users.router import router as users
from arus_dagster import __version__, tracing
from arus_dagster.catalog.session import Catalog
from arus_dagster.logging import configure_logging
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.definitions import DefinitionsReloader
from arus_dagster.settings import Settings, get_settings

POOL_SIZE = 20
SIDE_POOL_SIZE = 5

ROUTERS: tuple[APIRouter, ...] = (
    auth,
    users,
    sources,
    destinations,
    pipelines,
    runs,
    dashboard,
    dag,
    scripts,
    notifications,
    settings_router,
    audit,
    health,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The ASGI application.

    Args:
        settings: the environment's by default.

    Raises:
        pydantic.ValidationError: the environment lacks a secret.
        ConfigurationError: the encryption key is unusable.
    """
    settings = settings or get_settings()
    configure_logging(settings.log_level, form=settings.log_format)
    catalog = Catalog(settings, "arus-api", pool_size=POOL_SIZE)
    # For short transactions made while a request's own is open: from one pool, enough requests
    # at once would each hold a connection and wait for a second one for ever.
    side_catalog = Catalog(settings, "arus-api-side", pool_size=SIDE_POOL_SIZE)
    dagster = DagsterClient(settings.dagster_url)
    definitions = DefinitionsReloader(side_catalog, dagster)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        tracing.start("arus-api")
        definitions.start()
        definitions.nudge()
        try:
            yield
        finally:
            definitions.stop()
            dagster.close()
            catalog.dispose()
            side_catalog.dispose()
            tracing.stop()

    app = FastAPI(
        title="Arus",
        version=__version__,
        lifespan=lifespan,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(refuse_unstorable)],
    )
    app.state.settings = settings
    app.state.catalog = catalog
    app.state.side_catalog = side_catalog
    app.state.dagster = dagster
    app.state.definitions = definitions
    app.state.login_throttle = LoginThrottle(side_catalog)
    app.state.routes = tuple(api_routes(ROUTERS))
    for router in ROUTERS:
        app.include_router(router)
    install_docs(app)
    install_console(app)
    install_error_handlers(app)
    app.add_exception_handler(KeptAnswer, _answer_again)
    app.add_middleware(AnswerKeeper)
    app.add_middleware(trail.AuditTrail)
    if settings.cors_origins:
        # Tokens travel in headers, which a page of another origin has to set by itself: cookies
        # are neither used nor let through.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Refresh-Token"],
            expose_headers=["Retry-After", "X-Request-ID"],
        )
    app.add_middleware(RequestFrame, latency=install_metrics(app, settings, side_catalog, dagster))

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = describe(app, ROUTERS)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]
    return app


def _answer_again(request: Request, answer: Exception) -> JSONResponse:
    assert isinstance(answer, KeptAnswer)
    trail.forget(request)
    return JSONResponse(answer.body, status_code=answer.status)
