"""Further attempts at a table: how many, and after which pause.

Owns the pause itself. It is spent inside the next attempt, where a cancel ends it at once:
Dagster's own wait between attempts sleeps in a way that no cancel interrupts.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_dagster.catalog import Pipeline
from arus_dagster.catalog.repositories import settings


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often a table is tried again within a run, and after how many seconds at first."""

    max_retries: int
    initial_backoff: int

    def pause(self, attempt: int) -> int:
        """Seconds to wait after a failed attempt; the first attempt is 0."""
        return self.initial_backoff << attempt


def retry_policy(session: Session, pipeline_id: uuid.UUID) -> RetryPolicy:
    """The pipeline's own policy, with the installation's settings where it has none."""
    own = session.execute(
        select(Pipeline.max_retries, Pipeline.initial_backoff).where(Pipeline.id == pipeline_id)
    ).one_or_none()
    in_force = settings.load(session)
    retries, backoff = own if own is not None else (None, None)
    return RetryPolicy(
        max_retries=in_force.max_retries if retries is None else retries,
        initial_backoff=in_force.initial_backoff if backoff is None else backoff,
    )


class Pause:
    """The time that must pass before a table is tried again, over the attempts of one step."""

    def __init__(self) -> None:
        self._until: float | None = None

    def start(self, seconds: float) -> None:
        """Begin now; other tables may run meanwhile."""
        self._until = time.monotonic() + seconds

    def finish(self, whole: float, tell: Callable[[str], None]) -> None:
        """Spend what is left of it.

        Args:
            whole: its seconds, for an attempt in another process than the one before: that one
                begins as soon as the one before has failed.
        """
        until, self._until = self._until, None
        seconds = whole if until is None else until - time.monotonic()
        if seconds > 0:
            tell(f"Waiting {seconds:.1f} s before the next attempt.")
            time.sleep(seconds)
