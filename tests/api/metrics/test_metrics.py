"""What Prometheus finds at /metrics, and who may look."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import event

from arus_api.app import create_app
from arus_api.metrics import collector
from arus_dagster.settings import Settings
from tests.api.platform import Platform, SqlCounter

ROOT = Path(__file__).parents[3]
DASHBOARD = ROOT / "docs" / "deployment" / "grafana-dashboard.json"
HERE = ("127.0.0.1", 50_000)

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@contextmanager
def served(settings: Settings) -> Iterator[FastAPI]:
    """An application with settings of its own, whose connections are closed at the end."""
    app = create_app(settings)
    yield app
    app.state.dagster.close()
    app.state.catalog.dispose()
    app.state.side_catalog.dispose()


def scraped(app: FastAPI) -> Series:
    """Every sample by name and labels."""
    answer = TestClient(app, client=HERE).get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_parts_that_are_away_are_figures_and_no_failure(api_settings: Settings) -> None:
    with served(api_settings.model_copy(update={"db_port": 9})) as app:
        series = scraped(app)

    assert series["arus_catalog_up", ()] == series["arus_dagster_up", ()] == 0
    assert not [name for name, _ in series if name.startswith(("arus_pipeline", "arus_runs"))]


def test_latency_is_kept_by_template_and_not_by_path(app: FastAPI, viewer: TestClient) -> None:
    for number in range(3):
        viewer.get(f"/api/pipelines/00000000-0000-0000-0000-00000000000{number}")
        viewer.get(f"/nowhere/{number}")
        viewer.request(f"STRANGE{number}", "/nowhere")

    counts = {
        tuple(labels): value
        for (name, labels), value in scraped(app).items()
        if name == "arus_api_request_duration_seconds_count"
    }

    assert counts == {
        (("method", "GET"), ("route", "/api/pipelines/{id}"), ("status", "4xx")): 3,
        (("method", "GET"), ("route", "unmatched"), ("status", "4xx")): 3,
        (("method", "other"), ("route", "unmatched"), ("status", "4xx")): 3,
    }


@pytest.mark.parametrize(
    ("token", "client", "headers", "status"),
    [
        ("", HERE, {}, 200),
        ("", ("::1", 1), {}, 200),
        ("", ("192.0.2.7", 1), {}, 403),
        ("", ("testclient", 1), {}, 403),
        ("", HERE, {"X-Forwarded-For": "192.0.2.7"}, 403),
        ("", HERE, {"Authorization": "Bearer x"}, 200),
        ("let me in", HERE, {}, 403),
        ("let me in", HERE, {"Authorization": "Bearer let me"}, 403),
        ("let me in", ("192.0.2.7", 1), {"Authorization": "Bearer let me in"}, 200),
    ],
)
def test_the_token_says_who_may_look_and_without_one_this_machine(
    api_settings: Settings,
    token: str,
    client: tuple[str, int],
    headers: dict[str, str],
    status: int,
) -> None:
    settings = api_settings.model_copy(update={"metrics_token": SecretStr(token)})
    with served(settings) as app:
        answer = TestClient(app, client=client).get("/metrics", headers=headers)
    assert answer.status_code == status
    assert "let me" not in answer.text


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collector, "KEPT_SECONDS", 0)


@pytest.mark.usefixtures("fresh")
def test_a_pipelines_work_and_lag_are_told_and_the_dashboard_shows_them(
    platform: Platform,
) -> None:
    pipeline = platform.make("orders", "notes")
    before = scraped(platform.app)
    platform.run(pipeline)

    series = scraped(platform.app)

    mine = (("pipeline", pipeline["slug"]),)
    assert series["arus_pipeline_rows_loaded_last_hour", mine] == 11
    assert series["arus_pipeline_rows_rejected_last_hour", mine] == 1
    assert series["arus_pipeline_bytes_read_last_hour", mine] > 0
    assert series["arus_pipeline_tables_failed_last_hour", mine] == 0
    assert 0 <= series["arus_pipeline_last_success_age_seconds", mine] < 300
    # The newest order is of January 2024.
    assert series["arus_pipeline_lag_seconds", mine] > 300 * 86_400
    assert ("arus_pipeline_lag_seconds", mine) not in before
    success = ("arus_runs", (("status", "success"),))
    assert series[success] == before[success] + 1
    assert series["arus_queue_depth", ()] == 0
    assert series["arus_daemon_up", (("daemon", "scheduler"),)] == 1
    assert series["arus_catalog_up", ()] == series["arus_dagster_up", ()] == 1

    asked = dashboard_metrics()
    there = {name for name, _ in series}
    assert asked <= there
    ours = {plain(name) for name in there if name.startswith("arus_")}
    assert {plain(name) for name in asked} >= ours


@pytest.mark.usefixtures("fresh")
def test_the_number_of_questions_does_not_grow_with_pipelines(platform: Platform) -> None:
    def questions() -> int:
        counter = SqlCounter()
        engine = platform.app.state.side_catalog.engine
        event.listen(engine, "before_cursor_execute", counter)
        try:
            scraped(platform.app)
        finally:
            event.remove(engine, "before_cursor_execute", counter)
        return counter.count

    platform.make("orders")
    before = questions()
    for _ in range(3):
        platform.make("orders", "customers")
    assert questions() == before == 3


def dashboard_metrics() -> set[str]:
    """The metrics that the dashboard's panels ask for."""
    panels: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    texts = [target["expr"] for panel in panels for target in panel["targets"]]
    return {name for text in texts for name in re.findall(r"\b(?:arus|process)_\w+", text)}


def plain(name: str) -> str:
    return re.sub(r"_(bucket|count|sum|created)$", "", name)
