"""Bringing a catalog database to the schema this version declares.

Owns the way migrations are run: one at a time however many processes start together, in one
transaction, so that a failed start leaves the catalog as it was. The revisions are in
``versions``; a test holds a migrated database against the models. Revisions only go forward: the
way back to an older version is its backup, since a downgrade would drop what the newer one wrote.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.schema import CreateSchema

from arus_dagster.catalog.base import SCHEMA
from arus_dagster.catalog.session import advisory_lock
from arus_dagster.settings import Settings


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, made here so that no file has to be found at run time."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    return config


def migrate(settings: Settings) -> None:
    """Create or upgrade the catalog's schema; does nothing on a current one.

    Raises:
        sqlalchemy.exc.OperationalError: the database can't be reached.
    """
    engine = create_engine(
        settings.database_url,
        hide_parameters=True,
        connect_args={"application_name": "arus migrate", "connect_timeout": 10},
    )
    try:
        with engine.begin() as connection:
            advisory_lock(connection, "migrate")
            connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
            command.upgrade(alembic_config(connection), "head")
    finally:
        engine.dispose()


def pending_revisions(engine: Engine) -> int:
    """How many revisions a catalog lacks; all of them where there is no catalog yet.

    A catalog that is ahead of this version lacks none that this version knows.
    """
    script = ScriptDirectory.from_config(alembic_config())
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA})
        present = context.get_current_revision()
    order = [revision.revision for revision in script.walk_revisions()]
    return order.index(present) if present in order else 0 if present else len(order)
