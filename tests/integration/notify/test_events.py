"""Which outcomes are put on their way, to whom."""

from __future__ import annotations

import uuid

from arus_dagster.catalog import Pipeline, TableResult
from arus_dagster.catalog.repositories import notification_links
from arus_dagster.catalog.repositories import settings as stored_settings
from arus_dagster.catalog.session import Catalog
from arus_dagster.engine.result import Check, DriftEvent, SyncResult
from arus_dagster.errors import (
    ArusError,
    BalanceError,
    ConnectionFailedError,
    DeadLetterLimitError,
    SchemaDriftError,
)
from arus_dagster.notify.events import on_run_finished, on_sync_failed, on_sync_findings
from tests.integration.notify.conftest import LINKS, AddTarget, deliveries

RUN = "7b7a1a4e-3a35-4c63-9a0c-6f5f7f1d5a11"
BUSY = SyncResult(
    rows_extracted=10,
    rows_loaded=7,
    rows_failed=3,
    drift=(DriftEvent("column_added", "note", None, "text", "column note (text) was added"),),
    checks=(
        Check("row_balance", True, "10 = 7 + 3"),
        Check("row_count", False, "source 10, target 7", 10, 7),
    ),
)


def found(
    catalog: Catalog,
    pipeline: Pipeline,
    result: SyncResult,
    table: str = "public.t",
    run_id: str = RUN,
) -> int:
    with catalog.session() as session:
        return on_sync_findings(session, pipeline.id, run_id, table, result, dagster_links=LINKS)


def finished(catalog: Catalog, pipeline: Pipeline, outcome: str, run_id: str = RUN) -> int:
    with catalog.session() as session:
        return on_run_finished(
            session,
            pipeline.id,
            run_id,
            outcome,  # type: ignore[arg-type]
            "Step public__t failed",
            dagster_links=LINKS,
        )


def test_each_finding_of_a_sync_is_an_event(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget
) -> None:
    add_target()
    assert found(catalog, pipeline, BUSY) == 3
    by_event = {delivery.event: delivery.payload for delivery in deliveries(catalog)}
    assert by_event.keys() == {"dead_letter", "schema_drift", "quality_breach"}
    assert by_event["dead_letter"]["title"] == "Orders rejected 3 rows of public.t"
    assert by_event["schema_drift"]["text"] == "column note (text) was added"
    assert by_event["quality_breach"]["text"] == "row_count: source 10, target 7"
    assert all(payload["link"] == f"{LINKS}/runs/{RUN}" for payload in by_event.values())


def test_a_sync_without_findings_says_nothing(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget
) -> None:
    add_target()
    quiet = SyncResult(rows_extracted=1, rows_loaded=1, checks=(Check("row_balance", True, "1"),))
    assert found(catalog, pipeline, quiet) == 0


def test_an_event_goes_once_to_each_target_however_often_it_is_told(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget
) -> None:
    add_target("One")
    assert finished(catalog, pipeline, "failure") == 1
    assert finished(catalog, pipeline, "failure") == 0
    add_target("Two")
    assert finished(catalog, pipeline, "failure") == 1
    assert finished(catalog, pipeline, "failure", str(uuid.uuid4())) == 2
    assert found(catalog, pipeline, BUSY) == 6
    assert found(catalog, pipeline, BUSY, "public.other") == 6
    assert found(catalog, pipeline, BUSY, "x" * 500) == 6
    assert found(catalog, pipeline, BUSY, "x" * 500) == 0


def test_only_active_links_and_targets_that_ask_for_the_event_get_it(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget
) -> None:
    add_target("Other events", events=("success",))
    add_target("Link off", active=True)
    silent = add_target("Silent", active=False)
    listening = add_target("Listening", events=("failure",))
    with catalog.session() as session:
        for link in notification_links.of_pipeline(session, pipeline.id):
            if link.target_id not in (silent.id, listening.id) and link.events != ["success"]:
                notification_links.update(session, link, {"active": False})
    assert finished(catalog, pipeline, "failure") == 1
    (delivery,) = deliveries(catalog)
    assert delivery.target_id == listening.id


def test_a_setting_holds_its_event_back(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget
) -> None:
    add_target()
    expected = {"failure", "dead_letter", "schema_drift", "quality_breach"}
    for setting, event in (
        ("notify_pipeline_failures", "failure"),
        ("notify_schema_drift", "schema_drift"),
        ("notify_dead_letter", "dead_letter"),
    ):
        with catalog.session() as session:
            stored_settings.update(session, {setting: "false"})
        expected -= {event}
        run_id = str(uuid.uuid4())
        finished(catalog, pipeline, "failure", run_id)
        found(catalog, pipeline, BUSY, run_id=run_id)
        told = {d.event for d in deliveries(catalog) if d.payload["run_id"] == run_id}
        assert told == expected


def test_a_failure_names_the_tables_and_a_success_counts_the_rows(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget
) -> None:
    add_target()
    with catalog.session() as session:
        for name, error in (("public.a", None), ("public.b", "the source is away")):
            session.add(
                TableResult(
                    run_id=RUN,
                    table_id=uuid.uuid4(),
                    pipeline_id=pipeline.id,
                    table_name=name,
                    rows_loaded=1200,
                    error_message=error,
                )
            )
    finished(catalog, pipeline, "failure")
    finished(catalog, pipeline, "success")
    by_event = {delivery.event: delivery.payload for delivery in deliveries(catalog)}
    assert by_event["failure"]["text"] == "public.b: the source is away"
    assert ["Rows", "2,400"] in by_event["success"]["fields"]


def test_a_failure_without_results_tells_the_runs_own_error(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget
) -> None:
    add_target()
    finished(catalog, pipeline, "failure")
    assert deliveries(catalog)[0].payload["text"] == "Step public__t failed"


def test_the_finding_behind_a_failed_table_is_told(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget
) -> None:
    add_target()
    errors: list[tuple[ArusError, str | None]] = [
        (SchemaDriftError("type of id changed"), "schema_drift"),
        (DeadLetterLimitError("1001 rows were rejected"), "dead_letter"),
        (BalanceError("10 extracted, 9 accounted for"), "quality_breach"),
        (ConnectionFailedError("away"), None),
    ]
    for error, _ in errors:
        with catalog.session() as session:
            on_sync_failed(session, pipeline.id, RUN, "public.t", error, dagster_links=LINKS)
    told = {(delivery.event, delivery.payload["text"]) for delivery in deliveries(catalog)}
    assert told == {(event, error.message) for error, event in errors if event is not None}


def test_a_deleted_pipeline_has_no_news(catalog: Catalog) -> None:
    with catalog.session() as session:
        assert on_run_finished(session, uuid.uuid4(), RUN, "failure", dagster_links=LINKS) == 0
