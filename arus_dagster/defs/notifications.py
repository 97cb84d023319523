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
from datetime import UTC, datetime, timedelta

import dagster as dg

from arus_dagster import names
from arus_dagster.catalog.session import get_catalog, session_scope
from arus_dagster.defs.runs import is_skipped
from arus_dagster.notify.delivery import deliver_due
from arus_dagster.notify.events import RunOutcome, on_run_finished
from arus_dagster.settings import get_settings

INTERVAL_SECONDS = 5
_BATCH = 500
# A transaction may commit after a later one has been seen.
_OVERLAP = timedelta(seconds=30)
_OUTCOMES: dict[dg.DagsterRunStatus, RunOutcome] = {
    dg.DagsterRunStatus.SUCCESS: "success",
    dg.DagsterRunStatus.FAILURE: "failure",
}


def notification_sensors(version: int, broken: Mapping[str, str]) -> list[dg.SensorDefinition]:
    """The sensors, of which the status sensor carries what was loaded.

    Args:
        version: the catalog's count of changes that the definitions hold.
        broken: slugs of the pipelines that were left out, to the reason.
    """
    return [
        dg.SensorDefinition(
            name="run_outcomes",
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
    """How far the runs were looked through: a moment, and the runs seen shortly before it."""

    moment: datetime
    seen: frozenset[str]

    @classmethod
    def parse(cls, cursor: str) -> _Place:
        stored = json.loads(cursor)
        return cls(datetime.fromisoformat(stored["moment"]), frozenset(stored["seen"]))

    def dump(self) -> str:
        return json.dumps({"moment": self.moment.isoformat(), "seen": sorted(self.seen)})

    def after(self, records: Sequence[dg.RunRecord]) -> _Place:
        """The place behind these runs, which are in order of their last change."""
        moment = max([self.moment, *(_changed(record) for record in records[-1:])])
        recent = {r.dagster_run.run_id for r in records if _changed(r) > moment - _OVERLAP}
        return _Place(moment, frozenset(recent))


def _changed(record: dg.RunRecord) -> datetime:
    # Dagster stores UTC without saying so.
    return record.update_timestamp.replace(tzinfo=UTC)


def _notice_outcomes(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    if context.cursor is None:
        # What ended before anybody watched is no news.
        context.update_cursor(_Place(datetime.now(UTC), frozenset()).dump())
        return dg.SkipReason("Watching from now on.")
    place = _Place.parse(context.cursor)
    records = context.instance.get_run_records(
        filters=dg.RunsFilter(statuses=list(_OUTCOMES), updated_after=place.moment - _OVERLAP),
        limit=_BATCH,
        order_by="update_timestamp",
        ascending=True,
    )
    new = [record for record in records if record.dagster_run.run_id not in place.seen]
    for record in new:
        _tell(context.instance, record.dagster_run)
    context.update_cursor(place.after(records).dump())
    return dg.SkipReason(f"{len(new)} runs have ended.")


def _tell(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    pipeline_id = run.tags.get(names.PIPELINE_ID)
    if pipeline_id is None or is_skipped(run):
        return
    with session_scope() as session:
        on_run_finished(
            session,
            uuid.UUID(pipeline_id),
            run.run_id,
            _OUTCOMES[run.status],
            dagster_links=get_settings().dagster_links,
        )


def _deliver(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    done = deliver_due(get_catalog().session)
    return dg.SkipReason(
        f"{done.sent} sent, {done.postponed} to be tried again, {done.given_up} given up."
    )
