"""Rows that cross from PostgreSQL to PostgreSQL in binary form: the same outcome as with text."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg2.extras import Json

from arus_dagster.dialects.base import Read, TableRef, UnfitForBinaryError
from arus_dagster.dialects.postgresql.binary_rows import reads_binary
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.source import PostgresSnapshot, PostgresSource
from arus_dagster.errors import BalanceError, FatalError
from tests.integration.engine.conftest import IN_BINARY, TARGET_SCHEMA, Lane, Lanes
from tests.servers import Database, PostgreSQLServer

AGAIN = "reading again, row by row"


def _read_again(lane: Lane) -> int:
    return sum(AGAIN in text for _, text in lane.messages)


def _constrained(lanes: Lanes, source: Database, **table: Any) -> Lane:
    """A target whose owner has put a constraint on it, and a source in which a row breaks it."""
    source.execute("CREATE TABLE t (id int PRIMARY KEY, wm int NOT NULL, v text)")
    lane = lanes("t", **table)
    lane.sync()
    lane.warehouse.execute(f"ALTER TABLE {lane.target} ADD CHECK (v <> 'bad')")
    source.execute(
        "INSERT INTO t SELECT g, g, CASE g WHEN 700 THEN 'bad' ELSE 'ok' END"
        " FROM generate_series(1, 1000) g"
    )
    return lane


def test_a_refused_row_goes_to_the_dead_letters_and_the_rest_loads(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    lane = _constrained(lanes, source, load_mode=load_mode)
    lane.messages.clear()
    result = lane.sync()
    assert (result.rows_extracted, result.rows_loaded, result.rows_failed) == (1000, 999, 1)
    assert all(check.passed for check in result.checks)
    ((stage, _, row),) = lane.letters()
    assert (stage, row) == ("load", {"id": 700, "wm": 700, "v": "bad"})
    assert lane.rows("count(*), min(id), max(id)") == [(999, 1, 1000)]
    # One transaction: every row has the same one, and the run's mark.
    assert lane.rows(
        "DISTINCT _arus_run_id::text, _arus_synced_at = max(_arus_synced_at) OVER ()"
    ) == [(lane.run_ids[-1], True)]
    assert IN_BINARY in lane.messages
    assert _read_again(lane) == 1

    # What is known to hold such rows is not tried in vain again.
    lane.messages.clear()
    assert lane.sync().rows_failed == 1
    assert IN_BINARY not in lane.messages
    assert _read_again(lane) == 0


def test_a_row_refused_by_a_first_load_goes_to_the_dead_letters(
    lanes: Lanes, source: Database
) -> None:
    source.execute(
        "CREATE TABLE base (id int, v text)",
        "INSERT INTO base SELECT g, 'ok' FROM generate_series(1, 99) g",
        "INSERT INTO base VALUES (NULL, 'bad')",
        "CREATE VIEW t AS SELECT * FROM base",
    )
    lane = lanes("t", primary_key=("id",))
    result = lane.sync()
    assert (result.rows_loaded, result.rows_failed, result.row_count) == (99, 1, 99)
    assert _read_again(lane) == 1


def test_a_null_where_the_source_promises_none_is_found_and_not_lost(
    lanes: Lanes, source: Database
) -> None:
    """A foreign table's NOT NULL is its owner's word alone."""
    source.execute("CREATE EXTENSION file_fdw", admin=True)
    source.execute("GRANT USAGE ON FOREIGN DATA WRAPPER file_fdw TO PUBLIC", admin=True)
    source.execute(
        "CREATE SERVER files FOREIGN DATA WRAPPER file_fdw",
        "CREATE FOREIGN TABLE t (id int, v text NOT NULL) SERVER files"
        " OPTIONS (program 'printf \"1,a\\n2,\\n\"', format 'csv')",
        "GRANT SELECT ON t TO arus",
        admin=True,
    )
    lane = lanes("t")
    result = lane.sync()
    assert lane.rows("id, v") == [(1, "a"), (2, None)]
    assert [check.name for check in result.checks if not check.passed] == ["not_null"]
    assert _read_again(lane) == 1


def test_the_second_reading_sees_what_the_first_saw(source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int, v text)",
        "INSERT INTO t SELECT g, repeat('x', 1000) FROM generate_series(1, 20000) g",
    )
    with PostgresSource(source.spec).snapshot() as snapshot:
        shape = snapshot.describe(TableRef("public", "t"))
        assert shape is not None
        stream = snapshot.binary(Read(shape), 150000, None)
        assert stream is not None
        with pytest.raises(UnfitForBinaryError), stream as rows:
            for _ in rows:
                source.execute("UPDATE t SET v = 'changed'")
                raise UnfitForBinaryError("seen enough")
        lines = b"".join(chunk.data for chunk in snapshot.stream(Read(shape))).splitlines()
        assert len(lines) == 20000
        assert not any(b"changed" in line for line in lines)


def test_a_stamp_stands_behind_each_row_and_the_server_counts_them(source: Database) -> None:
    source.execute("CREATE TABLE t (id int)", "INSERT INTO t SELECT generate_series(1, 5)")
    stamp = "5b0f6f0e-55a5-4d6e-9df5-0c2f4f4ad3a1"
    with PostgresSource(source.spec).snapshot() as snapshot:
        shape = snapshot.describe(TableRef("public", "t"))
        assert shape is not None
        stream = snapshot.binary(Read(shape, row_filter="id <> 3"), 150000, stamp)
        assert stream is not None
        with stream as rows:
            data = b"".join(rows)
        assert rows.rows == 4
        assert data.count(bytes.fromhex(stamp.replace("-", ""))) == 4


@pytest.mark.parametrize(
    ("source_type", "target_type", "value", "shown"),
    [
        ("int", "bigint", "7", "7"),
        ("varchar(5)", "text", "'é'", "é"),
        ("date", "timestamp", "'2024-02-29'", "2024-02-29 00:00:00"),
        ("numeric(6,2)", "numeric(8,3)", "1.10", "1.100"),
        ("real", "double precision", "0.1", "0.1"),
        ("timestamp(0)", "timestamp(3)", "'2024-02-29 01:02:03'", "2024-02-29 01:02:03"),
    ],
)
def test_a_target_of_another_type_is_loaded_as_text(
    lanes: Lanes,
    source: Database,
    source_type: str,
    target_type: str,
    value: str,
    shown: str,
) -> None:
    source.execute(f"CREATE TABLE t (v {source_type})", f"INSERT INTO t VALUES ({value})")
    lane = lanes("t")
    lane.sync()
    lane.warehouse.execute(f"ALTER TABLE {lane.target} ALTER v TYPE {target_type}")
    lane.messages.clear()
    lane.sync()
    assert lane.rows("v::text") == [(shown,)]
    assert IN_BINARY not in lane.messages


def test_a_row_that_a_trigger_swallows_is_missed(lanes: Lanes, source: Database) -> None:
    source.execute("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (1), (2)")
    lane = lanes("t")
    lane.sync()
    lane.warehouse.execute(
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS"
        " 'BEGIN IF new.id = 2 THEN RETURN NULL; END IF; RETURN new; END'",
        f"CREATE TRIGGER swallow BEFORE INSERT ON {lane.target}"
        " FOR EACH ROW EXECUTE FUNCTION swallow()",
    )
    with pytest.raises(BalanceError):
        lane.sync()
    assert lane.rows("id") == [(1,), (2,)]


@pytest.fixture(params=["LATIN1", "SQL_ASCII"])
def other_encoding(
    request: pytest.FixtureRequest, postgres_server: PostgreSQLServer
) -> Iterator[Database]:
    name = f"arus_test_{request.param.lower()}"
    connection = postgres_server.connect("postgres", admin=True)
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE DATABASE {name} OWNER arus TEMPLATE template0 LOCALE 'C'"
            f" ENCODING '{request.param}'"
        )
    connection.close()
    database = Database(postgres_server.spec(name), postgres_server.connect)
    yield database
    database.close_connections()
    postgres_server.drop_database(name)


def test_texts_of_another_encoding_arrive_or_fail_the_table(
    other_encoding: Database, warehouse_db: Database
) -> None:
    other_encoding.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v text)", "INSERT INTO t VALUES (1, 'plain')"
    )
    connection = other_encoding.connect()
    with connection.cursor() as cursor:
        cursor.execute("SET client_encoding TO latin1")
        cursor.execute("INSERT INTO t VALUES (2, 'caf' || chr(233))")
    lane = Lanes(other_encoding, warehouse_db)("t")
    if "latin1" in other_encoding.name:
        lane.sync()
        assert lane.rows("v") == [("café",), ("plain",)]
    else:  # bytes of which nobody knows what they mean: the source's server refuses to send them
        with pytest.raises(FatalError, match="invalid byte sequence"):
            lane.sync()
    assert IN_BINARY in lane.messages


def test_a_connection_in_another_encoding_carries_text(
    lanes: Lanes, source: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pooler between may have changed it."""
    source.execute("CREATE TABLE t (v text)", "INSERT INTO t VALUES ('é')")
    monkeypatch.setattr(Connection, "speaks_utf8", False)
    lane = lanes("t")
    lane.sync()
    assert lane.rows("v") == [("é",)]
    assert IN_BINARY not in lane.messages


def test_a_type_that_hides_a_built_in_one_is_noticed(warehouse: Database) -> None:
    warehouse.execute("CREATE SCHEMA other", "CREATE DOMAIN other.uuid AS text")
    with Connection(warehouse.spec) as connection:
        assert reads_binary(connection, ["uuid", "numeric(10,2)", "timestamp(3)[]"])
        connection.execute("SET search_path = other, pg_catalog")
        assert not reads_binary(connection, ["uuid"])
        assert reads_binary(connection, ["text"])


VALUES: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "s": ("text", st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))),
    "c": ("char(4)", st.text(st.sampled_from(" aé😀\\\t\n"), max_size=4)),
    "b": ("bytea", st.binary(max_size=20)),
    "d": ("double precision", st.floats()),
    "f": ("real", st.floats(width=32)),
    "n": ("numeric", st.decimals(allow_nan=None, allow_infinity=False)),
    "n2": ("numeric(20,4)", st.decimals(Decimal(-(10**15)), Decimal(10**15), places=4)),
    "i": ("bigint", st.integers(-(2**63), 2**63 - 1)),
    "bo": ("boolean", st.booleans()),
    "da": ("date", st.dates()),
    "ts": ("timestamp", st.datetimes()),
    "tz": ("timestamptz", st.datetimes()),
    "iv": ("interval", st.timedeltas(timedelta(days=-9999), timedelta(days=9999))),
    "j": ("jsonb", st.recursive(
        st.none() | st.booleans() | st.integers() | st.text("aé\\\"\n\x01", max_size=5),
        lambda inner: st.lists(inner, max_size=3)
        | st.dictionaries(st.text("ab", max_size=2), inner),
        max_leaves=5,
    ).map(Json)),
    "ar": ("text[]", st.lists(st.none() | st.text('a,"{}\\ \n', max_size=4), max_size=4)),
    "u": ("uuid", st.uuids().map(str)),
}  # fmt: skip
ROW = st.fixed_dictionaries({name: st.none() | values for name, (_, values) in VALUES.items()})


def test_any_values_arrive_alike_in_both_forms(
    lanes: Lanes, source: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = ", ".join(f"{name} {kind}" for name, (kind, _) in VALUES.items())
    source.execute(f"CREATE TABLE t (id serial PRIMARY KEY, {declared})")
    writer = source.connect()
    texts = ", ".join(f"{name}::text" for name in VALUES)

    @settings(
        max_examples=25,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(ROW, min_size=8, max_size=40))
    def fill(rows: list[dict[str, Any]]) -> None:
        with writer.cursor() as cursor:
            for row in rows:
                cursor.execute(
                    f"INSERT INTO t ({', '.join(VALUES)})"
                    f" VALUES ({', '.join(f'CAST(%s AS {kind})' for kind, _ in VALUES.values())})",
                    [row[name] for name in VALUES],
                )

    fill()
    binary = lanes("t", target=TableRef(TARGET_SCHEMA, "by_binary"))
    binary.sync()
    monkeypatch.setattr(PostgresSnapshot, "binary", lambda *_: None)
    text = lanes("t", target=TableRef(TARGET_SCHEMA, "by_text"))
    text.sync()
    assert (IN_BINARY in binary.messages, IN_BINARY in text.messages) == (True, False)
    expected = source.rows(f"SELECT id, {texts} FROM t ORDER BY 1")
    assert len(expected) > 100
    assert binary.rows(f"id, {texts}") == expected
    assert text.rows(f"id, {texts}") == expected
