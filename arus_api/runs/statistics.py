"""Counts of runs by day, for the dashboard's chart."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy.orm import Session

from arus_api.runs.schemas import DailyStatistics
from arus_api.runs.status import SKIPPED_TAG
from arus_dagster.catalog.repositories import table_results
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.models import RunStatus
from arus_dagster.orchestration.run_filter import RunFilter

MAX_DAYS = 90
_ENDED = (RunStatus.SUCCESS, RunStatus.FAILURE, RunStatus.CANCELED)
_MOST_SKIPPED = 100_000


def daily(session: Session, dagster: DagsterClient, days: int) -> list[DailyStatistics]:
    """The last ``days`` days in UTC, today included, oldest first, empty days too.

    Raises:
        UnavailableError: Dagster is away.
    """
    today = datetime.now(UTC).date()
    dates = [today - timedelta(days=back) for back in reversed(range(days))]
    start = _midnight(dates[0])
    rows = table_results.rows_by_day(session, dates[0])
    skipped = Counter(
        run.created.date()
        for run in dagster.runs(
            RunFilter(tags=SKIPPED_TAG, created_after=start), limit=_MOST_SKIPPED
        )
    )
    filters = [
        RunFilter(
            statuses=None if status is None else [status],
            created_after=_midnight(day),
            created_before=_midnight(day + timedelta(days=1)),
        )
        for day in dates
        for status in (None, *_ENDED)
    ]
    counts = iter(dagster.count_many(filters))
    statistics = []
    for day in dates:
        total, success, failed, cancelled = (next(counts) for _ in range(4))
        statistics.append(
            DailyStatistics(
                date=day.isoformat(),
                total=total,
                success=success - skipped[day],
                failed=failed,
                cancelled=cancelled,
                rows_synced=rows.get(day, 0),
            )
        )
    return statistics


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)
