"""The sensor that takes out what the catalog need not keep."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg

from arus_dagster.catalog.repositories import audit_entries, settings, table_results
from arus_dagster.catalog.session import session_scope

INTERVAL_SECONDS = 3600


def housekeeping_sensor() -> dg.SensorDefinition:
    """Hourly, in the code server: there is nothing to launch a run for."""
    return dg.SensorDefinition(
        name="housekeeping",
        evaluation_fn=_clean,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Forgets results of tables and entries of the audit log past their time.",
    )


def _clean(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    with session_scope() as session:
        now = settings.load(session)
        results = table_results.prune(session, timedelta(days=now.result_retention_days))
        entries = audit_entries.prune(session, timedelta(days=now.audit_retention_days))
    return dg.SkipReason(f"{results} results and {entries} audit entries forgotten.")
