"""Managing sources, and asking them over the network.

Owns what the API adds to the catalog's own rules: tests, and discovery with what its findings
suggest.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import cast

from sqlalchemy.orm import Session

from arus_api.connections import Connected, attempt, require_password
from arus_api.sources.schemas import (
    DiscoveredColumn,
    DiscoveredTable,
    SourceChanges,
    SourceIn,
    SourceOut,
)
from arus_dagster.catalog import Source, source_checks
from arus_dagster.catalog.repositories import sources
from arus_dagster.catalog.repositories.page import Page
from arus_dagster.catalog.session import Catalog
from arus_dagster.catalog.specs import connection_spec
from arus_dagster.dialects.base import SourceType, TableShape
from arus_dagster.dialects.detection import SyncMethod, detect
from arus_dagster.dialects.registry import DIALECTS, open_source
from arus_dagster.errors import InvalidInputError


def page(session: Session, *, limit: int, offset: int) -> Page[SourceOut]:
    """Sources with their counts of tables, newest first."""
    found = sources.page(session, limit=limit, offset=offset)
    return Page(items=_shown(session, found.items), total=found.total)


def get(session: Session, source_id: uuid.UUID) -> SourceOut:
    """Raises NotFoundError if there is no such source."""
    return _shown(session, [sources.get(session, source_id)])[0]


def create(session: Session, new: SourceIn) -> SourceOut:
    """Make a source; it is not connected yet.

    Raises:
        ConflictError: the name is taken, ignoring case.
    """
    values = new.model_dump(exclude={"password", "ssl_key", "port"})
    port = new.port or DIALECTS[new.type].default_port
    made = sources.create(session, sources.NewSource(**values, port=port, secrets=new.secrets()))
    return _shown(session, [made])[0]


def update(session: Session, source_id: uuid.UUID, changes: SourceChanges) -> SourceOut:
    """Change the fields that were sent.

    Raises:
        NotFoundError: there is no such source.
        ConflictError: the name is taken, or the type would change under pipelines.
        InvalidInputError: the password has to be entered again.
    """
    source = sources.get(session, source_id)
    require_password(session, source, changes)
    changed = sources.update(session, source, changes.values(), changes.secrets())
    return _shown(session, [changed])[0]


def delete(session: Session, source_id: uuid.UUID) -> None:
    """Raises NotFoundError; ConflictError, naming the pipelines, if it is in use."""
    sources.delete(session, sources.get(session, source_id))


def test(session: Session, side: Catalog, source_id: uuid.UUID) -> Connected:
    """Connect, and store whether that worked.

    Raises:
        NotFoundError: there is no such source.
        ConnectionFailedError, CredentialsError: the source can't be read; the message says why.
    """
    source = sources.get(session, source_id)
    opened = open_source(connection_spec(session, source))
    report = attempt(opened.test, side, _recorder(source_id))
    sources.record_test(session, source, None)
    return Connected(server_version=report.server_version, tls=report.tls)


def discover(session: Session, source_id: uuid.UUID) -> list[DiscoveredTable]:
    """Look at the source's tables, and store what its patterns admit.

    Raises:
        NotFoundError: there is no such source.
        ConnectionFailedError, CredentialsError: the source can't be read; the message says why.
    """
    source = sources.get(session, source_id)
    found = source_checks.discover(session, source)
    enabled = sources.enabled_tables(session, source)
    return [
        _discovered(
            shape,
            cast(SyncMethod, source.sync_method),
            enabled=enabled is None or shape.table in enabled,
        )
        for shape in found
    ]


def discover_and_record(
    session: Session, side: Catalog, source_id: uuid.UUID
) -> list[DiscoveredTable]:
    """As ``discover``; a failure is kept as the source's state."""
    sources.get(session, source_id)
    return attempt(lambda: discover(session, source_id), side, _recorder(source_id))


def schemas(session: Session, side: Catalog, source_id: uuid.UUID) -> Sequence[str]:
    """The schemas a user may select from.

    Raises:
        NotFoundError: there is no such source.
        InvalidInputError: this kind of database has no schemas.
        ConnectionFailedError, CredentialsError: the source can't be read; the message says why.
    """
    source = sources.get(session, source_id)
    dialect = DIALECTS[cast(SourceType, source.type)]
    if not dialect.has_schemas:
        raise InvalidInputError(
            f"{dialect.label} has no schemas within a database; only PostgreSQL sources do",
            field="type",
        )
    opened = open_source(connection_spec(session, source))
    return attempt(opened.schemas, side, _recorder(source_id))


def _recorder(source_id: uuid.UUID) -> Callable[[Session, str], None]:
    def record(session: Session, reason: str) -> None:
        sources.record_test(session, sources.get(session, source_id), reason)

    return record


def _shown(session: Session, rows: Sequence[Source]) -> list[SourceOut]:
    counts = sources.table_counts(session, [row.id for row in rows])
    return [
        SourceOut.model_validate(
            {
                **{name: getattr(row, name) for name in _STORED},
                "table_count": counts[row.id].discovered,
                "enabled_table_count": counts[row.id].enabled,
            }
        )
        for row in rows
    ]


_STORED = SourceOut.model_fields.keys() - {"password", "table_count", "enabled_table_count"}


def _discovered(shape: TableShape, method: SyncMethod, *, enabled: bool) -> DiscoveredTable:
    detection = detect(shape, method)
    return DiscoveredTable(
        name=shape.table.name,
        schema=shape.table.schema,
        kind=shape.kind,
        row_count_estimate=shape.row_count_estimate,
        columns=[
            DiscoveredColumn(
                name=column.name,
                type=column.source_type,
                target_type=column.target_type,
                nullable=column.nullable,
                primary_key=column.key_position is not None,
            )
            for column in shape.columns
        ],
        primary_key=list(shape.primary_key),
        detected_sync=detection.sync_mode,
        watermark_column=detection.watermark_column,
        watermark_candidates=list(detection.watermark_candidates),
        soft_delete_column=detection.soft_delete_column,
        enabled=enabled,
    )
