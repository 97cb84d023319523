"""What a sync came to reaches the catalog, though the catalog is away for a while."""

from __future__ import annotations

import threading
import uuid

import pytest
from sqlalchemy import text

from arus_dagster.catalog.repositories import table_results
from arus_dagster.catalog.session import Catalog
from arus_dagster.catalog.specs import sync_request
from arus_dagster.defs import outcomes
from arus_dagster.engine.result import SyncResult
from arus_dagster.engine.specs import RunSpec, SyncRequest
from arus_dagster.settings import Settings
from tests.integration.catalog.conftest import make_destination, make_pipeline, make_source


@pytest.fixture
def request_of_a_table(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> SyncRequest:
    monkeypatch.setattr(outcomes, "session_scope", catalog.session)
    with catalog.session() as session:
        pipeline = make_pipeline(session, make_source(session), make_destination(session))
        run = RunSpec(id=str(uuid.uuid4()))
        return sync_request(session, pipeline.id, pipeline.tables[0].id, run)


class Outage:
    """The catalog's database lets nobody in until ``end``."""

    def __init__(self, settings: Settings) -> None:
        elsewhere = settings.model_copy(update={"db_name": "postgres"})
        self._postgres = Catalog(elsewhere, "arus tests outage")
        self._name = settings.db_name

    def _allow(self, allowed: bool) -> None:
        with self._postgres.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(
                text(f'ALTER DATABASE "{self._name}" ALLOW_CONNECTIONS {str(allowed).lower()}')
            )
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :n"),
                {"n": self._name},
            )

    def begin(self) -> None:
        self._allow(False)

    def end(self) -> None:
        self._allow(True)
        self._postgres.dispose()


def test_a_result_is_recorded_when_the_catalog_is_back(
    catalog: Catalog, catalog_settings: Settings, request_of_a_table: SyncRequest
) -> None:
    outage = Outage(catalog_settings)
    outage.begin()
    back = threading.Timer(2, outage.end)
    back.start()

    assert outcomes.record(request_of_a_table, SyncResult(rows_extracted=3, rows_loaded=3))

    back.join()
    with catalog.session() as session:
        (stored,) = table_results.of_run(session, request_of_a_table.run.id)
        assert (stored.rows_loaded, stored.error_message) == (3, None)


def test_a_load_is_no_failure_because_the_catalog_stays_away(
    catalog_settings: Settings,
    request_of_a_table: SyncRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outcomes, "PATIENCE_SECONDS", 1.0)
    outage = Outage(catalog_settings)
    outage.begin()
    try:
        assert outcomes.record(request_of_a_table, SyncResult(rows_loaded=3)) is False
    finally:
        outage.end()


def test_recording_again_changes_nothing(catalog: Catalog, request_of_a_table: SyncRequest) -> None:
    for _ in range(2):
        assert outcomes.record(request_of_a_table, SyncResult(rows_loaded=3))
    with catalog.session() as session:
        assert len(table_results.of_run(session, request_of_a_table.run.id)) == 1
