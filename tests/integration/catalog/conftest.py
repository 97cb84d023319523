from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from arus_dagster.catalog import Destination, Pipeline, Source
from arus_dagster.catalog.repositories import destinations, pipelines, sources
from arus_dagster.catalog.repositories.destinations import NewDestination
from arus_dagster.catalog.repositories.pipelines import NewPipeline
from arus_dagster.catalog.repositories.sources import NewSource
from arus_dagster.catalog.session import Catalog
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.dialects.base import Column, TableRef, TableShape
from arus_dagster.settings import Settings


@pytest.fixture
def catalog(catalog_settings: Settings) -> Iterator[Catalog]:
    opened = Catalog(catalog_settings, "arus tests")
    yield opened
    opened.dispose()


@pytest.fixture
def session(catalog: Catalog) -> Iterator[Session]:
    with catalog.session() as opened:
        yield opened


@dataclass
class Counted:
    """How many statements were sent."""

    number: int = 0


@pytest.fixture
def count_statements() -> Callable[[Session], AbstractContextManager[Counted]]:
    """Counts what is sent to the session's database within a block."""

    @contextmanager
    def count(session: Session) -> Iterator[Counted]:
        counted = Counted()

        def note(*_: object) -> None:
            counted.number += 1

        engine = session.get_bind()
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield counted
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return count


def shape(name: str, *columns: str, schema: str = "public", key: str | None = "id") -> TableShape:
    """A table with an ``id``, and further columns; those ending in ``_at`` are timestamps."""
    return TableShape(
        table=TableRef(schema, name),
        kind="table",
        columns=(
            Column("id", "bigint", "bigint", nullable=False, key_position=1 if key else None),
            *(
                Column(
                    column,
                    "timestamp(6) without time zone" if column.endswith("_at") else "text",
                    "timestamp(6) without time zone" if column.endswith("_at") else "text",
                    nullable=column == "deleted_at",
                )
                for column in columns
            ),
        ),
        row_count_estimate=10,
    )


SHOP = (
    shape("orders", "total", "updated_at", "deleted_at"),
    shape("users", "name"),
    shape("orders", "total", schema="archive"),
)


def make_source(session: Session, name: str = "Shop", **values: object) -> Source:
    given = {
        "name": name,
        "type": "postgresql",
        "host": "db.example.com",
        "port": 5432,
        "database": "shop",
        "username": "reader",
        "secrets": {"password": "p@s/:%#? é"},
        **values,
    }
    source = sources.create(session, NewSource(**given))  # type: ignore[arg-type]
    sources.replace_tables(session, source, SHOP)
    return source


def make_destination(
    session: Session, name: str = "Warehouse", *, is_default: bool = True, **values: object
) -> Destination:
    given = {
        "name": name,
        "host": "warehouse.example.com",
        "port": 5432,
        "database": "warehouse",
        "username": "arus",
        "secrets": {"password": "another secret"},
        "is_default": is_default,
        **values,
    }
    return destinations.create(session, NewDestination(**given))  # type: ignore[arg-type]


def make_pipeline(
    session: Session,
    source: Source,
    destination: Destination,
    name: str = "Orders",
    tables: tuple[TableChoice, ...] = (TableChoice("users"),),
    **values: object,
) -> Pipeline:
    given = {"name": name, "source": source, "destination": destination, "schedule": None, **values}
    return pipelines.create(session, NewPipeline(**given), tables)  # type: ignore[arg-type]
