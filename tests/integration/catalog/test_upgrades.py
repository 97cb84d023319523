"""An installation of an earlier version, brought to this one: nothing of it is lost or changed."""

from __future__ import annotations

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Connection, text

from arus_dagster.catalog.migrations import migrate, pending_revisions
from arus_dagster.catalog.repositories import notification_targets, pipelines, settings
from arus_dagster.catalog.session import Catalog
from arus_dagster.catalog.specs import sync_request
from arus_dagster.configuration.export import export
from arus_dagster.engine.specs import RunSpec
from tests.conftest import settings_for
from tests.servers import PostgreSQLServer

DUMPS = sorted((Path(__file__).parent / "dumps").glob("*.sql"))
KEY = "pL3yQ1m0Z0t9Q2lHq1m8mJ0v4r1m2Vb8b3o7Zq0kq9M="
Rows = dict[str, list[dict[str, Any]]]


def rows_of(connection: Connection, tables: list[str]) -> Rows:
    """Every row of the tables, as JSON, in an order of their own."""
    query = "SELECT to_jsonb(t) FROM arus_config.{} t ORDER BY to_jsonb(t)::text"
    return {
        table: list(connection.execute(text(query.format(table))).scalars()) for table in tables
    }


def holds(after: dict[str, Any], before: dict[str, Any]) -> bool:
    """Whether a row has still all that it had; a later version may have given it more."""
    return before.items() <= after.items()


@pytest.mark.parametrize("dump", DUMPS, ids=lambda dump: str(dump.stem))
def test_an_older_catalog_keeps_every_row_and_secret(
    postgres_server: PostgreSQLServer, dump: Path
) -> None:
    sql = dump.read_text()
    tables = sorted(set(re.findall(r"^INSERT INTO arus_config\.(\w+)", sql, re.MULTILINE)))
    tables.remove("alembic_version")
    assert len(tables) >= 14
    with postgres_server.database() as database:
        database.execute(sql)
        current = settings_for(postgres_server, database.name, KEY)
        catalog = Catalog(current.model_copy(update={"encryption_key": SecretStr(KEY)}))
        try:
            with catalog.engine.connect() as connection:
                before = rows_of(connection, tables)
            assert pending_revisions(catalog.engine) > 0

            migrate(current)

            assert pending_revisions(catalog.engine) == 0
            with catalog.engine.connect() as connection:
                after = rows_of(connection, tables)
            for table in tables:
                assert len(after[table]) == len(before[table]), table
                for row in before[table]:
                    assert any(holds(other, row) for other in after[table]), (table, row)
            read_through_this_version(catalog)
        finally:
            catalog.dispose()


def read_through_this_version(catalog: Catalog) -> None:
    """What the dump holds, as the platform and its runs read it."""
    with catalog.session() as session:
        orders = pipelines.find(session, "Orders")
        (table,) = orders.tables
        request = sync_request(session, orders.id, table.id, RunSpec(id=str(uuid.uuid4())))
        assert request.source.password == "pä'ss\\word"
        assert request.destination.ssl_key == "k"
        assert request.table.row_filter == "id > 5 AND name <> 'x'"
        assert request.table.lookback_seconds == 300
        assert [script.name for script in request.scripts] == ["clean"]
        assert orders.rows_synced_before == 123_456_789_012
        assert settings.load(session).timezone == "Asia/Tokyo"
        (target,) = notification_targets.page(session, limit=5, offset=0).items
        config = notification_targets.config_of(session, target)
        assert config["url"] == "https://hooks.example.com/x"
        exported = export(session)
        assert [pipeline.depends_on for pipeline in exported.pipelines] == ["Orders", None]
