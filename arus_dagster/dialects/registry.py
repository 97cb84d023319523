"""The databases this project knows, and the one place that chooses between them.

Owns the facts a caller needs before it connects. Refuses to import a driver until it is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from arus_dagster.dialects.base import ConnectionSpec, Source, SourceType


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is known of a kind of database without connecting.

    Args:
        label: for people.
        default_port: TCP port.
        has_schemas: whether one connection sees several schemas; otherwise the database is the
            only one, and its name the schema's.
    """

    type: SourceType
    label: str
    default_port: int
    has_schemas: bool


DIALECTS: Mapping[SourceType, Dialect] = {
    "mysql": Dialect("mysql", "MySQL", 3306, has_schemas=False),
    "mariadb": Dialect("mariadb", "MariaDB", 3306, has_schemas=False),
    "postgresql": Dialect("postgresql", "PostgreSQL", 5432, has_schemas=True),
}


def open_source(spec: ConnectionSpec, *, tinyint1_as_bool: bool = False) -> Source:
    """The source that ``spec`` names; nothing is connected yet.

    Args:
        tinyint1_as_bool: describe and read MySQL's ``tinyint(1)`` as ``boolean``, where 0 is
            false and everything else true; other databases have no such type.
    """
    match spec.type:
        case "mysql" | "mariadb":
            from arus_dagster.dialects.mysql.source import MySQLSource

            return MySQLSource(spec, tinyint1_as_bool=tinyint1_as_bool)
        case "postgresql":
            from arus_dagster.dialects.postgresql.source import PostgresSource

            return PostgresSource(spec)
