"""From a MariaDB table into a typed PostgreSQL table, by way of the dialect's lines alone."""

from __future__ import annotations

import io
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from arus_dagster.dialects.base import Read, RejectedRow, TableRef, TableShape, Window
from arus_dagster.dialects.mysql.source import MySQLSource
from tests.servers import Database


@dataclass
class Carried:
    """What arrived."""

    shape: TableShape
    rows: int = 0
    rejected: list[RejectedRow] = field(default_factory=list)
    warnings: Counter[str] = field(default_factory=Counter)
    chunks: int = 0

    def types(self) -> dict[str, str]:
        return {column.name: column.target_type for column in self.shape.columns}


def describe(database: Database, table: str, **options: Any) -> TableShape:
    """The shape of a table in the database."""
    with MySQLSource(database.spec, **options).snapshot() as snapshot:
        shape = snapshot.describe(TableRef(database.name, table))
    assert shape is not None
    return shape


def carry(
    source: Database,
    warehouse: Database,
    table: str = "t",
    *,
    target: str = "target",
    window: Window | None = None,
    chunk_bytes: int = 4_194_304,
    tinyint1_as_bool: bool = False,
    **read_options: Any,
) -> Carried:
    """Create ``target`` with the mapped types and COPY all lines into it."""
    with MySQLSource(source.spec, tinyint1_as_bool=tinyint1_as_bool).snapshot() as snapshot:
        shape = snapshot.describe(TableRef(source.name, table))
        assert shape is not None
        columns = ", ".join(f'"{c.name}" {c.target_type}' for c in shape.columns)
        warehouse.execute(
            f'DROP TABLE IF EXISTS "{target}"', f'CREATE TABLE "{target}" ({columns})'
        )
        carried = Carried(shape)
        read = Read(shape, window, **read_options)
        connection = warehouse.connect()
        with connection.cursor() as cursor:
            for chunk in snapshot.stream(read, chunk_bytes):
                cursor.copy_expert(f'COPY "{target}" FROM STDIN', io.BytesIO(chunk.data))
                assert cursor.rowcount == chunk.rows
                carried.rows += chunk.rows
                carried.rejected += chunk.rejected
                carried.warnings.update(chunk.warnings)
                carried.chunks += 1
        connection.close()
        assert snapshot.count(read) == carried.rows + len(carried.rejected)
    return carried


def texts(warehouse: Database, order: str = "1", target: str = "target") -> list[tuple[Any, ...]]:
    """The target's rows, every value in PostgreSQL's text form, in UTC."""
    connection = warehouse.connect(options="-c timezone=UTC")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(format('%%I::text', column_name), ', ' ORDER BY ordinal_position)"
            " FROM information_schema.columns WHERE table_name = %s",
            (target,),
        )
        (columns,) = cursor.fetchone()
        cursor.execute(f'SELECT {columns} FROM "{target}" ORDER BY {order}')
        found = cursor.fetchall()
    connection.close()
    return found
