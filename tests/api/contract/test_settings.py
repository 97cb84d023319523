"""Contract: runtime settings."""

from __future__ import annotations

from tests.api.contract import reference
from tests.api.contract.claims import documents
from tests.api.contract.client import ContractClient

DEFAULTS = {
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


@documents("GET /api/settings")
def test_all_settings_are_answered_as_strings(admin_api: ContractClient) -> None:
    settings = admin_api.call("GET /api/settings")

    assert settings.keys() >= DEFAULTS.keys()
    assert {key: settings[key] for key in DEFAULTS} == DEFAULTS


@documents("PUT /api/settings")
def test_settings_are_updated(admin_api: ContractClient) -> None:
    sample = reference.endpoints()["PUT /api/settings"].request
    before = admin_api.call("GET /api/settings")
    try:
        answered = admin_api.call("PUT /api/settings", json=sample)
        assert answered == {**before, **sample}
        assert admin_api.call("GET /api/settings") == answered
    finally:
        admin_api.call("PUT /api/settings", json={key: before[key] for key in sample})
