"""A row filter can be any condition, and nothing but a condition."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from arus_dagster.dialects.base import Read, TableRef
from arus_dagster.dialects.mysql.source import MySQLSource
from arus_dagster.errors import ArusError, InvalidInputError
from tests.servers import Database, MariaDBServer


@pytest.fixture(scope="module")
def database(mariadb_server: MariaDBServer) -> Iterator[Database]:
    """One for all tests here: they read, or try in vain to write."""
    with mariadb_server.database() as database:
        database.execute(
            "CREATE TABLE t (id int PRIMARY KEY, name varchar(30))",
            "CREATE TABLE victim (id int)",
            "CREATE TABLE victim2 (id int) ENGINE MyISAM",
            "INSERT INTO t VALUES (1, 'a;b'), (2, 'c)d'), (3, 'it''s'), (4, '--'), (5, NULL)",
        )
        yield database


@pytest.fixture
def table(database: Database) -> TableRef:
    return TableRef(database.name, "t")


@pytest.mark.parametrize(
    ("expression", "ids"),
    [
        ("id < 3", "12"),
        ("name = 'a;b'", "1"),
        ('name = "c)d"', "2"),
        ("name = 'it''s'", "3"),
        (r"name = 'it\'s'", "3"),
        ("name = '--' -- the dashes", "4"),
        ("id = 1 # one", "1"),
        ("id = 1 /* one) */ OR id = 2", "12"),
        ("id = 5--1 OR `id` = 3", "3"),
        ("id IN (SELECT id FROM t WHERE name IS NULL)", "5"),
        ("name LIKE '%a%' OR name LIKE '%%)%%'", "12"),
        ("TRUE", "12345"),
        ("name", ""),
    ],
)
def test_conditions(expression: str, ids: str, database: Database, table: TableRef) -> None:
    source = MySQLSource(database.spec)
    source.check_filter(table, expression)
    with source.snapshot() as snapshot:
        shape = snapshot.describe(table)
        assert shape is not None
        chunks = list(snapshot.stream(Read(shape, row_filter=expression)))
    lines = b"".join(chunk.data for chunk in chunks).decode().splitlines()
    assert "".join(sorted(line[0] for line in lines)) == ids


@pytest.mark.parametrize(
    "expression",
    [
        "",
        " \n",
        "id = 1; DROP TABLE victim",
        "1=1) UNION SELECT 1, 2 -- ",
        "(id = 1",
        "id = 1)",
        "name = 'open",
        'name = "open',
        "`open",
        r"name = 'open\'",
        "id = 1 /* open",
        "id = 1 /*! OR 1=1 */",
        "id = 1 /*M! OR 1=1 */",
        "id = 1 /*!50000 ) UNION SELECT 1, 2 -- */",
        "id = 1 /*+ MAX_EXECUTION_TIME(1) */",
        "id = 1\0",
        # Two dashes before such a character begin a comment, and the quote is none.
        "id = 1 OR --\x7f'\n SLEEP(5) -- '",
        "id = 1 --\x7f'\n) UNION SELECT 1, 2 -- '",
        "id = 1 --\x1f'\n) UNION SELECT 1, 2 -- '",
        "nowhere = 1",
        "id = ",
        "SUM(id) > 1",
        "id = 1 ORDER BY id",
        "id = 1 LIMIT 1",
        "id = 1 INTO OUTFILE '/tmp/x'",
        "no_function(id)",
    ],
)
def test_anything_else_is_refused(expression: str, database: Database, table: TableRef) -> None:
    with pytest.raises(InvalidInputError) as raised:
        MySQLSource(database.spec).check_filter(table, expression)
    assert raised.value.field == "row_filter"
    assert "row filter" in str(raised.value)


@pytest.mark.parametrize(
    "expression",
    [
        "SLEEP(5) = 0",
        "id = sleep (5)",
        "id = `SLEEP`(5)",
        "id = SLEEP/* ; */(5)",
        "id = SLEEP -- x\n (5)",
        "LOAD_FILE('/etc/passwd') IS NULL",
        "GET_LOCK('a', 10)",
        "BENCHMARK(1000000, MD5('a')) = 0",
        "id IN (SELECT id FROM t FOR UPDATE)",
        "id IN (SELECT id FROM t LOCK /* */ IN SHARE MODE)",
        "id = (SELECT NEXT VALUE FOR s)",
    ],
)
def test_what_has_effects_is_refused(expression: str, database: Database, table: TableRef) -> None:
    with pytest.raises(InvalidInputError, match=r"calls|locks") as raised:
        MySQLSource(database.spec).check_filter(table, expression)
    assert raised.value.field == "row_filter"


@pytest.mark.parametrize(
    "expression",
    ["name = 'SLEEP(5)'", "name <> 'for update' -- sleep(1)", "id IN (1, 2)", "LENGTH(name) > 1"],
)
def test_what_only_reads_like_it_is_taken(
    expression: str, database: Database, table: TableRef
) -> None:
    MySQLSource(database.spec).check_filter(table, expression)


@pytest.mark.parametrize("victim", ["victim", "victim2"])
def test_a_function_that_writes_can_not(victim: str, database: Database, table: TableRef) -> None:
    database.execute(
        f"CREATE OR REPLACE FUNCTION sneaky() RETURNS int NOT DETERMINISTIC MODIFIES SQL DATA"
        f" BEGIN INSERT INTO {victim} VALUES (1); RETURN 1; END"
    )
    source = MySQLSource(database.spec)
    try:
        source.check_filter(table, "sneaky() = 1")
    except InvalidInputError as error:
        assert "READ ONLY" in str(error)
    with source.snapshot() as snapshot:
        shape = snapshot.describe(table)
        assert shape is not None
        with pytest.raises(ArusError, match="READ ONLY"):
            list(snapshot.stream(Read(shape, row_filter="sneaky() = 1")))
    assert database.value(f"SELECT COUNT(*) FROM {victim}") == 0


def test_a_filter_on_a_missing_table_is_refused(database: Database) -> None:
    missing = TableRef(database.name, "missing")
    with pytest.raises(InvalidInputError, match="missing"):
        MySQLSource(database.spec).check_filter(missing, "id = 1")
