"""A pipeline of the embedded default whose read can be held up, and ways to do it harm.

Source and warehouse are servers of the tests, so that the platform's own can be killed alone.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from arus_dagster.cli.demo.api import Api, ApiError
from tests.acceptance.platform import Platform
from tests.gate import Gate, eventually
from tests.servers import Database, PostgreSQLServer

ADMIN = ("admin@arus.io", "admin123")
NEVER = "0 0 29 2 *"
EVERY_MINUTE = "* * * * *"
# Half a minute is enough for all of it; a machine with much else to do may take longer.
WAIT_SECONDS = 240

# How the command lines of the platform's processes begin to differ.
MARKS = {
    "code server": "dagster code-server start",
    "definitions": "dagster api grpc",
    "webserver": "dagster-webserver",
    "daemon": "dagster-daemon",
    "api": "uvicorn",
    "run": "spawn_main",
    "postgres": "listen_addresses",
}


@dataclass
class Scene:
    """One table, synced once, by a pipeline that runs when it is asked to."""

    platform: Platform
    source: Database
    warehouse: Database
    gate: Gate
    api: Api
    pipeline: str

    def processes(self, name: str) -> list[int]:
        """The ids of the platform's processes of this name."""
        return [p for p, command in self.platform.processes().items() if MARKS[name] in command]

    def kill(self, *names: str) -> None:
        """End processes, and them alone, as the kernel does when memory runs out."""
        found = {name: self.processes(name) for name in names}
        assert {len(pids) for pids in found.values()} == {1}, found
        for (pid,) in found.values():
            os.kill(pid, signal.SIGKILL)

    def start_held(self) -> str:
        """Change rows, and start a run that waits in the middle of its read."""
        self.source.execute(
            "UPDATE base SET wm = (SELECT max(wm) FROM base) + 1, v = v || '!' WHERE id % 100 = 0",
            "INSERT INTO base SELECT max(id) + 1, max(wm) + 1, 'new' FROM base",
            "UPDATE base SET wm = (SELECT max(wm) FROM base) WHERE id = 15000",
        )
        self.gate.shut()
        run_id = self.trigger()
        self.gate.waiting_pid(WAIT_SECONDS)
        return run_id

    def trigger(self) -> str:
        """Start a run, as soon as the platform takes one."""

        def started() -> Any:
            try:
                return self.api.post(f"/api/pipelines/{self.pipeline}/trigger")
            except (ApiError, httpx.HTTPError) as error:
                last.append(error)
                return None

        last: list[Exception] = []
        try:
            return str(eventually(started, WAIT_SECONDS)["run_id"])
        except AssertionError:
            raise AssertionError(last[-1]) from None

    def run(self, run_id: str) -> dict[str, Any] | None:
        """A run as the API shows it; None while it shows none."""
        try:
            found: dict[str, Any] = self.api.get(f"/api/runs/{run_id}")
        except (ApiError, httpx.HTTPError):
            return None
        return found

    def end_of(self, run_id: str, seconds: float) -> dict[str, Any]:
        """The run once it has ended, which it must within so many seconds."""

        def ended() -> Any:
            run = self.run(run_id)
            return run if run and run["status"] not in ("pending", "running") else None

        found: dict[str, Any] = eventually(ended, seconds)
        return found

    def state(self) -> tuple[Any, ...]:
        """The saved watermark and a digest of the target."""
        ((watermark,),) = self.warehouse.rows(
            "SELECT watermark FROM staging._arus_state WHERE table_id IN"
            " (SELECT table_id FROM staging._arus_state WHERE watermark IS NOT NULL)"
        )
        return watermark, self.warehouse.rows(
            "SELECT count(*), sum(hashtext(t.id || t.v)) FROM faults.t"
        )

    def assert_exact_after_a_sync(self) -> None:
        """A new run succeeds at once and makes the target the source, leaving nothing behind."""
        self.gate.open()
        run = self.end_of(self.trigger(), WAIT_SECONDS)
        assert run["status"] == "success", run
        rows = "SELECT id, wm, v FROM {} ORDER BY 1"
        assert self.warehouse.rows(rows.format("faults.t")) == self.source.rows(rows.format("base"))
        watermark, _ = self.state()
        assert watermark == str(self.source.value("SELECT max(wm) FROM base"))
        self.assert_nothing_is_left()

    def assert_nothing_is_left(self) -> None:
        """No process of a run, no session, and so neither lock nor temporary table."""
        sessions = (
            "SELECT application_name, state, query FROM pg_stat_activity WHERE datname ="
            " current_database() AND application_name IN ('arus load', 'arus source')"
        )
        for database in (self.source, self.warehouse):
            eventually(lambda d=database: not d.rows(sessions, admin=True), WAIT_SECONDS)
        for name in MARKS:
            expected = 0 if name == "run" else 1
            eventually(lambda n=name, e=expected: len(self.processes(n)) == e, WAIT_SECONDS)
        assert not self.warehouse.rows(
            "SELECT relname FROM pg_class WHERE relpersistence = 't'", admin=True
        )


@pytest.fixture(scope="package")
def faults_source(postgres_server: PostgreSQLServer) -> Iterator[Database]:
    with postgres_server.database() as database:
        yield database


@pytest.fixture(scope="package")
def faults_warehouse(postgres_server: PostgreSQLServer) -> Iterator[Database]:
    with postgres_server.database() as database:
        yield database


@pytest.fixture(scope="package")
def faults_scene(
    shared_platform: Platform, faults_source: Database, faults_warehouse: Database
) -> Iterator[Scene]:
    if not shared_platform.running:
        shared_platform.start("--sample")
    gate = Gate(faults_source)
    with Api(f"http://127.0.0.1:{shared_platform.ports['api']}") as api:
        api.login(*ADMIN)
        places = {
            path: api.post(f"/api/{path}", _place(database))["id"]
            for path, database in (("sources", faults_source), ("destinations", faults_warehouse))
        }
        api.post(f"/api/sources/{places['sources']}/discover")
        made = api.post(
            "/api/pipelines",
            {
                "name": "Faults",
                "source_id": places["sources"],
                "destination_id": places["destinations"],
                "schedule": NEVER,
                "target_schema": "faults",
                "max_retries": 0,
                "tables": [
                    {
                        "name": "t",
                        "schema": "public",
                        "sync_mode": "incremental",
                        "watermark_column": "wm",
                        "primary_key": ["id"],
                        "load_mode": "raw",
                    }
                ],
            },
        )
        scene = Scene(shared_platform, faults_source, faults_warehouse, gate, api, made["id"])
        scene.assert_exact_after_a_sync()
        yield scene
        gate.open()
        api.post(f"/api/pipelines/{made['id']}/pause")


@pytest.fixture
def scene(faults_scene: Scene) -> Iterator[Scene]:
    yield faults_scene
    faults_scene.gate.open()


def _place(database: Database) -> dict[str, Any]:
    spec = database.spec
    return {
        "name": f"Faults' {database.name}",
        "type": spec.type,
        "host": spec.host,
        "port": spec.port,
        "database": spec.database,
        "username": spec.username,
        "password": spec.password,
    }
