"""What a sync finds about its rows reaches the pipeline, the run and those who are told."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from arus_dagster.catalog import NotificationDelivery
from arus_dagster.catalog.repositories import notification_links, notification_targets
from arus_dagster.orchestration.models import RunStatus
from tests.api.pipelines.conftest import Platform

EVENTS = ["dead_letter", "schema_drift", "quality_breach"]


@pytest.fixture
def findings(platform: Platform) -> Iterator[Platform]:
    """A shop with a table that is ready to change, and gone after the test."""
    platform.shop.execute(
        "DROP TABLE IF EXISTS moods",
        "CREATE TABLE moods (id int PRIMARY KEY, mood text NOT NULL, body json)",
        "INSERT INTO moods VALUES (1, 'fine', '{}'), (2, 'bad', '{}'), (3, 'odd', '{}')",
    )
    yield platform
    platform.shop.execute("DROP TABLE IF EXISTS moods")


def test_drift_dead_letters_and_breaches_are_shown_and_told(findings: Platform) -> None:
    made = findings.make("moods", max_retries=0)
    hook = _listen(findings, made["id"])
    findings.run(made)
    assert _told(findings, hook) == {}
    findings.shop.execute(
        "ALTER TABLE moods ADD extra int NOT NULL DEFAULT 7",
        """UPDATE moods SET body = '"\\u0000"' WHERE id = 3""",
    )
    without_a_mood = "def transform(row):\n    row['mood'] = None\n    return row\n"
    script = {"name": "forgetful", "content": without_a_mood}
    findings.ok("POST", f"/api/pipelines/{made['id']}/scripts", 201, json=script)

    run = findings.run(made)

    assert run.status == RunStatus.SUCCESS
    told = _told(findings, hook)
    assert told.keys() == set(EVENTS)
    assert "extra" in told["schema_drift"]
    assert "NULL in mood (2)" in told["quality_breach"]
    (drift,) = findings.get(made)["drifts"]
    assert (drift["kind"], drift["column"], drift["run_id"]) == ("column_added", "extra", run.id)
    (table,) = findings.ok("GET", f"/api/runs/{run.id}")["tables"]
    counts = ("rows_extracted", "rows_loaded", "rows_failed", "rows_dropped")
    assert [table[count] for count in counts] == [3, 2, 1, 0]
    checks = {check["name"]: check["passed"] for check in table["checks"]}
    assert checks == {"row_balance": True, "row_count": True, "not_null": False}


def test_a_table_that_is_gone_is_shown_as_drift_and_told(findings: Platform) -> None:
    made = findings.make("moods", max_retries=0)
    hook = _listen(findings, made["id"])
    findings.shop.execute("DROP TABLE moods")

    run = findings.run(made)

    assert run.status == RunStatus.FAILURE
    (drift,) = findings.get(made)["drifts"]
    assert (drift["kind"], drift["table_name"]) == ("table_missing", "public.moods")
    assert "is not in the source any more" in _told(findings, hook)["schema_drift"]


def _listen(platform: Platform, pipeline_id: str) -> uuid.UUID:
    """A target of notifications for all findings of the pipeline."""
    with platform.app.state.catalog.session() as session:
        target = notification_targets.create(
            session,
            name=f"Hook of {pipeline_id}",
            kind="webhook",
            config={"url": "http://127.0.0.1:9/nobody"},
            active=True,
        )
        notification_links.create(
            session, pipeline_id=uuid.UUID(pipeline_id), target_id=target.id, events=EVENTS
        )
        return target.id


def _told(platform: Platform, target: uuid.UUID) -> dict[str, str]:
    """Event to text, of what was put on its way."""
    with platform.app.state.catalog.session() as session:
        found = session.scalars(
            select(NotificationDelivery).where(NotificationDelivery.target_id == target)
        ).all()
        return {delivery.event: str(delivery.payload["text"]) for delivery in found}
