"""The tables of a MySQL or MariaDB source, read from ``information_schema``.

Owns the catalog queries; their number does not depend on the number of tables.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Literal

from arus_dagster.dialects.base import Column, TableRef, TableShape
from arus_dagster.dialects.mysql.connection import Connection
from arus_dagster.dialects.mysql.names import literal, qualified
from arus_dagster.dialects.mysql.types import target_type

Kind = Literal["table", "view", "materialized_view", "partitioned_table"]

# Sequences, temporary tables and the system's own views are no tables of a user.
_KINDS: Mapping[str, Kind] = {
    "BASE TABLE": "table",
    "SYSTEM VERSIONED": "table",
    "VIEW": "view",
}
# All others ignore at least trailing blanks, the other binary ones too.
_EXACT_COLLATIONS = ("_nopad_bin", "_0900_bin")
_JSON_STORED_AS = ("longtext", "utf8mb4_bin")
_JSON_DEFINITION = re.compile(
    r"^ +`((?:[^`\n]|``)+)` longtext\b.* CHECK \(json_valid\(`\1`\)\),?$", re.MULTILINE
)


def list_tables(
    connection: Connection, schema: str, *, tinyint1_as_bool: bool = False
) -> list[TableShape]:
    """Every table and view of a database that may be read."""
    only = f"TABLE_SCHEMA = {literal(schema)}"
    return _shapes(connection, only, tinyint1_as_bool=tinyint1_as_bool)


def find_table(
    connection: Connection, table: TableRef, *, tinyint1_as_bool: bool = False
) -> TableShape | None:
    """One table's present shape, or None."""
    if any(ord(character) > 0xFFFF for character in str(table)):
        return None  # no identifier holds such a character, and comparing one is an error
    only = f"TABLE_SCHEMA = {literal(table.schema)} AND TABLE_NAME = {literal(table.name)}"
    found = _shapes(connection, only, tinyint1_as_bool=tinyint1_as_bool)
    # The server may compare names without regard to case.
    return next((shape for shape in found if shape.table == table), None)


def _shapes(connection: Connection, only: str, *, tinyint1_as_bool: bool) -> list[TableShape]:
    tables = connection.rows(
        "SELECT TABLE_SCHEMA, TABLE_NAME, TABLE_TYPE, TABLE_ROWS, CREATE_OPTIONS, TABLE_COMMENT"
        f" FROM information_schema.TABLES WHERE {only} ORDER BY 1, 2"
    )
    if not tables:
        return []
    keys = _key_positions(connection, only)
    found = connection.rows(
        "SELECT TABLE_NAME, COLUMN_NAME, COLUMN_TYPE, COLLATION_NAME, IS_NULLABLE,"
        " CHARACTER_SET_NAME, EXTRA, COLUMN_COMMENT"
        f" FROM information_schema.COLUMNS WHERE {only}"
        " ORDER BY TABLE_NAME, ORDINAL_POSITION"
    )
    json_columns: frozenset[tuple[str, str]] = frozenset()
    if connection.is_mariadb:
        likely = {
            table or "" for table, _, *stored in found if tuple(stored[:2]) == _JSON_STORED_AS
        }
        json_columns = _json_columns(connection, tables[0][0] or "", likely)
    columns: dict[str, list[Column]] = defaultdict(list)
    for table, name, declared, collation, nullable, charset, extra, comment in found:
        assert table and name and declared
        if (table, name) in json_columns:
            declared = "json"
        columns[table].append(
            _column(
                name,
                declared,
                nullable=nullable == "YES",
                key_position=keys.get((table, name)),
                charset=charset,
                extra=extra or "",
                comment=comment or None,
                loose=collation is not None and not collation.endswith(_EXACT_COLLATIONS),
                target=target_type(
                    declared, mariadb=connection.is_mariadb, tinyint1_as_bool=tinyint1_as_bool
                ),
            )
        )
    return [
        TableShape(
            table=TableRef(schema or "", name or ""),
            kind=_kind(kind or "", options or ""),
            columns=tuple(columns[name or ""]),
            row_count_estimate=int(estimate) if estimate is not None else None,
            # A view's comment is its kind.
            comment=comment if comment and comment != kind else None,
        )
        for schema, name, kind, estimate, options, comment in tables
        if kind in _KINDS and columns[name or ""]
    ]


def _column(
    name: str,
    declared: str,
    *,
    nullable: bool,
    key_position: int | None,
    charset: str | None,
    extra: str,
    comment: str | None,
    loose: bool,
    target: str,
) -> Column:
    attributes: dict[str, Any] = {}
    if charset:
        attributes["charset"] = charset
    if "auto_increment" in extra.lower():
        attributes["auto_increment"] = True
    return Column(
        name=name,
        source_type=declared,
        target_type=target,
        nullable=nullable,
        key_position=key_position,
        generated="GENERATED" in extra and "DEFAULT_GENERATED" not in extra,
        comment=comment,
        loose=loose,
        attributes=attributes,
    )


def _kind(table_type: str, options: str) -> Kind:
    kind = _KINDS[table_type]
    return "partitioned_table" if kind == "table" and "partitioned" in options else kind


def _key_positions(connection: Connection, only: str) -> dict[tuple[str, str], int]:
    """(table, column) to its 1-based position in the primary key."""
    # KEY_COLUMN_USAGE would show nothing to an account that may only read.
    return {
        (table or "", column or ""): int(position or 0)
        for table, column, position in connection.rows(
            "SELECT TABLE_NAME, COLUMN_NAME, SEQ_IN_INDEX FROM information_schema.STATISTICS"
            f" WHERE {only} AND INDEX_NAME = 'PRIMARY'"
        )
    }


def _json_columns(
    connection: Connection, schema: str, tables: Collection[str]
) -> frozenset[tuple[str, str]]:
    """MariaDB's ``json`` columns of some tables: texts with a check that the server adds.

    ``information_schema`` hides checks from an account whose rights are on single tables. The
    tables' definitions, shown to everybody who may read them, come in one compound statement.
    """
    if not tables:
        return frozenset()
    shown = connection.rows(
        # A table that has gone, or can't be shown, leaves out its own definition alone.
        "BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; "
        + "".join(f"SHOW CREATE TABLE {qualified(TableRef(schema, t))}; " for t in sorted(tables))
        + "END"
    )
    return frozenset(
        (table or "", name.replace("``", "`"))
        for table, definition, *_ in shown
        for name in _JSON_DEFINITION.findall(definition or "")
    )
