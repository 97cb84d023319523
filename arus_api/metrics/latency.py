"""How long requests take, by route.

Owns the histogram and what labels it: the route's template, never the path as it was asked for,
so that the number of series is bounded by the number of routes.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Histogram
from starlette.types import Scope

UNMATCHED = "unmatched"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


def method(scope: Scope) -> str:
    """The request's method, if it is a common one."""
    return scope["method"] if scope["method"] in _METHODS else "other"


def route(scope: Scope) -> str:
    """The template of the request's route, once it was found."""
    return getattr(scope.get("route"), "path", None) or UNMATCHED


class RequestLatency:
    """Observes each request once it is answered."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._histogram = Histogram(
            "arus_api_request_duration_seconds",
            "Time from a request's first byte to its answer's last, by route and status class.",
            ("method", "route", "status"),
            buckets=_BUCKETS,
            registry=registry,
        )

    def observe(self, scope: Scope, status: int, seconds: float) -> None:
        """Count one request.

        Args:
            scope: after routing, which leaves the route in it.
            status: 0 where no answer was begun.
        """
        self._histogram.labels(
            method=method(scope),
            route=route(scope),
            status=f"{status // 100}xx" if status else "none",
        ).observe(seconds)
