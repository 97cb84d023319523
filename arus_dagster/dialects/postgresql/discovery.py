"""The tables of a PostgreSQL source, read from its catalog.

Owns the catalog queries; their number does not depend on the number of tables. Partitions are
left out, because their parent yields their rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from arus_dagster.dialects.base import Column, TableRef, TableShape
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.names import literal
from arus_dagster.dialects.postgresql.types import (
    TypeRow,
    binary_form,
    ignores_case,
    target_type,
)

Kind = Literal["table", "view", "materialized_view", "partitioned_table"]
_KINDS: Mapping[str, Kind] = {
    "r": "table",
    "f": "table",
    "v": "view",
    "m": "materialized_view",
    "p": "partitioned_table",
}

_SYSTEM_SCHEMAS = (
    "n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%'"
    " AND has_schema_privilege(n.oid, 'USAGE')"
)
_RELATIONS = f"""
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT c.relispartition AND {_SYSTEM_SCHEMAS}
      -- In this order, or the right to each index is asked first, which takes far longer.
      AND CASE WHEN c.relkind IN ('r', 'f', 'v', 'm', 'p')
          THEN has_table_privilege(c.oid, 'SELECT') ELSE false END
"""


# Versions of the server that brought something, as it numbers them.
_IDENTITY_COLUMNS = 100_000
_GENERATED_COLUMNS = 120_000
_LOOSE_COLLATIONS = 120_000


def list_schemas(connection: Connection) -> list[str]:
    """The schemas that may be read, without the system's own."""
    return [
        row[0]
        for row in connection.rows(
            f"SELECT n.nspname FROM pg_catalog.pg_namespace n WHERE {_SYSTEM_SCHEMAS} ORDER BY 1"
        )
    ]


def list_tables(connection: Connection) -> list[TableShape]:
    """Every table, view, materialized view and partitioned parent that may be read."""
    return _shapes(connection, "true")


def find_table(connection: Connection, table: TableRef) -> TableShape | None:
    """One table's present shape, or None."""
    only = f"n.nspname = {literal(table.schema)} AND c.relname = {literal(table.name)}"
    found = _shapes(connection, only)
    return found[0] if found else None


def _shapes(connection: Connection, condition: str) -> list[TableShape]:
    relations = connection.rows(
        f"SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples, {_comment('c.oid', '0')}"
        f" {_RELATIONS} AND {condition} ORDER BY 2, 3"
    )
    if not relations:
        return []
    columns = _columns(connection, [relation[0] for relation in relations])
    estimates = _partitioned_estimates(connection) if _any_partitioned(relations) else {}
    return [
        TableShape(
            table=TableRef(schema, name),
            kind=_KINDS[kind],
            columns=tuple(columns[oid]),
            row_count_estimate=estimates.get(oid, _estimate(kind, tuples)),
            comment=comment,
        )
        for oid, schema, name, kind, tuples, comment in relations
    ]


def _columns(connection: Connection, relations: list[int]) -> Mapping[int, list[Column]]:
    """The columns of relations, by the relation's oid."""
    keys = _key_positions(connection, relations)
    types = _types(connection)
    # The same few types come again and again.
    targets: dict[tuple[int, str], tuple[str, bool, str | None]] = {}
    columns: dict[int, list[Column]] = defaultdict(list)
    version = connection.server_version
    # Columns of the catalog that older servers lack, and the parts that none of them has.
    generated = "a.attgenerated <> ''" if version >= _GENERATED_COLUMNS else "false"
    identity = "a.attidentity <> ''" if version >= _IDENTITY_COLUMNS else "false"
    loose = (
        "a.attcollation IN (SELECT oid FROM pg_catalog.pg_collation WHERE NOT collisdeterministic)"
        if version >= _LOOSE_COLLATIONS
        else "false"
    )
    for (
        oid,
        number,
        name,
        type_oid,
        declared,
        not_null,
        is_generated,
        counted,
        comment,
        is_loose,
    ) in connection.rows(
        "SELECT a.attrelid, a.attnum, a.attname, a.atttypid,"
        f" format_type(a.atttypid, a.atttypmod), a.attnotnull, {generated}, {identity} OR"
        " (a.atthasdef AND coalesce((SELECT left(pg_get_expr(d.adbin, d.adrelid), 8) = 'nextval('"
        " FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid AND d.adnum = a.attnum),"
        f" false)), {_comment('a.attrelid', 'a.attnum')}, {loose}"
        " FROM unnest(%s::oid[]) r(oid) JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid"
        " WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum",
        (relations,),
    ):
        kind = (type_oid, declared)
        if kind not in targets:
            targets[kind] = (
                target_type(type_oid, declared, types),
                ignores_case(type_oid, types),
                binary_form(type_oid, types),
            )
        target, caseless, binary = targets[kind]
        columns[oid].append(
            Column(
                name=name,
                source_type=declared,
                target_type=target,
                nullable=not not_null,
                key_position=keys.get((oid, number)),
                generated=is_generated,
                comment=comment,
                loose=is_loose or caseless,
                attributes=_attributes(counted=counted and not is_generated, binary=binary),
            )
        )
    return columns


def _attributes(*, counted: bool, binary: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"auto_increment": True} if counted else {}
    if binary is not None:
        found["binary"] = binary
    return found


def _comment(relation: str, number: str) -> str:
    """A relation's or a column's comment; the functions for it would ask the catalog row by row."""
    return (
        "(SELECT d.description FROM pg_catalog.pg_description d"
        f" WHERE d.objoid = {relation} AND d.classoid = 'pg_catalog.pg_class'::regclass"
        f" AND d.objsubid = {number})"
    )


def _any_partitioned(relations: Sequence[tuple[Any, ...]]) -> bool:
    return any(kind == "p" for _, _, _, kind, _, _ in relations)


def _estimate(kind: str, tuples: float) -> int | None:
    # Never analysed: -1 since version 14, 0 before; a view has none at all.
    return int(tuples) if kind in ("r", "m") and tuples >= 0 else None


def _key_positions(connection: Connection, relations: list[int]) -> dict[tuple[int, int], int]:
    """(table, column number) to its 1-based position in the primary key.

    A table that others inherit from yields their rows too, over which its key says nothing.
    """
    found = connection.rows(
        "SELECT i.indrelid, i.indkey::int2[] FROM unnest(%s::oid[]) r(oid)"
        " JOIN pg_catalog.pg_index i ON i.indrelid = r.oid"
        " JOIN pg_catalog.pg_class c ON c.oid = i.indrelid"
        " WHERE i.indisprimary AND (c.relkind = 'p' OR NOT EXISTS"
        " (SELECT 1 FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid))",
        (relations,),
    )
    return {
        (oid, number): position
        for oid, numbers in found
        for position, number in enumerate(numbers, start=1)
    }


def _types(connection: Connection) -> dict[int, TypeRow]:
    """All types but the row types of tables, of which there are as many as tables."""
    return {
        row[0]: TypeRow(*row)
        for row in connection.rows(
            "SELECT t.oid, t.typname, t.typnamespace = 'pg_catalog'::regnamespace, t.typtype::text,"
            " coalesce(e.typarray = t.oid, false), t.typelem, t.typbasetype,"
            " CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END"
            " FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem"
            " WHERE t.typtype <> 'c' AND coalesce(e.typtype, 'b') <> 'c'"
        )
    }


def _partitioned_estimates(connection: Connection) -> dict[int, int]:
    """The rows of all partitions of each partitioned parent, by the parent's oid."""
    return {
        root: int(tuples)
        for root, tuples in connection.rows(
            "WITH RECURSIVE tree(root, oid) AS ("
            " SELECT c.oid, c.oid FROM pg_catalog.pg_class c"
            " WHERE c.relkind = 'p' AND NOT c.relispartition"
            " UNION ALL SELECT t.root, i.inhrelid"
            " FROM tree t JOIN pg_catalog.pg_inherits i ON i.inhparent = t.oid)"
            " SELECT t.root, sum(c.reltuples) FROM tree t"
            " JOIN pg_catalog.pg_class c ON c.oid = t.oid"
            " WHERE c.relkind = 'r' GROUP BY t.root HAVING min(c.reltuples) >= 0"
        )
    }
