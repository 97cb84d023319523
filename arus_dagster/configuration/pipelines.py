"""Pipelines of a document, with their tables, scripts and notifications.

Owns how each is brought to what the document says. Pipelines that wait for others are linked at
the end, when all are there.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from arus_dagster.catalog import Destination, NotificationTarget, Pipeline, Source
from arus_dagster.catalog.repositories import notification_links, pipelines, scripts
from arus_dagster.catalog.source_checks import check_filters, filters_of, with_discovery
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.catalog.warehouse_identity import identify
from arus_dagster.configuration.document import LinkPart, PipelinePart, ScriptPart
from arus_dagster.engine.transform.check import check_script
from arus_dagster.errors import InvalidInputError

About = Callable[[str, str], AbstractContextManager[None]]
Named = TypeVar("Named", Source, Destination, NotificationTarget, Pipeline)

# Fields that a pipeline shares with its part of the document.
_PLAIN = (
    "name",
    "description",
    "schedule",
    "timezone",
    "load_mode",
    "max_retries",
    "initial_backoff",
    "timeout_seconds",
    "parallel_tables",
)


def apply(session: Session, part: PipelinePart) -> None:
    """Make a pipeline, or bring it to what its part says, but for what it waits for.

    Raises:
        InvalidInputError: a value is not acceptable; ``field`` names it.
        ConnectionFailedError, CredentialsError: the source has to be asked and can't be read.
    """
    source = _named(session, Source, Source.name, part.source, "source")
    destination = _named(session, Destination, Destination.name, part.destination, "destination")
    choices = [
        TableChoice(name=table.name, schema=table.schema_name, values=table.values())
        for table in part.tables
    ]
    found = _find(session, Pipeline, Pipeline.name, part.name)
    if found is None:
        identify(session, destination)
        new = pipelines.NewPipeline(
            **{name: getattr(part, name) for name in _PLAIN},
            source=source,
            destination=destination,
            target_schema=part.target_schema,
            from_selection=part.from_selection,
        )
        pipeline = with_discovery(session, source, lambda: pipelines.create(session, new, choices))
        check_filters(session, pipeline, before={})
    else:
        pipeline = _update(session, found.id, part, source, destination, choices)
    _scripts(session, pipeline, part.scripts)
    _links(session, pipeline, part.notifications)


def apply_dependencies(session: Session, parts: Sequence[PipelinePart], about: About) -> None:
    """Let each pipeline wait for the one that its part names, and no longer for any other."""
    # First those that wait for nothing or another now, so that no cycle closes midway.
    for part in parts:
        upstream = part.depends_on and part.depends_on.lower()
        pipeline = _whole(session, part.name)
        if pipeline.depends_on is not None:
            present = pipelines.get(session, pipeline.depends_on).name.lower()
            if present != upstream:
                pipelines.update(session, pipeline, {"depends_on": None})
    for part in parts:
        if part.depends_on is not None:
            with about("pipeline", part.name):
                upstream_id = _named(
                    session, Pipeline, Pipeline.name, part.depends_on, "depends_on"
                ).id
                pipelines.update(session, _whole(session, part.name), {"depends_on": upstream_id})


def _update(
    session: Session,
    pipeline_id: uuid.UUID,
    part: PipelinePart,
    source: Source,
    destination: Destination,
    choices: Sequence[TableChoice],
) -> Pipeline:
    stored = pipelines.get(session, pipeline_id)
    if stored.source_id != source.id:
        raise InvalidInputError(
            f"it reads {stored.source.name} and keeps its source; give the other one a pipeline "
            "of its own",
            field="source",
        )
    if stored.from_selection != part.from_selection:
        raise InvalidInputError("can't change once the pipeline is there", field="from_selection")
    before, after = (
        _starter(stored.schedule, stored.depends_on),
        _starter(part.schedule, part.depends_on),
    )
    if before and after and before != after:
        raise InvalidInputError(
            f"its {before} starts it now: let the API change that, which carries a pause over",
            field="schedule",
        )
    if stored.destination_id != destination.id:
        identify(session, destination)
    changes: dict[str, Any] = {name: getattr(part, name) for name in _PLAIN}
    changes["destination_id"] = destination.id
    if part.target_schema is not None:
        changes["target_schema"] = part.target_schema
    filters = filters_of(stored)
    changed = with_discovery(
        session,
        source,
        lambda: pipelines.update(session, pipelines.get(session, pipeline_id), changes, choices),
    )
    check_filters(session, changed, filters)
    return changed


def _starter(schedule: str | None, depends_on: object) -> str | None:
    if schedule is not None:
        return "schedule"
    return None if depends_on is None else "upstream pipeline"


def _scripts(session: Session, pipeline: Pipeline, parts: Sequence[ScriptPart]) -> None:
    tables = {table.name for table in pipeline.tables}
    for index, part in enumerate(parts):
        if part.table is not None and part.table not in tables:
            raise InvalidInputError(
                f"the pipeline has no table {part.table!r}", field=f"scripts.{index}.table"
            )
    stored = list(scripts.of_pipeline(session, pipeline.id))
    # They run in the order of their making, so from the first that stands elsewhere on they are
    # made anew.
    kept = 0
    while kept < min(len(stored), len(parts)) and stored[kept].name == parts[kept].name:
        kept += 1
    contents = {script.content for script in stored}
    for part in parts:
        if part.content not in contents:
            check_script(part.content)
    for script in stored[kept:]:
        scripts.delete(session, script)
    for script, part in zip(stored[:kept], parts[:kept], strict=True):
        scripts.update(session, script, part.model_dump())
    for part in parts[kept:]:
        scripts.create(session, pipeline.id, **part.model_dump())


def _links(session: Session, pipeline: Pipeline, parts: Sequence[LinkPart]) -> None:
    stored = {link.target_id: link for link in notification_links.of_pipeline(session, pipeline.id)}
    for part in parts:
        target = _named(
            session, NotificationTarget, NotificationTarget.name, part.target, "notifications"
        )
        link = stored.pop(target.id, None)
        if link is None:
            notification_links.create(
                session,
                pipeline_id=pipeline.id,
                target_id=target.id,
                events=part.events,
                active=part.active,
            )
        else:
            changes = {"events": list(part.events), "active": part.active}
            notification_links.update(session, link, changes)
    for link in stored.values():
        notification_links.delete(session, link)


def _whole(session: Session, name: str) -> Pipeline:
    found = _find(session, Pipeline, Pipeline.name, name)
    assert found is not None  # made by the same import
    return pipelines.get(session, found.id)


def _find(
    session: Session, kind: type[Named], column: InstrumentedAttribute[str], name: str
) -> Named | None:
    return session.scalar(select(kind).where(func.lower(column) == name.lower()))


def _named(
    session: Session,
    kind: type[Named],
    column: InstrumentedAttribute[str],
    name: str,
    field: str,
) -> Named:
    found = _find(session, kind, column, name)
    if found is None:
        raise InvalidInputError(f"there is none named {name!r}", field=field)
    return found
