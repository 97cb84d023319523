"""Routes of destinations."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Depends

from arus_api.connections import Connected, SideCatalogDep
from arus_api.deps import SessionDep, require_role
from arus_api.destinations import service
from arus_api.destinations.schemas import (
    DestinationChanges,
    DestinationDeleted,
    DestinationIn,
    DestinationOut,
)
from arus_api.envelope import Ok, Page, ok, page
from arus_api.errors import errors
from arus_api.pagination import PagingDep
from arus_dagster.catalog.repositories import destinations

router = APIRouter(prefix="/api/destinations", tags=["destinations"])
VIEWER = [Depends(require_role("viewer"))]
EDITOR = [Depends(require_role("editor"))]


@router.get("", dependencies=VIEWER, summary="List destinations")
def list_destinations(session: SessionDep, paging: PagingDep) -> Page[DestinationOut]:
    """All destinations, newest first."""
    found = destinations.page(session, limit=paging.limit, offset=paging.offset)
    return page(
        [DestinationOut.model_validate(destination) for destination in found.items],
        total=found.total,
        limit=paging.limit,
        offset=paging.offset,
    )


@router.post(
    "", dependencies=EDITOR, status_code=201, responses=errors(409), summary="Create a destination"
)
def create_destination(body: DestinationIn, session: SessionDep) -> Ok[DestinationOut]:
    """The name is unique, ignoring case. Nothing is connected yet: test it next."""
    return ok(DestinationOut.model_validate(service.create(session, body)))


@router.get("/{id}", dependencies=VIEWER, responses=errors(404), summary="Get a destination")
def get_destination(id: uuid.UUID, session: SessionDep) -> Ok[DestinationOut]:  # noqa: A002
    """The password is masked."""
    return ok(DestinationOut.model_validate(destinations.get(session, id)))


@router.put(
    "/{id}", dependencies=EDITOR, responses=errors(404, 409), summary="Update a destination"
)
def update_destination(
    id: uuid.UUID,  # noqa: A002
    body: DestinationChanges,
    session: SessionDep,
) -> Ok[DestinationOut]:
    """Fields left out stay, the password too, unless the connection goes elsewhere: then it is
    entered again (422). `raw_schema` stays while pipelines use it (409)."""
    return ok(DestinationOut.model_validate(service.update(session, id, body)))


@router.delete(
    "/{id}", dependencies=EDITOR, responses=errors(404, 409), summary="Delete a destination"
)
def delete_destination(id: uuid.UUID, session: SessionDep) -> Ok[DestinationDeleted]:  # noqa: A002
    """Refused (409) while pipelines use it; they are named."""
    service.delete(session, id)
    return ok(DestinationDeleted(id=id))


@router.post(
    "/{id}/test", dependencies=EDITOR, responses=errors(404, 409, 502), summary="Test a destination"
)
def test_destination(
    id: uuid.UUID,  # noqa: A002
    session: SessionDep,
    side: SideCatalogDep,
) -> Ok[Connected]:
    """Connects, and checks that schemas and temporary tables can be made.

    The outcome is kept as `status`, `last_tested` and `last_error`. A warehouse that another
    destination names too is refused (409) where pipelines of both write the same tables.
    """
    return ok(service.test(session, side, id))
