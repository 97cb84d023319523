"""Source tables as the last discovery saw them, for what Dagster's UI shows of a source.

Owns one query for all tables in use. A run does without: it describes its tables anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_dagster.catalog import Pipeline, PipelineTable, Source, SourceTable

# Source slug, schema and table name, to the stored shape.
StoredShapes = Mapping[tuple[str, str, str], Mapping[str, Any]]


def load_shapes(session: Session) -> StoredShapes:
    """The stored shape of every table that some pipeline syncs."""
    in_use = (
        select(PipelineTable.id)
        .join(Pipeline, Pipeline.id == PipelineTable.pipeline_id)
        .where(
            Pipeline.source_id == SourceTable.source_id,
            PipelineTable.schema == SourceTable.schema,
            PipelineTable.name == SourceTable.name,
            PipelineTable.enabled,
        )
        .exists()
    )
    rows = session.execute(
        select(Source.slug, SourceTable.schema, SourceTable.name, SourceTable.shape)
        .join(Source, Source.id == SourceTable.source_id)
        .where(in_use)
    )
    return {(slug, schema, name): shape for slug, schema, name, shape in rows}
