"""Starting a pipeline's runs, and whether it runs by itself.

Owns what kinds of runs there are. Status is Dagster's: a pause stops the pipeline's schedule
there, and nothing is stored here.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sqlalchemy.orm import Session

from arus_dagster import names
from arus_dagster.catalog import Pipeline
from arus_dagster.catalog.repositories import pipelines
from arus_dagster.errors import ConflictError
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.definitions import DefinitionsReloader
from arus_dagster.orchestration.launch import launch, not_loaded
from arus_dagster.orchestration.models import DagsterRun, Instigator

State = Literal["active", "paused"]
# Changes asked of Dagster at a time when all pipelines are paused or resumed.
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Instigators:
    """The schedules and sensors that Dagster has loaded, by name."""

    schedules: Mapping[str, Instigator]
    sensors: Mapping[str, Instigator]

    @classmethod
    def load(cls, dagster: DagsterClient) -> Instigators:
        """Ask Dagster, in two requests."""
        return cls(dagster.schedules(), dagster.sensors())

    def of(self, pipeline: Pipeline) -> Instigator | None:
        """What starts the pipeline by itself; None where nothing does."""
        by_name = self.schedules if pipeline.schedule is not None else self.sensors
        name = _instigator_name(pipeline)
        return None if name is None else by_name.get(name)

    def state(self, pipeline: Pipeline) -> State:
        """A pipeline that nothing starts can't be paused; it counts as active."""
        instigator = self.of(pipeline)
        if instigator is not None:
            return _state_of(instigator)
        waits = pipeline.starts_paused and starter(pipeline) is not None  # for Dagster to load it
        return "paused" if waits else "active"


def states(dagster: DagsterClient, found: Collection[Pipeline]) -> Mapping[uuid.UUID, State]:
    """Whether each pipeline is paused, by id.

    Asks for what is stopped alone: to spell out every schedule of a large installation takes
    Dagster far longer than everything else that a list is made of.

    Args:
        found: with their tables loaded, where they start paused.

    Raises:
        UnavailableError: Dagster is away.
    """
    if any(pipeline.starts_paused for pipeline in found):
        # For these Dagster's list of what is stopped can't be trusted.
        instigators = Instigators.load(dagster)
        return {pipeline.id: instigators.state(pipeline) for pipeline in found}
    stopped = dagster.stopped()
    return {p.id: "paused" if _instigator_name(p) in stopped else "active" for p in found}


def starter(pipeline: Pipeline) -> Literal["schedule", "sensor"] | None:
    """What is to start the pipeline by itself."""
    if not any(table.enabled for table in pipeline.tables):
        return None
    if pipeline.schedule is not None:
        return "schedule"
    return "sensor" if pipeline.depends_on is not None else None


def hand_over_state(
    dagster: DagsterClient,
    definitions: DefinitionsReloader,
    pipeline: Pipeline,
    before: Literal["schedule", "sensor"] | None,
) -> None:
    """Let what is to start a pipeline from now on have the state of what started it before.

    A pipeline that is paused stays so when it is given a schedule in place of an upstream, or the
    other way round, and for as long as nothing starts it.

    Args:
        pipeline: changed, and the change not committed yet.
        before: what started it before the change.

    Raises:
        UnavailableError: Dagster can't tell the state.
    """
    if before is None or starter(pipeline) == before:
        return
    definitions.ensure_current()
    by_name: Mapping[str, Instigator]
    if before == "schedule":
        name, by_name = names.schedule_name(pipeline.slug), dagster.schedules()
    else:
        name, by_name = names.upstream_sensor_name(pipeline.slug), dagster.sensors()
    replaced = by_name.get(name)
    if replaced is None:
        return  # Dagster could not load the pipeline; what it starts with then stands as it is
    pipeline.starts_paused = _state_of(replaced) == "paused"
    # When the pipeline comes back to it, its state is that of what started it meanwhile.
    if before == "schedule":
        dagster.reset_schedule(name)
    else:
        dagster.reset_sensor(name)


def trigger(
    session: Session,
    dagster: DagsterClient,
    definitions: DefinitionsReloader,
    pipeline_id: uuid.UUID,
) -> DagsterRun:
    """Launch a run now; raises as ``launch``."""
    return launch(session, dagster, definitions, pipeline_id, {names.TRIGGER: "manual"})


def full_refresh(
    session: Session,
    dagster: DagsterClient,
    definitions: DefinitionsReloader,
    pipeline_id: uuid.UUID,
) -> DagsterRun:
    """Launch a run that forgets the watermarks and reloads all; raises as ``launch``."""
    tags = {names.TRIGGER: "full_refresh", names.MODE: "full_refresh"}
    return launch(session, dagster, definitions, pipeline_id, tags)


def backfill(
    session: Session,
    dagster: DagsterClient,
    definitions: DefinitionsReloader,
    pipeline_id: uuid.UUID,
    from_date: date,
    to_date: date | None,
) -> DagsterRun:
    """Launch a run that reads again from a day on; raises as ``launch``."""
    tags = {
        names.TRIGGER: "backfill",
        names.MODE: "backfill",
        names.FROM_DATE: from_date.isoformat(),
    }
    if to_date is not None:
        tags[names.TO_DATE] = to_date.isoformat()
    return launch(session, dagster, definitions, pipeline_id, tags)


def set_state(
    session: Session,
    dagster: DagsterClient,
    definitions: DefinitionsReloader,
    pipeline_id: uuid.UUID,
    state: State,
) -> None:
    """Pause or resume; a pipeline that has the state already keeps it.

    Raises:
        NotFoundError: there is no such pipeline.
        ConflictError: it neither has a schedule nor follows another pipeline, or no table is
            enabled.
        UnavailableError: Dagster is away, or has not loaded the pipeline.
    """
    pipeline = pipelines.get(session, pipeline_id)
    if pipeline.schedule is None and pipeline.depends_on is None:
        raise ConflictError("The pipeline has no schedule, so it can't be paused or resumed")
    if not any(table.enabled for table in pipeline.tables):
        raise ConflictError("The pipeline has no enabled table, so nothing starts it")
    definitions.ensure_current()
    instigator = Instigators.load(dagster).of(pipeline)
    if instigator is None:
        raise not_loaded(dagster, pipeline)
    if _state_of(instigator) != state:
        _turn(dagster, pipeline, instigator, state)


def set_all(
    session: Session, dagster: DagsterClient, definitions: DefinitionsReloader, state: State
) -> tuple[list[uuid.UUID], list[uuid.UUID]]:
    """Pause or resume every pipeline that runs by itself.

    Returns:
        The pipelines that changed, and all others.

    Raises:
        UnavailableError: Dagster is away; some may have changed already.
    """
    definitions.ensure_current()
    instigators = Instigators.load(dagster)
    changing: list[tuple[Pipeline, Instigator]] = []
    unchanged: list[uuid.UUID] = []
    for pipeline in pipelines.all_pipelines(session):
        instigator = instigators.of(pipeline)
        if instigator is None or _state_of(instigator) == state:
            unchanged.append(pipeline.id)
        else:
            changing.append((pipeline, instigator))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for done in [pool.submit(_turn, dagster, *pair, state) for pair in changing]:
            done.result()
    return [pipeline.id for pipeline, _ in changing], unchanged


def _instigator_name(pipeline: Pipeline) -> str | None:
    """What the schedule or sensor that starts a pipeline is called; None where nothing does."""
    if pipeline.schedule is not None:
        return names.schedule_name(pipeline.slug)
    if pipeline.depends_on is not None:
        return names.upstream_sensor_name(pipeline.slug)
    return None


def _state_of(instigator: Instigator) -> State:
    return "active" if instigator.running else "paused"


def _turn(dagster: DagsterClient, pipeline: Pipeline, instigator: Instigator, state: State) -> None:
    match state, pipeline.schedule is not None:
        case "active", True:
            dagster.start_schedule(instigator.name)
        case "active", False:
            dagster.start_sensor(instigator.name)
        case "paused", True:
            dagster.stop_schedule(instigator)
        case "paused", False:
            dagster.stop_sensor(instigator)
