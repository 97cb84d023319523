"""Asking the parts whether they are there.

Refuses to raise: a part that is away is the answer, not a failure.
"""

from __future__ import annotations

from typing import Literal

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from arus_api.health.schemas import Readiness
from arus_dagster import __version__
from arus_dagster.catalog.migrations import pending_revisions
from arus_dagster.catalog.session import Catalog
from arus_dagster.errors import ArusError
from arus_dagster.logging import get_logger
from arus_dagster.orchestration.client import DagsterClient

log = get_logger(__name__)

# Whoever watches the service gives up soon, and takes no answer for a bad one.
PATIENCE_SECONDS = 5.0
OK = "ok"


def database(catalog: Catalog) -> Literal["connected", "disconnected"]:
    """Whether the catalog answers a query."""
    try:
        with catalog.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        log.warning("catalog_unavailable", error=type(error).__name__)
        return "disconnected"
    return "connected"


def scheduler(dagster: DagsterClient) -> Literal["running", "stopped", "unreachable"]:
    """Whether Dagster's scheduler gave a sign of life lately."""
    try:
        return "running" if dagster.daemon_health(PATIENCE_SECONDS).get("SCHEDULER") else "stopped"
    except ArusError as error:
        log.warning("dagster_unreachable", error=str(error))
        return "unreachable"


def readiness(catalog: Catalog, dagster: DagsterClient) -> Readiness:
    """What stands between this process and its serving requests."""
    migrations = "unknown"
    found = database(catalog)
    if found == "connected":
        migrations = OK if pending_revisions(catalog.engine) == 0 else "run 'arus migrate'"
    reached, definitions = "unreachable", "unknown"
    try:
        version = dagster.loaded_definitions_version(PATIENCE_SECONDS)
        reached, definitions = OK, OK if version is not None else "not loaded"
    except ArusError as error:
        log.warning("dagster_unreachable", error=str(error))
    return Readiness(
        version=__version__,
        database=OK if found == "connected" else found,
        migrations=migrations,
        dagster=reached,
        definitions=definitions,
    )


def is_ready(found: Readiness) -> bool:
    """Whether every part is there."""
    return {found.database, found.migrations, found.dagster, found.definitions} == {OK}
