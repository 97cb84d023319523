"""Checks of the processes: the API, and Dagster's webserver, daemons and definitions."""

from __future__ import annotations

from collections.abc import Iterator

import httpx

from arus_dagster import __version__
from arus_dagster.catalog.repositories import definitions_version
from arus_dagster.catalog.session import Catalog
from arus_dagster.cli.doctor.finding import Finding, bad, doubtful, good
from arus_dagster.errors import ArusError
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.settings import Settings

_SECONDS = 10.0


def dagster(settings: Settings, catalog: Catalog | None) -> Iterator[Finding]:
    """The webserver, the daemons, and whether the definitions are the catalog's present ones.

    Args:
        catalog: None where it can't be reached.
    """
    client = DagsterClient(settings.dagster_url)
    try:
        health = client.daemon_health(_SECONDS)
        yield good("Dagster's webserver", f"answers at {settings.dagster_url}")
        yield from _daemons(health)
        yield from _definitions(client, catalog)
    except ArusError as error:
        yield bad(
            "Dagster's webserver",
            f"{settings.dagster_url}: {error.message}",
            "Start it, or correct ARUS_DAGSTER_URL.",
        )
    finally:
        client.close()


def api(settings: Settings) -> Iterator[Finding]:
    """The REST API, and that it is of this version."""
    address = f"http://{settings.api_host}:{settings.api_port}"
    try:
        answer = httpx.get(f"{address}/api/health", timeout=_SECONDS, trust_env=False)
        version = answer.raise_for_status().json()["data"]["version"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        yield bad(
            "REST API",
            f"{address} does not answer ({type(error).__name__})",
            "Start it, or correct ARUS_API_HOST and ARUS_API_PORT.",
        )
        return
    if version == __version__:
        yield good("REST API", f"answers at {address}")
    else:
        yield doubtful("REST API", f"is of version {version}, this is {__version__}", "Restart it.")


def _daemons(health: dict[str, bool]) -> Iterator[Finding]:
    silent = sorted(name.lower() for name, healthy in health.items() if not healthy)
    if silent or not health:
        yield bad(
            "Dagster's daemons",
            f"no sign of life of {', '.join(silent) or 'any'}: nothing is scheduled",
            "Start 'dagster-daemon run', or look into its log.",
        )
    else:
        yield good("Dagster's daemons", f"{len(health)} are alive")


def _definitions(client: DagsterClient, catalog: Catalog | None) -> Iterator[Finding]:
    loaded = client.loaded_definitions_version()
    if loaded is None:
        yield bad(
            "Definitions",
            "Dagster has none loaded",
            "Look into the code server's log, and reload the code location in Dagster's UI.",
        )
        return
    if catalog is not None:
        with catalog.session() as session:
            present = definitions_version.current(session)
        if loaded < present:
            yield doubtful(
                "Definitions",
                f"Dagster has version {loaded} loaded, the catalog's is {present}",
                "Reload the code location in Dagster's UI; the API does so at the next change.",
            )
        else:
            yield good("Definitions", f"version {loaded} is loaded")
    for slug, reason in client.broken_pipelines().items():
        yield bad(f"Pipeline {slug}", f"can't be loaded: {reason}", "Change what it says.")
