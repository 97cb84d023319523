"""The dashboard's figures and feed."""

from __future__ import annotations

from tests.api.platform import Platform


def test_figures_follow_what_happens(platform: Platform) -> None:
    before = platform.ok("GET", "/api/dashboard/summary")
    pipeline = platform.make("customers")
    platform.run(pipeline)
    running = platform.ok("GET", "/api/dashboard/summary")
    platform.ok("POST", f"/api/pipelines/{pipeline['id']}/pause")
    paused = platform.ok("GET", "/api/dashboard/summary")

    assert running["total_pipelines"] == before["total_pipelines"] + 1
    assert running["active_pipelines"] == before["active_pipelines"] + 1
    assert running["total_rows_synced"] == before["total_rows_synced"] + 2
    assert running["rows_synced_24h"] == before["rows_synced_24h"] + 2
    assert running["failed_runs_24h"] == before["failed_runs_24h"]
    assert running["total_sources"] == before["total_sources"]
    assert running["unique_tables"] >= 1
    assert paused["active_pipelines"] == before["active_pipelines"]


def test_a_failure_counts_for_a_day(platform: Platform) -> None:
    pipeline = platform.make("customers", max_retries=0)
    before = platform.ok("GET", "/api/dashboard/summary")
    platform.shop.execute("ALTER TABLE customers RENAME TO gone")
    try:
        platform.run(pipeline)
    finally:
        platform.shop.execute("ALTER TABLE gone RENAME TO customers")

    after = platform.ok("GET", "/api/dashboard/summary")

    assert after["failed_runs_24h"] == before["failed_runs_24h"] + 1


def test_the_feed_holds_the_latest_runs(platform: Platform) -> None:
    pipeline = platform.make("customers")
    runs = [platform.run(pipeline).id for _ in range(2)]

    feed = platform.ok("GET", "/api/dashboard/recent-runs?limit=2")

    assert [run["id"] for run in feed] == runs[::-1]
    assert feed[0]["pipeline_name"] == pipeline["name"]
