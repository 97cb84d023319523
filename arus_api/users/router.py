"""Routes of user management, for admins."""

from __future__ import annotations

import uuid

from fastapi import APIRouter, Depends

from arus_api.deps import CurrentUser, SessionDep, require_role
from arus_api.envelope import Ok, Page, ok, page
from arus_api.errors import errors
from arus_api.pagination import PagingDep
from arus_api.users import service
from arus_api.users.schemas import UserChanges, UserDeleted, UserIn, UserOut
from arus_dagster.catalog.repositories import users

router = APIRouter(prefix="/api/auth/users", tags=["users"])
ADMIN = [Depends(require_role("admin"))]


@router.get("", dependencies=ADMIN, summary="List users")
def list_users(session: SessionDep, paging: PagingDep) -> Page[UserOut]:
    """All users, newest first."""
    found = users.page(session, limit=paging.limit, offset=paging.offset)
    return page(
        [UserOut.model_validate(user) for user in found.items],
        total=found.total,
        limit=paging.limit,
        offset=paging.offset,
    )


@router.post(
    "", dependencies=ADMIN, status_code=201, responses=errors(409), summary="Create a user"
)
def create_user(body: UserIn, session: SessionDep) -> Ok[UserOut]:
    """The e-mail is unique, ignoring case."""
    return ok(UserOut.model_validate(service.create(session, body)))


@router.patch("/{id}", dependencies=ADMIN, responses=errors(404, 409), summary="Update a user")
def update_user(id: uuid.UUID, body: UserChanges, session: SessionDep) -> Ok[UserOut]:  # noqa: A002
    """Fields left out stay. An active admin always remains (409)."""
    return ok(UserOut.model_validate(service.update(session, id, body)))


@router.delete("/{id}", dependencies=ADMIN, responses=errors(404, 409), summary="Delete a user")
def delete_user(id: uuid.UUID, session: SessionDep, user: CurrentUser) -> Ok[UserDeleted]:  # noqa: A002
    """Neither yourself nor the last active admin (409)."""
    service.delete(session, id, by=user)
    return ok(UserDeleted(id=id))
