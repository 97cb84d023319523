"""Routes of sources."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Depends

from arus_api.connections import Connected, SideCatalogDep
from arus_api.deps import SessionDep, require_role
from arus_api.envelope import Ok, Page, ok, page
from arus_api.errors import errors
from arus_api.pagination import PagingDep
from arus_api.sources import service
from arus_api.sources.schemas import (
    Discovery,
    Schemas,
    SelectionOut,
    SourceChanges,
    SourceDeleted,
    SourceIn,
    SourceOut,
    TableSelection,
)
from arus_api.sources.selection import select

router = APIRouter(prefix="/api/sources", tags=["sources"])
VIEWER = [Depends(require_role("viewer"))]
EDITOR = [Depends(require_role("editor"))]


@router.get("", dependencies=VIEWER, summary="List sources")
def list_sources(session: SessionDep, paging: PagingDep) -> Page[SourceOut]:
    """All sources, newest first."""
    found = service.page(session, limit=paging.limit, offset=paging.offset)
    return page(found.items, total=found.total, limit=paging.limit, offset=paging.offset)


@router.post(
    "", dependencies=EDITOR, status_code=201, responses=errors(409), summary="Create a source"
)
def create_source(body: SourceIn, session: SessionDep) -> Ok[SourceOut]:
    """The name is unique, ignoring case. Nothing is connected yet: test it next."""
    return ok(service.create(session, body))


@router.get("/{id}", dependencies=VIEWER, responses=errors(404), summary="Get a source")
def get_source(id: uuid.UUID, session: SessionDep) -> Ok[SourceOut]:  # noqa: A002
    """The password is masked."""
    return ok(service.get(session, id))


@router.put("/{id}", dependencies=EDITOR, responses=errors(404, 409), summary="Update a source")
def update_source(id: uuid.UUID, body: SourceChanges, session: SessionDep) -> Ok[SourceOut]:  # noqa: A002
    """Fields left out stay, the password too, unless the connection goes elsewhere: then it is
    entered again (422). The type stays while pipelines use it (409)."""
    return ok(service.update(session, id, body))


@router.delete("/{id}", dependencies=EDITOR, responses=errors(404, 409), summary="Delete a source")
def delete_source(id: uuid.UUID, session: SessionDep) -> Ok[SourceDeleted]:  # noqa: A002
    """Refused (409) while pipelines use it; they are named."""
    service.delete(session, id)
    return ok(SourceDeleted(id=id))


@router.post("/{id}/test", dependencies=EDITOR, responses=errors(404, 502), summary="Test a source")
def test_source(id: uuid.UUID, session: SessionDep, side: SideCatalogDep) -> Ok[Connected]:  # noqa: A002
    """Connects and reads once. The outcome is kept as `status`, `last_tested` and `last_error`."""
    return ok(service.test(session, side, id))


@router.post(
    "/{id}/discover", dependencies=EDITOR, responses=errors(404, 502), summary="Discover tables"
)
def discover_tables(id: uuid.UUID, session: SessionDep, side: SideCatalogDep) -> Ok[Discovery]:  # noqa: A002
    """Tables and views that the source's patterns admit, with how each is best synced."""
    return ok(Discovery(source_id=id, tables=service.discover_and_record(session, side, id)))


@router.post(
    "/{id}/schemas", dependencies=EDITOR, responses=errors(404, 422, 502), summary="List schemas"
)
def list_schemas(id: uuid.UUID, session: SessionDep, side: SideCatalogDep) -> Ok[Schemas]:  # noqa: A002
    """The schemas of a PostgreSQL source; other kinds have none (422)."""
    return ok(Schemas(source_id=id, schemas=list(service.schemas(session, side, id))))


@router.put(
    "/{id}/tables", dependencies=EDITOR, responses=errors(404, 409, 502), summary="Select tables"
)
def select_tables(id: uuid.UUID, body: TableSelection, session: SessionDep) -> Ok[SelectionOut]:  # noqa: A002
    """Stores which tables are synced and makes, or updates, the source's own pipeline.

    The list is the whole selection: a table it leaves out is synced no more, and what was loaded
    of it stays in the warehouse. Modes left out keep what is stored, or are detected. The pipeline
    goes to the default destination (409 where there is none), is named with the setting
    `pipeline_name_prefix`, and starts with the setting `default_schedule`. The same list again
    changes nothing.
    """
    return ok(select(session, id, body))
