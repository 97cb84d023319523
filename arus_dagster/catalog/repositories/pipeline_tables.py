"""The tables of a pipeline: which they are, how each is synced, where each lands."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, cast

from sqlalchemy.orm import Session

from arus_dagster.catalog.pipeline import Pipeline, PipelineTable
from arus_dagster.catalog.repositories import sources
from arus_dagster.catalog.table_choice import TableChoice, locate, settle
from arus_dagster.catalog.warehouse_names import WarehouseNames, names_taken
from arus_dagster.dialects.base import SourceType, TableRef
from arus_dagster.dialects.detection import SyncMethod
from arus_dagster.errors import InvalidInputError

# What Dagster's definitions are made of; the other fields are read when a run starts.
_IN_DEFINITIONS = frozenset(
    {
        "target_schema",
        "target_table",
        "raw_schema",
        "raw_table",
        "sync_mode",
        "load_mode",
        "watermark_column",
        "enabled",
    }
)


class UnknownTablesError(InvalidInputError):
    """Tables are named that the source's last discovery did not find.

    Args:
        names: the tables, as they were named.
    """

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(
            "The source has no such tables, or its patterns leave them out: " + ", ".join(names),
            field="tables",
        )
        self.names = tuple(names)


def replace(session: Session, pipeline: Pipeline, choices: Sequence[TableChoice]) -> bool:
    """Give a pipeline exactly the chosen tables, in their order.

    A table it has already keeps its id, and with it its state in the warehouse. A table that is
    left out is forgotten here; what it loaded stays in the warehouse.

    Args:
        pipeline: with its source, destination and tables loaded.

    Returns:
        Whether anything changed that Dagster's definitions are made of.

    Raises:
        UnknownTablesError: tables that discovery did not find.
        InvalidInputError: a choice contradicts itself or the table's columns.
    """
    shapes = {shape.table: shape for shape in sources.discovered_tables(session, pipeline.source)}
    stored = {TableRef(table.schema, table.name): table for table in pipeline.tables}
    refs, unknown = locate(choices, [*shapes, *stored])
    if unknown:
        raise UnknownTablesError(unknown)
    settled = [
        settle(
            choice,
            stored.get(ref),
            shapes.get(ref),
            source_type=cast(SourceType, pipeline.source.type),
            sync_method=cast(SyncMethod, pipeline.source.sync_method),
            load_mode=pipeline.load_mode,
            place=f"tables.{index}",
        )
        for index, (choice, ref) in enumerate(zip(choices, refs, strict=True))
    ]
    chosen = set(refs)
    gone = [table for ref, table in stored.items() if ref not in chosen]
    changed = bool(gone)
    for left_out in gone:
        pipeline.tables.remove(left_out)
    session.flush()  # their names are free before others are chosen
    new = [ref for ref in refs if ref not in stored]
    names = names_taken(session, pipeline.destination) if new else None
    for position, (ref, values) in enumerate(zip(refs, settled, strict=True)):
        table = stored.get(ref)
        if table is None:
            assert names is not None
            table = PipelineTable(schema=ref.schema, name=ref.name)
            _place(table, pipeline, names)
            pipeline.tables.append(table)
            changed = True
        table.position = position
        changed = _assign(table, values) or changed
    session.flush()
    return changed


def place_anew(session: Session, pipeline: Pipeline) -> None:
    """Choose the names of all tables again, for a new destination or target schema.

    A table that lands elsewhere becomes another one, with an id and so a state of its own: its
    watermark tells what the former target holds, and nothing about the new one.

    Args:
        pipeline: with its source, destination and tables loaded.
    """
    names = names_taken(session, pipeline.destination, besides=pipeline.tables)
    for table in pipeline.tables:
        before = (table.destination_id, table.target_schema, table.target_table)
        _place(table, pipeline, names)
        if (table.destination_id, table.target_schema, table.target_table) != before:
            table.id = uuid.uuid4()
    session.flush()


def set_load_mode(pipeline: Pipeline, before: str) -> None:
    """Let the tables that followed the pipeline's former load mode follow the new one."""
    for table in pipeline.tables:
        if table.load_mode == before:
            table.load_mode = pipeline.load_mode


def _place(table: PipelineTable, pipeline: Pipeline, names: WarehouseNames) -> None:
    identity = f"{pipeline.slug}/{table.schema}/{table.name}"
    destination = pipeline.destination
    table.destination_id = destination.id
    table.target_schema = pipeline.target_schema
    table.target_table = names.give(pipeline.target_schema, table.name, identity)
    table.raw_schema = destination.raw_schema
    table.raw_table = names.give(
        destination.raw_schema, f"{pipeline.source.slug}_{table.name}", identity, suffix="_raw"
    )


def _assign(table: PipelineTable, values: dict[str, Any]) -> bool:
    changed = False
    for name, value in values.items():
        if getattr(table, name) != value:
            setattr(table, name, value)
            changed = changed or name in _IN_DEFINITIONS
    return changed
