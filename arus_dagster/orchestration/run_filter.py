"""Which runs are meant, as Dagster's ``RunsFilter`` takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from arus_dagster.orchestration.models import RunStatus


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Conditions that all hold; None leaves one out.

    Args:
        job_name: of an indexed column, so quicker than a tag where runs are many.
        tags: all of them, with these values.
        created_after, created_before: when the run was asked for.
    """

    run_ids: Sequence[str] | None = None
    statuses: Sequence[RunStatus] | None = None
    job_name: str | None = None
    tags: Mapping[str, str] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    @property
    def variables(self) -> dict[str, Any]:
        """The value of a GraphQL variable of type ``RunsFilter``."""
        given = {
            "runIds": None if self.run_ids is None else list(self.run_ids),
            "statuses": None if self.statuses is None else [s.value for s in self.statuses],
            "pipelineName": self.job_name,
            "tags": None if self.tags is None else tag_list(self.tags),
            "createdAfter": self.created_after and self.created_after.timestamp(),
            "createdBefore": self.created_before and self.created_before.timestamp(),
        }
        return {name: value for name, value in given.items() if value is not None}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as GraphQL takes them."""
    return [{"key": key, "value": value} for key, value in tags.items()]
