"""The health check."""

from __future__ import annotations

from fastapi.testclient import TestClient

from arus_api.app import create_app
from arus_dagster import __version__
from arus_dagster.settings import Settings


def test_it_needs_no_token_and_tells_of_each_part(anonymous: TestClient) -> None:
    answer = anonymous.get("/api/health")

    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "data": {
            "version": __version__,
            "database": "connected",
            "scheduler": "unreachable",
        },
    }


def test_it_answers_without_a_database(api_settings: Settings) -> None:
    client = TestClient(create_app(api_settings.model_copy(update={"db_port": 9})))

    answer = client.get("/api/health")

    assert answer.status_code == 200
    assert answer.json()["data"]["database"] == "disconnected"
