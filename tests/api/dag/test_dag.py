"""The graph of pipelines and their three layers."""

from __future__ import annotations

from typing import Any

from tests.api.platform import Platform


def drawn(platform: Platform, pipeline: dict[str, Any]) -> dict[str, Any]:
    graph = platform.ok("GET", "/api/dag")
    (found,) = [p for p in graph["pipelines"] if p["id"] == pipeline["id"]]
    return {**found, "between": graph["edges"]}


def test_direct_and_raw_tables_have_their_layers(platform: Platform) -> None:
    pipeline = platform.make(
        {"name": "customers", "schema": "public", "load_mode": "raw"},
        {"name": "orders", "schema": "public"},
    )
    schema = pipeline["target_schema"]
    before = drawn(platform, pipeline)
    platform.run(pipeline)

    after = drawn(platform, pipeline)

    assert [asset["layer"] for asset in after["assets"]] == [
        *("source", "raw", "target"),
        *("source", "target"),
    ]
    assert after["has_raw_mode"] is True
    assert after["table_count"] == 2
    ids = [asset["id"] for asset in after["assets"]]
    assert after["edges"] == [
        {"from": ids[0], "to": ids[1]},
        {"from": ids[1], "to": ids[2]},
        {"from": ids[3], "to": ids[4]},
    ]
    assert ids[2].endswith(f"/{schema}/customers")
    assert [asset["status"] for asset in before["assets"]] == [
        *("external", "pending", "pending"),
        *("external", "pending"),
    ]
    assert [asset["rows"] for asset in after["assets"]] == [None, 2, 2, None, 10]
    assert [asset["status"] for asset in after["assets"]] == [
        *("external", "success", "success"),
        *("external", "success"),
    ]
    assert after["assets"][2]["last_materialized_at"] is not None
    assert (before["last_run_status"], after["last_run_status"]) == (None, "success")


def test_a_table_that_failed_shows_its_error_and_its_last_rows(platform: Platform) -> None:
    pipeline = platform.make("customers", max_retries=0)
    platform.run(pipeline)
    platform.shop.execute("ALTER TABLE customers RENAME TO gone")
    try:
        platform.run(pipeline)
    finally:
        platform.shop.execute("ALTER TABLE gone RENAME TO customers")

    found = drawn(platform, pipeline)

    target = found["assets"][-1]
    assert (target["status"], target["rows"]) == ("failed", 2)
    assert target["error"]
    assert found["last_run_status"] == "failed"


def test_edges_between_pipelines_follow_their_dependencies(platform: Platform) -> None:
    upstream = platform.make("customers")
    dependent = platform.make("orders", schedule=None, depends_on=upstream["id"])

    found = drawn(platform, dependent)

    assert found["depends_on"] == upstream["id"]
    assert {"from": upstream["id"], "to": dependent["id"]} in found["between"]


def test_ids_are_asset_keys_of_dagster(platform: Platform) -> None:
    pipeline = platform.make("orders")
    platform.app.state.definitions.ensure_current()

    found = drawn(platform, pipeline)

    known = {node.key.text for node in platform.dagster.assets()}
    assert {asset["id"] for asset in found["assets"]} <= known
