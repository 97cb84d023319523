"""The demo from login to verdict, told while it happens.

Owns the order of the REST calls and what is shown of their answers. Refuses every short cut:
apart from seeding, changing and at last comparing the two databases, it is the API's client only.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg2
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from arus_dagster.cli.demo import shop
from arus_dagster.cli.demo.api import Api
from arus_dagster.cli.demo.comparison import Comparison, compare_table
from arus_dagster.errors import FatalError

POLL_SECONDS = 0.5
RUN_SECONDS = 600
FINISHED = frozenset({"success", "failed", "cancelled", "skipped"})
RAW_TABLES = frozenset({"orders"})
MINUTES = len("2026-01-01 00:00")  # as much of a watermark as is shown
_MEASURED = {
    "Extracted": "rows_extracted",
    "Loaded": "rows_loaded",
    "Deleted": "rows_deleted",
    "Failed": "rows_failed",
    "ms": "duration_ms",
}


class DemoError(FatalError):
    """The demo did not end as it should."""


@dataclass(frozen=True)
class Server:
    """Where the demo's databases are, and how to get at them past the API.

    Args:
        warehouse: the warehouse's database.
        connect: a connection of the superuser to a database of that name.
    """

    host: str
    port: int
    user: str
    password: str
    warehouse: str
    connect: Callable[[str], psycopg2.extensions.connection]


class Story:
    """One telling of the demo.

    Args:
        console: where it is told.
        api: a client that nobody has logged in yet.
        server: the databases.
        check: raises when a part of the platform has ended; called while waiting.
    """

    def __init__(
        self, console: Console, api: Api, server: Server, check: Callable[[], None]
    ) -> None:
        self._console = console
        self._api = api
        self._server = server
        self._check = check

    def tell(self, email: str, password: str, reader_password: str) -> dict[str, Any]:
        """Run the demo and return the pipeline it made.

        Args:
            email: of the administrator.
            password: of the administrator.
            reader_password: for the account that Arus reads the shop with.

        Raises:
            DemoError: a run failed, or the warehouse differs from the source.
            ApiError: the API refused something.
        """
        connection = self._server.connect(shop.DATABASE)
        try:
            shop.seed(connection, reader_password)
            self._say("Seeded", f"the shop: 6 tables and a view in database '{shop.DATABASE}'")
            self._api.login(email, password)
            self._say("Logged in", email)
            source = self._create_source(reader_password)
            self._create_destination()
            pipeline = self._choose_tables(source["id"], self._discover(source["id"]))
            # The schedule rests while we count: a tick in between would sync the changes first.
            self._api.post(f"/api/pipelines/{pipeline['id']}/pause")
            self._sync(pipeline, "First sync: everything")
            self._compare(connection, pipeline)
            shop.change(connection)
            for table, words in shop.CHANGES_IN_WORDS:
                self._say("Changed", f"{table}: {words}")
            self._sync(pipeline, "Second sync: what changed")
            self._compare(connection, pipeline)
            self._api.post(f"/api/pipelines/{pipeline['id']}/resume")
            result: dict[str, Any] = self._api.get(f"/api/pipelines/{pipeline['id']}")
            return result
        finally:
            connection.close()

    def _say(self, what: str, more: str) -> None:
        self._console.print(f"[green]✓[/] {what}", f"[dim]{more}[/]", highlight=False)

    def _create_source(self, password: str) -> dict[str, Any]:
        source: dict[str, Any] = self._api.post(
            "/api/sources",
            {
                "name": "Shop",
                "type": "postgresql",
                "host": self._server.host,
                "port": self._server.port,
                "database": shop.DATABASE,
                "username": shop.READER,
                "password": password,
                "sync_method": "auto",
            },
        )
        self._api.post(f"/api/sources/{source['id']}/test")
        self._say("Source", "Shop, tested")
        return source

    def _create_destination(self) -> None:
        destination = self._api.post(
            "/api/destinations",
            {
                "name": "Warehouse",
                "type": "postgresql",
                "host": self._server.host,
                "port": self._server.port,
                "database": self._server.warehouse,
                "username": self._server.user,
                "password": self._server.password,
                "raw_schema": "staging",
                "target_schema": "analytics",
                "is_default": True,
            },
        )
        self._api.post(f"/api/destinations/{destination['id']}/test")
        self._say("Destination", "Warehouse, tested")

    def _discover(self, source_id: str) -> list[dict[str, Any]]:
        tables: list[dict[str, Any]] = self._api.post(f"/api/sources/{source_id}/discover")[
            "tables"
        ]
        headings = ("Table", "Kind", "Sync mode", "Load mode", "Watermark", "Rows")
        shown = _table("Discovered, rows as estimated", *headings)
        for table in tables:
            rows = table["row_count_estimate"]
            shown.add_row(
                table["name"],
                table["kind"],
                table["detected_sync"],
                _load_mode(table["name"]),
                table["watermark_column"] or "",
                "" if rows is None else f"{rows:,}",
            )
        self._console.print(shown)
        return tables

    def _choose_tables(self, source_id: str, tables: list[dict[str, Any]]) -> dict[str, Any]:
        self._api.put(
            f"/api/sources/{source_id}/tables",
            {
                "tables": [
                    {
                        "name": table["name"],
                        "schema": table["schema"],
                        "sync_mode": table["detected_sync"],
                        "load_mode": _load_mode(table["name"]),
                        "enabled": True,
                    }
                    for table in tables
                ]
            },
        )
        [pipeline] = self._api.get("/api/pipelines")
        detail: dict[str, Any] = self._api.get(f"/api/pipelines/{pipeline['id']}")
        self._say(
            "Pipeline", f"{detail['name']}, {len(detail['tables'])} tables, {detail['schedule']}"
        )
        return detail

    def _sync(self, pipeline: dict[str, Any], title: str) -> None:
        started = self._api.post(f"/api/pipelines/{pipeline['id']}/trigger")
        run = self._follow(started["run_id"], len(pipeline["tables"]), title)
        self._show_run(run, title)
        if run["status"] != "success":
            raise DemoError(f"{title} ended as {run['status']}: {run['error_message']}")

    def _follow(self, run_id: str, tables: int, title: str) -> dict[str, Any]:
        """Poll the run until it has ended, with a bar of the tables done."""
        deadline = time.monotonic() + RUN_SECONDS
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("tables"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[status]}"),
        )
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(title, total=tables, status="")
            while True:
                self._check()
                run: dict[str, Any] = self._api.get(f"/api/runs/{run_id}")
                progress.update(task, completed=len(run["tables"]), status=run["status"])
                if run["status"] in FINISHED:
                    return run
                if time.monotonic() > deadline:
                    raise DemoError(f"Run {run_id} did not end within {RUN_SECONDS} s.")
                time.sleep(POLL_SECONDS)

    def _show_run(self, run: dict[str, Any], title: str) -> None:
        seconds = (run["duration_ms"] or 0) / 1000
        shown = _table(
            f"{title}: {run['status']}, {seconds:.1f} s", "Table", *_MEASURED, "Watermark"
        )
        for table in sorted(run["tables"], key=lambda table: table["table_name"]):
            shown.add_row(
                table["table_name"].removeprefix("public."),
                *(f"{table[name] or 0:,}" for name in _MEASURED.values()),
                (table["watermark_after"] or "")[:MINUTES],
            )
        self._console.print(shown)
        self._console.print(f"  Dagster: {run['dagster_url']}\n", highlight=False, soft_wrap=True)

    def _compare(self, source: psycopg2.extensions.connection, pipeline: dict[str, Any]) -> None:
        warehouse = self._server.connect(self._server.warehouse)
        try:
            comparisons = [
                compare_table(
                    source,
                    warehouse,
                    (table["schema"], table["name"]),
                    (table["target_schema"], table["target_table"]),
                    table["soft_delete_column"],
                )
                for table in pipeline["tables"]
            ]
        finally:
            warehouse.close()
        different = [comparison for comparison in comparisons if not comparison.equal]
        if different:
            described = "\n".join(comparison.describe() for comparison in different)
            raise DemoError(f"The warehouse differs from the source.\n{described}")
        self._say("Compared", _verdict(comparisons))


def _table(title: str, *headings: str) -> Table:
    """A table that fits a terminal of 80 columns."""
    shown = Table(
        title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0)
    )
    for heading in headings:
        numbers = heading in (*_MEASURED, "Rows")
        shown.add_column(heading, justify="right" if numbers else "left", no_wrap=True)
    return shown


def _load_mode(table: str) -> str:
    return "raw" if table in RAW_TABLES else "direct"


def _verdict(comparisons: list[Comparison]) -> str:
    rows = sum(comparison.rows for comparison in comparisons)
    values = sum(comparison.rows * comparison.columns for comparison in comparisons)
    return (
        f"{len(comparisons)} tables, {rows:,} rows, {values:,} values: "
        "source and warehouse are the same"
    )
