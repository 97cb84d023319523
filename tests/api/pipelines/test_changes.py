"""Changes by the API while a run is at work: live at once, and the run unharmed."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from arus_dagster import names
from arus_dagster.orchestration.models import RunStatus
from tests.api.pipelines.conftest import Platform
from tests.dagster_stack import wait_for

OTHER_SCHEDULE = "30 6 29 2 *"


@pytest.fixture
def gated(platform: Platform) -> Iterator[Platform]:
    """A shop with a view whose read waits for a lock that the test may hold."""
    platform.shop.execute(
        "CREATE FUNCTION pass(n int) RETURNS int LANGUAGE plpgsql VOLATILE AS $$ BEGIN"
        " PERFORM pg_advisory_xact_lock_shared(4712); RETURN n; END $$",
        "CREATE VIEW gated AS SELECT pass(n) AS id FROM generate_series(1, 3) n",
    )
    platform.ok("POST", f"/api/sources/{platform.source['id']}/discover")
    platform.app.state.definitions.start()  # as a server does
    yield platform
    platform.app.state.definitions.stop()
    platform.shop.execute("DROP VIEW gated", "DROP FUNCTION pass")
    platform.ok("POST", f"/api/sources/{platform.source['id']}/discover")


def test_tables_and_schedule_change_during_a_run_without_a_restart(gated: Platform) -> None:
    made = gated.make("gated", "orders")
    path = f"/api/pipelines/{made['id']}"
    code_server = gated.stack.children["code server"].process
    holder = gated.shop.connect()
    with holder.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(4712)")
        run_id = gated.ok("POST", f"{path}/trigger")["run_id"]
        waiting = "SELECT pid FROM pg_locks WHERE objid = 4712 AND NOT granted"
        wait_for(lambda: bool(gated.shop.rows(waiting, admin=True)), "the run to read")

        changes = {
            "tables": [{"name": name, "schema": "public"} for name in ("gated", "customers")],
            "schedule": OTHER_SCHEDULE,
            "max_retries": 0,
        }
        changed = gated.ok("PUT", path, json=changes)

        assert [table["name"] for table in changed["tables"]] == ["gated", "customers"]
        wait_for(
            lambda: OTHER_SCHEDULE in _schedule(gated, made["slug"]), "Dagster to know the schedule"
        )
        cursor.execute("SELECT pg_advisory_unlock_all()")
    holder.close()

    assert gated.stack.wait_for_run(run_id).status == RunStatus.SUCCESS
    tables = {t["table_name"]: t for t in gated.ok("GET", f"/api/runs/{run_id}")["tables"]}
    assert tables["public.gated"]["error_message"] is None
    assert tables["public.gated"]["rows_loaded"] == 3
    again = gated.run(made)
    assert again.status == RunStatus.SUCCESS
    for table, rows in (("gated", 3), ("customers", 2)):
        target = f"{made['target_schema']}.{table}"
        assert gated.warehouse.value(f"SELECT count(*) FROM {target}") == rows
    assert gated.stack.children["code server"].process is code_server
    assert code_server.poll() is None


def _schedule(platform: Platform, slug: str) -> str:
    """The cron expression that Dagster itself has of a pipeline."""
    selector = {
        "repositoryLocationName": names.LOCATION,
        "repositoryName": names.REPOSITORY,
        "scheduleName": names.schedule_name(slug),
    }
    query = (
        "query S($s: ScheduleSelector!) { scheduleOrError(scheduleSelector: $s)"
        " { ... on Schedule { cronSchedule } } }"
    )
    answer = httpx.post(
        f"{platform.stack.url}/graphql",
        json={"query": query, "variables": {"s": selector}},
        timeout=60,
    )
    return str(answer.json()["data"]["scheduleOrError"].get("cronSchedule"))
