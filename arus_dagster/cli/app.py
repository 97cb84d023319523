"""The command ``arus``: options, exit codes and what a person reads.

Owns nothing else: each command hands over to the module that does the work. Refuses passwords
as arguments or options, where the process list and the shell's history would show them.
"""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.status import Status

from arus_dagster.cli import administration, configuration, discover, sync
from arus_dagster.cli.console import InstallationHome, console, errors, reported
from arus_dagster.cli.demo import shop
from arus_dagster.cli.demo.api import Api
from arus_dagster.cli.demo.story import Server, Story
from arus_dagster.cli.doctor import command as doctor
from arus_dagster.cli.home import LOOPBACK, WAREHOUSE, Home, Ports, new_secrets
from arus_dagster.cli.postgres import SUPERUSER, PostgresServer
from arus_dagster.cli.stack import start_platform
from arus_dagster.cli.supervisor import Stopped, Supervisor
from arus_dagster.logging import configure_logging
from arus_dagster.settings import DEFAULT_ADMIN_PASSWORD

app = typer.Typer(
    name="arus",
    help="Data replication, orchestrated by Dagster.",
    no_args_is_help=True,
    # A traceback with local variables would show passwords.
    pretty_exceptions_show_locals=False,
)
users = typer.Typer(no_args_is_help=True, help="People who may log in.")
app.add_typer(users, name="user")
app.command("sync")(sync.command)
app.command("discover")(discover.command)
app.command("doctor")(doctor.command)
app.command("export")(configuration.export_command)
app.command("import")(configuration.import_command)


class Role(StrEnum):
    """What a user may do."""

    ADMIN = "admin"
    EDITOR = "editor"
    VIEWER = "viewer"


SAMPLE_PASSWORD = "ARUS_SAMPLE_PASSWORD"
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


@app.callback()
def _log_for_people() -> None:
    configure_logging("WARNING", form="text")


@app.command()
def up(
    home: HomeOption = Path(".arus"),
    api_port: ApiPort = _DEFAULTS.api,
    dagster_port: DagsterPort = _DEFAULTS.dagster,
    code_server_port: CodeServerPort = _DEFAULTS.code_server,
    postgres_port: PostgresPort = _DEFAULTS.postgres,
    sample: Annotated[
        bool, typer.Option("--sample", help="Add a small shop database to try things on.")
    ] = False,
) -> None:
    """Start everything on this machine, with a private PostgreSQL server, until Ctrl-C."""
    ports = Ports(api_port, dagster_port, code_server_port, postgres_port)
    with reported():
        state = Home(home)
        with Supervisor(state.directory) as supervisor:
            server = _start(supervisor, state, ports)
            if sample:
                _add_sample(server, state)
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
    with reported(), _temporary_home() as state, Supervisor(state.directory) as supervisor:
        server = _start(supervisor, state, ports)
        server.create_database(shop.DATABASE)
        with Api(f"http://{LOOPBACK}:{ports.api}") as api:
            databases = Server(
                host=LOOPBACK,
                port=ports.postgres,
                user=SUPERUSER,
                password=state.variables["ARUS_DB_PASSWORD"],
                warehouse=WAREHOUSE,
                connect=server.connect,
            )
            settings = state.settings()
            pipeline = Story(console, api, databases, supervisor.check).tell(
                settings.admin_email,
                settings.admin_password.get_secret_value() or DEFAULT_ADMIN_PASSWORD,
                state.secret(SAMPLE_PASSWORD),
            )
        if not exit_:
            _show_addresses(state, ports)
            console.print(f"The pipeline in Dagster: {pipeline['dagster_url']}", soft_wrap=True)
            console.print("The schedule goes on syncing. Press Ctrl-C to stop and clean up.")
            _stay(supervisor)
    console.print("Stopped, nothing left behind.")


@app.command()
def migrate(
    home: InstallationHome = None,
    catalog_only: Annotated[
        bool,
        typer.Option(
            "--catalog-only", help="Leave Dagster's storage; DAGSTER_HOME is not needed then."
        ),
    ] = False,
) -> None:
    """Bring the catalog and Dagster's storage to this version; make the first administrator."""
    with reported():
        administration.migrate_installation(home, catalog_only=catalog_only)
    what = "The catalog is" if catalog_only else "The catalog and Dagster's storage are"
    console.print(f"{what} up to date.")


@users.command("create")
def create_user(
    email: str,
    name: Annotated[str, typer.Option(help="The name shown to others.")],
    role: Annotated[Role, typer.Option(help="What the user may do.")] = Role.VIEWER,
    home: InstallationHome = None,
) -> None:
    """Make a user. The password is asked for, or read from a piped standard input."""
    with reported():
        administration.create_user(home, email, name, role.value, _read_password())
    console.print(f"Created {email} as {role.value}.", highlight=False)


@users.command("password")
def reset_password(email: str, home: InstallationHome = None) -> None:
    """Give a user a new password. It is asked for, or read from a piped standard input."""
    with reported():
        administration.reset_password(home, email, _read_password())
    console.print(f"{email} has a new password.", highlight=False)


@app.command("rotate-key")
def rotate_key(home: InstallationHome = None) -> None:
    """Encrypt all stored passwords and tokens with a new key."""
    with reported():
        count = administration.rotate_key(home)
    console.print(f"{count} stored secrets are under the new key; the former one may go.")


@app.command()
def psql(
    database: Annotated[str, typer.Argument(help="The database to look into.")] = WAREHOUSE,
    command: Annotated[str | None, typer.Option("--command", "-c", help="SQL to run.")] = None,
    home: HomeOption = Path(".arus"),
) -> None:
    """Open PostgreSQL's shell on a database of the running embedded default."""
    with reported():
        administration.open_psql(home, database, command)


@app.command("secrets")
def print_secrets() -> None:
    """Print fresh secrets for a new installation, as lines of an environment file."""
    values = {**new_secrets(), "ARUS_ADMIN_PASSWORD": secrets.token_urlsafe(18)}
    for name, value in values.items():
        typer.echo(f"{name}={value}")


def _read_password() -> str:
    if sys.stdin.isatty():
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return password
    return sys.stdin.readline().rstrip("\n")


def _start(supervisor: Supervisor, home: Home, ports: Ports) -> PostgresServer:
    with console.status("Starting") as status:
        server = start_platform(supervisor, home, ports, _teller(status))
    console.print("[green]✓[/] Started", f"[dim]logs in {home.directory / 'logs'}[/]")
    return server


def _add_sample(server: PostgresServer, home: Home) -> None:
    password = home.secret(SAMPLE_PASSWORD)
    server.create_database(shop.DATABASE)
    connection = server.connect(shop.DATABASE)
    try:
        shop.seed(connection, password)
    finally:
        connection.close()
    console.print(
        "[green]✓[/] Sample shop",
        f"[dim]database {shop.DATABASE}, user {shop.READER}, password {SAMPLE_PASSWORD} in "
        f"{home.env_file}[/]",
        soft_wrap=True,
    )


def _teller(status: Status) -> Callable[[str], None]:
    return lambda what: status.update(f"Starting: {what}")


def _show_addresses(home: Home, ports: Ports) -> None:
    api = f"http://{LOOPBACK}:{ports.api}"
    lines = [
        ("Console", f"{api}/"),
        ("REST API", f"{api}/api"),
        ("API reference", f"{api}/docs"),
        ("Dagster", f"http://{LOOPBACK}:{ports.dagster}"),
        ("Warehouse", f"PostgreSQL {LOOPBACK}:{ports.postgres}, database {WAREHOUSE}"),
        ("Secrets", str(home.env_file)),
    ]
    console.print()
    for name, value in lines:
        console.print(f"  {name:14}{value}", highlight=False, soft_wrap=True)
    settings = home.settings()
    if not settings.admin_password.get_secret_value():
        console.print(
            f"\n[bold yellow]The administrator is {settings.admin_email}, with the well-known "
            f"password {DEFAULT_ADMIN_PASSWORD} until you change it. Everything listens on this "
            "machine alone.[/]",
            highlight=False,
        )
    console.print()


def _stay(supervisor: Supervisor) -> None:
    """Until Ctrl-C (or a stop by the system), which is the ordinary end and no failure."""
    try:
        supervisor.wait(_tell_trouble)
    except Stopped:
        console.print("\nStopping.")


def _tell_trouble(line: str) -> None:
    errors.print(line, style="yellow", markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _temporary_home() -> Iterator[Home]:
    """A state directory that goes away; its logs stay, elsewhere, if an error ends the block."""
    directory = Path(tempfile.mkdtemp(prefix="arus-demo-"))
    try:
        yield Home(directory)
    except Exception:
        logs = directory / "logs"
        if logs.is_dir():
            kept = shutil.move(logs, tempfile.mkdtemp(prefix="arus-demo-logs-"))
            errors.print(f"The logs are kept in {kept}", highlight=False, soft_wrap=True)
        raise
    finally:
        PostgresServer.remove_cluster(directory / "postgres")
        shutil.rmtree(directory)
