"""A run whose process is gone is failed, and no other; the whole way is in the acceptance tests."""

import threading
from collections.abc import Iterator

import dagster as dg
import pytest

from arus_dagster.catalog.session import Catalog
from arus_dagster.defs import lost_runs
from arus_dagster.settings import Settings
from tests.gate import eventually
from tests.servers import Database


@dg.op
def nothing() -> None:
    pass


@dg.job
def job() -> None:
    nothing()


class Watch:
    """The sensor, ticked by hand."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self.instance = instance
        self.cursor: str | None = None

    def start(self, status: dg.DagsterRunStatus = dg.DagsterRunStatus.STARTED) -> str:
        """A run that Dagster believes to be at work."""
        run = self.instance.create_run_for_job(job, status=status)
        return run.run_id

    def look(self) -> None:
        context = dg.build_sensor_context(instance=self.instance, cursor=self.cursor)
        lost_runs.lost_runs_sensor()(context)
        self.cursor = context.cursor

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        run = self.instance.get_run_by_id(run_id)
        assert run is not None
        return run.status


@pytest.fixture
def catalog(catalog_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Catalog]:
    opened = Catalog(catalog_settings, "arus tests")
    monkeypatch.setattr(lost_runs, "get_catalog", lambda: opened)
    yield opened
    opened.dispose()


@pytest.fixture
def watch(catalog: Catalog) -> Iterator[Watch]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watch(instance)


def test_a_run_without_its_lock_is_failed_after_several_looks(watch: Watch) -> None:
    run_id = watch.start()
    for _ in range(lost_runs.LOOKS - 1):
        watch.look()
    assert watch.status(run_id) == dg.DagsterRunStatus.STARTED
    watch.look()
    assert watch.status(run_id) == dg.DagsterRunStatus.FAILURE


def test_one_that_was_being_cancelled_counts_as_cancelled(watch: Watch) -> None:
    run_id = watch.start(dg.DagsterRunStatus.CANCELING)
    for _ in range(lost_runs.LOOKS):
        watch.look()
    assert watch.status(run_id) == dg.DagsterRunStatus.CANCELED


def test_a_run_that_lives_is_left_alone_though_the_catalog_drops_its_connection(
    watch: Watch, catalog: Catalog, catalog_db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost_runs, "_BEAT_SECONDS", 0.05)
    run_id = watch.start()
    stop = threading.Event()

    def hold() -> None:
        # As the process of a run does; ended by the test alone.
        while not stop.is_set():
            lost_runs.hold_once(catalog, run_id, stop)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        for _ in range(3):
            eventually(lambda: not lost_runs.without_life(catalog, [run_id]))
            for _ in range(lost_runs.LOOKS):
                watch.look()
            catalog_db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
                admin=True,
            )
            watch.look()
        assert watch.status(run_id) == dg.DagsterRunStatus.STARTED
    finally:
        stop.set()
        holder.join()
