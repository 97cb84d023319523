"""``GET /metrics``, for Prometheus.

Owns who may scrape: whoever has the token of ``ARUS_METRICS_TOKEN``; without one, this machine
alone. It is no part of the API's description, since Prometheus' format is not its envelope.
"""

from __future__ import annotations

import hmac
import ipaddress

from fastapi import FastAPI
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from arus_api.metrics.collector import InstallationCollector
from arus_api.metrics.latency import RequestLatency
from arus_dagster.catalog.session import Catalog
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.settings import Settings

PATH = "/metrics"
_FORWARDED = ("forwarded", "x-forwarded-for")


def install_metrics(
    app: FastAPI, settings: Settings, catalog: Catalog, dagster: DagsterClient
) -> RequestLatency:
    """Serve the metrics; answers what observes the requests."""
    registry = CollectorRegistry()
    latency = RequestLatency(registry)
    ProcessCollector(registry=registry)
    registry.register(InstallationCollector(catalog, dagster))
    token = settings.metrics_token.get_secret_value()

    async def metrics(request: Request) -> Response:
        if not _may_scrape(request, token):
            return PlainTextResponse(
                "Not allowed: ARUS_METRICS_TOKEN says who may scrape; without it this machine\n",
                status_code=403,
            )
        text = await run_in_threadpool(generate_latest, registry)
        return Response(text, media_type=CONTENT_TYPE_LATEST)

    app.add_route(PATH, metrics, methods=["GET"], include_in_schema=False)
    return latency


def _may_scrape(request: Request, token: str) -> bool:
    if token:
        given = request.headers.get("authorization", "")
        return hmac.compare_digest(given.encode(), f"Bearer {token}".encode())
    if any(name in request.headers for name in _FORWARDED):
        return False  # a proxy on this machine speaks for somebody elsewhere
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
