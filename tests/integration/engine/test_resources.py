"""Little memory, and no more disk: a sync needs the one in bounds, and survives the other."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from arus_dagster.cli.process import Program
from arus_dagster.errors import RetriableError
from tests.integration.engine.conftest import Lanes
from tests.servers import Database, PostgreSQLServer

MEGABYTE = 1024 * 1024
CAP_BYTES = 512 * MEGABYTE
ROWS = 150_000  # of a kilobyte
DISK = "40m"
# Without root: in a namespace of users too, as who we are, for PostgreSQL refuses to run as root.
AS_OURSELVES = ["unshare", "--user", "--map-current-user", "--keep-caps", "--mount"]

CAPPED_SYNC = f"""
import pathlib, pickle, re, resource, sys
from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.sync import sync_table
resource.setrlimit(resource.RLIMIT_AS, ({CAP_BYTES}, {CAP_BYTES}))
def peak():
    # Not getrusage: its peak is that of the parent, as long as this process is the smaller one.
    status = pathlib.Path("/proc/self/status").read_text()
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", status).group(1))
before = peak()
request = pickle.load(sys.stdin.buffer)
result = sync_table(request, on_message=lambda *_: None, cancel=CancelToken())
print(result.rows_loaded, peak() - before)
"""


@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_memory_does_not_grow_with_the_rows(kind: str, request: pytest.FixtureRequest) -> None:
    """Case 22, with fewer rows: what is held of them at once is far less than all of them."""
    fixture = "pg_source_db" if kind == "postgresql" else "mariadb_db"
    source: Database = request.getfixturevalue(fixture)
    warehouse: Database = request.getfixturevalue("warehouse_db")
    rows = (
        f"SELECT g AS id, repeat('x', 1000) AS v FROM generate_series(1, {ROWS}) g"
        if kind == "postgresql"
        else f"SELECT seq AS id, repeat('x', 1000) AS v FROM seq_1_to_{ROWS}"
    )
    source.execute(f"CREATE VIEW t AS {rows}")
    schema = "public" if kind == "postgresql" else source.name
    lane = Lanes(source, warehouse)("t", schema=schema, primary_key=("id",))

    done = subprocess.run(
        [sys.executable, "-c", CAPPED_SYNC],
        input=pickle.dumps(lane.request()),
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr.decode()
    loaded, grown_kilobytes = map(int, done.stdout.split())
    assert loaded == ROWS
    assert 0 < grown_kilobytes * 1024 < ROWS * 1000 / 2


class SmallDiskServer(PostgreSQLServer):
    """A PostgreSQL that has a disk of its own, of a few megabytes, at ``disk``."""

    @property
    def disk(self) -> Path:
        return self.directory / "disk"

    def _program(self) -> Program:
        program = super()._program()
        self.disk.mkdir(exist_ok=True)
        account = program.account
        if account is None:
            unshare, owner, drop = AS_OURSELVES, "", []
        else:
            unshare = ["unshare", "--mount"]
            owner = f",uid={account.uid},gid={account.gid}"
            drop = ["setpriv", f"--reuid={account.uid}", f"--regid={account.gid}"]
            drop.append("--clear-groups")
        mount = f'mount -t tmpfs -o size={DISK},mode=0700{owner} tmpfs "$0" && exec "$@"'
        argv = [*unshare, "sh", "-c", mount, str(self.disk), *drop, *program.argv]
        return replace(program, argv=argv, account=None)


def _can_have_a_disk() -> bool:
    """Whether this machine lets us give a server a disk of its own."""
    if not (shutil.which("unshare") and shutil.which("setpriv")):
        return False
    if os.geteuid() == 0:
        return True
    probe = [*AS_OURSELVES, "mount", "-t", "tmpfs", "tmpfs", "/tmp"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_warehouse(servers_directory: Path) -> Iterator[Database]:
    server = SmallDiskServer(servers_directory)
    try:
        connection = server.connect("postgres", admin=True)
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE TABLESPACE small LOCATION '{server.disk}'")
            cursor.execute("GRANT CREATE ON TABLESPACE small TO PUBLIC")
            cursor.execute("ALTER SYSTEM SET default_tablespace = small")
            cursor.execute("SELECT pg_reload_conf()")
        connection.close()
        with server.database() as database:
            yield database
    finally:
        server.remove()


@pytest.mark.skipif(
    not _can_have_a_disk(),
    reason="a disk of its own for a server needs root, or namespaces of users",
)
def test_a_full_disk_of_the_warehouse_fails_the_sync_and_the_next_one_is_exact(
    pg_source_db: Database, small_warehouse: Database, load_mode: str
) -> None:
    """Case 23."""
    source = pg_source_db
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, v text)",
        "INSERT INTO t SELECT g, g, repeat('x', 1000) FROM generate_series(1, 100) g",
    )
    small_warehouse.execute(
        "CREATE TABLE filler AS SELECT repeat('z', 1000) FROM generate_series(1, 10000)"
    )
    lane = Lanes(source, small_warehouse)("t", watermark="wm", load_mode=load_mode)
    lane.sync()
    source.execute(
        "UPDATE t SET v = 'new', wm = 101",
        "INSERT INTO t SELECT g, g, repeat('y', 1000) FROM generate_series(101, 40000) g",
    )
    with pytest.raises(RetriableError, match="No space left on device"):
        lane.sync()
    assert lane.state() == ("100", None)
    assert lane.rows("count(*), min(left(v, 1)), max(id)") == [(100, "x", 100)]
    source.execute("DELETE FROM t WHERE id > 200")
    small_warehouse.execute("DROP TABLE filler")
    result = lane.sync()
    assert not result.full
    assert lane.rows("id, wm, v") == source.rows("SELECT id, wm, v FROM t ORDER BY 1")
