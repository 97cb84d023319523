"""The embedded PostgreSQL server, on the machine's programs and on the wheel's."""

from __future__ import annotations

import importlib.util
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest

from arus_dagster.cli import account, binaries
from arus_dagster.cli.binaries import BinariesError, find_binaries
from arus_dagster.cli.postgres import PostgresServer
from arus_dagster.cli.process import free_port
from arus_dagster.cli.supervisor import Supervisor

PASSWORD = "p@ss:/%# wörd"


@pytest.fixture
def home() -> Iterator[Path]:
    """A state directory that an unprivileged account can pass through."""
    path = Path(tempfile.mkdtemp(prefix="arus-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path)


def wheel_only(monkeypatch: pytest.MonkeyPatch) -> None:
    wheel = importlib.util.find_spec(binaries.WHEEL)
    assert wheel is not None and wheel.submodule_search_locations
    location = Path(wheel.submodule_search_locations[0])
    monkeypatch.setattr(
        binaries, "_candidates", lambda: iter(sorted(location.glob("pginstall*/bin")))
    )


@pytest.mark.parametrize("origin", ["machine", "wheel"])
def test_it_starts_asks_for_the_password_and_keeps_its_data(
    origin: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if origin == "wheel":
        wheel_only(monkeypatch)
    server = PostgresServer(home / "postgres", free_port(), PASSWORD)
    server.prepare()
    for expected in (0, 1):  # the second start finds what the first one left
        with Supervisor(home) as supervisor:
            supervisor.start(server.program(home / "postgres.log"))
            server.create_database("arus")
            connection = server.connect("arus")
            with connection, connection.cursor() as cursor:
                cursor.execute("CREATE TABLE IF NOT EXISTS kept (id int)")
                cursor.execute("SELECT count(*) FROM kept")
                assert cursor.fetchone() == (expected,)
                cursor.execute("INSERT INTO kept VALUES (1)")
                cursor.execute("SHOW fsync")
                assert cursor.fetchone() == ("on",)
                cursor.execute("SELECT lower('ÄÉ'), current_setting('data_checksums')")
                assert cursor.fetchone() == ("äé", "on")
            connection.close()
            with pytest.raises(psycopg2.OperationalError, match="password"):
                PostgresServer(home / "postgres", server.port, "wrong").connect("arus")
    assert "database system is shut down" in (home / "postgres.log").read_text()


def test_no_password_is_on_a_command_line_or_in_the_log(home: Path) -> None:
    server = PostgresServer(home / "postgres", free_port(), PASSWORD)
    server.prepare()
    program = server.program(home / "postgres.log")
    assert not any(PASSWORD in argument for argument in program.argv)
    with Supervisor(home) as supervisor:
        supervisor.start(program)
    assert PASSWORD not in (home / "postgres.log").read_text()
    assert sorted(path.name for path in (home / "postgres").iterdir()) == ["data"]


def test_a_cluster_of_another_version_names_the_package_to_install(home: Path) -> None:
    server = PostgresServer(home / "postgres", free_port(), PASSWORD)
    (home / "postgres" / "data").mkdir()
    (home / "postgres" / "data" / "PG_VERSION").write_text("9\n")
    with pytest.raises(BinariesError, match="postgresql-9"):
        server.program(home / "postgres.log")


def test_the_machines_own_programs_come_before_the_wheels() -> None:
    debian = list(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    found = find_binaries()
    assert (found / "initdb").exists()
    if debian:
        assert found / "postgres" in debian


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give up its account")
def test_root_inside_a_closed_directory_gets_a_cluster_elsewhere(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_place = home / "shared"
    monkeypatch.setattr(account, "SHARED_STATE", open_place)
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    # The wheel's programs inside a closed directory too, as in a virtual environment below /root.
    wheel = importlib.util.find_spec(binaries.WHEEL)
    assert wheel is not None and wheel.submodule_search_locations
    packages = Path(wheel.submodule_search_locations[0]).parent
    for name in (binaries.WHEEL, f"{binaries.WHEEL}.libs"):
        shutil.copytree(packages / name, closed / name, symlinks=True)
    monkeypatch.setattr(
        binaries,
        "_candidates",
        lambda: iter([closed / binaries.WHEEL / "pginstall" / "bin"]),
    )
    server = PostgresServer(closed / "postgres", free_port(), PASSWORD)
    server.prepare()
    with Supervisor(closed) as supervisor:
        supervisor.start(server.program(closed / "postgres.log"))
    assert (closed / "postgres").is_symlink()
    assert (closed / "postgres").resolve().parent == open_place
    again = PostgresServer(closed / "postgres", free_port(), PASSWORD)
    with Supervisor(closed) as supervisor:
        supervisor.start(again.program(closed / "postgres.log"))
    PostgresServer.remove_cluster(closed / "postgres")
    assert not (closed / "postgres").is_symlink()
    assert list(open_place.iterdir()) == []
