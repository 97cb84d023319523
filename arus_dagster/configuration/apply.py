"""Bringing the catalog to what a document says.

Owns the order, and what the document leaves alone: a thing it does not name stays. A thing that it
names is taken whole: a field left out has its default, and tables, scripts and notifications of a
pipeline that it lacks are gone from the pipeline. Rules are the repositories'; the outcome is the
same however often a document is applied.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from arus_dagster.catalog import Destination, NotificationTarget, Source
from arus_dagster.catalog.repositories import (
    destinations,
    notification_targets,
    settings,
    sources,
)
from arus_dagster.catalog.session import advisory_lock, cipher_of
from arus_dagster.configuration import pipelines
from arus_dagster.configuration.changes import Change, compare
from arus_dagster.configuration.document import (
    DestinationPart,
    Document,
    SourcePart,
    TargetPart,
    variable_of,
)
from arus_dagster.configuration.export import export
from arus_dagster.configuration.secrets import Secrets
from arus_dagster.dialects.registry import DIALECTS
from arus_dagster.errors import ArusError, InvalidInputError
from arus_dagster.notify.channels import CHANNELS

_SECRET_FIELDS = ("password", "ssl_key")


def apply(session: Session, document: Document, environment: Mapping[str, str]) -> list[Change]:
    """Apply a document; the transaction is the caller's to keep or to undo.

    Sources are asked where the document names tables that are not known, or new row filters.

    Args:
        environment: where the values of secrets are taken from. One that is not set there keeps
            what is stored.

    Returns:
        What it changed.

    Raises:
        InvalidInputError: a value is not acceptable, or a secret is missing; the message says of
            what.
        ConflictError: the catalog's present state is in the way.
        ConnectionFailedError, CredentialsError: a source that has to be asked can't be read.
    """
    advisory_lock(session, "import")
    before = export(session)
    secrets = Secrets(environment)
    with _about("settings", ""):
        settings.update(session, {k: _setting(v) for k, v in document.settings.items()})
    for source in document.sources:
        with _about("source", source.name):
            _source(session, source, secrets)
    # The default one last, so that no two are it.
    for destination in sorted(document.destinations, key=lambda part: part.is_default):
        with _about("destination", destination.name):
            _destination(session, destination, secrets)
    for target in document.notification_targets:
        with _about("notification target", target.name):
            _target(session, target, secrets)
    secrets.require_all()
    for pipeline in document.pipelines:
        with _about("pipeline", pipeline.name):
            pipelines.apply(session, pipeline)
    pipelines.apply_dependencies(session, document.pipelines, _about)
    session.flush()
    session.expunge_all()  # what is compared is what is stored
    return compare(before, export(session), secrets.changed)


@contextmanager
def _about(noun: str, name: str) -> Iterator[None]:
    """Say of what thing an error is."""
    try:
        yield
    except ArusError as error:
        field = getattr(error, "field", None)
        place = f"{noun} {name}".rstrip() + (f", {field}" if field else "")
        message = f"{place}: {error.message}"
        error.args = (message,)
        error.message = message
        raise


def _setting(value: str | bool | int | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _source(session: Session, part: SourcePart, secrets: Secrets) -> None:
    found = session.scalar(select(Source).where(func.lower(Source.name) == part.name.lower()))
    values, own = _connection(session, part, found, secrets, "source")
    if found is None:
        sources.create(session, sources.NewSource(**values, secrets=own))
    else:
        sources.update(session, found, values, _changed_secrets(session, found, own))


def _destination(session: Session, part: DestinationPart, secrets: Secrets) -> None:
    found = session.scalar(
        select(Destination).where(func.lower(Destination.name) == part.name.lower())
    )
    values, own = _connection(session, part, found, secrets, "destination")
    if found is None:
        destinations.create(session, destinations.NewDestination(**values, secrets=own))
    else:
        destinations.update(session, found, values, _changed_secrets(session, found, own))


def _connection(
    session: Session,
    part: SourcePart | DestinationPart,
    found: Source | Destination | None,
    secrets: Secrets,
    noun: str,
) -> tuple[dict[str, Any], dict[str, str]]:
    """The fields of a connection, and its secrets."""
    stored = {} if found is None else cipher_of(session).decrypt_json(found.secrets)
    own = secrets.resolve(noun, part.name, {f: getattr(part, f) for f in _SECRET_FIELDS}, stored)
    if part.password is None:
        own["password"] = stored.get("password", "")
    values = part.model_dump(exclude=set(_SECRET_FIELDS))
    return {**values, "port": _port(part)}, own


def _port(part: SourcePart | DestinationPart) -> int:
    return part.port or DIALECTS[part.type].default_port


def _changed_secrets(
    session: Session, found: Source | Destination, own: Mapping[str, str]
) -> dict[str, str | None]:
    # Setting the same again would make the last test of the connection count for nothing.
    stored = cipher_of(session).decrypt_json(found.secrets)
    wanted: dict[str, str | None] = {name: own.get(name) for name in _SECRET_FIELDS}
    return {name: value for name, value in wanted.items() if stored.get(name) != value}


def _target(session: Session, part: TargetPart, secrets: Secrets) -> None:
    found = session.scalar(
        select(NotificationTarget).where(func.lower(NotificationTarget.name) == part.name.lower())
    )
    kind = CHANNELS[part.type].config
    stored: dict[str, Any] = {}
    if found is not None and found.type == part.type:
        stored = notification_targets.config_of(session, found)
    references = {name: part.config.get(name) for name in kind.secret_fields()}
    for name, reference in references.items():
        if reference is not None and variable_of(str(reference)) is None:
            raise InvalidInputError(
                "must name an environment variable, as ${NAME}; a file holds no secrets",
                field=f"config.{name}",
            )
    own = secrets.resolve("notification target", part.name, references, stored)
    missing = {name for name, reference in references.items() if reference} - own.keys()
    if missing:
        return  # told with all that are missing
    plain = {k: v for k, v in part.config.items() if k not in references}
    try:
        config = kind.model_validate({**plain, **own}).plain()
    except ValidationError as error:
        fault = error.errors()[0]
        place = ".".join(str(step) for step in ("config", *fault["loc"]))
        raise InvalidInputError(fault["msg"], field=place) from None
    if found is None:
        notification_targets.create(
            session, name=part.name, kind=part.type, config=config, active=part.active
        )
        return
    changes = {"name": part.name, "type": part.type, "active": part.active}
    same = config == stored
    notification_targets.update(session, found, changes, None if same else config)
