"""What the installation does, in Prometheus' terms, asked anew for each scrape.

Owns the names of the metrics and the questions behind them, whose number does not depend on the
installation's size: three of the catalog, two of Dagster. Labels are pipelines' slugs and the
statuses of runs, nothing else. Refuses to fail: a part that is away is a figure of its own, and
its other figures are left out.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from arus_api.runs.status import SKIPPED_TAG, STATUSES
from arus_dagster.catalog import Pipeline
from arus_dagster.catalog.freshness import Freshness, freshness_by_pipeline
from arus_dagster.catalog.repositories import table_results
from arus_dagster.catalog.session import Catalog
from arus_dagster.errors import ArusError
from arus_dagster.logging import get_logger
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.run_filter import RunFilter

log = get_logger(__name__)

# Several scrapers at once, or one that scrapes too often, cost no more than this allows.
KEPT_SECONDS = 5.0
PATIENCE_SECONDS = 10.0
RECENT = timedelta(hours=1)


class InstallationCollector(Collector):
    """Collects from the catalog and from Dagster.

    Args:
        catalog: one whose connections no request holds.
    """

    def __init__(self, catalog: Catalog, dagster: DagsterClient) -> None:
        self._catalog = catalog
        self._dagster = dagster
        self._lock = threading.Lock()
        self._kept: Sequence[Metric] = ()
        self._kept_at = float("-inf")

    def describe(self) -> Iterable[Metric]:
        """Nothing: asked when it is registered, when the catalog may not be there yet."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The metrics, at most ``KEPT_SECONDS`` old."""
        with self._lock:
            if time.monotonic() - self._kept_at > KEPT_SECONDS:
                self._kept = [*self._of_catalog(), *self._of_dagster()]
                self._kept_at = time.monotonic()
            return self._kept

    def _of_catalog(self) -> Iterator[Metric]:
        now = datetime.now(UTC)
        try:
            with self._catalog.session() as session:
                slugs = dict(session.execute(select(Pipeline.id, Pipeline.slug)).all())
                recent = table_results.measured_since(session, now - RECENT)
                fresh = freshness_by_pipeline(session, now)
        except SQLAlchemyError as error:
            log.warning("catalog_unavailable", error=type(error).__name__)
            yield _single("arus_catalog_up", "Whether the catalog answers.", 0)
            return
        yield _single("arus_catalog_up", "Whether the catalog answers.", 1)
        yield _single("arus_pipelines", "Pipelines in the catalog.", len(slugs))
        for name, field, meaning in _RECENT:
            family = GaugeMetricFamily(name, meaning, labels=["pipeline"])
            for key, slug in slugs.items():
                measured = recent.get(key)
                family.add_metric([slug], 0 if measured is None else getattr(measured, field))
            yield family
        for name, field, meaning in _FRESHNESS:
            family = GaugeMetricFamily(name, meaning, labels=["pipeline"])
            for key, slug in slugs.items():
                seconds = getattr(fresh.get(key, Freshness()), field)
                if seconds is not None:
                    family.add_metric([slug], seconds)
            yield family

    def _of_dagster(self) -> Iterator[Metric]:
        plain = [RunFilter(statuses=statuses) for statuses in STATUSES.values()]
        names = list(STATUSES)
        skipped = RunFilter(statuses=STATUSES["skipped"], tags=SKIPPED_TAG)
        try:
            found = self._dagster.count_many([*plain, skipped], PATIENCE_SECONDS)
            counts = dict(zip([*names, "all skipped"], found, strict=True))
            daemons = self._dagster.daemon_health(PATIENCE_SECONDS)
        except ArusError as error:
            log.warning("dagster_unreachable", error=str(error))
            yield _single("arus_dagster_up", "Whether Dagster's webserver answers.", 0)
            return
        # Dagster ends a skipped run as a success; its tag tells the two apart.
        counts["skipped"] = counts.pop("all skipped")
        counts["success"] -= counts["skipped"]
        yield _single("arus_dagster_up", "Whether Dagster's webserver answers.", 1)
        family = GaugeMetricFamily("arus_runs", "Runs that Dagster keeps.", labels=["status"])
        for status in names:
            family.add_metric([status], counts[status])
        yield family
        yield _single("arus_queue_depth", "Runs that wait for their start.", counts["pending"])
        up = GaugeMetricFamily(
            "arus_daemon_up",
            "Whether a daemon of Dagster's is alive.",
            labels=["daemon"],
        )
        for daemon, healthy in daemons.items():
            up.add_metric([daemon.lower()], healthy)
        yield up


_RECENT = (
    ("arus_pipeline_rows_loaded_last_hour", "rows_loaded", "Rows put into targets."),
    ("arus_pipeline_rows_rejected_last_hour", "rows_failed", "Rows put into the dead letters."),
    ("arus_pipeline_bytes_read_last_hour", "bytes", "Bytes read from the source."),
    (
        "arus_pipeline_tables_failed_last_hour",
        "tables_failed",
        "Failed syncs of single tables.",
    ),
)
_FRESHNESS = (
    (
        "arus_pipeline_lag_seconds",
        "lag_seconds",
        "Now minus the watermark, of the incremental table that lags most.",
    ),
    (
        "arus_pipeline_last_success_age_seconds",
        "age_seconds",
        "Time since the last success, of the enabled table that has waited longest.",
    ),
)


def _single(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)
