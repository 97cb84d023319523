"""The bare pipes: what the servers can do with nothing between them but two clients of their own.

Owns what a careful person would type: a table declared by hand, one client that reads, one that
writes, and the primary key added at the end.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from benchmarks import login, tables
from tests.servers import HOST, Database


def psql(database: Database) -> list[str]:
    """A psql on a database; what follows are its commands."""
    return [
        *("psql", "--no-psqlrc", "--quiet", "--host", HOST, "--port", str(database.spec.port)),
        *("--username", login.USER, "--dbname", database.name, "--set", "ON_ERROR_STOP=1"),
    ]


def run_sql(database: Database, home: Path, *statements: str) -> None:
    """Statements by psql, in one session."""
    commands = [part for statement in statements for part in ("--command", statement)]
    subprocess.run([*psql(database), *commands], env=login.environment(home), check=True)


def connect(reader: Sequence[str], writer: Sequence[str], home: Path) -> None:
    """Run two programs, the output of one being the input of the other.

    Raises:
        subprocess.CalledProcessError: one of them failed.
    """
    environment = login.environment(home)
    with (
        subprocess.Popen(reader, stdout=subprocess.PIPE, env=environment) as left,
        subprocess.Popen(writer, stdin=left.stdout, env=environment) as right,
    ):
        assert left.stdout is not None
        left.stdout.close()
        codes = (left.wait(), right.wait())
    for code, argv in zip(codes, (reader, writer), strict=True):
        if code:
            raise subprocess.CalledProcessError(code, [*argv])


def reader(source: Database) -> list[str]:
    """A client that writes ``orders`` for COPY: PostgreSQL in binary, MariaDB as text lines that
    the server itself puts together."""
    if source.spec.type == "postgresql":
        return [*psql(source), "--command", "COPY orders TO STDOUT (FORMAT binary)"]
    return [
        *("mariadb", "--no-defaults", "--protocol=tcp", f"--host={HOST}"),
        *(f"--port={source.spec.port}", f"--user={login.USER}", "--skip-ssl"),
        *("--default-character-set=utf8mb4", "--quick", "--raw", "--batch"),
        *("--skip-column-names", source.name, "--execute", f"SELECT {_LINE} FROM orders"),
    ]


def writer(source: Database, warehouse: Database, table: str) -> list[str]:
    """A psql that loads what ``reader`` writes."""
    form = "(FORMAT binary)" if source.spec.type == "postgresql" else ""
    return [*psql(warehouse), "--command", f"COPY {table} FROM STDIN {form}"]


def full_load(source: Database, warehouse: Database, table: str, home: Path) -> None:
    """Copy ``orders`` into a new table with a primary key."""
    definition = tables.orders_definition(source)
    run_sql(warehouse, home, f"CREATE TABLE {table} {definition}")
    connect(reader(source), writer(source, warehouse, table), home)
    run_sql(warehouse, home, f"ALTER TABLE {table} ADD PRIMARY KEY (id)")


def _escaped(column: str) -> str:
    text = column
    for special, escaped in ((r"\\", r"\\\\"), (r"\t", r"\\t"), (r"\n", r"\\n"), (r"\r", r"\\r")):
        text = f"REPLACE({text}, '{special}', '{escaped}')"
    return text


def _or_null(column: str, text: str) -> str:
    return rf"IF({column} IS NULL, '\\N', {text})"


_LINE = (
    "CONCAT_WS('\\t', id, account_id, reference, "
    + ", ".join(
        [
            _or_null("email", _escaped("email")),
            _escaped("title"),
            _or_null("body", _escaped("body")),
            "amount",
            _or_null("rate", "rate"),
            "paid",
            _or_null("properties", _escaped("properties")),
            _or_null("digest", r"CONCAT('\\\\x', HEX(digest))"),
            _or_null("ordered_on", "ordered_on"),
            "created_at",
            "CONCAT(updated_at, '+00')",
        ]
    )
    + ")"
)
