"""What login takes and gives."""

from __future__ import annotations

import uuid
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, SecretStr

from arus_api.deps import Role
from arus_api.fields import Input, Output, UtcDatetime


class Login(Input):
    """Who logs in."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"email": "admin@arus.io", "password": "admin123"}}
    )

    email: str = Field(min_length=1, max_length=320)
    password: Annotated[SecretStr, Field(min_length=1, max_length=1024)]


class Me(Output):
    """The user behind a token."""

    id: uuid.UUID
    email: str
    name: str
    role: Role


class Tokens(Output):
    """A session's tokens; lifetimes in seconds."""

    access_token: str = Field(description="Sent as `Authorization: Bearer <token>`.")
    refresh_token: str = Field(description="Sent as `X-Refresh-Token` to get new tokens.")
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    refresh_expires_in: int
    user: Me
    expires_at: UtcDatetime = Field(description="When the access token runs out.")


class LoggedOut(Output):
    """The server keeps no sessions: the client forgets its tokens."""

    logged_out: bool = True
