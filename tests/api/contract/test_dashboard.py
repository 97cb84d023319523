"""Contract: dashboard and lineage."""

from __future__ import annotations

from tests.api.contract import reference
from tests.api.contract.claims import documents
from tests.api.contract.client import ContractClient, assert_documented
from tests.api.contract.fields import DAG_ASSET, DAG_PIPELINE, RUN, assert_fields
from tests.api.contract.world import World


@documents("GET /api/dashboard/summary")
def test_the_summary_counts(viewer_api: ContractClient, world: World) -> None:
    run = world.synced_run

    answer = viewer_api.envelope("GET /api/dashboard/summary")

    assert_documented(reference.endpoints()["GET /api/dashboard/summary"].response, answer)
    summary = answer["data"]
    assert summary["total_sources"] >= 1
    assert summary["total_pipelines"] >= summary["active_pipelines"] >= 1
    assert summary["total_rows_synced"] >= summary["rows_synced_24h"] >= run["rows_synced"]
    assert summary["unique_tables"] >= 2


@documents("GET /api/dashboard/recent-runs")
def test_the_latest_runs_are_shown(viewer_api: ContractClient, world: World) -> None:
    newest = world.finished_run(world.trigger(world.make_pipeline("countries")))

    runs = viewer_api.call("GET /api/dashboard/recent-runs")

    assert runs[0]["id"] == newest["id"]
    for run in runs:
        assert_fields(RUN, run)


@documents("GET /api/dag")
def test_the_graph_has_three_layers(viewer_api: ContractClient, world: World) -> None:
    pipeline_id = world.synced_run["pipeline_id"]
    dependent = world.make_pipeline("countries", depends_on=pipeline_id)

    graph = viewer_api.call("GET /api/dag")

    pipelines = {pipeline["id"]: pipeline for pipeline in graph["pipelines"]}
    shown = pipelines[pipeline_id]
    assert_fields(DAG_PIPELINE, shown)
    for asset in shown["assets"]:
        assert_fields(DAG_ASSET, asset)
    assert (shown["has_raw_mode"], shown["table_count"]) == (True, 2)
    assert (shown["status"], shown["last_run_status"]) == ("active", "success")
    layers = {asset["id"]: asset["layer"] for asset in shown["assets"]}
    steps = sorted((layers[edge["from"]], layers[edge["to"]]) for edge in shown["edges"])
    assert steps == [("raw", "target"), ("source", "raw"), ("source", "target")]
    rows = {
        asset["table"]: asset["rows"] for asset in shown["assets"] if asset["layer"] == "target"
    }
    assert rows == {"orders": 20, "countries": 2}
    assert {"from": pipeline_id, "to": dependent["id"]} in graph["edges"]
    assert pipelines[dependent["id"]]["depends_on"] == pipeline_id
