"""Warehouses that are written, and which of them is the default."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_dagster.catalog.destination import Destination
from arus_dagster.catalog.pipeline import Pipeline
from arus_dagster.catalog.repositories import definitions_version
from arus_dagster.catalog.repositories.integrity import conflicts
from arus_dagster.catalog.repositories.page import Page, fetch_page
from arus_dagster.catalog.repositories.secrets import merged
from arus_dagster.catalog.session import advisory_lock, cipher_of
from arus_dagster.catalog.slugs import free_slug
from arus_dagster.catalog.warehouse_names import check_schema, refuse_clash
from arus_dagster.errors import ConflictError, NotFoundError

CONNECTION_FIELDS = frozenset(
    {"type", "host", "port", "database", "username", "ssl_mode", "ssl_ca", "ssl_cert"}
)
_PLACE = frozenset({"host", "port", "database"})
_SCHEMAS = frozenset({"raw_schema", "target_schema"})
_CHANGEABLE = CONNECTION_FIELDS | _SCHEMAS | {"name", "is_default"}


@dataclass(frozen=True, slots=True)
class NewDestination:
    """What a destination is made of; ``secrets`` as in ``NewSource``."""

    name: str
    host: str
    port: int
    database: str
    username: str
    secrets: Mapping[str, str] = field(repr=False)
    type: str = "postgresql"
    ssl_mode: str = "prefer"
    ssl_ca: str | None = None
    ssl_cert: str | None = None
    raw_schema: str = "staging"
    target_schema: str = "analytics"
    is_default: bool = False


def page(session: Session, *, limit: int, offset: int) -> Page[Destination]:
    """Destinations, newest first."""
    return fetch_page(session, select(Destination), Destination, limit=limit, offset=offset)


def get(session: Session, destination_id: uuid.UUID) -> Destination:
    """Raises NotFoundError if there is no such destination."""
    destination = session.get(Destination, destination_id)
    if destination is None:
        raise NotFoundError("There is no such destination")
    return destination


def get_default(session: Session) -> Destination:
    """Raises ConflictError if no destination is the default one."""
    destination = session.scalar(select(Destination).where(Destination.is_default))
    if destination is None:
        raise ConflictError(
            "There is no default destination: create one with is_default, or set it on one"
        )
    return destination


def create(session: Session, new: NewDestination) -> Destination:
    """Make a destination.

    Raises:
        ConflictError: the name is taken, ignoring case.
        InvalidInputError: a schema is not for data.
    """
    check_schema(new.raw_schema, "raw_schema")
    check_schema(new.target_schema, "target_schema")
    advisory_lock(session, "destination slugs")
    taken = session.scalars(select(Destination.slug)).all()
    destination = Destination(
        name=new.name,
        slug=free_slug(new.name, "destination", set(taken)),
        type=new.type,
        host=new.host,
        port=new.port,
        database=new.database,
        username=new.username,
        secrets=cipher_of(session).encrypt_json(new.secrets),
        ssl_mode=new.ssl_mode,
        ssl_ca=new.ssl_ca,
        ssl_cert=new.ssl_cert,
        raw_schema=new.raw_schema,
        target_schema=new.target_schema,
        is_default=False,
    )
    with _unique_name(session, new.name):
        session.add(destination)
    if new.is_default:
        _make_default(session, destination)
    session.refresh(destination)
    return destination


def update(
    session: Session,
    destination: Destination,
    changes: Mapping[str, object],
    secrets: Mapping[str, str | None] | None = None,
) -> Destination:
    """Change some of a destination's fields.

    A new ``target_schema`` is the default of pipelines made from then on.

    Args:
        changes: model fields to their new values.
        secrets: secrets to replace, or to forget where None; those left out stay.

    Raises:
        ConflictError: the name is taken, or ``raw_schema``, where the state of pipelines is
            kept, would change under them, or another destination's pipelines write the same
            tables in the database that is now named.
        InvalidInputError: a schema is not for data, or a secret is missing, the stored ones
            being lost with their key.
    """
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise ValueError(f"not fields of a destination that change: {sorted(unknown)}")
    changed = {k: v for k, v in changes.items() if getattr(destination, k) != v}
    for schema in _SCHEMAS & changed.keys():
        check_schema(str(changed[schema]), schema)
    if "raw_schema" in changed:
        users = pipeline_names(session, destination)
        if users:
            raise ConflictError(
                "raw_schema holds the state of the pipelines that use the destination and "
                f"can't change under them: {', '.join(users)}"
            )
    is_default = changed.pop("is_default", None)
    with _unique_name(session, str(changes.get("name", destination.name))):
        for name, value in changed.items():
            setattr(destination, name, value)
        if secrets:
            destination.secrets = merged(session, destination, secrets)
        if secrets or CONNECTION_FIELDS & changed.keys():
            destination.status, destination.last_error = "registered", None
        if is_default is False:
            destination.is_default = False
    if _PLACE & changed.keys():
        destination.identity = None  # until it is asked again
        refuse_clash(session, destination)
    if is_default is True:
        _make_default(session, destination)
    if {"name", "database"} & changed.keys():
        definitions_version.bump(session)
    session.refresh(destination)
    return destination


def delete(session: Session, destination: Destination) -> None:
    """Raises ConflictError, naming the pipelines, if the destination is in use."""
    users = pipeline_names(session, destination)
    if users:
        raise ConflictError(f"The destination is used by {', '.join(users)}")
    with conflicts(
        session, {"fk_pipelines_destination_id": "The destination has just been taken into use"}
    ):
        session.delete(destination)


def pipeline_names(session: Session, destination: Destination) -> Sequence[str]:
    """The pipelines that write the destination, by name."""
    return session.scalars(
        select(Pipeline.name)
        .where(Pipeline.destination_id == destination.id)
        .order_by(Pipeline.name)
    ).all()


def record_identity(session: Session, destination: Destination, identity: str | None) -> None:
    """Store what the server says of itself.

    Raises:
        ConflictError: it is the warehouse of another destination too, and pipelines of both write
            the same tables.
    """
    before = destination.identity
    if before == identity:
        return
    destination.identity = identity
    # Not written before it is known to stay: the failure is recorded in the same row from outside.
    with session.no_autoflush:
        try:
            refuse_clash(session, destination)
        except ConflictError:
            destination.identity = before
            raise


def record_test(session: Session, destination: Destination, error: str | None) -> None:
    """Store a connection test's outcome; ``error`` None means connected."""
    destination.status = "connected" if error is None else "error"
    destination.last_error = error
    destination.last_tested = datetime.now(UTC)
    session.flush()


def _make_default(session: Session, destination: Destination) -> None:
    # One at a time, so that of two destinations made default at once the later one is.
    advisory_lock(session, "default destination")
    session.execute(
        sa.update(Destination)
        .where(Destination.is_default, Destination.id != destination.id)
        .values(is_default=False)
    )
    destination.is_default = True
    session.flush()


def _unique_name(session: Session, name: str) -> AbstractContextManager[None]:
    return conflicts(
        session, {"uq_destinations_name_lower": f"There is already a destination {name!r}"}
    )
