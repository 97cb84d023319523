"""The platform on one machine: PostgreSQL, code server, webserver, daemon and API.

Owns the order they start in and what "ready" means for each: that it does its work, not that its
port is open. Refuses to put a secret on a command line: all of them read the environment.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path

import grpc
import httpx
from grpc_health.v1 import health_pb2, health_pb2_grpc

from arus_dagster.catalog.first_admin import ensure_admin
from arus_dagster.catalog.migrations import migrate
from arus_dagster.catalog.session import Catalog
from arus_dagster.cli import code_server as code_server_program
from arus_dagster.cli.home import DATABASE, LOOPBACK, WAREHOUSE, Home, Ports, deployment_file
from arus_dagster.cli.postgres import PostgresServer
from arus_dagster.cli.process import Port, Program, StartError
from arus_dagster.cli.supervisor import Supervisor
from arus_dagster.settings import Settings

READY_SECONDS = 120
# Long enough for a run in flight to be interrupted and to say so before its process is ended.
STOP_SECONDS = 30

LOCATIONS_QUERY = """{ workspaceOrError { ... on Workspace { locationEntries {
  loadStatus locationOrLoadError { __typename ... on PythonError { message } } } } } }"""
DAEMONS_QUERY = """{ instance { daemonHealth { allDaemonStatuses {
  daemonType required healthy lastHeartbeatErrors { message } } } } }"""


def start_postgres(supervisor: Supervisor, home: Home, ports: Ports) -> PostgresServer:
    """Start the private PostgreSQL server and make the platform's databases.

    Raises:
        StartError: it can't be started.
        BinariesError: no programs that fit.
    """
    password = home.variables["ARUS_DB_PASSWORD"]
    server = PostgresServer(home.postgres_directory, ports.postgres, password)
    server.prepare()
    supervisor.start(server.program(home.log("postgres")))
    server.create_database(DATABASE)
    server.create_database(WAREHOUSE)
    return server


def migrate_all(home: Home) -> None:
    """Bring the catalog and Dagster's storage to this version, and make the first admin.

    Raises:
        StartError: Dagster's own migration failed.
        ConfigurationError: the first admin's password is unfit.
    """
    migrate_catalog(home.settings())
    migrate_dagster(home.environment())


def migrate_catalog(settings: Settings) -> None:
    """Bring the catalog to this version, and make the first admin in an empty one.

    Raises:
        ConfigurationError: the first admin's password is unfit.
    """
    migrate(settings)
    catalog = Catalog(settings, "arus")
    try:
        with catalog.session() as session:
            ensure_admin(session, settings)
    finally:
        catalog.dispose()


def migrate_dagster(environment: dict[str, str]) -> None:
    """Create or upgrade Dagster's storage, before several of its processes try at once.

    Raises:
        StartError: it failed; the message carries Dagster's.
    """
    result = subprocess.run(
        [sys.executable, "-m", "dagster", "instance", "migrate"],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise StartError(f"Dagster's storage can't be prepared:\n{result.stderr.strip()[-2000:]}")


def start_platform(
    supervisor: Supervisor, home: Home, ports: Ports, tell: Callable[[str], None]
) -> PostgresServer:
    """Start everything, in order, and return when all of it works.

    Args:
        tell: shows one line on what is being done.

    Raises:
        StartError: a program can't be started; those already running are left to ``supervisor``.
    """
    home.set_ports(ports)
    tell("PostgreSQL")
    server = start_postgres(supervisor, home, ports)
    tell("catalog and Dagster storage")
    home.prepare_dagster()
    migrate_all(home)
    tell("code server")
    supervisor.start(code_server(home, ports))
    tell("Dagster webserver, daemon and API")
    supervisor.start(webserver(home, ports), daemon(home, ports), api(home, ports))
    return server


def code_server(home: Home, ports: Ports) -> Program:
    """The process that holds the definitions and starts runs."""
    return Program(
        name="code server",
        argv=[
            *(sys.executable, "-m", code_server_program.__name__),
            *("--host", LOOPBACK, "--port", str(ports.code_server)),
        ],
        env=home.environment(),
        log=home.log("code-server"),
        ready=lambda: _grpc_serves(ports.code_server),
        ready_seconds=READY_SECONDS,
        ports=[Port(ports.code_server, "--code-server-port")],
        cwd=home.directory,
        signal_group=False,  # it passes the signal on
        stop_seconds=STOP_SECONDS,
    )


def webserver(home: Home, ports: Ports) -> Program:
    """Dagster's UI and GraphQL."""
    return Program(
        name="Dagster webserver",
        argv=[
            *(_script("dagster-webserver"), "--host", LOOPBACK, "--port", str(ports.dagster)),
            *("--workspace", str(deployment_file("workspace.yaml"))),
        ],
        env=home.environment(),
        log=home.log("webserver"),
        ready=lambda: _location_loaded(ports.dagster),
        ready_seconds=READY_SECONDS,
        ports=[Port(ports.dagster, "--dagster-port")],
        cwd=home.directory,
        stop_seconds=STOP_SECONDS,
    )


def daemon(home: Home, ports: Ports) -> Program:
    """Dagster's scheduler, sensors and queue."""
    return Program(
        name="Dagster daemon",
        argv=[
            *(_script("dagster-daemon"), "run"),
            *("--workspace", str(deployment_file("workspace.yaml"))),
        ],
        env=home.environment(),
        log=home.log("daemon"),
        ready=lambda: _daemons_healthy(ports.dagster),
        ready_seconds=READY_SECONDS,
        cwd=home.directory,
        stop_seconds=STOP_SECONDS,
    )


def api(home: Home, ports: Ports) -> Program:
    """This project's REST API."""
    return Program(
        name="API",
        argv=[
            *(sys.executable, "-m", "uvicorn", "arus_api.app:create_app", "--factory"),
            *("--host", LOOPBACK, "--port", str(ports.api), "--log-level", "warning"),
        ],
        env=home.environment(),
        log=home.log("api"),
        ready=lambda: _api_healthy(ports.api),
        ready_seconds=READY_SECONDS,
        ports=[Port(ports.api, "--api-port")],
        cwd=home.directory,
        stop_seconds=STOP_SECONDS,
    )


def _script(name: str) -> str:
    """An installed command of this environment, whatever PATH says."""
    return str(Path(sysconfig.get_path("scripts")) / name)


def _grpc_serves(port: int) -> bool:
    with grpc.insecure_channel(f"{LOOPBACK}:{port}") as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        request = health_pb2.HealthCheckRequest(service="DagsterApi")
        try:
            response = stub.Check(request, timeout=5)  # type: ignore[attr-defined]
        except grpc.RpcError:
            return False
    return bool(response.status == health_pb2.HealthCheckResponse.SERVING)


def _graphql(port: int, query: str) -> dict[str, object] | None:
    """The data of a query; None while the webserver doesn't answer yet."""
    try:
        response = httpx.post(
            f"http://{LOOPBACK}:{port}/graphql", json={"query": query}, timeout=10
        )
        response.raise_for_status()
        body = response.json()
    except (httpx.HTTPError, ValueError):
        return None
    data: dict[str, object] | None = body.get("data")
    return data


def _location_loaded(port: int) -> bool:
    """Whether the webserver has loaded our definitions.

    Raises:
        StartError: it tried and failed; waiting longer would change nothing.
    """
    data = _graphql(port, LOCATIONS_QUERY)
    if data is None:
        return False
    entries = data["workspaceOrError"].get("locationEntries", [])  # type: ignore[attr-defined]
    for entry in entries:
        loaded = entry["locationOrLoadError"] or {}
        if entry["loadStatus"] == "LOADED" and loaded.get("__typename") == "PythonError":
            raise StartError(f"The definitions can't be loaded: {loaded['message'].strip()}")
    return bool(entries) and all(
        (entry["locationOrLoadError"] or {}).get("__typename") == "RepositoryLocation"
        for entry in entries
    )


def _daemons_healthy(port: int) -> bool:
    data = _graphql(port, DAEMONS_QUERY)
    if data is None:
        return False
    statuses = data["instance"]["daemonHealth"]["allDaemonStatuses"]  # type: ignore[index]
    return all(status["healthy"] for status in statuses if status["required"])


def _api_healthy(port: int) -> bool:
    try:
        response = httpx.get(f"http://{LOOPBACK}:{port}/api/health", timeout=10)
    except httpx.HTTPError:
        return False
    return response.status_code == httpx.codes.OK
