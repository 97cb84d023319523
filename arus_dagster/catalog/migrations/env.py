"""Alembic's entry: runs revisions on the connection that ``migrate`` opened."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine

from arus_dagster.catalog import Base
from arus_dagster.catalog.base import SCHEMA
from arus_dagster.settings import get_settings


def _own_schema_only(name: str | None, kind: str, parents: object) -> bool:
    return kind != "schema" or name == SCHEMA


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        version_table_schema=SCHEMA,
        include_schemas=True,
        include_name=_own_schema_only,
        compare_type=True,
        compare_server_default=True,
    )
    with context.begin_transaction():
        context.run_migrations()


_given: Connection | None = context.config.attributes.get("connection")
if _given is not None:
    _run(_given)
else:  # the alembic command itself, when a new revision is written
    with create_engine(get_settings().database_url).begin() as _connection:
        _run(_connection)
