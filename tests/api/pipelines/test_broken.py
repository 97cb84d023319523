"""A pipeline that Dagster refuses to load: the API says which and why, and the others go on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from arus_dagster.orchestration.models import RunStatus
from tests.api.pipelines.conftest import Platform


@pytest.fixture
def broken(platform: Platform) -> Iterator[dict[str, Any]]:
    """Broken in a way that no request could bring about."""
    made = platform.make("customers")
    _set_timezone(platform, made, "Nowhere/Land")
    yield made
    _set_timezone(platform, made, "UTC")
    platform.app.state.definitions.ensure_current()


def test_a_broken_pipeline_is_named_with_its_reason_and_the_others_go_on(
    platform: Platform, broken: dict[str, Any]
) -> None:
    sound = platform.make("customers")
    platform.app.state.definitions.ensure_current()

    listed = {p["id"]: p for p in platform.ok("GET", "/api/pipelines?limit=200")}

    assert "Nowhere/Land" in listed[broken["id"]]["problem"]
    assert "Nowhere/Land" in platform.get(broken)["problem"]
    assert listed[broken["id"]]["next_run_at"] is None
    assert listed[sound["id"]]["problem"] is None
    assert listed[sound["id"]]["next_run_at"] is not None
    assert [p["id"] for p in listed.values() if p["problem"]] == [broken["id"]]
    assert platform.run(sound).status == RunStatus.SUCCESS
    refused = platform.refused("POST", f"/api/pipelines/{broken['id']}/trigger", 503)
    assert "Nowhere/Land" in refused["message"]


def test_a_broken_pipeline_is_mended_by_a_change(
    platform: Platform, broken: dict[str, Any]
) -> None:
    platform.app.state.definitions.ensure_current()
    assert platform.get(broken)["problem"]

    platform.ok("PUT", f"/api/pipelines/{broken['id']}", json={"timezone": "Europe/Paris"})
    platform.app.state.definitions.ensure_current()

    assert platform.get(broken)["problem"] is None
    assert platform.run(broken).status == RunStatus.SUCCESS


def _set_timezone(platform: Platform, pipeline: dict[str, Any], timezone: str) -> None:
    with platform.app.state.catalog.session() as session:
        session.execute(
            text("UPDATE arus_config.pipelines SET timezone = :timezone WHERE id = :id"),
            {"timezone": timezone, "id": pipeline["id"]},
        )
        session.execute(text("UPDATE arus_config.definitions_version SET version = version + 1"))
