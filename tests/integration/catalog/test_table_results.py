import uuid
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from arus_dagster.catalog import PipelineTable, TableResult
from arus_dagster.catalog.repositories import pipelines, table_drifts, table_results
from arus_dagster.catalog.repositories.table_results import RowTotals
from arus_dagster.catalog.specs import sync_request
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.engine.result import Check, DriftEvent, SyncResult
from arus_dagster.engine.specs import RunSpec
from tests.integration.catalog.conftest import make_destination, make_pipeline, make_source

DAY_AGO = datetime.now(UTC) - timedelta(days=1)
DRIFT = DriftEvent("column_added", "vat", None, "numeric", "a column vat was added")


@pytest.fixture
def pipeline(session):
    tables = (TableChoice("users"), TableChoice("orders", "public"))
    return make_pipeline(session, make_source(session), make_destination(session), tables=tables)


def request(session, pipeline, run_id, table=0):
    return sync_request(session, pipeline.id, pipeline.tables[table].id, RunSpec(id=run_id))


def age(session, run_id, days):
    session.execute(
        update(TableResult)
        .where(TableResult.run_id == run_id)
        .values(finished_at=func.now() - timedelta(days=days))
    )


def test_a_result_is_kept_whole(session, pipeline):
    result = SyncResult(
        rows_extracted=7,
        rows_loaded=4,
        rows_deleted=1,
        rows_dropped=1,
        rows_failed=1,
        row_count=40,
        bytes=2**40,
        watermark_before="2026-01-01 00:00:00.000001",
        watermark_after="2026-01-02 00:00:00.000001",
        warnings={"zero_date": 3},
        drift=(DRIFT,),
        checks=(Check("row_balance", True, "adds up", 7, 7),),
    )

    table_results.record(session, request(session, pipeline, "r1"), result)

    (kept,) = table_results.of_run(session, "r1")
    assert kept.table_name == "public.users"
    assert (kept.rows_extracted, kept.rows_loaded, kept.bytes) == (7, 4, 2**40)
    assert kept.watermark_after == "2026-01-02 00:00:00.000001"
    assert kept.warnings == {"zero_date": 3}
    assert kept.checks[0]["name"] == "row_balance"
    (drift,) = table_drifts.of_run(session, "r1")
    assert (drift.kind, drift.column, drift.table_name) == ("column_added", "vat", "public.users")
    assert table_drifts.of_pipeline(session, pipeline.id, limit=5) == [drift]


def test_a_further_attempt_replaces_the_one_before(session, pipeline):
    asked = request(session, pipeline, "r1")
    table_results.record_failure(session, asked, "the server went away", (DRIFT,))
    (failed,) = table_results.of_run(session, "r1")
    assert failed.error_message == "the server went away"

    table_results.record(session, asked, SyncResult(rows_loaded=5, drift=(DRIFT,)))

    session.expire_all()
    (kept,) = table_results.of_run(session, "r1")
    assert (kept.error_message, kept.rows_loaded) == (None, 5)
    assert len(table_drifts.of_run(session, "r1")) == 1


def test_a_pipeline_deleted_meanwhile_records_nothing(session, pipeline):
    asked = request(session, pipeline, "r1")
    pipelines.delete(session, pipeline)

    table_results.record(session, asked, SyncResult(rows_loaded=5))

    assert table_results.of_run(session, "r1") == []


def test_rows_are_summed_by_run_pipeline_and_day(session, pipeline):
    for run, table, rows in (("r1", 0, 5), ("r1", 1, 7), ("r2", 0, 11)):
        asked = request(session, pipeline, run, table)
        table_results.record(session, asked, SyncResult(rows_loaded=rows))
    age(session, "r2", 3)
    idle = make_pipeline(session, pipeline.source, pipeline.destination, "Idle", ())

    assert table_results.rows_by_run(session, ["r1", "r2", "r3"]) == {"r1": 12, "r2": 11}
    assert table_results.totals(session, DAY_AGO) == RowTotals(23, 12)
    assert table_results.totals_by_pipeline(session, [pipeline.id, idle.id], DAY_AGO) == {
        pipeline.id: RowTotals(23, 12),
        idle.id: RowTotals(0, 0),
    }
    by_day = table_results.rows_by_day(session, date.today() - timedelta(days=10))
    assert sorted(by_day.values()) == [11, 12]
    (later,) = [day for day, rows in by_day.items() if rows == 12]
    assert later == session.scalar(select(func.current_date()))
    assert table_results.rows_by_day(session, later) == {later: 12}


def test_totals_of_an_empty_catalog_are_zero(session):
    assert table_results.totals(session, DAY_AGO) == RowTotals(0, 0)
    assert table_results.synced_tables(session) == 0


def test_the_latest_success_tells_of_a_table(session, pipeline):
    users, orders = pipeline.tables
    table_results.record(
        session,
        request(session, pipeline, "r1"),
        SyncResult(row_count=1, watermark_after="a"),
    )
    table_results.record(
        session,
        request(session, pipeline, "r2"),
        SyncResult(row_count=2, watermark_after="b"),
    )
    table_results.record_failure(session, request(session, pipeline, "r3"), "no")

    latest = table_results.latest_by_table(session, [pipeline.id])

    assert set(latest) == {users.id}
    assert (latest[users.id].row_count, latest[users.id].watermark_value) == (2, "b")
    assert orders.id not in latest


def test_tables_are_counted_once_whoever_reads_them(session, pipeline):
    make_pipeline(session, pipeline.source, pipeline.destination, "Again")
    off = TableChoice("orders", "archive", {"enabled": False})
    make_pipeline(session, pipeline.source, pipeline.destination, "Off", (off,))

    assert table_results.synced_tables(session) == 2


def test_pruning_keeps_totals_and_each_tables_last_success(session, pipeline):
    for number, rows in enumerate((1, 2, 4, 8)):
        asked = request(session, pipeline, f"r{number}")
        table_results.record(session, asked, SyncResult(rows_loaded=rows, row_count=rows))
        age(session, f"r{number}", 400 - number)
    table_results.record_failure(session, request(session, pipeline, "failed"), "no")
    age(session, "failed", 300)
    table_results.record_failure(session, request(session, pipeline, "recent"), "no")
    before = table_results.totals(session, DAY_AGO)

    assert table_results.prune(session, timedelta(days=90)) == 4

    assert table_results.totals(session, DAY_AGO) == before == RowTotals(15, 0)
    kept = set(session.scalars(select(TableResult.run_id)))
    assert kept == {"r3", "recent"}
    assert table_results.prune(session, timedelta(days=90)) == 0


def test_a_result_of_a_table_that_was_left_out_stays_in_the_total(session, pipeline):
    table_results.record(session, request(session, pipeline, "r1"), SyncResult(rows_loaded=5))
    pipelines.update(session, pipeline, {}, [])

    assert session.scalars(select(PipelineTable)).all() == []
    assert table_results.totals(session, DAY_AGO).total == 5
    assert table_results.latest_by_table(session, [pipeline.id]) == {}
    assert uuid.UUID(str(table_results.of_run(session, "r1")[0].table_id))
