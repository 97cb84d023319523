"""A pipeline that Dagster refuses to load: the others go on, and the API says which and why."""

from __future__ import annotations

from sqlalchemy import text

from arus_dagster.orchestration.models import RunStatus
from tests.api.pipelines.conftest import Platform


def test_the_others_run_and_the_broken_one_says_why(platform: Platform) -> None:
    broken, sound = platform.make("customers"), platform.make("customers")
    with platform.app.state.catalog.session() as session:
        session.execute(
            text("UPDATE arus_config.pipelines SET timezone = 'Nowhere/Land' WHERE id = :id"),
            {"id": broken["id"]},
        )
    platform.dagster.reload_location()

    shown = {p["id"]: p["problem"] for p in platform.ok("GET", "/api/pipelines?limit=500")}
    refused = platform.refused("POST", f"/api/pipelines/{broken['id']}/trigger", 503)
    run = platform.run(sound)
    platform.ok("PUT", f"/api/pipelines/{broken['id']}", json={"timezone": None})
    mended = platform.run(broken)

    assert "Nowhere/Land" in shown[broken["id"]]
    assert shown[sound["id"]] is None
    assert "Nowhere/Land" in refused["message"]
    assert run.status == mended.status == RunStatus.SUCCESS
    assert platform.get(broken)["problem"] is None
