"""Routes of notifications: targets, and the pipelines' links to them."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Depends

from arus_api.deps import SessionDep, require_role
from arus_api.envelope import Ok, Page, ok, page
from arus_api.errors import errors
from arus_api.notifications import service
from arus_api.notifications.schemas import (
    LinkChanges,
    LinkDeleted,
    LinkIn,
    LinkOut,
    TargetChanges,
    TargetDeleted,
    TargetIn,
    TargetOut,
    TargetTested,
)
from arus_api.pagination import PagingDep

router = APIRouter(prefix="/api/notifications", tags=["notifications"])
VIEWER = [Depends(require_role("viewer"))]
EDITOR = [Depends(require_role("editor"))]


@router.get("/targets", dependencies=VIEWER, summary="List notification targets")
def list_targets(session: SessionDep, paging: PagingDep) -> Page[TargetOut]:
    """All targets, newest first. Secrets are masked."""
    found = service.page(session, limit=paging.limit, offset=paging.offset)
    return page(found.items, total=found.total, limit=paging.limit, offset=paging.offset)


@router.post(
    "/targets",
    dependencies=EDITOR,
    status_code=201,
    responses=errors(409),
    summary="Create a notification target",
)
def create_target(body: TargetIn, session: SessionDep) -> Ok[TargetOut]:
    """The name is unique, ignoring case. Nothing is sent yet: test it, then link pipelines to it.

    A webhook with a `secret` is signed: `X-Arus-Signature` holds `sha256=` and the hexadecimal
    HMAC-SHA256 of the value of `X-Arus-Timestamp`, a full stop, and the body.
    """
    return ok(service.create(session, body))


@router.put(
    "/targets/{id}",
    dependencies=EDITOR,
    responses=errors(404, 409),
    summary="Update a notification target",
)
def update_target(id: uuid.UUID, body: TargetChanges, session: SessionDep) -> Ok[TargetOut]:  # noqa: A002
    """Fields left out stay, those of `config` too; a secret's mask keeps the stored secret."""
    return ok(service.update(session, id, body))


@router.delete(
    "/targets/{id}",
    dependencies=EDITOR,
    responses=errors(404),
    summary="Delete a notification target",
)
def delete_target(id: uuid.UUID, session: SessionDep) -> Ok[TargetDeleted]:  # noqa: A002
    """Its links go with it, and what was still to be sent to it."""
    service.delete(session, id)
    return ok(TargetDeleted(id=id))


@router.post(
    "/targets/{id}/test",
    dependencies=EDITOR,
    responses=errors(404, 502),
    summary="Send a test notification",
)
def test_target(id: uuid.UUID, session: SessionDep) -> Ok[TargetTested]:  # noqa: A002
    """Sends a message and waits until the target has taken it; why it did not is told (502).

    Addresses of the server's own machine are refused unless the setting `notify_allow_local` is
    on.
    """
    service.test(session, id)
    return ok(TargetTested(id=id))


@router.get(
    "/links/{pipeline_id}",
    dependencies=VIEWER,
    responses=errors(404),
    summary="List a pipeline's notification links",
)
def list_links(pipeline_id: uuid.UUID, session: SessionDep, paging: PagingDep) -> Page[LinkOut]:
    """The pipeline's links, newest first."""
    found = service.links(session, pipeline_id)
    return page(
        [
            LinkOut.model_validate(link)
            for link in found[paging.offset : paging.offset + paging.limit]
        ],
        total=len(found),
        limit=paging.limit,
        offset=paging.offset,
    )


@router.post(
    "/links",
    dependencies=EDITOR,
    status_code=201,
    responses=errors(409),
    summary="Create a notification link",
)
def create_link(body: LinkIn, session: SessionDep) -> Ok[LinkOut]:
    """From now on these events of the pipeline go to the target. One link a pair."""
    return ok(LinkOut.model_validate(service.create_link(session, body)))


@router.put(
    "/links/{id}", dependencies=EDITOR, responses=errors(404), summary="Update a notification link"
)
def update_link(id: uuid.UUID, body: LinkChanges, session: SessionDep) -> Ok[LinkOut]:  # noqa: A002
    """`events` replaces the whole list."""
    return ok(LinkOut.model_validate(service.update_link(session, id, body)))


@router.delete(
    "/links/{id}", dependencies=EDITOR, responses=errors(404), summary="Delete a notification link"
)
def delete_link(id: uuid.UUID, session: SessionDep) -> Ok[LinkDeleted]:  # noqa: A002
    """The pipeline's events go to the target no more."""
    service.delete_link(session, id)
    return ok(LinkDeleted(id=id))
