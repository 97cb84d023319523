"""Users as admins see and change them."""

from __future__ import annotations

import uuid

from pydantic import ConfigDict

from arus_api.deps import Role
from arus_api.fields import Changes, Email, Input, NewPassword, Output, UtcDatetime
from arus_dagster.catalog.field_types import Name


class UserOut(Output):
    """A user; the password never comes out."""

    id: uuid.UUID
    email: str
    name: str
    role: Role
    is_active: bool
    created_at: UtcDatetime
    updated_at: UtcDatetime


class UserIn(Input):
    """A new user."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "email": "user@example.com",
                "name": "User Name",
                "password": "secure_pass",
                "role": "viewer",
            }
        }
    )

    email: Email
    name: Name
    password: NewPassword
    role: Role


class UserChanges(Changes):
    """What to change of a user. A new password ends the user's sessions."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "New Name", "role": "editor", "is_active": True}}
    )

    email: Email | None = None
    name: Name | None = None
    password: NewPassword | None = None
    role: Role | None = None
    is_active: bool | None = None


class UserDeleted(Output):
    """Which user is gone."""

    id: uuid.UUID
    deleted: bool = True
