"""Dagster's answers, as far as this API reads them."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


class RunStatus(StrEnum):
    """A run's state, in Dagster's words."""

    QUEUED = "QUEUED"
    NOT_STARTED = "NOT_STARTED"
    MANAGED = "MANAGED"
    STARTING = "STARTING"
    STARTED = "STARTED"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANCELING = "CANCELING"
    CANCELED = "CANCELED"


FINISHED = frozenset({RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELED})
ACTIVE = tuple(status for status in RunStatus if status not in FINISHED)


_WORDS = {
    "RunEnqueuedEvent": "The run is queued.",
    "RunDequeuedEvent": "The run leaves the queue.",
    "RunStartingEvent": "The run's process is starting.",
    "RunCancelingEvent": "The run is being cancelled.",
    "RunCanceledEvent": "The run was cancelled.",
    "RunFailureEvent": "The run failed.",
    "RunSuccessEvent": "The run succeeded.",
}
# Before a step's error Dagster puts the class that carried it.
_CARRIER = "dagster._core.definitions.events.Failure: "


def _from_epoch(value: Any) -> Any:
    return datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else value


def _from_epoch_ms(value: Any) -> Any:
    return datetime.fromtimestamp(int(value) / 1000, UTC) if isinstance(value, str) else value


def _tags(value: Any) -> Any:
    return {tag["key"]: tag["value"] for tag in value} if isinstance(value, list) else value


Epoch = Annotated[datetime, BeforeValidator(_from_epoch)]
EpochMs = Annotated[datetime, BeforeValidator(_from_epoch_ms)]


class Answer(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True)


class RunOutcome(Answer):
    """How a run ended and how long it took, without the rest, which takes Dagster longer."""

    id: str = Field(alias="runId")
    status: RunStatus
    started: Epoch | None = Field(alias="startTime")
    ended: Epoch | None = Field(alias="endTime")


class DagsterRun(Answer):
    """A run; ``created`` is when it was asked for, ``started`` when its process began to work."""

    id: str = Field(alias="runId")
    status: RunStatus
    job_name: str = Field(alias="jobName")
    parent_id: str | None = Field(alias="parentRunId")
    created: Epoch = Field(alias="creationTime")
    started: Epoch | None = Field(alias="startTime")
    ended: Epoch | None = Field(alias="endTime")
    updated: Epoch | None = Field(alias="updateTime")
    tags: Annotated[dict[str, str], BeforeValidator(_tags)]

    @property
    def finished(self) -> bool:
        return self.status in FINISHED


class ErrorText(Answer):
    message: str


class FailureText(Answer):
    description: str | None


class LogEvent(Answer):
    """One event of a run's log."""

    kind: str = Field(alias="__typename")
    timestamp: EpochMs
    level: str
    message: str
    step_key: str | None = Field(alias="stepKey")
    error: ErrorText | None = None
    failure: FailureText | None = Field(default=None, alias="failureMetadata")

    @property
    def text(self) -> str:
        """The event in words, with the reason of a failure; also where Dagster has none."""
        message = self.message or _WORDS.get(self.kind, "")
        reason = (self.failure and self.failure.description) or (self.error and self.error.message)
        if reason:
            message = f"{message} {reason.strip().removeprefix(_CARRIER)}"
        return message.strip() or self.kind


class Instigator(Answer):
    """A schedule or sensor and whether it is running."""

    name: str
    state_id: str
    running: bool


class AssetKey(Answer):
    path: tuple[str, ...]

    @property
    def text(self) -> str:
        return "/".join(self.path)


class Materialization(Answer):
    """What was last written of an asset; ``numbers`` are its numeric metadata by label."""

    run_id: str = Field(alias="runId")
    timestamp: EpochMs
    entries: list[dict[str, Any]] = Field(alias="metadataEntries")

    def number(self, label: str) -> float | None:
        """The numeric metadata entry of this label."""
        for entry in self.entries:
            if entry["label"] == label:
                for kind in ("intRepr", "floatValue"):
                    if entry.get(kind) is not None:
                        return float(entry[kind])
        return None


class AssetNode(Answer):
    """An asset of the loaded definitions."""

    key: AssetKey = Field(alias="assetKey")
    group: str = Field(alias="groupName")
    materializable: bool = Field(alias="isMaterializable")
    op_names: list[str] = Field(alias="opNames")
    upstream: list[AssetKey] = Field(alias="dependencyKeys")
    tags: Annotated[dict[str, str], BeforeValidator(_tags)]
    materializations: list[Materialization] = Field(alias="assetMaterializations")
