"""A server that can't tell that its client is gone gives up by itself what it did for it."""

from __future__ import annotations

import contextlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from arus_dagster.dialects.base import Read, SourceSnapshot, TableRef
from arus_dagster.dialects.mysql.source import MySQLSource
from arus_dagster.errors import RetriableError
from tests.gate import eventually
from tests.servers import Database

# Sorts for minutes before it has a row to send, and so notices nothing meanwhile.
SLOW = (
    "CREATE VIEW slow AS"
    " SELECT max(a.seq * b.seq) AS id FROM seq_1_to_1000000 a, seq_1_to_1000000 b"
)
READ = """
import pickle, sys
from arus_dagster.dialects.base import Read, TableRef
from arus_dagster.dialects.mysql.source import MySQLSource
spec = pickle.load(sys.stdin.buffer)
with MySQLSource(spec).snapshot() as snapshot:
    list(snapshot.stream(Read(snapshot.describe(TableRef(spec.database, "slow")))))
"""


def running(database: Database) -> list[str]:
    rows = database.rows(
        "SELECT info FROM information_schema.processlist"
        " WHERE db = database() AND id <> connection_id() AND info LIKE '%slow%'",
        admin=True,
    )
    return [info for (info,) in rows]


@contextlib.contextmanager
def slow_read(database: Database, **limits: int) -> Iterator[tuple[SourceSnapshot, Read]]:
    """A snapshot under limits, and the read of a view that lasts longer than they allow."""
    database.execute(SLOW)
    with MySQLSource(replace(database.spec, **limits)).snapshot() as snapshot:
        shape = snapshot.describe(TableRef(database.name, "slow"))
        assert shape is not None
        yield snapshot, Read(shape)


def test_a_read_whose_process_was_killed_ends_on_the_server(mariadb_db: Database) -> None:
    mariadb_db.execute(SLOW)
    spec = replace(mariadb_db.spec, read_limit_seconds=3)
    reader = subprocess.Popen([sys.executable, "-c", READ], stdin=subprocess.PIPE)
    assert reader.stdin is not None
    reader.stdin.write(pickle.dumps(spec))
    reader.stdin.close()
    eventually(lambda: running(mariadb_db))

    reader.kill()
    reader.wait()

    eventually(lambda: not running(mariadb_db))


def test_a_read_that_lasts_longer_than_its_limit_fails_and_may_be_tried_again(
    mariadb_db: Database,
) -> None:
    with (
        slow_read(mariadb_db, read_limit_seconds=1) as (snapshot, read),
        pytest.raises(RetriableError, match="max_statement_time"),
    ):
        list(snapshot.stream(read))


def test_a_question_is_given_up_by_the_server_when_the_client_gives_it_up(
    mariadb_db: Database,
) -> None:
    with (
        slow_read(mariadb_db, read_timeout_seconds=2) as (snapshot, read),
        pytest.raises(RetriableError),
    ):
        snapshot.count(read)
    eventually(lambda: not running(mariadb_db))
