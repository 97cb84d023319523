"""``arus discover``: what tables a source has, and how each could be synced."""

from __future__ import annotations

import typing
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from arus_dagster.catalog import Source
from arus_dagster.catalog.repositories import sources
from arus_dagster.catalog.session import Catalog
from arus_dagster.catalog.source_checks import discover
from arus_dagster.cli.console import InstallationHome, console, reported
from arus_dagster.cli.installation import audited, reached
from arus_dagster.cli.reload import reload_definitions
from arus_dagster.dialects.base import TableShape
from arus_dagster.dialects.detection import SyncMethod, detect
from arus_dagster.errors import ArusError


def command(
    source: Annotated[str, typer.Argument(help="Its name, slug or id.")],
    home: InstallationHome = None,
) -> None:
    """Look at a source's tables, and show how each could be synced."""
    with reported(), reached(home) as catalog:
        with catalog.session() as session:
            found = sources.find(session, source)
        shapes = _discover(catalog, found)
        method = typing.cast(SyncMethod, found.sync_method)
        if shapes:
            # What is no terminal has no width, and must lose no letter.
            console.print(_shown(shapes, method), width=None if console.is_terminal else 10_000)
        else:
            console.print("The source has no tables to read.")
        reload_definitions(catalog)


def _discover(catalog: Catalog, source: Source) -> Sequence[TableShape]:
    try:
        with audited(catalog, "discover", "sources") as session:
            return discover(session, sources.get(session, source.id))
    except ArusError as error:
        with catalog.session() as session:
            sources.record_test(session, sources.get(session, source.id), error.message)
        raise


def _shown(shapes: Sequence[TableShape], method: SyncMethod) -> Table:
    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("table")
    table.add_column("kind")
    table.add_column("rows, about", justify="right")
    table.add_column("columns", justify="right")
    table.add_column("key")
    table.add_column("sync mode")
    table.add_column("watermark")
    for shape in shapes:
        detection = detect(shape, method)
        estimate = shape.row_count_estimate
        table.add_row(
            escape(str(shape.table)),
            shape.kind,
            "" if estimate is None else f"{estimate:,}",
            str(len(shape.columns)),
            escape(", ".join(shape.primary_key)),
            detection.sync_mode,
            escape(detection.watermark_column or ""),
        )
    return table
