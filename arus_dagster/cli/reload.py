"""Letting Dagster load what a command has changed in the catalog."""

from __future__ import annotations

from arus_dagster.catalog.session import Catalog
from arus_dagster.cli.console import console
from arus_dagster.errors import UnavailableError
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.definitions import DefinitionsReloader


def reload_definitions(catalog: Catalog) -> None:
    """Have a running platform load the present definitions; one that is down does so later."""
    dagster = DagsterClient(catalog.settings.dagster_url)
    try:
        DefinitionsReloader(catalog, dagster).ensure_current()
    except UnavailableError as error:
        console.print(
            f"[yellow]![/] Dagster has not loaded the change yet: {error.message}. It does when it "
            "starts, or at the next change through the API.",
            highlight=False,
        )
    finally:
        dagster.close()
