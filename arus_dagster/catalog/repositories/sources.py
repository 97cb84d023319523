"""Source connections, and the tables last discovered in them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from arus_dagster.catalog.pipeline import Pipeline, PipelineTable
from arus_dagster.catalog.repositories import definitions_version
from arus_dagster.catalog.repositories.integrity import conflicts
from arus_dagster.catalog.repositories.page import Page, fetch_page
from arus_dagster.catalog.repositories.secrets import merged
from arus_dagster.catalog.repositories.unknown_name import NAMED, unknown_name
from arus_dagster.catalog.session import advisory_lock, cipher_of
from arus_dagster.catalog.shapes import shape_from_json, shape_to_json
from arus_dagster.catalog.slugs import free_slug
from arus_dagster.catalog.source import Source, SourceTable
from arus_dagster.dialects.base import TableRef, TableShape
from arus_dagster.dialects.selection import Selection
from arus_dagster.errors import ConflictError, NotFoundError

# A change of one of these makes the last test say nothing about the connection.
CONNECTION_FIELDS = frozenset(
    {"type", "host", "port", "database", "username", "ssl_mode", "ssl_ca", "ssl_cert"}
)
_PATTERNS = frozenset({"table_include", "table_exclude", "schema_include"})
_CHANGEABLE = CONNECTION_FIELDS | _PATTERNS | {"name", "sync_method"}
_IN_DEFINITIONS = frozenset({"name", "type", "database"})


@dataclass(frozen=True, slots=True)
class NewSource:
    """What a source is made of; ``secrets`` holds ``password`` and, optionally, ``ssl_key``."""

    name: str
    type: str
    host: str
    port: int
    database: str
    username: str
    secrets: Mapping[str, str] = field(repr=False)
    ssl_mode: str = "prefer"
    ssl_ca: str | None = None
    ssl_cert: str | None = None
    sync_method: str = "auto"
    table_include: tuple[str, ...] = ()
    table_exclude: tuple[str, ...] = ()
    schema_include: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableCounts:
    """How many tables were discovered in a source, and how many of them are synced."""

    discovered: int = 0
    enabled: int = 0


def page(session: Session, *, limit: int, offset: int) -> Page[Source]:
    """Sources, newest first."""
    return fetch_page(session, select(Source), Source, limit=limit, offset=offset)


def get(session: Session, source_id: uuid.UUID) -> Source:
    """Raises NotFoundError if there is no such source."""
    source = session.get(Source, source_id)
    if source is None:
        raise NotFoundError("There is no such source")
    return source


def find(session: Session, name: str) -> Source:
    """The source that a person means by its name (ignoring case), slug or id.

    Raises:
        NotFoundError: there is none; some that there are are named.
    """
    lowered = func.lower(name)
    is_meant = sa.or_(
        func.lower(Source.name) == lowered,
        Source.slug == name,
        sa.cast(Source.id, sa.String) == lowered,
    )
    # A name goes before a slug that spells the same.
    order = func.lower(Source.name) != lowered
    source = session.scalar(select(Source).where(is_meant).order_by(order).limit(1))
    if source is None:
        names = session.scalars(select(Source.name).order_by(Source.name).limit(NAMED))
        raise unknown_name("source", name, names)
    return source


def create(session: Session, new: NewSource) -> Source:
    """Raises ConflictError if the name is taken, ignoring case."""
    advisory_lock(session, "source slugs")
    taken = session.scalars(select(Source.slug)).all()
    source = Source(
        name=new.name,
        slug=free_slug(new.name, "source", set(taken)),
        type=new.type,
        host=new.host,
        port=new.port,
        database=new.database,
        username=new.username,
        secrets=cipher_of(session).encrypt_json(new.secrets),
        ssl_mode=new.ssl_mode,
        ssl_ca=new.ssl_ca,
        ssl_cert=new.ssl_cert,
        sync_method=new.sync_method,
        table_include=list(new.table_include),
        table_exclude=list(new.table_exclude),
        schema_include=list(new.schema_include),
    )
    with _unique_name(session, new.name):
        session.add(source)
    session.refresh(source)
    return source


def update(
    session: Session,
    source: Source,
    changes: Mapping[str, object],
    secrets: Mapping[str, str | None] | None = None,
) -> Source:
    """Change some of a source's fields.

    What was discovered stays until the next discovery, but for what new patterns leave out.

    Args:
        changes: model fields to their new values.
        secrets: secrets to replace, or to forget where None; those left out stay.

    Raises:
        ConflictError: the name is taken, or the type of a source in use would change.
        InvalidInputError: a secret is missing, the stored ones being lost with their key.
    """
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise ValueError(f"not fields of a source that change: {sorted(unknown)}")
    changed = {k: v for k, v in changes.items() if getattr(source, k) != v}
    if "type" in changed:
        users = pipeline_names(session, source)
        if users:
            raise ConflictError(
                f"The type of a source in use can't change; it is used by {', '.join(users)}"
            )
    with _unique_name(session, str(changes.get("name", source.name))):
        for name, value in changed.items():
            setattr(source, name, value)
        if secrets:
            source.secrets = merged(session, source, secrets)
        if secrets or CONNECTION_FIELDS & changed.keys():
            source.status, source.last_error = "registered", None
        if _PATTERNS & changed.keys():
            _forget_left_out(session, source)
    if _IN_DEFINITIONS & changed.keys():
        definitions_version.bump(session)
    session.refresh(source)
    return source


def delete(session: Session, source: Source) -> None:
    """Raises ConflictError, naming the pipelines, if the source is in use."""
    users = pipeline_names(session, source)
    if users:
        raise ConflictError(f"The source is used by {', '.join(users)}")
    with conflicts(session, {"fk_pipelines_source_id": "The source has just been taken into use"}):
        session.delete(source)


def pipeline_names(session: Session, source: Source) -> Sequence[str]:
    """The pipelines that read the source, by name."""
    return session.scalars(
        select(Pipeline.name).where(Pipeline.source_id == source.id).order_by(Pipeline.name)
    ).all()


def record_test(session: Session, source: Source, error: str | None) -> None:
    """Store a connection test's outcome; ``error`` None means connected."""
    source.status = "connected" if error is None else "error"
    source.last_error = error
    source.last_tested = datetime.now(UTC)
    session.flush()


def selection_of(source: Source) -> Selection:
    """Which tables the source's patterns admit."""
    return Selection(
        include=source.table_include, exclude=source.table_exclude, schemas=source.schema_include
    )


def replace_tables(session: Session, source: Source, shapes: Sequence[TableShape]) -> None:
    """Store what a discovery found, and the patterns admit, in place of what the last one found."""
    # Two discoveries at once take turns: the later one's rows must not meet the earlier one's.
    session.execute(select(Source.id).where(Source.id == source.id).with_for_update())
    before = _shapes_in_use(session, source)
    session.execute(sa.delete(SourceTable).where(SourceTable.source_id == source.id))
    selection = selection_of(source)
    rows = [
        {
            "source_id": source.id,
            "schema": shape.table.schema,
            "name": shape.table.name,
            "shape": shape_to_json(shape),
        }
        for shape in shapes
        if selection.admits(shape.table)
    ]
    if rows:
        session.execute(insert(SourceTable), rows)
    # Assets show their columns, so a changed column is a changed definition.
    if before != _shapes_in_use(session, source):
        definitions_version.bump(session)


def discovered_tables(session: Session, source: Source) -> Sequence[TableShape]:
    """The tables of the last discovery, by schema and name."""
    rows = session.scalars(
        select(SourceTable)
        .where(SourceTable.source_id == source.id)
        .order_by(SourceTable.schema, SourceTable.name)
    ).all()
    return [shape_from_json(TableRef(row.schema, row.name), row.shape) for row in rows]


def enabled_tables(session: Session, source: Source) -> frozenset[TableRef] | None:
    """The tables of the source that some pipeline syncs; None where no pipeline reads it yet."""
    rows = session.execute(
        select(PipelineTable.schema, PipelineTable.name, PipelineTable.enabled)
        .select_from(Pipeline)
        .outerjoin(PipelineTable, PipelineTable.pipeline_id == Pipeline.id)
        .where(Pipeline.source_id == source.id)
    ).all()
    if not rows:
        return None
    return frozenset(TableRef(schema, name) for schema, name, enabled in rows if enabled)


def table_counts(
    session: Session, source_ids: Sequence[uuid.UUID]
) -> Mapping[uuid.UUID, TableCounts]:
    """Counts for several sources in a constant number of queries.

    Where no pipeline reads a source yet, all that was discovered counts as enabled, as discovery
    shows it.
    """
    discovered = dict(
        session.execute(
            select(SourceTable.source_id, func.count())
            .where(SourceTable.source_id.in_(source_ids))
            .group_by(SourceTable.source_id)
        ).all()
    )
    distinct = (
        select(Pipeline.source_id, PipelineTable.schema, PipelineTable.name)
        .select_from(Pipeline)
        .outerjoin(
            PipelineTable, (PipelineTable.pipeline_id == Pipeline.id) & PipelineTable.enabled
        )
        .where(Pipeline.source_id.in_(source_ids))
        .distinct()
        .subquery()
    )
    enabled: dict[uuid.UUID, int] = dict(
        session.execute(
            select(distinct.c.source_id, func.count(distinct.c.name)).group_by(distinct.c.source_id)
        ).all()
    )
    counts = {}
    for source_id in source_ids:
        found = discovered.get(source_id, 0)
        counts[source_id] = TableCounts(found, enabled.get(source_id, found))
    return counts


def _shapes_in_use(session: Session, source: Source) -> dict[tuple[str, str], Any]:
    """What is known of the columns of the source's synced tables."""
    rows = session.execute(
        select(SourceTable.schema, SourceTable.name, SourceTable.shape["columns"])
        .join(Pipeline, Pipeline.source_id == SourceTable.source_id)
        .join(
            PipelineTable,
            (PipelineTable.pipeline_id == Pipeline.id)
            & (PipelineTable.schema == SourceTable.schema)
            & (PipelineTable.name == SourceTable.name),
        )
        .where(SourceTable.source_id == source.id, PipelineTable.enabled)
    )
    return {(schema, name): columns for schema, name, columns in rows}


def _forget_left_out(session: Session, source: Source) -> None:
    selection = selection_of(source)
    known = session.execute(
        select(SourceTable.schema, SourceTable.name).where(SourceTable.source_id == source.id)
    ).all()
    left_out = [key for key in known if not selection.admits(TableRef(*key))]
    if left_out:
        session.execute(
            sa.delete(SourceTable).where(
                SourceTable.source_id == source.id,
                sa.tuple_(SourceTable.schema, SourceTable.name).in_(left_out),
            )
        )


def _unique_name(session: Session, name: str) -> AbstractContextManager[None]:
    return conflicts(session, {"uq_sources_name_lower": f"There is already a source {name!r}"})
