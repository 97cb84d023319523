"""The command: which checks fit the installation, what is shown, and the exit code."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import typer
from rich.markup import escape

from arus_dagster.catalog.session import Catalog
from arus_dagster.cli.console import InstallationHome, console, reported
from arus_dagster.cli.doctor import databases, machine, services
from arus_dagster.cli.doctor.finding import Finding, bad
from arus_dagster.cli.home import Home, deployment_file
from arus_dagster.cli.installation import settings_of, state_directory
from arus_dagster.errors import ConfigurationError
from arus_dagster.settings import Settings

_SIGNS = {"good": "[green]✓[/]", "doubtful": "[yellow]![/]", "bad": "[red]✗[/]"}


def command(home: InstallationHome = None) -> None:
    """Check an installation, and say how to mend each fault; the exit code is 1 if there is one."""
    with reported():
        faults = doubts = 0
        for finding in _findings(home):
            faults += finding.state == "bad"
            doubts += finding.state == "doubtful"
            line = f"{_SIGNS[finding.state]} {escape(finding.subject)}: {escape(finding.detail)}"
            console.print(line, highlight=False, soft_wrap=True)
            if finding.remedy:
                console.print(f"    → {escape(finding.remedy)}", highlight=False, soft_wrap=True)
        if faults:
            console.print(f"[red]{faults} to mend[/], {doubts} to look at.", highlight=False)
            raise typer.Exit(1)
        console.print(f"Nothing to mend, {doubts} to look at.", highlight=False)


def _findings(home: Path | None) -> Iterator[Finding]:
    yield from machine.versions()
    try:
        settings = settings_of(home)
        state = None if home is None else state_directory(home)
    except ConfigurationError as error:
        remedy = "'arus secrets' prints secrets; docs/operating.md lists the variables."
        yield bad("Environment", error.message, remedy)
        return
    yield from machine.secrets(settings, state)
    yield from machine.disk(_places(state))
    yield from _dagster_home(state)
    try:
        catalog = Catalog(settings, "arus doctor")
    except ConfigurationError:
        return  # the key is unfit, as told above
    try:
        yield from _parts(settings, state, catalog)
    finally:
        catalog.dispose()


def _parts(settings: Settings, state: Home | None, catalog: Catalog) -> Iterator[Finding]:
    found = list(databases.catalog_server(catalog))
    if len(found) == 1 and state is not None:  # it is not reached, and so nothing else of it told
        yield bad("Platform", "is not running", "arus up")
        yield from machine.free_ports(_ports(settings, state))
        return
    yield from found
    current = all(finding.state != "bad" for finding in found)
    if current:
        yield from databases.connections(catalog)
    yield from services.dagster(settings, catalog if current else None)
    yield from services.api(settings)


def _places(state: Home | None) -> list[tuple[str, Path]]:
    if state is not None:
        return [("State directory", state.directory)]
    dagster_home = os.environ.get("DAGSTER_HOME")
    return [("Dagster's home", Path(dagster_home))] if dagster_home else []


def _dagster_home(state: Home | None) -> Iterator[Finding]:
    """Whether Dagster's configuration is there; an installation may have one of its own."""
    if state is not None:
        return
    dagster_home = os.environ.get("DAGSTER_HOME")
    if not dagster_home:
        yield bad("Dagster's home", "DAGSTER_HOME is not set", "Name a directory of its own there.")
    elif not (Path(dagster_home) / "dagster.yaml").exists():
        yield bad(
            "Dagster's home",
            f"{dagster_home} holds no dagster.yaml, so that Dagster would keep its runs elsewhere",
            f"cp {deployment_file('dagster.yaml')} {dagster_home}/",
        )


def _ports(settings: Settings, state: Home) -> list[tuple[str, str, int]]:
    variables = state.variables
    code_server = int(variables.get("ARUS_CODE_SERVER_PORT", "13030"))
    dagster = int(settings.dagster_url.rstrip("/").rpartition(":")[2])
    return [
        ("PostgreSQL", "--postgres-port", settings.db_port),
        ("the REST API", "--api-port", settings.api_port),
        ("Dagster's UI", "--dagster-port", dagster),
        ("the code server", "--code-server-port", code_server),
    ]
