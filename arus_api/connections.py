"""What sources and destinations share: how to reach a database, with secrets that go in only.

Owns the fields of a connection, the mask that stands for a stored secret, and the recording of a
failed connection, which must outlive the failing request's own transaction. Refuses to repeat a
secret: responses show the mask.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, ClassVar, Literal, TypeVar

from fastapi import Depends, Request
from pydantic import Field, SecretStr
from sqlalchemy.orm import Session

from arus_api.fields import Changes, Input, Output, UtcDatetime
from arus_dagster.catalog import Destination, Source
from arus_dagster.catalog.field_types import Credential, Host, Name, Pem, Port
from arus_dagster.catalog.repositories.secrets import readable
from arus_dagster.catalog.session import Catalog
from arus_dagster.dialects.base import SslMode
from arus_dagster.errors import ArusError, InvalidInputError

T = TypeVar("T")

MASK = "********"

Secret = Annotated[SecretStr, Field(max_length=10_000)]

# Where, as whom and how safely a connection reaches its server: whoever changes one of these could
# have the stored password sent to a server of their own.
_REACHED_BY = (
    "type",
    "host",
    "port",
    "database",
    "username",
    "ssl_mode",
    "ssl_ca",
)

_PASSWORD = (
    f"Goes in only. `{MASK}`, as responses show it, keeps the stored one. Needed again where "
    f"{', '.join(f'`{name}`' for name in _REACHED_BY[:-1])} or `{_REACHED_BY[-1]}` changes."
)
_KEY = "Private key of `ssl_cert`, as PEM text. Goes in only."


class ConnectionIn(Input):
    """How to reach a database."""

    name: Name
    host: Host
    port: Port | None = Field(default=None, description="The database's usual one if left out.")
    database: Credential
    username: Credential
    password: Secret = Field(default=SecretStr(""), description="Goes in only.")
    ssl_mode: SslMode = "prefer"
    ssl_ca: Pem | None = Field(default=None, description="Certificate authority, as PEM text.")
    ssl_cert: Pem | None = Field(default=None, description="Client certificate, as PEM text.")
    ssl_key: Secret | None = Field(default=None, description=_KEY)

    def secrets(self) -> dict[str, str]:
        """What is to be kept encrypted.

        Raises:
            InvalidInputError: a secret is the mask of another.
        """
        given = {"password": self.password, "ssl_key": self.ssl_key}
        secrets = {k: v.get_secret_value() for k, v in given.items() if v is not None}
        for name, value in secrets.items():
            if value == MASK:
                raise InvalidInputError(
                    f"{name} is the mask that stands for a stored secret, not a secret", field=name
                )
        return secrets


class ConnectionChanges(Changes):
    """What to change of a connection; a field left out stays."""

    nullable: ClassVar[frozenset[str]] = frozenset({"ssl_ca", "ssl_cert", "ssl_key"})

    name: Name | None = None
    host: Host | None = None
    port: Port | None = None
    database: Credential | None = None
    username: Credential | None = None
    password: Secret | None = Field(default=None, description=_PASSWORD)
    ssl_mode: SslMode | None = None
    ssl_ca: Pem | None = None
    ssl_cert: Pem | None = None
    ssl_key: Secret | None = Field(default=None, description=_KEY)

    def secrets(self) -> dict[str, str | None]:
        """The secrets to replace, or to forget where None."""
        changed: dict[str, str | None] = {}
        for name in ("password", "ssl_key"):
            if name in self.model_fields_set:
                value: SecretStr | None = getattr(self, name)
                plain = None if value is None else value.get_secret_value()
                if plain != MASK:
                    changed[name] = plain
        return changed

    def values(self) -> dict[str, object]:
        """The other fields that were sent."""
        return self.model_dump(exclude_unset=True, exclude={"password", "ssl_key"})


class ConnectionOut(Output):
    """A connection as it is shown: without its secrets."""

    name: str
    host: str
    port: int
    database: str
    username: str
    password: Literal["********"] = Field(default="********", description="The mask, always.")
    ssl_mode: SslMode
    ssl_ca: str | None
    ssl_cert: str | None
    status: Literal["registered", "connected", "error"]
    last_tested: UtcDatetime | None
    last_error: str | None = Field(description="Why the last test failed.")
    created_at: UtcDatetime
    updated_at: UtcDatetime


class Connected(Output):
    """A successful test."""

    connected: Literal[True] = True
    server_version: str
    tls: bool = Field(description="Whether the connection was encrypted.")


def _side_catalog(request: Request) -> Catalog:
    catalog: Catalog = request.app.state.side_catalog
    return catalog


SideCatalogDep = Annotated[Catalog, Depends(_side_catalog)]


def require_password(
    session: Session, stored: Source | Destination, changes: ConnectionChanges
) -> None:
    """Have the stored password entered again before it may go another way.

    An editor may test what they change: with the former password kept, the test would hand it to
    any server that they name, or to one between here and there.

    Raises:
        InvalidInputError: of ``password``.
    """
    moved = [
        name
        for name, value in changes.values().items()
        if name in _REACHED_BY and getattr(stored, name) != value
    ]
    if not moved or "password" in changes.secrets():
        return
    secrets = readable(session, stored.secrets)
    if secrets is None or secrets.get("password"):
        raise InvalidInputError(
            f"Enter the password again: with another {', '.join(moved)} the stored one would be "
            "sent elsewhere or otherwise than it was entered for",
            field="password",
        )


def attempt(connect: Callable[[], T], side: Catalog, record: Callable[[Session, str], None]) -> T:
    """Do what needs the connection; where it fails, record why in a transaction of its own.

    Args:
        record: stores the reason of a failure.

    Raises:
        ArusError: what ``connect`` raised.
    """
    try:
        return connect()
    except ArusError as error:
        # The request's own transaction is rolled back by the failure.
        with side.session() as session:
            record(session, error.message)
        raise
