"""Sensors of the whole location: outcomes of runs become messages, and messages are sent.

Owns how Dagster's run states reach ``arus_dagster.notify``. One tick takes all runs that have
ended since the one before: Dagster's own run-status sensors take a few runs a tick, and would
fall behind where hundreds of pipelines run every five minutes.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dagster as dg

from arus_dagster import names
from arus_dagster.catalog.session import get_catalog, session_scope
from arus_dagster.defs.runs import is_skipped
from arus_dagster.notify.delivery import deliver_due
from arus_dagster.notify.events import RunOutcome, on_run_finished
from arus_dagster.settings import get_settings

INTERVAL_SECONDS = 5
# At most so many in a tick, which has a minute.
_BATCH = 200
# Events are counted in the order in which they are written, not in that of their commits: one may
# come to light after so many later ones, at the most.
_OVERLAP = 2_000
_OUTCOMES: dict[dg.DagsterEventType, RunOutcome] = {
    dg.DagsterEventType.RUN_SUCCESS: "success",
    dg.DagsterEventType.RUN_FAILURE: "failure",
}


def notification_sensors(version: int, broken: Mapping[str, str]) -> list[dg.SensorDefinition]:
    """The sensors, of which the status sensor carries what was loaded.

    Args:
        version: the catalog's count of changes that the definitions hold.
        broken: slugs of the pipelines that were left out, to the reason.
    """
    return [
        dg.SensorDefinition(
            name="ended_runs",
            evaluation_fn=_notice_outcomes,
            minimum_interval_seconds=INTERVAL_SECONDS,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Puts messages about runs that succeeded or failed on their way.",
        ),
        dg.SensorDefinition(
            name=names.STATUS_SENSOR,
            evaluation_fn=_deliver,
            minimum_interval_seconds=INTERVAL_SECONDS,
            default_status=dg.DefaultSensorStatus.RUNNING,
            description="Sends the messages that are due.",
            metadata={
                names.VERSION_METADATA: version,
                names.BROKEN_METADATA: json.dumps(dict(broken)),
            },
        ),
    ]


@dataclass(frozen=True, slots=True)
class _Place:
    """How far the events were looked through: an event's number, and those seen shortly before.

    Numbers and not times, so that neither a clock that is set back nor any number of runs that
    end together hides a run.
    """

    start: int
    latest: int
    seen: frozenset[int]

    @classmethod
    def parse(cls, cursor: str) -> _Place:
        stored = json.loads(cursor)
        return cls(stored["start"], stored["latest"], frozenset(stored["seen"]))

    def dump(self) -> str:
        return json.dumps({"start": self.start, "latest": self.latest, "seen": sorted(self.seen)})

    @property
    def look_after(self) -> int:
        """The event from which on there may be some that were not seen."""
        return max(self.start, self.latest - _OVERLAP)

    def after(self, numbers: Sequence[int]) -> _Place:
        """The place behind these events too."""
        latest = max([self.latest, *numbers])
        seen = frozenset(n for n in (*self.seen, *numbers) if n > latest - _OVERLAP)
        return _Place(self.start, latest, seen)


def _notice_outcomes(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    if context.cursor is None:
        # What ended before anybody watched is no news.
        latest = max((_latest(context.instance, kind) for kind in _OUTCOMES), default=0)
        context.update_cursor(_Place(latest, latest, frozenset()).dump())
        return dg.SkipReason("Watching from now on.")
    place = _Place.parse(context.cursor)
    ended = _ended_since(context.instance, place)
    run_ids = [run_id for _, run_id, _ in ended]
    runs = context.instance.get_runs(filters=dg.RunsFilter(run_ids=run_ids)) if ended else []
    by_id = {run.run_id: run for run in runs}
    for _, run_id, outcome in ended:
        if run_id in by_id:  # else deleted since
            _tell(by_id[run_id], outcome)
    context.update_cursor(place.after([number for number, _, _ in ended]).dump())
    return dg.SkipReason(f"{len(ended)} runs have ended.")


def _latest(instance: dg.DagsterInstance, kind: dg.DagsterEventType) -> int:
    records = instance.fetch_run_status_changes(kind, limit=1).records
    return records[0].storage_id if records else 0


def _ended_since(instance: dg.DagsterInstance, place: _Place) -> list[tuple[int, str, RunOutcome]]:
    """Events behind the place, oldest first: number, run, and how it ended."""
    # Those seen already come again, and must not fill the batch.
    limit = _BATCH + len(place.seen)
    found: list[tuple[int, str, RunOutcome]] = []
    reach: list[int] = []
    for kind, outcome in _OUTCOMES.items():
        wanted = dg.RunStatusChangeRecordsFilter(
            event_type=kind,  # type: ignore[arg-type]
            after_storage_id=place.look_after,
        )
        records = instance.fetch_run_status_changes(wanted, limit=limit, ascending=True).records
        found += [(record.storage_id, record.run_id, outcome) for record in records]
        if len(records) == limit:
            reach.append(records[-1].storage_id)
    # Of the one kind there may be more between; what lies behind them waits for the next tick.
    end = min(reach, default=None)
    return sorted(
        event for event in found if event[0] not in place.seen and (end is None or event[0] <= end)
    )


def _tell(run: dg.DagsterRun, outcome: RunOutcome) -> None:
    pipeline_id = run.tags.get(names.PIPELINE_ID)
    if pipeline_id is None or is_skipped(run):
        return
    with session_scope() as session:
        on_run_finished(
            session,
            uuid.UUID(pipeline_id),
            run.run_id,
            outcome,
            dagster_links=get_settings().dagster_links,
        )


def _deliver(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    done = deliver_due(get_catalog().session)
    return dg.SkipReason(
        f"{done.sent} sent, {done.postponed} to be tried again, {done.given_up} given up."
    )
