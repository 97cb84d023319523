"""A pipeline's dead letters, which stand in its warehouse.

Owns the choice of which letters a request means; their keeping is the warehouse's.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy.orm import Session

from arus_dagster import names
from arus_dagster.catalog.repositories import pipelines
from arus_dagster.catalog.specs import connection_spec
from arus_dagster.dialects.postgresql.dead_letters import DeadLetter, DeadLetterStore
from arus_dagster.errors import ConflictError
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.definitions import DefinitionsReloader
from arus_dagster.orchestration.launch import launch


def page(
    session: Session, pipeline_id: uuid.UUID, *, limit: int, offset: int
) -> tuple[Sequence[DeadLetter], int]:
    """Letters, newest first, and how many there are in all.

    Raises:
        NotFoundError: there is no such pipeline.
        ConnectionFailedError, CredentialsError: the warehouse can't be read.
    """
    return _store(session, pipeline_id).list(str(pipeline_id), limit=limit, offset=offset)


def discard(session: Session, pipeline_id: uuid.UUID, ids: Sequence[str] | None) -> int:
    """Delete letters, all where ``ids`` is None; answers how many. Raises as ``page``."""
    return _store(session, pipeline_id).discard(str(pipeline_id), ids=ids)


def replay(
    session: Session,
    dagster: DagsterClient,
    definitions: DefinitionsReloader,
    pipeline_id: uuid.UUID,
    ids: Sequence[str] | None,
) -> tuple[int, str | None]:
    """Have letters tried again, all where ``ids`` is None.

    Returns:
        How many, and the run that tries them; None where nothing is to be tried, or where a run
        is active already: the letters are marked, and the run after it tries them.

    Raises:
        NotFoundError, ConnectionFailedError, CredentialsError: as ``page``.
        UnavailableError: Dagster is away; the letters are marked for the next run nevertheless.
    """
    marked = _store(session, pipeline_id).request_replay(str(pipeline_id), ids=ids)
    if not marked:
        return 0, None
    try:
        tags = {names.TRIGGER: "manual"}
        return marked, launch(session, dagster, definitions, pipeline_id, tags).id
    except ConflictError:
        return marked, None


def _store(session: Session, pipeline_id: uuid.UUID) -> DeadLetterStore:
    destination = pipelines.get(session, pipeline_id).destination
    return DeadLetterStore(connection_spec(session, destination), destination.raw_schema)
