"""A real Dagster beside a catalog: code server, webserver and daemon, started as ``arus up`` does.

Owns the processes and the waiting. Every process leads a group of its own and is watched by a
sentinel, so that none outlives the tests, however they end.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from arus_dagster.catalog.first_admin import ensure_admin
from arus_dagster.catalog.session import Catalog
from arus_dagster.cli import sentinel, stack
from arus_dagster.cli.home import Home, Ports
from arus_dagster.cli.process import Child, Program, free_port
from arus_dagster.errors import ConflictError
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.models import ACTIVE, DagsterRun
from arus_dagster.orchestration.run_filter import RunFilter
from arus_dagster.settings import Settings
from tests.receivers import HttpReceiver, http_receiver
from tests.servers import HOST, PASSWORD, USER, PostgreSQLServer

T = TypeVar("T")

WAIT_SECONDS = 90
POLL_SECONDS = 0.1


class DagsterStack:
    """A platform without its own PostgreSQL: that of the tests holds catalog and storage.

    Args:
        root: a new directory of the stack's own is made in it.
        settings: where the catalog is.
    """

    def __init__(self, root: Path, settings: Settings) -> None:
        self.settings = settings
        self.catalog = Catalog(settings, "tests")
        self.ports = Ports(
            api=free_port(), dagster=free_port(), code_server=free_port(), postgres=settings.db_port
        )
        self.home = Home(root / "home")
        self.home.set_ports(self.ports)
        self.home.update(
            {
                "ARUS_EMBEDDED": "false",
                "ARUS_DB_HOST": settings.db_host,
                "ARUS_DB_USER": settings.db_user,
                "ARUS_DB_PASSWORD": settings.db_password.get_secret_value(),
                "ARUS_DB_NAME": settings.db_name,
                "ARUS_JWT_SECRET": settings.jwt_secret.get_secret_value(),
                "ARUS_ENCRYPTION_KEY": settings.encryption_key.get_secret_value(),
                "ARUS_ADMIN_EMAIL": settings.admin_email,
                "ARUS_ADMIN_PASSWORD": settings.admin_password.get_secret_value(),
            }
        )
        self.traces: HttpReceiver | None = None
        self.children: dict[str, Child] = {}
        self.client = DagsterClient(self.url)
        self._sentinel = subprocess.Popen(
            [sys.executable, "-I", "-S", sentinel.__file__],
            stdin=subprocess.PIPE,
            start_new_session=True,
            env={},
        )

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.ports.dagster}"

    @property
    def api_url(self) -> str:
        return f"http://{HOST}:{self.ports.api}"

    def start(self, *, api: bool = False) -> None:
        """Start Dagster, and the API too if asked for; returns when all of it works."""
        self.home.prepare_dagster()
        stack.migrate_dagster(self.home.environment())
        self.start_one(stack.code_server(self.home, self.ports))
        others = [stack.webserver(self.home, self.ports), stack.daemon(self.home, self.ports)]
        if api:
            others.append(stack.api(self.home, self.ports))
        for program in others:
            self._launch(program)
        for program in others:
            self.children[program.name].wait_ready(lambda: None)

    def start_one(self, program: Program) -> Child:
        """Start a program and wait until it works."""
        child = self._launch(program)
        child.wait_ready(lambda: None)
        return child

    def _launch(self, program: Program) -> Child:
        child = Child.start(program)
        self.children[program.name] = child
        assert self._sentinel.stdin is not None
        line = f"watch {child.process.pid} {signal.SIGKILL:d} group 5\n"
        self._sentinel.stdin.write(line.encode())
        self._sentinel.stdin.flush()
        return child

    def stop(self) -> None:
        """Stop everything; nothing is left when this returns."""
        for name in reversed(list(self.children)):
            self.children.pop(name).stop()
        assert self._sentinel.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._sentinel.stdin.close()
        self._sentinel.wait()
        self.client.close()
        self.catalog.dispose()

    def log(self, name: str) -> str:
        """What a program has written to its log."""
        return self.home.log(name).read_text(errors="replace")

    def wait_for_run(self, run_id: str, seconds: float = WAIT_SECONDS) -> DagsterRun:
        """The run, once it has ended."""

        def ended() -> DagsterRun | None:
            run = self.client.run(run_id)
            return run if run.finished else None

        return wait_for(ended, f"run {run_id} to end", seconds)

    def cancel(self, run_id: str) -> DagsterRun:
        """Stop a run, whatever it is at, and wait for its end."""

        def told_or_ended() -> bool:
            try:
                self.client.terminate(run_id)
            except ConflictError:  # Dagster stops no run whose process is starting
                return self.client.run(run_id).finished
            return True

        wait_for(told_or_ended, f"run {run_id} to take a cancel")
        return self.wait_for_run(run_id)

    def cancel_all(self) -> None:
        """Stop all runs: their connections would keep databases from being dropped."""
        for run in self.client.runs(RunFilter(statuses=ACTIVE), limit=100):
            self.cancel(run.id)


def wait_for(probe: Callable[[], T | None], what: str, seconds: float = WAIT_SECONDS) -> T:
    """The first answer of ``probe`` that is neither None nor False."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer is not None and answer is not False:
            return answer
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(POLL_SECONDS)


@pytest.fixture(scope="session")
def stack_settings(
    postgres_server: PostgreSQLServer, catalog_template: str, encryption_key: str
) -> Iterator[Settings]:
    """Settings of the catalog that ``dagster_stack`` works on."""
    with postgres_server.database(catalog_template) as database:
        yield Settings(
            db_host=HOST,
            db_port=postgres_server.port,
            db_user=USER,
            db_password=PASSWORD,
            db_name=database.name,
            jwt_secret="for-tests-only-" + "x" * 32,
            encryption_key=encryption_key,
            admin_email="admin@example.com",
            admin_password="a long enough password",
        )


@pytest.fixture(scope="session")
def dagster_stack(servers_directory: Path, stack_settings: Settings) -> Iterator[DagsterStack]:
    """Dagster on a catalog of its own, shared by the session's tests, API included."""
    with http_receiver() as traces:
        yield from _running(servers_directory, stack_settings, traces)


def _running(
    servers_directory: Path, stack_settings: Settings, traces: HttpReceiver
) -> Iterator[DagsterStack]:
    running = DagsterStack(servers_directory, stack_settings)
    running.traces = traces
    running.home.update({"OTEL_EXPORTER_OTLP_ENDPOINT": traces.url})
    try:
        running.start()
        # Now, since the first admin is only made while nobody else is there.
        with running.catalog.session() as session:
            ensure_admin(session, stack_settings)
        yield running
    finally:
        running.stop()
