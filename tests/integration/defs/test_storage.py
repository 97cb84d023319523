"""Which of Dagster's processes keep connections to its storage, by the class dagster.yaml names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml
from dagster_postgres import DagsterPostgresStorage

from arus_dagster.defs.storage import DAEMON, Storage
from tests.gate import eventually
from tests.servers import HOST, PASSWORD, USER, Database, PostgreSQLServer

CONFIGURED = Path(__file__).parents[3] / "dagster.yaml"


@pytest.fixture
def config(postgres_server: PostgreSQLServer, pg_source_db: Database) -> dict[str, object]:
    """What dagster.yaml says, with its variables filled in."""
    said = yaml.safe_load(CONFIGURED.read_text())["storage"]["custom"]
    assert (said["module"], said["class"]) == (Storage.__module__, Storage.__qualname__)
    place = {
        "hostname": HOST,
        "port": postgres_server.port,
        "username": USER,
        "password": PASSWORD,
        "db_name": pg_source_db.name,
    }
    return {"postgres_db": {**said["config"]["postgres_db"], **place}}


def sessions(database: Database) -> int:
    """How many connections the storage has."""
    return int(
        database.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )
    )


@pytest.mark.parametrize(
    ("program", "kept"),
    [(f"/usr/bin/{DAEMON}", 3), ("/usr/bin/python", 0)],
    ids=["daemon", "other"],
)
def test_the_daemon_keeps_one_connection_to_each_part_and_others_none(
    config: dict[str, object],
    pg_source_db: Database,
    program: str,
    kept: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", [program])

    storage: DagsterPostgresStorage = Storage.from_config_value(None, config)
    for _ in range(3):
        assert storage.run_storage.get_runs() == []
        assert storage.event_log_storage.get_logs_for_run("none") == []
        assert list(storage.schedule_storage.all_instigator_state()) == []

    eventually(lambda: sessions(pg_source_db) == kept, 30)
    pg_source_db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()",
        admin=True,
    )
