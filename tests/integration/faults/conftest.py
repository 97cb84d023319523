"""A sync that can be held up at each of its phases, between servers that can be killed."""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import psycopg2
import pytest

from tests.gate import Gate, eventually
from tests.integration.engine.conftest import RAW_SCHEMA, Lane, Lanes
from tests.proxy import Proxy
from tests.servers import Database, PostgreSQLServer

Phase = Literal["before the read", "in the read", "in the load", "in the commit", "committed"]
COMMIT_GATE = 4712
# The last that a sync tells; nothing follows in the warehouse.
DONE = "rows loaded"

# Ends at its last message, and so never by itself.
SYNC = f"""
import pickle, sys, time
from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.sync import sync_table
def tell(level, text):
    print(text, flush=True)
    if {DONE!r} in text:
        time.sleep(3600)
sync_table(pickle.load(sys.stdin.buffer), on_message=tell, cancel=CancelToken())
"""


@dataclass
class Scene:
    """A view synced once, with changes waiting for the next sync.

    Args:
        to_source, to_warehouse: the networks on the way of ``lane``.
    """

    source_server: PostgreSQLServer
    warehouse_server: PostgreSQLServer
    source: Database
    warehouse: Database
    to_source: Proxy
    to_warehouse: Proxy
    gate: Gate
    lane: Lane
    _held: list[Any] = field(default_factory=list)

    def change(self) -> None:
        """Change one row in a hundred, and bring in a new one."""
        self.source.execute(
            "UPDATE base SET wm = (SELECT max(wm) FROM base) + 1, v = v || '!' WHERE id % 100 = 0",
            "INSERT INTO base SELECT max(id) + 1, max(wm) + 1, 'new' FROM base",
        )

    def hold(self, phase: Phase) -> None:
        """Let the next sync come this far and no further."""
        match phase:
            case "before the read":
                self._lock(self.source, "LOCK TABLE base IN ACCESS EXCLUSIVE MODE")
            case "in the read":
                self.gate.shut()
            case "in the load":
                self._lock(self.warehouse, f"LOCK TABLE {self.lane.target} IN SHARE MODE")
            case "in the commit":
                self._lock(self.warehouse, f"SELECT pg_advisory_xact_lock({COMMIT_GATE})")

    def _lock(self, database: Database, statement: str) -> None:
        connection = database.connect()
        connection.autocommit = False
        connection.cursor().execute(statement)
        self._held.append(connection)

    def wait_until_held(self, phase: Phase) -> None:
        """Return when the sync has come to where it is held up."""
        if phase == "in the read":
            self.gate.waiting_pid()
            return
        database = self.source if phase == "before the read" else self.warehouse
        eventually(
            lambda: database.rows(
                "SELECT 1 FROM pg_locks WHERE NOT granted AND database ="
                " (SELECT oid FROM pg_database WHERE datname = current_database())",
                admin=True,
            )
        )

    def release(self) -> None:
        """Hold nothing up any more."""
        for connection in self._held:
            with contextlib.suppress(psycopg2.Error):  # its server was killed
                connection.close()
        self._held.clear()
        self.gate.reopen()

    def process(self) -> Engine:
        """A sync in a process of its own."""
        return Engine(self.lane)

    def kept(self) -> tuple[Any, ...]:
        """All that the warehouse has of the table: rows, raw rows, state, letters."""
        lane = self.lane
        raw = lane.table.raw if lane.table.load_mode == "raw" else None
        return (
            self.warehouse.rows(f"SELECT count(*), sum(hashtext(id || v)) FROM {lane.target}"),
            lane.state(),
            lane.letters(),
            self.warehouse.rows(
                f"SELECT _arus_run_id, count(*) FROM {RAW_SCHEMA}.{raw.name} GROUP BY 1 ORDER BY 1"
            )
            if raw
            else [],
        )

    def wait_until_quiet(self) -> None:
        """No session of a sync is left on either side, and so neither lock nor temporary table."""
        sessions = (
            "SELECT application_name, state, wait_event, query FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name LIKE 'arus%'"
        )
        for database in (self.source, self.warehouse):
            eventually(lambda d=database: not d.rows(sessions, admin=True))
        assert not self.warehouse.rows(
            "SELECT relname FROM pg_class WHERE relpersistence = 't'", admin=True
        )

    def assert_next_sync_is_exact(self) -> None:
        self.lane.sync()
        lane = self.lane
        assert lane.rows("id, wm, v") == self.source.rows("SELECT id, wm, v FROM base ORDER BY 1")
        assert lane.state() == (str(self.source.value("SELECT max(wm) FROM base")), None)
        assert lane.letters() == []
        if lane.table.raw is not None and lane.table.load_mode == "raw":
            # Raw rows are those of runs that the warehouse has on record, and of no other.
            raw = f"{RAW_SCHEMA}.{lane.table.raw.name}"
            assert not self.warehouse.rows(
                f"SELECT DISTINCT _arus_run_id FROM {raw} WHERE _arus_run_id NOT IN"
                f" (SELECT run_id FROM {RAW_SCHEMA}._arus_raw_runs)"
            )
        self.wait_until_quiet()


class Engine:
    """A sync in a process of its own, that can be killed."""

    def __init__(self, lane: Lane) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SYNC], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None
        self._process.stdin.write(pickle.dumps(lane.request()))
        self._process.stdin.close()

    def wait_until_done(self) -> None:
        """Return when the sync has told its end; its process stays."""
        assert self._process.stdout is not None
        while DONE not in (line := self._process.stdout.readline().decode()):
            assert line, "the sync failed"

    def kill(self) -> None:
        assert self._process.poll() is None, "the sync has ended"
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="module")
def source_server(tmp_servers: Iterator[PostgreSQLServer]) -> PostgreSQLServer:
    return next(tmp_servers)


@pytest.fixture(scope="module")
def warehouse_server(tmp_servers: Iterator[PostgreSQLServer]) -> PostgreSQLServer:
    return next(tmp_servers)


@pytest.fixture(scope="module")
def tmp_servers(servers_directory: Any) -> Iterator[Iterator[PostgreSQLServer]]:
    """Servers of these tests alone, which may be killed."""
    made: list[PostgreSQLServer] = []

    def make() -> Iterator[PostgreSQLServer]:
        while True:
            made.append(PostgreSQLServer(servers_directory))
            yield made[-1]

    yield make()
    for server in made:
        server.remove()


@pytest.fixture(scope="module")
def standing_scene(
    source_server: PostgreSQLServer, warehouse_server: PostgreSQLServer, load_mode: str
) -> Iterator[Scene]:
    with (
        source_server.database() as source,
        warehouse_server.database() as warehouse,
        Proxy(source_server.port) as to_source,
        Proxy(warehouse_server.port) as to_warehouse,
    ):
        gate = Gate(source)
        reached = replace(source, spec=replace(source.spec, port=to_source.port))
        lane = Lanes(reached, warehouse)(
            "t", watermark="wm", primary_key=("id",), load_mode=load_mode
        )
        lane.destination = replace(warehouse.spec, port=to_warehouse.port)
        lane.sync()
        warehouse.execute(
            "CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" PERFORM pg_advisory_xact_lock_shared({COMMIT_GATE}); RETURN NULL; END $$",
            "CREATE CONSTRAINT TRIGGER hold AFTER INSERT OR UPDATE"
            f" ON {RAW_SCHEMA}._arus_state DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION hold()",
        )
        yield Scene(
            source_server, warehouse_server, source, warehouse, to_source, to_warehouse, gate, lane
        )
        gate.close()


@pytest.fixture
def scene(standing_scene: Scene) -> Iterator[Scene]:
    """The same for all tests, each of which leaves target and source equal."""
    standing_scene.change()
    yield standing_scene
    standing_scene.release()


@pytest.fixture(scope="module", params=["direct", "raw"])
def load_mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)
