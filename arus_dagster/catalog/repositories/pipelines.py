"""Pipelines: which source goes to which destination, when, and after which other pipeline."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import Select, String, cast, func, or_, select, union_all
from sqlalchemy.orm import Session, joinedload, selectinload

from arus_dagster.catalog.cron import check_cron, check_timezone
from arus_dagster.catalog.destination import Destination
from arus_dagster.catalog.pipeline import Pipeline
from arus_dagster.catalog.repositories import (
    definitions_version,
    pipeline_tables,
)
from arus_dagster.catalog.repositories.integrity import conflicts
from arus_dagster.catalog.repositories.page import Page, fetch_page
from arus_dagster.catalog.repositories.unknown_name import NAMED, unknown_name
from arus_dagster.catalog.retired_slug import RetiredSlug
from arus_dagster.catalog.session import advisory_lock
from arus_dagster.catalog.slugs import free_slug
from arus_dagster.catalog.source import Source
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.catalog.warehouse_names import check_schema
from arus_dagster.errors import ConflictError, InvalidInputError, NotFoundError

_CHANGEABLE = frozenset(
    {
        "name",
        "description",
        "destination_id",
        "schedule",
        "timezone",
        "target_schema",
        "load_mode",
        "depends_on",
        "max_retries",
        "initial_backoff",
        "timeout_seconds",
        "parallel_tables",
    }
)
# Read when a run starts, so a change of these needs no new definitions.
_AT_RUN_TIME = frozenset({"max_retries", "initial_backoff"})


@dataclass(frozen=True, slots=True)
class NewPipeline:
    """What a pipeline is made of; None stands for the destination's or installation's value.

    Args:
        schedule: cron expression; None for no schedule of its own.
        depends_on: the pipeline whose success it waits for.
        parallel_tables: how many of its tables are synced at the same time.
        from_selection: whether it follows its source's table selection.
    """

    name: str
    source: Source
    destination: Destination
    schedule: str | None
    description: str | None = None
    timezone: str | None = None
    target_schema: str | None = None
    load_mode: str = "direct"
    depends_on: uuid.UUID | None = None
    max_retries: int | None = None
    initial_backoff: int | None = None
    timeout_seconds: int | None = None
    parallel_tables: int = 1
    from_selection: bool = False


def page(session: Session, *, limit: int, offset: int) -> Page[Pipeline]:
    """Pipelines, newest first, each with its source, destination and tables."""
    return fetch_page(session, whole(), Pipeline, limit=limit, offset=offset)


def get(session: Session, pipeline_id: uuid.UUID) -> Pipeline:
    """A pipeline with its source, destination and tables.

    Raises:
        NotFoundError: there is no such pipeline.
    """
    pipeline = session.scalar(
        whole().where(Pipeline.id == pipeline_id).execution_options(populate_existing=True)
    )
    if pipeline is None:
        raise NotFoundError("There is no such pipeline")
    return pipeline


def find(session: Session, name: str) -> Pipeline:
    """The pipeline that a person means by its name (ignoring case), slug or id.

    Raises:
        NotFoundError: there is none; some that there are are named.
    """
    lowered = func.lower(name)
    is_meant = or_(
        func.lower(Pipeline.name) == lowered,
        Pipeline.slug == name,
        cast(Pipeline.id, String) == lowered,
    )
    # A name goes before a slug that spells the same.
    order = func.lower(Pipeline.name) != lowered
    pipeline = session.scalar(whole().where(is_meant).order_by(order).limit(1))
    if pipeline is None:
        names = session.scalars(select(Pipeline.name).order_by(Pipeline.name).limit(NAMED))
        raise unknown_name("pipeline", name, names)
    return pipeline


def all_pipelines(session: Session) -> Sequence[Pipeline]:
    """Every pipeline with its source, destination and tables, in order of creation."""
    return session.scalars(whole().order_by(Pipeline.created_at, Pipeline.id)).all()


def count(session: Session) -> int:
    """How many pipelines there are."""
    return session.scalar(select(func.count()).select_from(Pipeline)) or 0


def create(session: Session, new: NewPipeline, tables: Sequence[TableChoice]) -> Pipeline:
    """Make a pipeline with its tables.

    Raises:
        ConflictError: the name is taken, ignoring case.
        UnknownTablesError: tables that the source's last discovery did not find.
        InvalidInputError: a value is not acceptable; ``field`` names it.
    """
    target_schema = new.target_schema or new.destination.target_schema
    _check(
        {
            "schedule": new.schedule,
            "timezone": new.timezone,
            "target_schema": target_schema,
        }
    )
    advisory_lock(session, "pipeline slugs")
    taken = session.scalars(union_all(select(Pipeline.slug), select(RetiredSlug.slug))).all()
    pipeline = Pipeline(
        id=uuid.uuid4(),
        name=new.name,
        slug=free_slug(new.name, "pipeline", set(taken)),
        description=new.description,
        source=new.source,
        destination=new.destination,
        schedule=new.schedule,
        timezone=new.timezone,
        target_schema=target_schema,
        load_mode=new.load_mode,
        max_retries=new.max_retries,
        initial_backoff=new.initial_backoff,
        timeout_seconds=new.timeout_seconds,
        parallel_tables=new.parallel_tables,
        from_selection=new.from_selection,
        tables=[],
    )
    if new.depends_on is not None:
        _check_upstream(session, pipeline.id, new.depends_on)
        pipeline.depends_on = new.depends_on
    with _unique_name(session, new.name):
        session.add(pipeline)
    pipeline_tables.replace(session, pipeline, tables)
    definitions_version.bump(session)
    return get(session, pipeline.id)


def update(
    session: Session,
    pipeline: Pipeline,
    changes: Mapping[str, object],
    tables: Sequence[TableChoice] | None = None,
) -> Pipeline:
    """Change some of a pipeline's fields, and its tables if they are given.

    The source stays: the watermarks of one database say nothing about another.

    Args:
        pipeline: as ``get`` gives it.
        changes: model fields to their new values.
        tables: all that the pipeline is to have; None leaves them.

    Raises:
        ConflictError: the name is taken, ignoring case.
        UnknownTablesError: tables that the source's last discovery did not find.
        InvalidInputError: a value is not acceptable; ``field`` names it.
    """
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise ValueError(f"not fields of a pipeline that change: {sorted(unknown)}")
    changed = {k: v for k, v in changes.items() if getattr(pipeline, k) != v}
    _check(changed)
    upstream = changed.get("depends_on")
    if isinstance(upstream, uuid.UUID):
        _check_upstream(session, pipeline.id, upstream)
    load_mode_before = pipeline.load_mode
    with _unique_name(session, str(changes.get("name", pipeline.name))):
        for name, value in changed.items():
            setattr(pipeline, name, value)
    if "load_mode" in changed:
        pipeline_tables.set_load_mode(pipeline, load_mode_before)
    if {"destination_id", "target_schema"} & changed.keys():
        pipeline = get(session, pipeline.id)
        pipeline_tables.place_anew(session, pipeline)
    tables_changed = tables is not None and pipeline_tables.replace(session, pipeline, tables)
    if tables_changed or changed.keys() - _AT_RUN_TIME:
        definitions_version.bump(session)
    session.flush()
    return get(session, pipeline.id)


def delete(session: Session, pipeline: Pipeline) -> None:
    """Forget a pipeline but for its slug; what it loaded stays in the warehouse.

    Raises:
        ConflictError: other pipelines depend on it; they are named.
    """
    dependents = session.scalars(
        select(Pipeline.name).where(Pipeline.depends_on == pipeline.id).order_by(Pipeline.name)
    ).all()
    if dependents:
        raise ConflictError(f"Other pipelines depend on it: {', '.join(dependents)}")
    with conflicts(
        session, {"fk_pipelines_depends_on": "Another pipeline has just come to depend on it"}
    ):
        session.delete(pipeline)
        session.add(RetiredSlug(slug=pipeline.slug))
    definitions_version.bump(session)


def whole() -> Select[Pipeline]:
    """Selects pipelines with their source, destination and tables."""
    return select(Pipeline).options(
        joinedload(Pipeline.source),
        joinedload(Pipeline.destination),
        selectinload(Pipeline.tables),
    )


def _check(values: Mapping[str, object]) -> None:
    for name, check in (("schedule", check_cron), ("timezone", check_timezone)):
        value = values.get(name)
        if isinstance(value, str):
            try:
                check(value)
            except ValueError as problem:
                raise InvalidInputError(str(problem), field=name) from None
    if "target_schema" in values:
        check_schema(str(values["target_schema"] or ""), "target_schema")


def _check_upstream(session: Session, pipeline_id: uuid.UUID, upstream: uuid.UUID) -> None:
    # One change of dependencies at a time: two that are fine alone may close a cycle together.
    advisory_lock(session, "dependencies")
    edges = dict(session.execute(select(Pipeline.id, Pipeline.depends_on)).all())
    if upstream != pipeline_id and upstream not in edges:
        raise InvalidInputError("depends_on names no pipeline", field="depends_on")
    step: uuid.UUID | None = upstream
    while step is not None:
        if step == pipeline_id:
            raise InvalidInputError(
                "depends_on would close a cycle: the pipeline would wait for itself",
                field="depends_on",
            )
        step = edges.get(step)


def _unique_name(session: Session, name: str) -> AbstractContextManager[None]:
    return conflicts(
        session,
        {
            "uq_pipelines_name_lower": f"There is already a pipeline {name!r}",
            "uq_pipelines_one_from_selection": "Another pipeline follows the selection of this "
            "source on this destination",
        },
    )
