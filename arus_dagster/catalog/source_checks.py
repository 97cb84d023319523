"""What a change of configuration has to ask the source itself.

Owns discovery and its storing, the tables that a source has got since, and the check of row
filters by the server that will run them. Refuses to remember failures: whoever calls decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from sqlalchemy.orm import Session

from arus_dagster.catalog.pipeline import Pipeline
from arus_dagster.catalog.repositories import sources
from arus_dagster.catalog.repositories.pipeline_tables import UnknownTablesError
from arus_dagster.catalog.source import Source
from arus_dagster.catalog.specs import connection_spec
from arus_dagster.dialects.base import TableRef, TableShape
from arus_dagster.dialects.registry import open_source
from arus_dagster.errors import InvalidInputError

T = TypeVar("T")

Filters = Mapping[TableRef, str | None]


def discover(session: Session, source: Source) -> Sequence[TableShape]:
    """Look at the source's tables; store, and return, what its patterns admit.

    Raises:
        ConnectionFailedError, CredentialsError: the source can't be read; the message says why.
    """
    found = open_source(connection_spec(session, source)).discover()
    sources.replace_tables(session, source, found)
    sources.record_test(session, source, None)
    return sources.discovered_tables(session, source)


def with_discovery(session: Session, source: Source, change: Callable[[], T]) -> T:
    """Make a change; where it names tables that are not known, look at the source and try again.

    Raises:
        ConnectionFailedError, CredentialsError: as ``discover``.
    """
    try:
        with session.begin_nested():
            return change()
    except UnknownTablesError:
        discover(session, source)
        return change()


def filters_of(pipeline: Pipeline | None) -> Filters:
    """The row filters of a pipeline's tables; none of no pipeline."""
    tables = () if pipeline is None else pipeline.tables
    return {TableRef(table.schema, table.name): table.row_filter for table in tables}


def check_filters(session: Session, pipeline: Pipeline, before: Filters) -> None:
    """Have the source itself check each row filter that is new.

    Args:
        pipeline: with its source and tables loaded, as changed.
        before: the filters from before the change.

    Raises:
        InvalidInputError: it refuses one; ``field`` names it.
        ConnectionFailedError, CredentialsError: the source can't be asked.
    """
    refs: list[tuple[int, TableRef, str]] = [
        (index, TableRef(table.schema, table.name), table.row_filter)
        for index, table in enumerate(pipeline.tables)
        if table.row_filter is not None
    ]
    new = [(index, ref, text) for index, ref, text in refs if before.get(ref) != text]
    if not new:
        return
    source = open_source(connection_spec(session, pipeline.source))
    for index, ref, text in new:
        try:
            source.check_filter(ref, text)
        except InvalidInputError as error:
            raise InvalidInputError(error.message, field=f"tables.{index}.row_filter") from None
