"""Making, changing and deleting pipelines.

Owns what the API adds to the catalog's own rules: defaults of a new pipeline, and which fields of
a request are at fault.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from arus_api.pipelines.actions import hand_over_state, starter
from arus_api.pipelines.schemas import PipelineChanges, PipelineIn
from arus_api.pipelines.table_schemas import TableIn
from arus_dagster.catalog import Destination, Pipeline, Source
from arus_dagster.catalog.repositories import (
    destinations,
    pipelines,
    selection_pipelines,
    settings,
    sources,
)
from arus_dagster.catalog.source_checks import check_filters, filters_of, with_discovery
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.catalog.warehouse_identity import identify
from arus_dagster.errors import InvalidInputError, NotFoundError
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.definitions import DefinitionsReloader
from arus_dagster.orchestration.run_lock import hold_idle


def create(session: Session, new: PipelineIn) -> Pipeline:
    """Make a pipeline.

    Raises:
        ConflictError: the name is taken.
        InvalidInputError: a value is not acceptable; ``field`` names it.
        ConnectionFailedError: the source has to be asked about a table or filter and is away.
    """
    source = _source(session, new.source_id)
    destination = _destination(session, new.destination_id)
    identify(session, destination)
    pipeline = pipelines.NewPipeline(
        name=new.name,
        description=new.description,
        source=source,
        destination=destination,
        schedule=_schedule(session, new),
        timezone=new.timezone,
        target_schema=new.target_schema,
        load_mode=new.load_mode,
        depends_on=new.depends_on,
        max_retries=new.max_retries,
        initial_backoff=new.initial_backoff,
        timeout_seconds=new.timeout_seconds,
        parallel_tables=new.parallel_tables,
    )
    choices = _choices(new.tables)
    made = with_discovery(session, source, lambda: pipelines.create(session, pipeline, choices))
    check_filters(session, made, before={})
    return made


def update(
    session: Session,
    dagster: DagsterClient,
    definitions: DefinitionsReloader,
    pipeline_id: uuid.UUID,
    changes: PipelineChanges,
) -> Pipeline:
    """Change the fields that were sent.

    Raises:
        NotFoundError: there is no such pipeline.
        ConflictError, InvalidInputError, ConnectionFailedError: as ``create``.
        UnavailableError: another thing is to start the pipeline from now on, and Dagster can't
            tell whether it is paused.
    """
    pipeline = pipelines.get(session, pipeline_id)
    fields = changes.model_dump(exclude_unset=True, exclude={"tables", "source_id"})
    if changes.source_id is not None and changes.source_id != pipeline.source_id:
        raise InvalidInputError(
            "A pipeline keeps its source: watermarks of one database say nothing about another. "
            "Make another pipeline.",
            field="source_id",
        )
    if changes.destination_id is not None:
        identify(session, _destination(session, changes.destination_id))
    choices = None if changes.tables is None else _choices(changes.tables)
    before = filters_of(pipeline)
    started_by = starter(pipeline)
    changed = with_discovery(
        session,
        pipeline.source,
        # Read again each time: a first try that was undone leaves nothing usable of the object.
        lambda: pipelines.update(session, pipelines.get(session, pipeline_id), fields, choices),
    )
    check_filters(session, changed, before)
    hand_over_state(dagster, definitions, changed, started_by)
    return changed


def follow_selection(session: Session, source_id: uuid.UUID, tables: Sequence[TableIn]) -> Pipeline:
    """Make, or bring up to date, the pipeline that follows a source's table selection.

    Raises:
        NotFoundError: there is no such source.
        ConflictError: there is no default destination.
        InvalidInputError, ConnectionFailedError: as ``create``.
    """
    source = sources.get(session, source_id)
    existing = selection_pipelines.find(session, source)
    before = filters_of(existing)
    if existing is None:
        identify(session, destinations.get_default(session))
    choices = _choices(tables)
    followed = with_discovery(
        session, source, lambda: selection_pipelines.apply(session, source, choices)
    )
    check_filters(session, followed, before)
    return followed


def delete(session: Session, dagster: DagsterClient, pipeline_id: uuid.UUID) -> None:
    """Delete a pipeline; what it loaded stays in the warehouse.

    Raises:
        NotFoundError: there is no such pipeline.
        ConflictError: a run of it is active, or other pipelines depend on it.
        UnavailableError: Dagster can't tell whether a run is active.
    """
    pipeline = pipelines.get(session, pipeline_id)
    hold_idle(session, dagster, pipeline_id)
    pipelines.delete(session, pipeline)


def _source(session: Session, source_id: uuid.UUID) -> Source:
    try:
        return sources.get(session, source_id)
    except NotFoundError as error:
        raise InvalidInputError(error.message, field="source_id") from None


def _destination(session: Session, destination_id: uuid.UUID | None) -> Destination:
    if destination_id is None:
        return destinations.get_default(session)
    try:
        return destinations.get(session, destination_id)
    except NotFoundError as error:
        raise InvalidInputError(error.message, field="destination_id") from None


def _schedule(session: Session, new: PipelineIn) -> str | None:
    if "schedule" in new.model_fields_set or new.depends_on is not None:
        return new.schedule
    return settings.load(session).default_schedule


def _choices(tables: Sequence[TableIn]) -> list[TableChoice]:
    return [
        TableChoice(name=table.name, schema=table.schema_name, values=table.values())
        for table in tables
    ]
