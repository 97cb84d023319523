"""The sensor that takes out what the catalog need not keep."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from arus_dagster.catalog.repositories import settings, table_results
from arus_dagster.catalog.session import session_scope

INTERVAL_SECONDS = 3600


def housekeeping_sensor() -> dg.SensorDefinition:
    """Hourly, in the code server: there is nothing to launch a run for."""
    return dg.SensorDefinition(
        name="housekeeping",
        evaluation_fn=_clean,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Forgets results of tables older than result_retention_days.",
    )


def _clean(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    with session_scope() as session:
        kept = timedelta(days=settings.load(session).result_retention_days)
        forgotten = table_results.prune(session, kept)
    return dg.SkipReason(f"{forgotten} results forgotten.")
