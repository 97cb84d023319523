"""The catalog's configuration as a document.

Owns the names of the variables that stand for secrets. Refuses to decrypt a connection's secrets
for anything but whether there are any.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_dagster.catalog import (
    Destination,
    NotificationTarget,
    Pipeline,
    PipelineTable,
    Source,
)
from arus_dagster.catalog.repositories import (
    notification_links,
    notification_targets,
    pipelines,
    scripts,
    settings,
)
from arus_dagster.catalog.session import cipher_of
from arus_dagster.catalog.slugs import slugify
from arus_dagster.configuration.document import (
    Connection,
    DestinationPart,
    Document,
    LinkPart,
    PipelinePart,
    ScriptPart,
    SourcePart,
    TablePart,
    TargetPart,
)
from arus_dagster.notify.channels import CHANNELS

_CONNECTION_SECRETS = ("password", "ssl_key")


def export(session: Session) -> Document:
    """All configuration, in the order of names.

    Raises:
        ConfigurationError: a stored secret can't be decrypted.
    """
    targets = session.scalars(select(NotificationTarget)).all()
    names = {target.id: target.name for target in targets}
    found = pipelines.all_pipelines(session)
    pipeline_names = {pipeline.id: pipeline.name for pipeline in found}
    sources = [_source(session, source) for source in session.scalars(select(Source))]
    destinations = [_destination(session, row) for row in session.scalars(select(Destination))]
    return Document(
        version=1,
        settings=dict(settings.load(session).as_strings()),
        sources=sorted(sources, key=_by_name),
        destinations=sorted(destinations, key=_by_name),
        notification_targets=sorted([_target(session, t) for t in targets], key=_by_name),
        pipelines=sorted(
            [_pipeline(session, pipeline, pipeline_names, names) for pipeline in found],
            key=_by_name,
        ),
    )


def _by_name(part: Connection | TargetPart | PipelinePart) -> str:
    return part.name.lower()


def _source(session: Session, source: Source) -> SourcePart:
    values = _stored(source, SourcePart, *_CONNECTION_SECRETS)
    return SourcePart(**values, **_references(session, source, f"SOURCE_{source.slug}"))


def _destination(session: Session, destination: Destination) -> DestinationPart:
    values = _stored(destination, DestinationPart, *_CONNECTION_SECRETS)
    references = _references(session, destination, f"DESTINATION_{destination.slug}")
    return DestinationPart(**values, **references)


def _target(session: Session, target: NotificationTarget) -> TargetPart:
    stored = notification_targets.config_of(session, target)
    secret = CHANNELS[target.type].config.secret_fields()
    stem = f"TARGET_{slugify(target.name, 'target')}"
    config = {
        name: _reference(stem, name) if name in secret else value for name, value in stored.items()
    }
    return TargetPart(
        name=target.name, type=cast(Any, target.type), active=target.active, config=config
    )


def _pipeline(
    session: Session,
    pipeline: Pipeline,
    pipeline_names: dict[Any, str],
    target_names: dict[Any, str],
) -> PipelinePart:
    named = ("source", "destination", "depends_on", "tables", "scripts", "notifications")
    upstream = pipeline.depends_on
    links = notification_links.of_pipeline(session, pipeline.id)
    return PipelinePart(
        **_stored(pipeline, PipelinePart, *named),
        source=pipeline.source.name,
        destination=pipeline.destination.name,
        depends_on=None if upstream is None else pipeline_names[upstream],
        tables=[_table(table) for table in pipeline.tables],
        scripts=[
            ScriptPart(**_stored(script, ScriptPart))
            for script in scripts.of_pipeline(session, pipeline.id)
        ],
        notifications=sorted(
            [
                LinkPart(**_stored(link, LinkPart, "target"), target=target_names[link.target_id])
                for link in links
            ],
            key=lambda link: link.target.lower(),
        ),
    )


def _table(table: PipelineTable) -> TablePart:
    return TablePart(**_stored(table, TablePart, "schema_name"), schema_name=table.schema)


def _stored(row: object, part: type[Any], *besides: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in part.model_fields if name not in besides}


def _references(session: Session, place: Source | Destination, stem: str) -> dict[str, str]:
    secrets = cipher_of(session).decrypt_json(place.secrets)
    return {name: _reference(stem, name) for name in _CONNECTION_SECRETS if secrets.get(name)}


def _reference(stem: str, field: str) -> str:
    return f"${{{stem}_{field}}}".upper()
