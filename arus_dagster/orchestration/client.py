"""What this API asks of Dagster: launches, runs, logs, schedules, assets, reloads.

Owns the translation between this project's names and Dagster's GraphQL; one method a question.
Refuses to keep anything: whoever asks again asks Dagster again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from arus_dagster import names, tracing
from arus_dagster.errors import ConflictError, NotFoundError
from arus_dagster.orchestration.counts import count_many
from arus_dagster.orchestration.latest_runs import LatestRuns, latest_runs
from arus_dagster.orchestration.models import ACTIVE, AssetNode, DagsterRun, Instigator, LogEvent
from arus_dagster.orchestration.run_filter import RunFilter, tag_list
from arus_dagster.orchestration.transport import (
    READ_SECONDS,
    RELOAD_SECONDS,
    DagsterUnavailableError,
    Transport,
    query,
)

_REPOSITORY = {
    "repositoryLocationName": names.LOCATION,
    "repositoryName": names.REPOSITORY,
}
# Dagster's own limit on the events of one answer.
MAX_EVENTS = 1000

_NOT_FOUND = frozenset(
    {
        "RunNotFoundError",
        "PipelineNotFoundError",
        "ScheduleNotFoundError",
        "SensorNotFoundError",
        "RepositoryNotFoundError",
    }
)


class DagsterClient:
    """A client of one webserver; may be used by many threads at once.

    Every method raises ``DagsterUnavailableError`` (503 with ``Retry-After``) when Dagster does
    not answer or has an error of its own.

    Args:
        url: the webserver's address.
    """

    def __init__(self, url: str) -> None:
        self._transport = Transport(url)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    # Runs

    def launch(
        self,
        job_name: str,
        tags: Mapping[str, str],
        assets: Sequence[Sequence[str]] | None = None,
    ) -> DagsterRun:
        """Queue a run.

        Args:
            job_name: of the loaded definitions.
            assets: keys of the assets to make; None makes all of the job's.

        Raises:
            NotFoundError: no such job is loaded.
        """
        job: dict[str, Any] = {**_REPOSITORY, "jobName": job_name}
        if assets is not None:
            job["assetSelection"] = [{"path": list(path)} for path in assets]
        answer = self._ask("launch_run", job=job, tags=tag_list(_traced(tags)))
        return DagsterRun.model_validate(answer["run"])

    def reexecute(
        self, run_id: str, tags: Mapping[str, str], *, failed_steps_only: bool
    ) -> DagsterRun:
        """Queue a run that does again what another did, or the part of it that failed.

        Args:
            tags: put over those of the other run, which the new one takes over.

        Raises:
            NotFoundError: no such run, or its job is gone.
        """
        params = {
            "parentRunId": run_id,
            "strategy": "FROM_FAILURE" if failed_steps_only else "ALL_STEPS",
            "extraTags": tag_list(_traced(tags)),
            "useParentRunTags": True,
        }
        answer = self._ask("reexecute_run", params=params)
        return DagsterRun.model_validate(answer["run"])

    def run(self, run_id: str) -> DagsterRun:
        """Raises NotFoundError if there is no such run."""
        return DagsterRun.model_validate(self._ask("run", runId=run_id))

    def runs(self, which: RunFilter, *, limit: int, cursor: str | None = None) -> list[DagsterRun]:
        """Runs, newest first.

        Args:
            cursor: id of the run after which to begin.
        """
        answer = self._ask("runs", filter=which.variables, cursor=cursor, limit=limit)
        return [DagsterRun.model_validate(run) for run in answer["results"]]

    def runs_counted(self, which: RunFilter, *, limit: int) -> tuple[list[DagsterRun], int]:
        """The newest runs, newest first, and how many there are in all, in one request."""
        answer = self._ask("runs_counted", filter=which.variables, limit=limit)
        return [DagsterRun.model_validate(run) for run in answer["results"]], int(answer["count"])

    def latest_runs(
        self, jobs: Sequence[str], *, limit: int, failed_since: datetime
    ) -> list[LatestRuns]:
        """The latest runs of each job, in one request; see ``latest_runs.latest_runs``."""
        return latest_runs(self._transport, jobs, limit=limit, failed_since=failed_since)

    def run_ids(self, which: RunFilter, *, limit: int) -> list[str]:
        """Ids of runs, newest first; cheap for many."""
        ids: list[str] = self._ask("run_ids", filter=which.variables, limit=limit)["results"]
        return ids

    def count_runs(self, which: RunFilter) -> int:
        """How many runs there are."""
        return int(self._ask("run_count", filter=which.variables)["count"])

    def count_many(
        self, filters: Sequence[RunFilter], timeout_seconds: float = READ_SECONDS
    ) -> list[int]:
        """``count_runs`` for each filter, in few requests."""
        return count_many(self._transport, filters, timeout_seconds)

    def runs_by_job(self, limit: int) -> dict[str, list[DagsterRun]]:
        """The latest runs of every loaded job, newest first, in one query of Dagster's storage."""
        jobs = self._ask("job_runs", repository=_REPOSITORY, limit=limit)["jobs"]
        return {
            job["name"]: [DagsterRun.model_validate(run) for run in job["runs"]] for job in jobs
        }

    def active_runs(self, pipeline_id: str) -> list[DagsterRun]:
        """The pipeline's runs that have not ended, oldest first."""
        which = RunFilter(statuses=ACTIVE, tags={names.PIPELINE_ID: pipeline_id})
        runs = self.runs(which, limit=25)
        return runs[::-1]

    def terminate(self, run_id: str) -> None:
        """Ask a run to stop; one that is queued ends at once.

        Raises:
            NotFoundError: no such run.
            ConflictError: it can't be stopped any more.
        """
        self._ask("terminate_run", runId=run_id)

    def logs(self, run_id: str, *, offset: int, limit: int) -> list[LogEvent]:
        """Events of a run, in the order in which they were stored.

        Args:
            offset: how many to leave out before.
            limit: at most ``MAX_EVENTS``.

        Raises:
            NotFoundError: no such run.
        """
        # Dagster pages by a cursor that names a place; one of its two kinds is a plain offset.
        place = json.dumps({"type": "OFFSET", "value": offset}).encode()
        cursor = base64.b64encode(place).decode()
        answer = self._ask("logs", runId=run_id, afterCursor=cursor, limit=limit)
        return [LogEvent.model_validate(event) for event in answer["events"]]

    # Schedules and sensors

    def schedules(self) -> dict[str, Instigator]:
        """Every loaded schedule by name."""
        answer = self._ask("schedules", repository=_REPOSITORY)
        return {item["name"]: _instigator(item, "scheduleState") for item in answer["results"]}

    def sensors(self) -> dict[str, Instigator]:
        """Every loaded sensor by name."""
        answer = self._ask("sensors", repository=_REPOSITORY)
        return {item["name"]: _instigator(item, "sensorState") for item in answer["results"]}

    def stopped(self) -> frozenset[str]:
        """Names of the loaded schedules and sensors that are stopped, in one request.

        Cheap where few are, however many are loaded. Not to be trusted for one whose definition
        starts stopped: Dagster, asked this way, takes it as its definition says even where it was
        started since.
        """
        answers = self._transport.request(
            "stopped", query("stopped"), {"repository": _REPOSITORY}
        ).values()
        return frozenset(
            item["name"] for answer in map(_read, answers) for item in answer["results"]
        )

    def start_schedule(self, name: str) -> None:
        """Raises NotFoundError if no such schedule is loaded."""
        self._ask("start_schedule", schedule={**_REPOSITORY, "scheduleName": name})

    def stop_schedule(self, schedule: Instigator) -> None:
        """Stop a schedule that ``schedules`` named."""
        self._ask("stop_schedule", id=schedule.state_id)

    def start_sensor(self, name: str) -> None:
        """Raises NotFoundError if no such sensor is loaded."""
        self._ask("start_sensor", sensor={**_REPOSITORY, "sensorName": name})

    def stop_sensor(self, sensor: Instigator) -> None:
        """Stop a sensor that ``sensors`` named."""
        self._ask("stop_sensor", id=sensor.state_id)

    def reset_schedule(self, name: str) -> None:
        """Forget that a schedule was ever started or stopped: it is as its definition says.

        Raises NotFoundError if no such schedule is loaded.
        """
        self._ask("reset_schedule", schedule={**_REPOSITORY, "scheduleName": name})

    def reset_sensor(self, name: str) -> None:
        """The same for a sensor."""
        self._ask("reset_sensor", sensor={**_REPOSITORY, "sensorName": name})

    # Definitions

    def assets(self, group: str | None = None) -> list[AssetNode]:
        """The loaded assets with what was last written of each, of one group or of all."""
        selector = {**_REPOSITORY, "groupName": group} if group is not None else None
        answer = self._transport.execute("assets", {"group": selector})
        return [AssetNode.model_validate(node) for node in answer]

    def reload_location(self) -> None:
        """Load the definitions anew.

        Raises:
            DagsterUnavailableError: they can't be loaded; the message says why.
        """
        problem = self._reload()
        if problem is not None:
            # The first reload after the inner code server died fails and brings it back.
            problem = self._reload()
        if problem is not None:
            raise DagsterUnavailableError(f"Dagster could not load the definitions: {problem}")

    def _reload(self) -> str | None:
        answer = self._transport.execute(
            "reload_location", {"location": names.LOCATION}, RELOAD_SECONDS
        )
        # "LOADED" is answered even when loading failed; what was loaded tells.
        loaded = answer.get("locationOrLoadError") or answer
        if loaded["__typename"] == "RepositoryLocation":
            return None
        return str(loaded.get("message") or loaded["__typename"]).strip()

    def loaded_definitions_version(self, timeout_seconds: float = READ_SECONDS) -> int | None:
        """The catalog's count that the loaded definitions were built from, if any are loaded."""
        for entry in self._loaded_metadata(timeout_seconds):
            if entry["label"] == names.VERSION_METADATA:
                return int(entry["intRepr"])
        return None

    def broken_pipelines(self) -> dict[str, str]:
        """Slugs of the pipelines that were left out of the loaded definitions, to the reason."""
        for entry in self._loaded_metadata():
            if entry["label"] == names.BROKEN_METADATA:
                broken: dict[str, str] = json.loads(entry["text"])
                return broken
        return {}

    def daemon_health(self, timeout_seconds: float = READ_SECONDS) -> dict[str, bool]:
        """Whether each of Dagster's daemons that is needed is alive, by its type."""
        answer = self._transport.execute("daemon_health", {}, timeout_seconds)
        statuses = answer["daemonHealth"]["allDaemonStatuses"]
        return {s["daemonType"]: bool(s["healthy"]) for s in statuses if s["required"]}

    def _loaded_metadata(self, timeout_seconds: float = READ_SECONDS) -> list[dict[str, Any]]:
        sensor = {**_REPOSITORY, "sensorName": names.STATUS_SENSOR}
        try:
            answer = self._ask("loaded", timeout_seconds, sensor=sensor)
        except NotFoundError:
            return []
        entries: list[dict[str, Any]] = answer["metadataEntries"]
        return entries

    def _ask(
        self, name: str, timeout_seconds: float = READ_SECONDS, /, **variables: Any
    ) -> dict[str, Any]:
        return _read(self._transport.execute(name, variables, timeout_seconds))


def _read(answer: dict[str, Any]) -> dict[str, Any]:
    """A root field's answer, where it is none of Dagster's errors."""
    kind = answer["__typename"]
    message = str(answer.get("message") or kind).strip()
    if kind in _NOT_FOUND:
        raise NotFoundError(message)
    if kind == "TerminateRunFailure":
        raise ConflictError(message)
    if kind.endswith("Error") or kind in _REFUSALS:
        raise DagsterUnavailableError(f"Dagster refused: {message[:500]}")
    return answer


_REFUSALS = frozenset(
    {
        "RunConfigValidationInvalid",
        "RunConflict",
        "ReloadNotSupported",
        "RepositoryLocationNotFound",
    }
)


def _traced(tags: Mapping[str, str]) -> Mapping[str, str]:
    """With the open span, which the run goes on from."""
    parent = tracing.traceparent()
    return tags if parent is None else {**tags, names.TRACEPARENT: parent}


def _instigator(item: Mapping[str, Any], state: str) -> Instigator:
    return Instigator(
        name=item["name"],
        state_id=item[state]["id"],
        running=item[state]["status"] == "RUNNING",
    )
