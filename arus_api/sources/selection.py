"""A source's table selection, and the pipeline that follows it, as one answer."""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from arus_api.pipelines import service as pipelines
from arus_api.pipelines.table_schemas import PipelineTableOut
from arus_api.sources.schemas import SelectionOut, TableSelection
from arus_dagster.catalog.repositories import table_results


def select(session: Session, source_id: uuid.UUID, selection: TableSelection) -> SelectionOut:
    """Store a selection; the same one again changes nothing.

    Raises:
        NotFoundError: there is no such source.
        ConflictError: there is no default destination.
        InvalidInputError: a table is not known, or a value is not acceptable.
        ConnectionFailedError: the source has to be asked about a table or filter and is away.
    """
    pipeline = pipelines.follow_selection(session, source_id, selection.tables)
    latest = table_results.latest_by_table(session, [pipeline.id])
    return SelectionOut(
        source_id=source_id,
        pipeline_id=pipeline.id,
        pipeline_name=pipeline.name,
        destination_id=pipeline.destination_id,
        schedule=pipeline.schedule,
        tables=[PipelineTableOut.of(table, latest.get(table.id)) for table in pipeline.tables],
    )
