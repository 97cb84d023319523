"""A run's log: the events that Dagster stored, as lines.

Owns the table a line is about, and the count of a log's lines, which Dagster has no question for.
"""

from __future__ import annotations

import uuid
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_api.pagination import Paging
from arus_api.runs.schemas import LogLevel, RunLog
from arus_dagster import names
from arus_dagster.catalog import PipelineTable, TableResult
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.models import LogEvent

_LEVELS: Mapping[str, LogLevel] = {
    "DEBUG": "DEBUG",
    "INFO": "INFO",
    "WARNING": "WARNING",
    "ERROR": "ERROR",
    "CRITICAL": "ERROR",
}


@dataclass(frozen=True, slots=True)
class LogLines:
    """Some lines of a log, and how many it has in all at this moment."""

    lines: list[RunLog]
    total: int


class LogLengths:
    """How many lines runs have at least.

    A log only grows, so what was seen once still holds, and a count begins there.
    """

    _MOST = 10_000

    def __init__(self) -> None:
        self._seen: OrderedDict[str, int] = OrderedDict()
        self._lock = Lock()

    def seen(self, run_id: str) -> int:
        """Lines that the run's log is known to have."""
        with self._lock:
            return self._seen.get(run_id, 0)

    def see(self, run_id: str, lines: int) -> None:
        """Remember that the log has this many."""
        with self._lock:
            self._seen[run_id] = max(lines, self._seen.pop(run_id, 0))
            if len(self._seen) > self._MOST:
                self._seen.popitem(last=False)


_lengths = LogLengths()


def read(
    session: Session,
    dagster: DagsterClient,
    run_id: uuid.UUID,
    paging: Paging,
) -> LogLines:
    """Lines of a run's log in the order in which they were stored.

    Raises:
        NotFoundError: there is no such run.
        UnavailableError: Dagster is away.
    """
    run = dagster.run(str(run_id))
    events = dagster.logs(run.id, offset=paging.offset, limit=paging.limit)
    if events:
        _lengths.see(run.id, paging.offset + len(events))
    total = paging.offset + len(events)
    if len(events) == paging.limit or (not events and paging.offset > 0):
        total = _count(dagster, run.id)
    tables = _Tables(session, run.id, run.tags.get(names.PIPELINE_ID))
    return LogLines([_line(event, tables) for event in events], total)


def _count(dagster: DagsterClient, run_id: str) -> int:
    """The length of a log: the last place that holds a line, found by doubling and halving."""
    least = _lengths.seen(run_id)
    step = 1
    while dagster.logs(run_id, offset=least + step - 1, limit=1):
        least += step
        step *= 2
    beyond = least + step
    while beyond - least > 1:
        middle = (least + beyond) // 2
        if dagster.logs(run_id, offset=middle - 1, limit=1):
            least = middle
        else:
            beyond = middle
    _lengths.see(run_id, least)
    return least


class _Tables:
    """Which table a step is about."""

    def __init__(self, session: Session, run_id: str, pipeline_id: str | None) -> None:
        self._session = session
        self._run_id = run_id
        self._pipeline_id = pipeline_id
        self._known: dict[str, str] | None = None

    def of(self, step: str | None) -> str | None:
        if step is None:
            return None
        plain = names.table_of_step(step)
        if plain is not None:
            return plain
        if self._known is None:
            self._known = self._load()
        return self._known.get(names.table_mark(step))

    def _load(self) -> dict[str, str]:
        # A table that was taken out of the pipeline since has left its result.
        results = self._session.execute(
            select(TableResult.table_id, TableResult.table_name).where(
                TableResult.run_id == self._run_id
            )
        )
        known = {names.table_mark(str(row.table_id)): row.table_name for row in results}
        if self._pipeline_id is not None:
            tables = self._session.execute(
                select(PipelineTable.id, PipelineTable.schema, PipelineTable.name).where(
                    PipelineTable.pipeline_id == uuid.UUID(self._pipeline_id)
                )
            )
            known |= {names.table_mark(str(t.id)): f"{t.schema}.{t.name}" for t in tables}
        return known


def _line(event: LogEvent, tables: _Tables) -> RunLog:
    return RunLog(
        timestamp=event.timestamp,
        level=_LEVELS.get(event.level, "INFO"),
        message=event.text,
        table=tables.of(event.step_key),
    )
