"""One GraphQL request to Dagster's webserver.

Owns the connection, time limits, the reading of ``queries/*.graphql`` and the meaning of failures
below GraphQL's own: Dagster being away is ``DagsterUnavailableError``, whatever the cause.
"""

from __future__ import annotations

import importlib.resources
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx

from arus_dagster import tracing
from arus_dagster.errors import UnavailableError
from arus_dagster.logging import get_logger

log = get_logger(__name__)

CONNECT_SECONDS = 5.0
# Dagster answers from its database; a reload of a large location takes longest.
READ_SECONDS = 60.0
RELOAD_SECONDS = 600.0

_SPREAD = re.compile(r"\.\.\.([A-Z]\w*)\b")
_FRAGMENTS = {"RunFields": "run_fields"}


class DagsterUnavailableError(UnavailableError):
    """Dagster's webserver does not answer, or can't answer now."""


@cache
def query(name: str) -> str:
    """The text of ``queries/<name>.graphql``, with the fragments that it spreads."""
    text = _read(name)
    fragments = sorted(set(_SPREAD.findall(text)) & _FRAGMENTS.keys())
    return "\n".join([text, *(_read(_FRAGMENTS[fragment]) for fragment in fragments)])


def _read(name: str) -> str:
    return importlib.resources.files(__package__).joinpath("queries", f"{name}.graphql").read_text()


class Transport:
    """A connection pool to one webserver; may be used by many threads at once.

    Args:
        url: the webserver's address, e.g. ``http://127.0.0.1:3000``.
    """

    def __init__(self, url: str) -> None:
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
            limits=httpx.Limits(max_connections=40, max_keepalive_connections=40),
            # Dagster is a neighbour: a proxy from the environment has no part in it.
            trust_env=False,
        )

    def execute(
        self, name: str, variables: Mapping[str, Any], timeout_seconds: float = READ_SECONDS
    ) -> Any:
        """The value of the one root field of ``queries/<name>.graphql``.

        Raises:
            DagsterUnavailableError: no answer, or one that is no answer to a query.
        """
        (value,) = self.request(name, query(name), variables, timeout_seconds).values()
        return value

    def request(
        self,
        name: str,
        text: str,
        variables: Mapping[str, Any],
        timeout_seconds: float = READ_SECONDS,
    ) -> dict[str, Any]:
        """The values of a query's root fields; ``name`` is for the log. Raises as ``execute``."""
        try:
            with tracing.span(f"Dagster {name}", kind="client"):
                response = self._http.post(
                    "/graphql",
                    json={"query": text, "variables": dict(variables)},
                    timeout=httpx.Timeout(timeout_seconds, connect=CONNECT_SECONDS),
                )
                body = response.json()
        except httpx.HTTPError as error:
            raise DagsterUnavailableError(f"Dagster does not answer ({error!r})") from error
        except ValueError as error:
            raise DagsterUnavailableError(
                f"Dagster answers with status {response.status_code} and no JSON"
            ) from error
        problems = body.get("errors")
        if problems or not body.get("data"):
            log.error("dagster_query_failed", query=name, problems=problems)
            first = str(problems[0].get("message", "")) if problems else "no data"
            raise DagsterUnavailableError(f"Dagster could not answer: {first[:500]}")
        data: dict[str, Any] = body["data"]
        return data

    def close(self) -> None:
        """Close the pool's connections."""
        self._http.close()
