"""Contract: sources, discovery and the choice of tables."""

from __future__ import annotations

from tests.api.contract import reference
from tests.api.contract.claims import documents
from tests.api.contract.client import ContractClient, assert_documented
from tests.api.contract.fields import (
    DISCOVERED_COLUMN,
    DISCOVERED_TABLE,
    PIPELINE_TABLE,
    SOURCE,
    assert_fields,
)
from tests.api.contract.world import World, unique


@documents("GET /api/sources")
def test_sources_are_listed(viewer_api: ContractClient, world: World) -> None:
    newest = world.make_source()

    sources, meta = viewer_api.page("GET /api/sources", params={"limit": 1, "offset": 0})

    assert_fields(SOURCE, sources[0])
    assert sources[0]["id"] == newest["id"]
    assert (meta["limit"], meta["offset"]) == (1, 0)


@documents("POST /api/sources")
def test_a_source_is_created(editor_api: ContractClient) -> None:
    sample = reference.endpoints()["POST /api/sources"].request
    body = {**sample, "name": unique(sample["name"])}

    source = editor_api.call("POST /api/sources", status=201, json=body)

    assert_fields(SOURCE, source)
    assert source["status"] == "registered"
    shown = {key: source[key] for key in body if key != "password"}
    assert shown == {key: value for key, value in body.items() if key != "password"}
    assert sample["password"] not in str(source)


@documents("GET /api/sources/{id}")
def test_a_source_is_shown(viewer_api: ContractClient, world: World) -> None:
    source = viewer_api.call("GET /api/sources/{id}", id=world.source["id"])

    assert_fields(SOURCE, source)
    assert source["name"] == world.source["name"]
    assert world.shop.spec.password not in str(source)


@documents("PUT /api/sources/{id}")
def test_a_source_is_updated_field_by_field(editor_api: ContractClient, world: World) -> None:
    source = world.make_source()
    name = unique("Renamed")

    updated = editor_api.call("PUT /api/sources/{id}", id=source["id"], json={"name": name})

    assert updated["name"] == name
    assert updated["host"] == source["host"]
    # The password that was left out is still the stored one.
    editor_api.call("POST /api/sources/{id}/test", id=source["id"])


@documents("DELETE /api/sources/{id}")
def test_a_source_is_deleted(editor_api: ContractClient, world: World) -> None:
    source = world.make_source()

    editor_api.call("DELETE /api/sources/{id}", id=source["id"])

    editor_api.call("GET /api/sources/{id}", id=source["id"], status=404)


@documents("POST /api/sources/{id}/test")
def test_a_source_is_tested(editor_api: ContractClient, world: World) -> None:
    source = world.make_source()

    answer = editor_api.envelope("POST /api/sources/{id}/test", id=source["id"])

    assert_documented(reference.endpoints()["POST /api/sources/{id}/test"].response, answer)
    assert answer["data"]["connected"] is True
    tested = editor_api.call("GET /api/sources/{id}", id=source["id"])
    assert tested["status"] == "connected"
    assert tested["last_tested"] is not None


@documents("POST /api/sources/{id}/discover")
def test_tables_are_discovered(editor_api: ContractClient, world: World) -> None:
    answer = editor_api.envelope("POST /api/sources/{id}/discover", id=world.source["id"])

    assert answer["data"]["source_id"] == world.source["id"]
    tables = {table["name"]: table for table in answer["data"]["tables"]}
    assert tables.keys() >= {"orders", "countries", "slow", "audit_log"}
    for table in tables.values():
        assert_fields(DISCOVERED_TABLE, table)
        for column in table["columns"]:
            assert_fields(DISCOVERED_COLUMN, column)
    # The sample's table has a watermark, so it is held against one that has one too.
    sample = reference.endpoints()["POST /api/sources/{id}/discover"].response
    assert_documented(sample["data"]["tables"][0], {**tables["orders"], "row_count_estimate": 0})
    orders = tables["orders"]
    assert (orders["detected_sync"], orders["watermark_column"]) == ("incremental", "updated_at")
    assert tables["countries"]["detected_sync"] == "full_refresh"


@documents("POST /api/sources/{id}/schemas")
def test_schemas_are_discovered(editor_api: ContractClient, world: World) -> None:
    answer = editor_api.call("POST /api/sources/{id}/schemas", id=world.source["id"])

    assert answer["schemas"] == ["other shop", "public"]


@documents("PUT /api/sources/{id}/tables")
def test_choosing_tables_makes_the_sources_pipeline(
    editor_api: ContractClient, admin_api: ContractClient, world: World
) -> None:
    assert world.destination["is_default"]
    source = world.make_source()
    sample = reference.endpoints()["PUT /api/sources/{id}/tables"].request
    choose = "PUT /api/sources/{id}/tables"

    editor_api.call(choose, id=source["id"], json=sample)

    def pipelines() -> list[str]:
        found, _ = editor_api.page("GET /api/pipelines", params={"limit": 500})
        return [pipeline["id"] for pipeline in found if pipeline["source_id"] == source["id"]]

    [made] = pipelines()
    detail = editor_api.call("GET /api/pipelines/{id}", id=made)
    assert detail["destination_id"] == world.destination["id"]
    assert detail["name"].startswith(admin_api.call("GET /api/settings")["pipeline_name_prefix"])
    [table] = detail["tables"]
    assert_fields(PIPELINE_TABLE, table)
    assert {key: table[key] for key in sample["tables"][0]} == sample["tables"][0]
    editor_api.call(choose, id=source["id"], json=sample)
    assert pipelines() == [made]
    again = editor_api.call("GET /api/pipelines/{id}", id=made)
    assert again["tables"] == detail["tables"]
    editor_api.call("DELETE /api/pipelines/{id}", id=made)
