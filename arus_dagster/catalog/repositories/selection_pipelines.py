"""The one pipeline that follows a source's table selection.

Owns which pipeline that is, its name and its destination, the default one. Pipelines that people
make themselves are never touched.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from arus_dagster.catalog.destination import Destination
from arus_dagster.catalog.pipeline import Pipeline
from arus_dagster.catalog.repositories import destinations, pipelines, settings
from arus_dagster.catalog.session import advisory_lock
from arus_dagster.catalog.source import Source
from arus_dagster.catalog.table_choice import TableChoice

LONGEST_NAME = 200


def find(session: Session, source: Source) -> Pipeline | None:
    """The pipeline that follows a source's selection, with its source, destination and tables.

    Raises:
        ConflictError: there is no default destination.
    """
    destination = destinations.get_default(session)
    return session.scalar(
        pipelines.whole()
        .where(
            Pipeline.source_id == source.id,
            Pipeline.destination_id == destination.id,
            Pipeline.from_selection,
        )
        .execution_options(populate_existing=True)
    )


def apply(session: Session, source: Source, tables: Sequence[TableChoice]) -> Pipeline:
    """Make, or bring up to date, the pipeline that follows a source's table selection.

    Raises:
        ConflictError: there is no default destination, or another pipeline has the name.
        UnknownTablesError: tables that the source's last discovery did not find.
        InvalidInputError: a choice is not acceptable.
    """
    advisory_lock(session, f"selection {source.id}")
    existing = find(session, source)
    if existing is not None:
        return pipelines.update(session, existing, {}, tables)
    destination = destinations.get_default(session)
    in_force = settings.load(session)
    new = pipelines.NewPipeline(
        name=_free_name(session, in_force.pipeline_name_prefix, source, destination),
        source=source,
        destination=destination,
        schedule=in_force.default_schedule,
        from_selection=True,
    )
    return pipelines.create(session, new, tables)


def _free_name(session: Session, prefix: str, source: Source, destination: Destination) -> str:
    """The name of a selection's pipeline, with the destination where the plain one is taken."""
    plain = f"{prefix}{source.name}"[:LONGEST_NAME]
    is_taken = session.scalar(
        select(Pipeline.id).where(func.lower(Pipeline.name) == func.lower(plain))
    )
    if is_taken is None:
        return plain
    ending = f" ({destination.name})"[:LONGEST_NAME]
    return plain[: LONGEST_NAME - len(ending)] + ending
