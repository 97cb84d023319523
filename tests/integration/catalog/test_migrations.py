from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from arus_dagster.catalog import Base
from arus_dagster.catalog.base import SCHEMA
from arus_dagster.catalog.migrations import migrate
from arus_dagster.catalog.session import Catalog


def test_a_migrated_database_equals_the_declared_models(catalog):
    with catalog.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
                "version_table_schema": SCHEMA,
                "compare_type": True,
                "compare_server_default": True,
            },
        )
        assert compare_metadata(context, Base.metadata) == []


def test_everything_is_in_the_catalogs_own_schema(catalog):
    inspector = inspect(catalog.engine)

    assert inspector.get_table_names(schema="public") == []
    assert "alembic_version" in inspector.get_table_names(schema=SCHEMA)


def test_processes_that_start_together_migrate_once(postgres_server, catalog_settings):
    with postgres_server.database() as empty:
        settings = catalog_settings.model_copy(update={"db_name": empty.name})
        with ThreadPoolExecutor(4) as pool:
            for outcome in [pool.submit(migrate, settings) for _ in range(4)]:
                outcome.result()
        migrated = Catalog(settings)
        try:
            tables = inspect(migrated.engine).get_table_names(schema=SCHEMA)
        finally:
            migrated.dispose()
    assert set(tables) == {t.name for t in Base.metadata.tables.values()} | {"alembic_version"}


def test_a_current_database_keeps_its_rows(catalog, catalog_settings):
    with catalog.session() as session:
        session.execute(text("INSERT INTO arus_config.settings (key, value) VALUES ('k', 'v')"))

    migrate(catalog_settings)

    with catalog.session() as session:
        assert session.scalar(text("SELECT value FROM arus_config.settings")) == "v"


def test_revisions_form_one_line():
    from alembic.script import ScriptDirectory

    from arus_dagster.catalog.migrations import alembic_config

    script = ScriptDirectory.from_config(alembic_config())

    assert len(script.get_heads()) == 1
    assert Path(script.dir).name == "migrations"
