"""Names and texts of any characters enter a statement as names and texts, and as nothing else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from arus_dagster.dialects.mysql import names as mysql
from arus_dagster.dialects.mysql.connection import Connection as MySQLConnection
from arus_dagster.dialects.postgresql import names as postgresql
from arus_dagster.dialects.postgresql.connection import Connection as PostgreSQLConnection
from tests.servers import MariaDBServer, PostgreSQLServer

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)
HOSTILE = "\"'`\\;--/*) %s %(a)s $$ \n"
QUICK = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    database=None,
)


@pytest.fixture(scope="module")
def postgresql_connection(postgres_server: PostgreSQLServer) -> Iterator[PostgreSQLConnection]:
    with PostgreSQLConnection(postgres_server.spec("postgres")) as connection:
        yield connection


@pytest.fixture(scope="module")
def mysql_connection(mariadb_server: MariaDBServer) -> Iterator[MySQLConnection]:
    with (
        mariadb_server.database() as database,
        MySQLConnection(database.spec) as connection,
    ):
        yield connection


@QUICK
@example(value=HOSTILE)
@given(value=TEXTS)
def test_postgresql_texts(postgresql_connection: PostgreSQLConnection, value: str) -> None:
    rows = postgresql_connection.rows(f"SELECT {postgresql.literal(value)}::text")

    assert rows == [(value,)]


@QUICK
@example(name=HOSTILE)
@given(name=TEXTS.filter(lambda name: 0 < len(name.encode()) <= 63))
def test_postgresql_names(postgresql_connection: PostgreSQLConnection, name: str) -> None:
    quoted = postgresql.identifier(name)

    rows = postgresql_connection.rows(
        f"SELECT json_object_keys(to_json(t)) FROM (SELECT 1 {quoted}) t"
    )

    assert rows == [(name,)]


@QUICK
@example(value=HOSTILE)
@given(value=TEXTS)
def test_mysql_texts(mysql_connection: MySQLConnection, value: str) -> None:
    assert mysql_connection.value(f"SELECT {mysql.literal(value)}") == value


# No name of MySQL's has characters past U+FFFF or a blank at its end; an alias, which stands for a
# name here, also loses control characters and blanks at its beginning.
@QUICK
@example(name=HOSTILE.strip())
@given(
    name=st.text(
        st.characters(exclude_categories=["Cs", "Cc"], max_codepoint=0xFFFF),
        min_size=1,
        max_size=64,
    ).filter(lambda name: name == name.strip())
)
def test_mysql_names(mysql_connection: MySQLConnection, name: str) -> None:
    quoted = mysql.identifier(name)

    assert (
        mysql_connection.value(f"SELECT t.{quoted} FROM (SELECT 'found' AS {quoted}) t") == "found"
    )
