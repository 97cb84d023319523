"""Runs from start to end: rows, events, failures, cancels, retries."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import delete

from arus_dagster import names
from arus_dagster.catalog import Pipeline, PipelineTable, Source
from arus_dagster.catalog.repositories import pipelines, sources, table_results
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.cli.process import free_port
from arus_dagster.dialects.registry import open_source
from arus_dagster.orchestration.models import RunStatus
from tests.dagster_stack import wait_for
from tests.integration.defs.conftest import Installation, new_source
from tests.servers import Database

ODD_NAME = 'Order "Items"'
RAW_CUSTOMERS = TableChoice("customers", "public", {"load_mode": "raw"})


def test_a_run_syncs_every_table_and_the_next_one_what_has_changed(
    installation: Installation,
) -> None:
    installation.shop.execute(
        "CREATE TABLE visits (id int PRIMARY KEY, updated_at timestamptz NOT NULL)",
        "INSERT INTO visits VALUES (1, '2024-01-01Z'), (2, '2024-01-02Z')",
    )
    source = _discovered(installation)
    pipeline = installation.pipeline("visits", RAW_CUSTOMERS, ODD_NAME, source=source)

    run = installation.run(pipeline, trigger="manual")

    assert run.status == RunStatus.SUCCESS
    assert [row[0] for row in installation.rows(pipeline, "visits")] == [1, 2]
    assert [row[1] for row in installation.rows(pipeline, "customers")] == ["Ada", "Grace"]
    assert [row[1] for row in installation.rows(pipeline, 'Order ""Items""')] == ["tea"]
    with installation.session() as session:
        results = {r.table_name: r for r in table_results.of_run(session, run.id)}
    assert results["public.visits"].rows_loaded == 2
    assert results["public.customers"].rows_loaded_raw == 2
    assets = {node.key.text: node for node in installation.stack.client.assets(pipeline.slug)}
    assert sum(key.startswith("raw/") for key in assets) == 1
    visits = next(node for key, node in assets.items() if key.endswith("/visits"))
    assert visits.materializations[0].run_id == run.id
    assert visits.materializations[0].number("dagster/row_count") == 2
    assert visits.materializations[0].number("rows_extracted") == 2
    kinds = [event.kind for event in installation.log(run)]
    assert kinds.count("AssetCheckEvaluationEvent") == 8  # visits is not counted each time
    assert not any("did not yield" in event.message for event in installation.log(run))

    _reads_well(installation, pipeline, run.id)

    installation.shop.execute("INSERT INTO visits VALUES (3, '2024-01-03Z')")
    run = installation.run(pipeline)

    assert [row[0] for row in installation.rows(pipeline, "visits")] == [1, 2, 3]
    with installation.session() as session:
        results = {r.table_name: r for r in table_results.of_run(session, run.id)}
    visited = results["public.visits"]
    assert not visited.full
    assert visited.watermark_before == "2024-01-02 00:00:00+00"
    assert visited.watermark_after == "2024-01-03 00:00:00+00"


def test_mariadb_is_read_like_any_source(installation: Installation, mariadb_db: Database) -> None:
    mariadb_db.execute(
        "CREATE TABLE stock (id int PRIMARY KEY, n int unsigned, updated_at datetime(6) NOT NULL)",
        "INSERT INTO stock VALUES (1, 4294967295, '2024-01-01 10:00:00.123456')",
    )
    with installation.session() as session:
        source = new_source(session, mariadb_db)
    table = TableChoice("stock", mariadb_db.name)
    pipeline = installation.pipeline(table, source=source)

    run = installation.run(pipeline)

    assert run.status == RunStatus.SUCCESS
    ((row_id, number, *_),) = installation.rows(pipeline, "stock")
    assert (row_id, number) == (1, 4294967295)


def test_a_cancel_stops_the_run_and_leaves_the_target_as_it_was(
    installation: Installation,
) -> None:
    installation.shop.execute(
        "CREATE TABLE sleep (seconds float)",
        "INSERT INTO sleep VALUES (0)",
        "CREATE VIEW nap AS SELECT n AS id, pg_sleep((SELECT seconds FROM sleep))::text AS nap"
        " FROM generate_series(1, 120) n",
    )
    source = _discovered(installation)
    pipeline = installation.pipeline("nap", source=source)
    installation.run(pipeline)
    before = installation.rows(pipeline, "nap")
    installation.shop.execute("UPDATE sleep SET seconds = 1")
    run = installation.launch(pipeline)
    installation.wait_until_at_work(run)

    installation.stack.client.terminate(run.id)

    assert installation.stack.wait_for_run(run.id).status == RunStatus.CANCELED
    assert len(before) == 120
    assert installation.rows(pipeline, "nap") == before
    for database in (installation.shop, installation.warehouse):
        wait_for(lambda database=database: _is_quiet(database), "the run's connections to close")


def test_a_queued_run_is_cancelled_at_once(installation: Installation) -> None:
    pipeline = installation.pipeline("slow")
    first = installation.launch(pipeline)
    second = installation.launch(pipeline)
    installation.wait_until_at_work(first)

    assert installation.stack.cancel(second.id).status == RunStatus.CANCELED
    assert "RunStartEvent" not in [event.kind for event in installation.log(second)]
    installation.stack.cancel(first.id)


def test_a_passing_failure_is_tried_again_and_then_told_plainly(
    installation: Installation,
) -> None:
    source = installation.another_source(port=free_port())
    pipeline = installation.pipeline("orders", source=source, max_retries=1, initial_backoff=0)

    run = installation.run(pipeline)

    assert run.status == RunStatus.FAILURE
    log = installation.log(run)
    kinds = [event.kind for event in log]
    assert kinds.count("ExecutionStepUpForRetryEvent") == 1
    assert any("attempt 1 of 2" in event.message for event in log)
    (failure,) = [event for event in log if event.kind == "ExecutionStepFailureEvent"]
    with installation.session() as session:
        (result,) = table_results.of_run(session, run.id)
    assert failure.failure is not None
    assert failure.failure.description == result.error_message
    assert "127.0.0.1" in str(result.error_message)


def test_a_cancel_ends_the_pause_before_the_next_attempt(installation: Installation) -> None:
    source = installation.another_source(port=free_port())
    pipeline = installation.pipeline("orders", source=source, max_retries=3, initial_backoff=3600)
    run = installation.launch(pipeline)
    wait_for(
        lambda: any("before the next attempt" in e.message for e in installation.log(run)),
        "the pause to begin",
    )

    ended = installation.stack.cancel(run.id)

    assert ended.status == RunStatus.CANCELED
    kinds = [event.kind for event in installation.log(run)]
    assert kinds.count("ExecutionStepUpForRetryEvent") == 1


def test_a_failure_that_will_not_pass_is_not_tried_again(installation: Installation) -> None:
    secret = f"canary-{uuid.uuid4().hex}"
    source = installation.another_source(password=secret)
    pipeline = installation.pipeline("orders", source=source, max_retries=5, initial_backoff=0)

    run = installation.run(pipeline)

    assert run.status == RunStatus.FAILURE
    log = installation.log(run)
    assert "ExecutionStepUpForRetryEvent" not in [event.kind for event in log]
    assert secret not in repr(log)
    assert secret not in installation.stack.log("code-server")


def test_a_retry_runs_what_failed_alone(installation: Installation) -> None:
    installation.shop.execute(
        "CREATE TABLE shaky (id int PRIMARY KEY)", "INSERT INTO shaky VALUES (1)"
    )
    source = _discovered(installation)
    pipeline = installation.pipeline("customers", "shaky", source=source, max_retries=0)
    installation.shop.execute("ALTER TABLE shaky RENAME TO hidden")
    failed = installation.run(pipeline, mode="full_refresh")
    installation.shop.execute("ALTER TABLE hidden RENAME TO shaky")

    again = installation.stack.client.reexecute(
        failed.id, {names.TRIGGER: "retry"}, failed_steps_only=True
    )

    run = installation.stack.wait_for_run(again.id)
    assert (failed.status, run.status) == (RunStatus.FAILURE, RunStatus.SUCCESS)
    assert run.parent_id == failed.id
    assert run.tags[names.MODE] == "full_refresh"
    assert run.tags[names.PIPELINE_ID] == str(pipeline.id)
    with installation.session() as session:
        tables = [result.table_name for result in table_results.of_run(session, run.id)]
    assert tables == ["public.shaky"]


def test_of_runs_asked_for_at_once_the_needless_one_is_skipped(
    installation: Installation,
) -> None:
    pipeline = installation.pipeline("customers")
    triggered, ticked, queued_on_purpose = (
        installation.launch(pipeline, **tags)
        for tags in ({"trigger": "manual"}, {"trigger": "scheduled"}, {})
    )

    runs = [
        installation.stack.wait_for_run(run.id) for run in (triggered, ticked, queued_on_purpose)
    ]

    assert [run.status for run in runs] == [RunStatus.SUCCESS] * 3
    assert [run.tags.get(names.OUTCOME) for run in runs] == [None, names.SKIPPED, None]
    assert triggered.id in runs[1].tags[names.SKIP_REASON]
    # One at a time, in the order in which they were asked for.
    assert runs[0].ended and runs[1].started and runs[1].ended and runs[2].started
    assert runs[0].ended <= runs[1].started
    assert runs[1].ended <= runs[2].started
    with installation.session() as session:
        assert table_results.of_run(session, ticked.id) == []


def test_a_table_taken_out_during_the_run_is_skipped_and_said_so(
    installation: Installation,
) -> None:
    pipeline = installation.pipeline("brief", "orders")
    run = installation.launch(pipeline)
    installation.wait_until_at_work(run)
    with installation.session() as session:
        session.execute(
            delete(PipelineTable).where(
                PipelineTable.pipeline_id == pipeline.id, PipelineTable.name == "orders"
            )
        )

    ended = installation.stack.wait_for_run(run.id)

    assert ended.status == RunStatus.SUCCESS
    assert len(installation.rows(pipeline, "brief")) == 3
    told = [event.message for event in installation.log(run) if event.level == "WARNING"]
    assert told == ["Skipped: The pipeline no longer has this table."]


def test_a_table_taken_out_before_the_run_starts_is_skipped_and_said_so(
    installation: Installation,
) -> None:
    raw = TableChoice("customers", "public", {"load_mode": "raw"})
    pipeline = installation.pipeline("brief", "orders", raw)
    first = installation.launch(pipeline)
    queued = installation.launch(pipeline)
    with installation.session() as session:
        session.execute(
            delete(PipelineTable).where(
                PipelineTable.pipeline_id == pipeline.id, PipelineTable.name != "brief"
            )
        )

    ended = [installation.stack.wait_for_run(run.id) for run in (first, queued)]

    assert [run.status for run in ended] == [RunStatus.SUCCESS] * 2
    assert len(installation.rows(pipeline, "brief")) == 3
    told = [event.message for event in installation.log(queued) if event.level == "WARNING"]
    assert told == ["Skipped: The pipeline no longer has this table."] * 2


def test_a_deleted_pipelines_run_ends_without_a_trace_in_the_catalog(
    installation: Installation,
) -> None:
    pipeline = installation.pipeline("brief")
    run = installation.launch(pipeline)
    installation.wait_until_at_work(run)
    with installation.session() as session:
        pipelines.delete(session, pipelines.get(session, pipeline.id))

    ended = installation.stack.wait_for_run(run.id)

    assert ended.status == RunStatus.SUCCESS
    with installation.session() as session:
        assert table_results.of_run(session, run.id) == []


def _reads_well(installation: Installation, pipeline: Pipeline, run_id: str) -> None:
    """Columns, lineage, numbers to plot and links of each layer, in Dagster's own answers."""
    source_slug, warehouse = installation.source.slug, installation.destination.slug
    raw_table = f"{source_slug}_customers_raw"
    source_key = ["source", source_slug, "public", "customers"]
    raw_key = ["raw", warehouse, "staging", raw_table]
    source, raw, target, direct = (
        installation.asset(*key)
        for key in (
            source_key,
            raw_key,
            ["target", warehouse, pipeline.target_schema, "customers"],
            ["target", warehouse, pipeline.target_schema, "visits"],
        )
    )

    assert [asset["groupName"] for asset in (source, raw, target)] == [
        f"source_{source_slug}",
        *[pipeline.slug] * 2,
    ]
    for asset, schema, table in (
        (_defined(source), "public", "customers"),
        (_defined(raw), "staging", raw_table),
        (_made(target), pipeline.target_schema, "customers"),
    ):
        database = installation.shop if schema == "public" else installation.warehouse
        shown = asset["dagster/column_schema"]["schema"]["columns"]
        assert [(c["name"], c["type"], c["constraints"]["nullable"]) for c in shown] == (
            database.rows(
                "SELECT column_name, CASE WHEN data_type = 'character varying' THEN udt_name ELSE"
                " data_type END, is_nullable = 'YES' FROM information_schema.columns"
                f" WHERE (table_schema, table_name) = ('{schema}', '{table}')"
                " ORDER BY ordinal_position"
            )
        )
    assert _lineage(raw) == {"_data": [(source_key, "id"), (source_key, "name")]}
    assert _lineage(target) == {"id": [(raw_key, "_data")], "name": [(raw_key, "_data")]}
    visits_key = ["source", source_slug, "public", "visits"]
    assert _lineage(direct) == {name: [(visits_key, name)] for name in ("id", "updated_at")}
    console = installation.stack.home.settings().console_links
    for asset in (raw, target):
        assert asset["owners"] == [{"email": installation.stack.settings.admin_email}]
        assert _defined(asset)["console"]["url"] == f"{console}/console/pipelines/{pipeline.id}"
        assert _made(asset)["console"]["url"] == f"{console}/console/runs/{run_id}"
    plotted = _made(target)
    assert plotted["rows_loaded"]["intValue"] == 2
    assert plotted["bytes"]["intValue"] > 0
    assert plotted["duration_seconds"]["floatValue"] >= 0


def _defined(asset: dict[str, Any]) -> dict[str, Any]:
    return {entry["label"]: entry for entry in asset["metadataEntries"]}


def _made(asset: dict[str, Any]) -> dict[str, Any]:
    return _defined(asset["assetMaterializations"][0])


def _lineage(asset: dict[str, Any]) -> dict[str, list[tuple[list[str], str]]]:
    return {
        column["columnName"]: [
            (d["assetKey"]["path"], d["columnName"]) for d in column["columnDeps"]
        ]
        for column in _made(asset)["dagster/column_lineage"]["lineage"]
    }


def _discovered(installation: Installation) -> Source:
    """The shop's source, with the tables that it has now."""
    with installation.session() as session:
        source = session.merge(installation.source, load=False)
        shapes = open_source(installation.shop.spec).discover()
        sources.replace_tables(session, source, shapes)
    return installation.source


def _is_quiet(database: Database) -> bool:
    others = database.value(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'arus%'"
    )
    return bool(others == 0)
