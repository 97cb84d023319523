"""Runs whose process is gone without a word: killed, out of memory, or its machine stopped.

A run's process holds a lock in the catalog for as long as it lives, which the server frees when
the process ends in whatever way. A sensor fails the run whose lock nobody holds any more.
Dagster's own run monitoring can't: with the default launcher it knows of no process, and a run
that died with its code server would hold its pipeline up until the run's time limit.

No clock decides: a run is lost when it was found without its lock at several looks in a row, so
neither a clock that jumps nor a daemon that was away ends a run that lives.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Mapping

import dagster as dg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from arus_dagster.catalog.session import Catalog, get_catalog
from arus_dagster.logging import get_logger

log = get_logger(__name__)

INTERVAL_SECONDS = 5
# A process that has just started, or whose connection was cut, is about to take its lock.
LOOKS = 4
_BEAT_SECONDS = 2.0
_WATCHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
_REASON = (
    "The run's process is gone: it was killed, ran out of memory, or its machine stopped. "
    "Tables it had finished are in; of the others nothing was kept, and the next run takes them up."
)
_KEY = "hashtextextended('arus run ' || {}, 0)"
# A machine that vanishes closes no connection: the server asks after it when it has heard nothing
# for so many seconds, then in such intervals, so often.
KEEPALIVE_IDLE_SECONDS = 5
KEEPALIVE_INTERVAL_SECONDS = 3
KEEPALIVE_COUNT = 3
_KEEPALIVE = (
    f"SET tcp_keepalives_idle = {KEEPALIVE_IDLE_SECONDS}",
    f"SET tcp_keepalives_interval = {KEEPALIVE_INTERVAL_SECONDS}",
    f"SET tcp_keepalives_count = {KEEPALIVE_COUNT}",
)
_shown: set[str] = set()


def show_life(run_id: str) -> None:
    """Hold the run's lock from now to the end of this process."""
    if run_id not in _shown:
        _shown.add(run_id)
        threading.Thread(
            target=_hold_for_ever, args=(get_catalog(), run_id), name="sign-of-life", daemon=True
        ).start()


def _hold_for_ever(catalog: Catalog, run_id: str) -> None:
    never = threading.Event()
    while True:
        hold_once(catalog, run_id, never)


def hold_once(catalog: Catalog, run_id: str, stop: threading.Event) -> None:
    """Take the run's lock, and keep it until told to stop or the connection breaks."""
    try:
        with catalog.engine.connect() as opened:
            connection = opened.execution_options(isolation_level="AUTOCOMMIT")
            for setting in _KEEPALIVE:
                connection.execute(text(setting))
            lock = f"SELECT pg_advisory_lock({_KEY.format(':id')})"
            connection.execute(text(lock), {"id": run_id})
            while not stop.wait(_BEAT_SECONDS):
                connection.execute(text("SELECT 1"))
            opened.invalidate()  # the pool would keep the session, and the lock with it
    except SQLAlchemyError as error:
        log.warning("sign_of_life_interrupted", run_id=run_id, error=type(error).__name__)
        stop.wait(_BEAT_SECONDS)


def without_life(catalog: Catalog, run_ids: Collection[str]) -> set[str]:
    """Those of the runs whose lock nobody holds."""
    with catalog.session() as session:
        # Whoever gets the lock finds it free; it is given back at the end of the transaction.
        found = session.execute(
            text(
                "SELECT id FROM unnest(CAST(:ids AS text[])) id"
                f" WHERE pg_try_advisory_xact_lock({_KEY.format('id')})"
            ),
            {"ids": list(run_ids)},
        )
        return set(found.scalars())


def lost_runs_sensor() -> dg.SensorDefinition:
    """Looks at every run that is at work."""
    return dg.SensorDefinition(
        name="lost_runs",
        evaluation_fn=_look,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Fails runs whose process is gone.",
    )


def _look(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    before: Mapping[str, int] = json.loads(context.cursor or "{}")
    runs = context.instance.get_runs(filters=dg.RunsFilter(statuses=_WATCHED))
    silent = without_life(get_catalog(), [run.run_id for run in runs]) if runs else set()
    looks = {run_id: before.get(run_id, 0) + 1 for run_id in silent}
    lost = {run_id for run_id, count in looks.items() if count >= LOOKS}
    for run_id in lost:
        _end(context.instance, run_id)
    context.update_cursor(json.dumps({i: n for i, n in looks.items() if i not in lost}))
    return dg.SkipReason(f"{len(runs)} runs at work, {len(lost)} lost.")


def _end(instance: dg.DagsterInstance, run_id: str) -> None:
    run = instance.get_run_by_id(run_id)
    if run is None or run.is_finished:
        return
    log.warning("run_lost", run_id=run_id, status=run.status.value)
    if run.status == dg.DagsterRunStatus.CANCELING:
        instance.report_run_canceled(run, _REASON)
    else:
        instance.report_run_failed(run, _REASON)
