"""The command ``arus``: options, exit codes and what a person reads.

Owns nothing else: each command hands over to the module that does the work. Refuses passwords
as arguments or options, where the process list and the shell's history would show them.
"""

from __future__ import annotations

import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from arus_dagster.cli.demo.api import Api
from arus_dagster.cli.demo.shop import DATABASE as SHOP
from arus_dagster.cli.demo.story import Server, Story
from arus_dagster.cli.home import LOOPBACK, WAREHOUSE, Home, Ports
from arus_dagster.cli.postgres import SUPERUSER, PostgresServer
from arus_dagster.cli.stack import start_platform
from arus_dagster.cli.supervisor import Stopped, Supervisor
from arus_dagster.errors import ArusError
from arus_dagster.settings import DEFAULT_ADMIN_EMAIL, DEFAULT_ADMIN_PASSWORD

app = typer.Typer(
    name="arus",
    help="Data replication, orchestrated by Dagster.",
    no_args_is_help=True,
    # A traceback with local variables would show passwords.
    pretty_exceptions_show_locals=False,
)
console = Console()
errors = Console(stderr=True)

_DEFAULTS = Ports()
HomeOption = Annotated[Path, typer.Option("--home", help="The state directory.")]
ApiPort = Annotated[int, typer.Option(min=1, max=65535, help="Port of the REST API.")]
DagsterPort = Annotated[int, typer.Option(min=1, max=65535, help="Port of Dagster's UI.")]
CodeServerPort = Annotated[
    int, typer.Option(min=1, max=65535, help="Port between Dagster and the definitions.")
]
PostgresPort = Annotated[
    int, typer.Option(min=1, max=65535, help="Port of the private PostgreSQL server.")
]


@app.command()
def up(
    home: HomeOption = Path(".arus"),
    api_port: ApiPort = _DEFAULTS.api,
    dagster_port: DagsterPort = _DEFAULTS.dagster,
    code_server_port: CodeServerPort = _DEFAULTS.code_server,
    postgres_port: PostgresPort = _DEFAULTS.postgres,
) -> None:
    """Start everything on this machine, with a private PostgreSQL server, until Ctrl-C."""
    ports = Ports(api_port, dagster_port, code_server_port, postgres_port)
    with _reported():
        state = Home(home)
        with Supervisor(state.directory) as supervisor:
            _start(supervisor, state, ports)
            _show_addresses(state, ports)
            console.print("Press Ctrl-C to stop.")
            _stay(supervisor)
    console.print("Stopped.")


@app.command()
def demo(
    exit_: Annotated[
        bool, typer.Option("--exit", help="Stop at the end; the exit code is the verdict.")
    ] = False,
    api_port: ApiPort = _DEFAULTS.api,
    dagster_port: DagsterPort = _DEFAULTS.dagster,
    code_server_port: CodeServerPort = _DEFAULTS.code_server,
    postgres_port: PostgresPort = _DEFAULTS.postgres,
) -> None:
    """Sync a sample shop through the REST API, on a state directory that goes away at the end."""
    ports = Ports(api_port, dagster_port, code_server_port, postgres_port)
    with _reported(), _temporary_home() as state, Supervisor(state.directory) as supervisor:
        server = _start(supervisor, state, ports)
        server.create_database(SHOP)
        with Api(f"http://{LOOPBACK}:{ports.api}") as api:
            databases = Server(
                host=LOOPBACK,
                port=ports.postgres,
                user=SUPERUSER,
                password=state.variables["ARUS_DB_PASSWORD"],
                warehouse=WAREHOUSE,
                connect=server.connect,
            )
            pipeline = Story(console, api, databases, supervisor.check).tell()
        if not exit_:
            _show_addresses(state, ports)
            console.print(f"The pipeline in Dagster: {pipeline['dagster_url']}", soft_wrap=True)
            console.print("The schedule goes on syncing. Press Ctrl-C to stop and clean up.")
            _stay(supervisor)
    console.print("Stopped, nothing left behind.")


def _start(supervisor: Supervisor, home: Home, ports: Ports) -> PostgresServer:
    with console.status("Starting") as status:
        server = start_platform(supervisor, home, ports, _teller(status))
    console.print("[green]✓[/] Started", f"[dim]logs in {home.directory / 'logs'}[/]")
    return server


def _teller(status: Status) -> Callable[[str], None]:
    return lambda what: status.update(f"Starting: {what}")


def _show_addresses(home: Home, ports: Ports) -> None:
    api = f"http://{LOOPBACK}:{ports.api}"
    lines = [
        ("REST API", api),
        ("API reference", f"{api}/docs"),
        ("Dagster", f"http://{LOOPBACK}:{ports.dagster}"),
        ("Warehouse", f"PostgreSQL {LOOPBACK}:{ports.postgres}, database {WAREHOUSE}"),
        ("Secrets", str(home.env_file)),
    ]
    console.print()
    for name, value in lines:
        console.print(f"  {name:14}{value}", highlight=False, soft_wrap=True)
    console.print(
        f"\n[bold yellow]The administrator is {DEFAULT_ADMIN_EMAIL} with the well-known password "
        f"{DEFAULT_ADMIN_PASSWORD} until you change it. Everything listens on this machine "
        "alone.[/]\n",
        highlight=False,
    )


def _stay(supervisor: Supervisor) -> None:
    """Until Ctrl-C (or a stop by the system), which is the ordinary end and no failure."""
    try:
        supervisor.wait()
    except Stopped:
        console.print("\nStopping.")


@contextmanager
def _temporary_home() -> Iterator[Home]:
    directory = Path(tempfile.mkdtemp(prefix="arus-demo-"))
    try:
        yield Home(directory)
    finally:
        PostgresServer.remove_cluster(directory / "postgres")
        shutil.rmtree(directory)


@contextmanager
def _reported() -> Iterator[None]:
    """Show an expected error as one message, and end with the exit code that fits."""
    try:
        yield
    except ArusError as error:
        errors.print(f"[bold red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except (Stopped, KeyboardInterrupt) as stopped:
        number = stopped.number if isinstance(stopped, Stopped) else signal.SIGINT
        errors.print("Stopped before the end.")
        raise typer.Exit(128 + number) from None
