"""The repository: pipelines of the catalog, as definitions, each built on its own.

Owns laziness: the code server builds every pipeline once, a run's process its own alone, so a
run's start does not grow with the installation. A pipeline that can't be built is left out and
named in the status sensor's metadata; the others stand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import dagster as dg

from arus_dagster import names
from arus_dagster.catalog.session import Catalog
from arus_dagster.defs.assets import TableAssets, table_assets
from arus_dagster.defs.jobs import build_job
from arus_dagster.defs.pipelines import PipelineDefinition, Pipelines, load_all, load_one
from arus_dagster.defs.schedules import build_schedule
from arus_dagster.defs.sensors import build_upstream_sensor
from arus_dagster.defs.shapes import StoredShapes, load_shapes
from arus_dagster.errors import NotFoundError
from arus_dagster.logging import get_logger

log = get_logger(__name__)


FindAbsent = Callable[[str, Collection[str]], Sequence[dg.AssetsDefinition]]


@dataclass(frozen=True, slots=True)
class BuiltPipeline:
    """One pipeline's definitions."""

    tables: tuple[TableAssets, ...]
    job: dg.JobDefinition
    schedule: dg.ScheduleDefinition | None
    sensor: dg.SensorDefinition | None


@dataclass(frozen=True, slots=True)
class BuiltLocation:
    """Everything the code server shows, as of one version of the catalog.

    Args:
        pipelines: by job name.
        broken: slugs of the pipelines that were left out, to the reason.
    """

    version: int
    pipelines: Mapping[str, BuiltPipeline]
    broken: Mapping[str, str]


def build_pipeline(
    pipeline: PipelineDefinition,
    owners: Sequence[str],
    shapes: StoredShapes,
    console: str,
    find_absent: FindAbsent | None = None,
) -> BuiltPipeline:
    """The definitions of a pipeline that has tables.

    Args:
        owners: of everything; e-mail addresses or ``team:<name>``.
        console: the console's address.
        find_absent: finds stand-ins for tables that are not there, by the names of the steps that
            are; None looks for none.

    Raises:
        dagster.DagsterError: Dagster refuses what the catalog says.
    """
    tables = tuple(
        table_assets(pipeline, table, owners, shapes, console) for table in pipeline.tables
    )
    present = {table.synced.node_def.name for table in tables}
    absent = find_absent(names.job_name(pipeline.slug), present) if find_absent else ()
    return BuiltPipeline(
        tables=tables,
        job=build_job(pipeline, tables, owners, console, absent),
        schedule=build_schedule(pipeline, owners, console),
        sensor=build_upstream_sensor(pipeline, owners, console),
    )


def build_location(
    loaded: Pipelines, owners: Sequence[str], shapes: StoredShapes, console: str
) -> BuiltLocation:
    """The definitions of every pipeline that has tables and can be built."""
    built: dict[str, BuiltPipeline] = {}
    broken: dict[str, str] = {}
    for pipeline in loaded.pipelines:
        if not pipeline.tables:
            continue
        try:
            built[names.job_name(pipeline.slug)] = build_pipeline(pipeline, owners, shapes, console)
        except Exception as error:
            log.error("pipeline_left_out", pipeline=pipeline.slug, exc_info=error)
            broken[pipeline.slug] = str(error)
    return BuiltLocation(loaded.version, built, broken)


class CatalogRepository(dg.RepositoryData):
    """What Dagster asks for, answered from the catalog.

    Args:
        owners: of everything; e-mail addresses or ``team:<name>``.
        console: the console's address, for links.
        find_absent: as in ``build_pipeline``, for a run's process.
    """

    def __init__(
        self, catalog: Catalog, owners: Sequence[str], console: str, find_absent: FindAbsent
    ) -> None:
        self._catalog = catalog
        self._owners = owners
        self._console = console
        self._find_absent = find_absent
        self._alone: dict[str, BuiltPipeline] = {}

    @cached_property
    def _location(self) -> BuiltLocation:
        with self._catalog.session() as session:
            loaded = load_all(session)
            shapes = load_shapes(session)
        return build_location(loaded, self._owners, shapes, self._console)

    def get_job(self, job_name: str) -> dg.JobDefinition:
        """One job. Where nothing else was asked for yet, only its pipeline is read and built."""
        if "_location" in self.__dict__:
            return self._location.pipelines[job_name].job
        if job_name not in self._alone:
            with self._catalog.session() as session:
                pipeline = load_one(session, job_name)
            if pipeline is None:
                raise NotFoundError(f"There is no pipeline {job_name} any more.")
            self._alone[job_name] = build_pipeline(
                pipeline, self._owners, {}, self._console, self._find_absent
            )
        return self._alone[job_name].job

    def has_job(self, job_name: str) -> bool:
        return job_name in self._location.pipelines

    def get_job_names(self) -> Sequence[str]:
        return list(self._location.pipelines)

    def get_all_jobs(self) -> Sequence[dg.JobDefinition]:
        return [built.job for built in self._location.pipelines.values()]

    def get_all_schedules(self) -> Sequence[dg.ScheduleDefinition]:
        built = self._location.pipelines.values()
        return [pipeline.schedule for pipeline in built if pipeline.schedule]

    @cached_property
    def _sensors(self) -> Sequence[dg.SensorDefinition]:
        # Not for a run's process, which has no use for the channels of notifications.
        from arus_dagster.defs.housekeeping import housekeeping_sensor
        from arus_dagster.defs.lost_runs import lost_runs_sensor
        from arus_dagster.defs.notifications import notification_sensors

        location = self._location
        upstream = [built.sensor for built in location.pipelines.values() if built.sensor]
        own = notification_sensors(location.version, location.broken)
        return [*own, lost_runs_sensor(), housekeeping_sensor(), *upstream]

    def get_all_sensors(self) -> Sequence[dg.SensorDefinition]:
        return self._sensors

    @cached_property
    def _assets(self) -> Mapping[dg.AssetKey, dg.AssetsDefinition]:
        sources: dict[dg.AssetKey, dg.AssetSpec] = {}
        synced: dict[dg.AssetKey, dg.AssetsDefinition] = {}
        for pipeline in self._location.pipelines.values():
            for table in pipeline.tables:
                sources[table.source.key] = table.source
                synced |= dict.fromkeys(table.synced.keys, table.synced)
        external = dg.AssetsDefinition(specs=list(sources.values()))
        return {**dict.fromkeys(sources, external), **synced}

    def get_assets_defs_by_key(self) -> Mapping[dg.AssetKey, dg.AssetsDefinition]:
        return self._assets

    def get_top_level_resources(self) -> Mapping[str, dg.ResourceDefinition]:
        return {}

    def get_env_vars_by_top_level_resource(self) -> Mapping[str, frozenset[str]]:
        return {}
