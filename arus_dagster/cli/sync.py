"""``arus sync``: a run of a pipeline in the foreground.

Owns the following of the run, and the stop of it by Ctrl-C. The run itself is launched as the API
launches one, under the same lock, and is the same in every way: queued, run and recorded by
Dagster, so that it meets no other of its pipeline. Refuses to sync anything in this process.
"""

from __future__ import annotations

import contextlib
import signal
import time
import uuid
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from arus_dagster import names
from arus_dagster.catalog import Pipeline, PipelineTable, TableResult
from arus_dagster.catalog.repositories import pipelines, table_results
from arus_dagster.catalog.repositories.unknown_name import unknown_name
from arus_dagster.catalog.session import Catalog
from arus_dagster.cli.console import InstallationHome, console, reported
from arus_dagster.cli.installation import audited, open_catalog, settings_of
from arus_dagster.errors import (
    ConflictError,
    DetailedConflictError,
    FatalError,
    InvalidInputError,
    UnavailableError,
)
from arus_dagster.orchestration.client import MAX_EVENTS, DagsterClient
from arus_dagster.orchestration.definitions import DefinitionsReloader
from arus_dagster.orchestration.launch import launch
from arus_dagster.orchestration.models import DagsterRun, LogEvent, RunStatus
from arus_dagster.settings import Settings

POLL_SECONDS = 0.5
# So long may Dagster be away while a run is followed: its webserver may be restarted.
PATIENCE_SECONDS = 60.0


class SyncFailedError(FatalError):
    """The run ended, and not as a success."""


def command(
    pipeline: Annotated[str, typer.Argument(help="Its name, slug or id.")],
    table: Annotated[
        list[str] | None,
        typer.Option(
            "--table", "-t", help="Sync this table alone, 'name' or 'schema.name'. May be repeated."
        ),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="If a run of the pipeline is active, wait for its end.")
    ] = False,
    home: InstallationHome = None,
) -> None:
    """Sync a pipeline now and wait for the end; the exit code is 0 if all was synced.

    The platform must be running. Ctrl-C stops the run.
    """
    with reported():
        settings = settings_of(home)
        with open_catalog(settings) as catalog:
            dagster = DagsterClient(settings.dagster_url)
            try:
                _sync(catalog, dagster, settings, pipeline, table, wait)
            finally:
                dagster.close()


def _sync(
    catalog: Catalog,
    dagster: DagsterClient,
    settings: Settings,
    name: str,
    wanted: Sequence[str] | None,
    wait: bool,
) -> None:
    with catalog.session() as session:
        pipeline = pipelines.find(session, name)
        tables = chosen_tables(pipeline, wanted)
    chosen = None if wanted is None else [table.id for table in tables]
    while (run := _launched(catalog, dagster, pipeline.id, chosen, wait)) is None:
        time.sleep(POLL_SECONDS)
    console.print(
        f"Syncing [bold]{escape(pipeline.name)}[/]",
        f"[dim]{settings.dagster_links}/runs/{run.id}[/]",
        highlight=False,
        soft_wrap=True,
    )
    run, stopped = Follower(catalog, dagster, run.id, len(tables), console).follow()
    with catalog.session() as session:
        results = table_results.of_run(session, run.id)
    failures = [f"{r.table_name}: {r.error_message}" for r in results if r.error_message]
    match run.status:
        case RunStatus.SUCCESS if names.SKIP_REASON in run.tags:
            raise SyncFailedError(f"Skipped: {run.tags[names.SKIP_REASON]}")
        case RunStatus.SUCCESS:
            rows = sum(result.rows_loaded for result in results)
            console.print(f"[green]✓[/] {_count(len(results), 'table')}, {_count(rows, 'row')}")
        case RunStatus.CANCELED if stopped:
            console.print("Stopped; what was not synced by then is as it was.")
            raise typer.Exit(128 + signal.SIGINT)
        case RunStatus.CANCELED:
            raise SyncFailedError("The run was cancelled.")
        case _:
            raise SyncFailedError("\n".join(failures) or "The run failed; its log says why.")


def _launched(
    catalog: Catalog,
    dagster: DagsterClient,
    pipeline_id: uuid.UUID,
    tables: Sequence[uuid.UUID] | None,
    wait: bool,
) -> DagsterRun | None:
    """The run; None where another one is active and is waited for."""
    try:
        with audited(catalog, "sync", "pipelines") as session:
            reloader = DefinitionsReloader(catalog, dagster)
            tags = {names.TRIGGER: "manual"}
            return launch(session, dagster, reloader, pipeline_id, tags, tables)
    except DetailedConflictError:
        if not wait:
            raise
        return None


def chosen_tables(pipeline: Pipeline, wanted: Sequence[str] | None) -> list[PipelineTable]:
    """The enabled tables that are meant; all where none is named.

    Raises:
        NotFoundError: the pipeline has no such enabled table.
        InvalidInputError: a name without schema fits several.
    """
    enabled = [table for table in pipeline.tables if table.enabled]
    if wanted is None:
        return enabled
    chosen: dict[uuid.UUID, PipelineTable] = {}
    for name in wanted:
        fitting = [t for t in enabled if name in (t.name, f"{t.schema}.{t.name}")]
        if not fitting:
            raise unknown_name("enabled table", name, [f"{t.schema}.{t.name}" for t in enabled])
        if len(fitting) > 1:
            schemas = ", ".join(sorted(f"{t.schema}.{t.name}" for t in fitting))
            raise InvalidInputError(f"Several tables are named {name}: say which, {schemas}")
        chosen[fitting[0].id] = fitting[0]
    return list(chosen.values())


class Follower:
    """Shows how a run gets on, until it ends.

    Args:
        tables: how many the run syncs.
    """

    def __init__(
        self, catalog: Catalog, dagster: DagsterClient, run_id: str, tables: int, to: Console
    ) -> None:
        self._catalog = catalog
        self._dagster = dagster
        self._run_id = run_id
        self._seen = 0
        self._done: set[uuid.UUID] = set()
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} tables"),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.description}[/]"),
            console=to,
            transient=True,
            disable=not to.is_terminal,
        )
        self._task = self._progress.add_task("queued", total=tables)

    def follow(self) -> tuple[DagsterRun, bool]:
        """Wait for the end; answers the run, and whether it was stopped from here.

        Raises:
            UnavailableError: Dagster stays away.
        """
        stopping = False
        former = signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            with self._progress:
                while True:
                    try:
                        run = self._look(stopping)
                        if run.finished:
                            return run, stopping
                        time.sleep(POLL_SECONDS)
                    except KeyboardInterrupt:
                        if stopping:
                            raise  # a second one: leave at once, the stop is asked for
                        stopping = True
                        self._progress.update(self._task, description="stopping")
        finally:
            signal.signal(signal.SIGTERM, former)

    def _look(self, stopping: bool) -> DagsterRun:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                run = self._dagster.run(self._run_id)
                self._tell_events()
                self._tell_tables()
                if stopping and not run.finished and run.status != RunStatus.CANCELING:
                    # While its process starts, Dagster stops no run: asked again then.
                    with contextlib.suppress(ConflictError):
                        self._dagster.terminate(self._run_id)
                return run
            except UnavailableError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(POLL_SECONDS)

    def _tell_events(self) -> None:
        while events := self._dagster.logs(self._run_id, offset=self._seen, limit=MAX_EVENTS):
            self._seen += len(events)
            for event in events:
                self._tell(event)

    def _tell(self, event: LogEvent) -> None:
        table = event.step_key and (names.table_of_step(event.step_key) or event.step_key)
        text = f"{table}: {event.text}" if table else event.text
        if event.level == "WARNING":
            self._progress.console.print(f"[yellow]![/] {escape(text)}", highlight=False)
        elif event.kind == "LogMessageEvent":
            self._progress.update(self._task, description=escape(text))
        elif event.kind == "RunStartEvent":
            self._progress.update(self._task, description="started")

    def _tell_tables(self) -> None:
        with self._catalog.session() as session:
            results = table_results.of_run(session, self._run_id)
        for result in results:
            # One that failed may be tried again, and counts at the end alone.
            if result.error_message is None and result.table_id not in self._done:
                self._done.add(result.table_id)
                self._progress.console.print(_line(result), highlight=False)
        self._progress.update(self._task, completed=len(self._done))


def _line(result: TableResult) -> str:
    parts = [_count(result.rows_loaded, "row")]
    if result.rows_deleted + result.rows_removed:
        parts.append(f"{result.rows_deleted + result.rows_removed:,} deleted")
    if result.rows_failed:
        parts.append(f"[yellow]{result.rows_failed:,} in the dead letters[/]")
    facts = ", ".join(parts)
    return f"[green]✓[/] {escape(result.table_name)}: {facts}, {result.duration_ms / 1000:.1f} s"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
