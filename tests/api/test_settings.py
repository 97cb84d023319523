"""Runtime settings."""

from __future__ import annotations

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from arus_dagster.catalog.repositories import definitions_version
from arus_dagster.catalog.runtime_settings import DEFINITION_KEYS, RuntimeSettings

DOCUMENTED = {
    "pipeline_name_prefix": "arus-",
    "default_schedule": "*/5 * * * *",
    "timezone": "UTC",
    "auto_alter_schema": "true",
    "schema_drift_detection": "true",
    "max_retries": "3",
    "initial_backoff": "2",
    "timeout_seconds": "3600",
    "lookback_seconds": "0",
    "quality_check_threshold": "0",
    "dead_letter_limit": "1000",
    "raw_retention_runs": "20",
    "notify_pipeline_failures": "true",
    "notify_schema_drift": "true",
    "notify_dead_letter": "true",
}


def test_all_settings_are_answered_as_strings(admin: TestClient) -> None:
    data = admin.get("/api/settings").json()["data"]

    assert data.items() >= DOCUMENTED.items()
    assert data.keys() == RuntimeSettings().as_strings().keys()


def test_an_update_stores_some_and_answers_all(admin: TestClient) -> None:
    answer = admin.put(
        "/api/settings", json={"pipeline_name_prefix": "arus-prod-", "max_retries": "5"}
    )

    expected = {**DOCUMENTED, "pipeline_name_prefix": "arus-prod-", "max_retries": "5"}
    assert answer.status_code == 200
    assert answer.json()["data"].items() >= expected.items()
    assert admin.get("/api/settings").json()["data"].items() >= expected.items()


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("no_such_setting", "1"),
        ("max_retries", "many"),
        ("max_retries", "-1"),
        ("max_retries", 3),
        ("max_retries", None),
        ("auto_alter_schema", "perhaps"),
        ("timezone", "Mars/Olympus"),
        ("default_schedule", "every day"),
        ("default_schedule", "* * * * * *"),
    ],
)
def test_a_value_that_does_not_parse_is_refused_and_nothing_stored(
    admin: TestClient, key: str, value: object
) -> None:
    answer = admin.put("/api/settings", json={"lookback_seconds": "60", key: value})

    assert answer.status_code == 422
    assert [problem["field"] for problem in answer.json()["error"]["fields"]] == [key]
    assert admin.get("/api/settings").json()["data"].items() >= DOCUMENTED.items()


def test_a_change_that_alters_definitions_is_counted_and_no_other(
    app: FastAPI, admin: TestClient
) -> None:
    def version() -> int:
        with app.state.catalog.session() as session:
            return definitions_version.current(session)

    before = version()
    admin.put("/api/settings", json={"max_retries": "9"})
    assert version() == before
    assert "timezone" in DEFINITION_KEYS
    admin.put("/api/settings", json={"timezone": "Europe/Paris"})
    assert version() == before + 1
