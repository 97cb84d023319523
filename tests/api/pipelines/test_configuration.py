"""Making, changing, listing and deleting pipelines."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event

from arus_dagster.orchestration.transport import Transport
from tests.api.pipelines.conftest import NEVER, Platform, SqlCounter

# Fixed, since it is in the names of tests, which must be the same in every process.
NOWHERE = "00000000-0000-4000-8000-000000000000"
DOCUMENTED = {
    "id",
    "name",
    "source_id",
    "destination_id",
    "source",
    "destination",
    "status",
    "schedule",
    "schedule_label",
    "timezone",
    "target_schema",
    "load_mode",
    "depends_on",
    "max_retries",
    "timeout_seconds",
    "tables",
    "stats",
    "last_run",
    "next_run_at",
    "dagster_url",
}
DOCUMENTED_OF_TABLE = {
    "id",
    "name",
    "schema",
    "target_schema",
    "target_table",
    "sync_mode",
    "load_mode",
    "watermark_column",
    "watermark_value",
    "soft_delete_column",
    "row_filter",
    "lookback_seconds",
    "enabled",
    "last_synced_at",
    "row_count",
}


def test_a_new_pipeline_has_all_documented_fields(platform: Platform) -> None:
    made = platform.make({"name": "orders", "schema": "public"}, schedule="*/5 * * * *")

    assert made.keys() >= DOCUMENTED
    assert uuid.UUID(made["id"])
    assert made["source"] == {
        "id": platform.source["id"],
        "name": platform.source["name"],
        "type": "postgresql",
    }
    assert made["destination"]["id"] == platform.destination["id"]
    assert made["status"] == "active"
    assert made["schedule_label"] == "Every 5 minutes"
    assert made["timezone"] == "UTC"
    assert (made["max_retries"], made["timeout_seconds"]) == (3, 3600)
    assert made["inherited"] == ["timezone", "max_retries", "initial_backoff", "timeout_seconds"]
    assert made["last_run"] is None
    assert made["problem"] is None
    assert made["dagster_url"].endswith(f"/locations/arus/jobs/{made['slug']}")
    assert made["stats"] == {
        "total_rows_synced": 0,
        "rows_synced_24h": 0,
        "success_rate": None,
        "avg_duration_ms": None,
        "error_count_24h": 0,
    }
    tick = datetime.fromisoformat(made["next_run_at"])
    assert datetime.now(UTC) < tick
    assert (tick.minute % 5, tick.second) == (0, 0)
    (table,) = made["tables"]
    assert table.keys() >= DOCUMENTED_OF_TABLE
    assert table["sync_mode"] == "incremental"  # detected
    assert table["watermark_column"] == "updated_at"
    assert table["target_table"] == "orders"
    assert table["enabled"] is True
    assert platform.get(made) == made | {"next_run_at": platform.get(made)["next_run_at"]}
    platform.ok("DELETE", f"/api/pipelines/{made['id']}")


def test_the_schedule_left_out_is_the_settings_default(platform: Platform) -> None:
    body = platform.body("orders")
    del body["schedule"]
    made = platform.ok("POST", "/api/pipelines", 201, json=body)
    assert made["schedule"] == "*/5 * * * *"
    follower = platform.body("orders", depends_on=made["id"])
    del follower["schedule"]
    made_follower = platform.ok("POST", "/api/pipelines", 201, json=follower)
    assert made_follower["schedule"] is None
    assert made_follower["next_run_at"] is None

    refused = platform.refused("DELETE", f"/api/pipelines/{made['id']}", 409)

    assert made_follower["name"] in refused["message"]
    platform.ok("DELETE", f"/api/pipelines/{made_follower['id']}")
    platform.ok("DELETE", f"/api/pipelines/{made['id']}")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"source_id": NOWHERE}, "source_id"),
        ({"source_id": "1"}, "source_id"),
        ({"destination_id": NOWHERE}, "destination_id"),
        ({"schedule": "every day"}, "schedule"),
        ({"schedule": "* * * * * *"}, "schedule"),
        ({"schedule": "61 * * * *"}, "schedule"),
        ({"schedule": "0 0 30 2 *"}, "schedule"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"target_schema": "pg_catalog"}, "target_schema"),
        ({"target_schema": "é" * 32}, "target_schema"),
        ({"load_mode": "sideways"}, "load_mode"),
        ({"depends_on": NOWHERE}, "depends_on"),
        ({"max_retries": -1}, "max_retries"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"unknown": 1}, "unknown"),
        ({"tables": [{"name": "no such"}]}, "tables"),
        ({"tables": [{"name": "orders"}]}, "tables.0.schema"),
        ({"tables": [{"name": "customers"}, {"name": "customers"}]}, "tables.1.name"),
        ({"tables": [{"name": "customers", "sync_mode": "incremental"}]}, None),
        ({"tables": [{"name": "customers", "watermark_column": "nope"}]}, None),
        ({"tables": [{"name": "customers", "primary_key": ["nope"]}]}, "tables.0.primary_key"),
        ({"tables": [{"name": "customers", "row_filter": "nope = 1"}]}, "tables.0.row_filter"),
        ({"tables": [{"name": "customers", "row_filter": "1=1; DROP TABLE x"}]}, None),
        ({"tables": [{"name": "customers", "enabled": None}]}, "tables.0.enabled"),
        ({"tables": [{"name": "customers", "sync_mode": "cdc"}]}, "tables.0.sync_mode"),
    ],
    ids=str,
)
def test_what_is_not_acceptable_is_refused_and_named(
    platform: Platform, changes: dict[str, Any], field: str | None
) -> None:
    total = platform.editor.get("/api/pipelines").json()["meta"]["total"]

    error = platform.refused("POST", "/api/pipelines", 422, json=platform.body(**changes))

    assert error["code"] == "VALIDATION_ERROR"
    named = [problem["field"] for problem in error["fields"]]
    assert named == [field] if field else named[0].startswith("tables.0.")
    assert platform.editor.get("/api/pipelines").json()["meta"]["total"] == total


def test_a_taken_name_is_a_conflict_ignoring_case(platform: Platform) -> None:
    made = platform.make()

    error = platform.refused(
        "POST", "/api/pipelines", 409, json=platform.body("orders", name=made["name"].upper())
    )

    assert error["code"] == "CONFLICT"


def test_an_update_changes_only_what_is_sent(platform: Platform) -> None:
    made = platform.make("orders", "customers", description="d", max_retries=1)

    changed = platform.ok(
        "PUT",
        f"/api/pipelines/{made['id']}",
        json={"name": made["name"] + " b", "schedule": "0 9 * * *", "timezone": "Europe/Paris"},
    )

    same = made.keys() - {
        "name",
        "schedule",
        "schedule_label",
        "timezone",
        "inherited",
        "next_run_at",
        "updated_at",
    }
    assert {key: changed[key] for key in same} == {key: made[key] for key in same}
    assert changed["schedule_label"] == "At 09:00"
    assert changed["timezone"] == "Europe/Paris"
    assert "timezone" not in changed["inherited"]


def test_a_field_set_to_null_follows_the_settings_again(platform: Platform) -> None:
    made = platform.make(max_retries=7, timezone="Asia/Tokyo")

    changed = platform.ok(
        "PUT", f"/api/pipelines/{made['id']}", json={"max_retries": None, "timezone": None}
    )

    assert (changed["max_retries"], changed["timezone"]) == (3, "UTC")
    error = platform.refused("PUT", f"/api/pipelines/{made['id']}", 422, json={"name": None})
    assert error["fields"][0]["field"] == "name"


def test_tables_are_replaced_and_those_that_stay_keep_their_identity(platform: Platform) -> None:
    made = platform.make("orders", "customers")
    orders = made["tables"][0]

    changed = platform.ok(
        "PUT",
        f"/api/pipelines/{made['id']}",
        json={
            "tables": [
                {"name": "notes", "schema": "public"},
                {"name": "orders", "schema": "public", "row_filter": "id > 5"},
            ]
        },
    )

    assert [table["name"] for table in changed["tables"]] == ["notes", "orders"]
    assert changed["tables"][1] == orders | {"row_filter": "id > 5"}


def test_another_source_is_refused(platform: Platform) -> None:
    made = platform.make()
    path = f"/api/pipelines/{made['id']}"

    platform.ok("PUT", path, json={"source_id": made["source_id"]})
    error = platform.refused("PUT", path, 422, json={"source_id": str(uuid.uuid4())})

    assert error["fields"][0]["field"] == "source_id"


def test_a_cycle_of_dependencies_is_refused(platform: Platform) -> None:
    first = platform.make()
    second = platform.make(depends_on=first["id"])

    for target in (first, second):
        error = platform.refused(
            "PUT", f"/api/pipelines/{first['id']}", 422, json={"depends_on": target["id"]}
        )
        assert error["fields"][0]["field"] == "depends_on"


def test_a_table_made_since_the_last_discovery_is_found(platform: Platform) -> None:
    platform.shop.execute("CREATE TABLE late_for_create (id int PRIMARY KEY)")
    made = platform.make({"name": "late_for_create"})
    platform.shop.execute("CREATE TABLE late_for_update (id int PRIMARY KEY)")

    changed = platform.ok(
        "PUT", f"/api/pipelines/{made['id']}", json={"tables": [{"name": "late_for_update"}]}
    )

    assert [table["name"] for table in changed["tables"]] == ["late_for_update"]


def test_the_list_pages_newest_first(platform: Platform) -> None:
    made = [platform.make()["id"] for _ in range(3)]

    answer = platform.viewer.get("/api/pipelines", params={"limit": 2, "offset": 1}).json()

    assert [pipeline["id"] for pipeline in answer["data"]] == [made[1], made[0]]
    assert answer["meta"]["limit"] == 2
    assert answer["meta"]["total"] >= 3


def test_a_page_takes_as_many_questions_whatever_its_length(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(4):
        platform.make("orders", "customers")
    asked: list[str] = []
    request = Transport.request

    def counted(self: Transport, name: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(name)
        return request(self, name, *args, **kwargs)

    monkeypatch.setattr(Transport, "request", counted)
    counter = SqlCounter()
    engine = platform.app.state.catalog.engine
    event.listen(engine, "before_cursor_execute", counter)
    try:
        measured = []
        for limit in (1, 4):
            counter.count, asked[:] = 0, []
            answer = platform.viewer.get("/api/pipelines", params={"limit": limit})
            assert len(answer.json()["data"]) == limit
            measured.append((counter.count, list(asked)))
    finally:
        event.remove(engine, "before_cursor_execute", counter)

    assert measured[0] == measured[1]
    assert measured[0][0] <= 10
    assert measured[0][1] == ["stopped", "loaded", "latest_runs"]


def test_a_deleted_pipeline_is_gone_and_its_source_free(platform: Platform) -> None:
    made = platform.make()
    path = f"/api/pipelines/{made['id']}"

    assert platform.ok("DELETE", path) == {"id": made["id"], "deleted": True}

    for method, at in (
        ("GET", path),
        ("PUT", path),
        ("DELETE", path),
        ("POST", f"{path}/trigger"),
        ("POST", f"{path}/pause"),
        ("GET", f"{path}/dead-letters"),
    ):
        assert platform.refused(method, at, 404, json={})["code"] == "NOT_FOUND"


def test_settings_show_through_where_a_pipeline_says_nothing(platform: Platform) -> None:
    made = platform.make(schedule=NEVER, timeout_seconds=60)

    assert made["timeout_seconds"] == 60
    assert made["schedule_label"] == "At 00:00, on day 29 of the month, only in February"
