"""The health check."""

from __future__ import annotations

from fastapi.testclient import TestClient

from arus_api.app import create_app
from arus_dagster import __version__
from arus_dagster.settings import Settings
from tests.api.platform import Platform
from tests.servers import Database


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


def test_it_is_not_ready_while_a_part_is_missing(anonymous: TestClient) -> None:
    answer = anonymous.get("/api/health/ready")

    assert answer.status_code == 503
    assert answer.headers["retry-after"]
    assert answer.json()["error"]["details"] == {
        "version": __version__,
        "database": "ok",
        "migrations": "ok",
        "dagster": "unreachable",
        "definitions": "unknown",
    }


def test_a_catalog_that_is_behind_is_not_ready(anonymous: TestClient, catalog_db: Database) -> None:
    catalog_db.execute("UPDATE arus_config.alembic_version SET version_num = '0001'")

    answer = anonymous.get("/api/health/ready")

    assert answer.json()["error"]["details"]["migrations"] == "run 'arus migrate'"


def test_it_is_ready_when_all_parts_are_there(platform: Platform) -> None:
    assert set(platform.ok("GET", "/api/health/ready").values()) == {__version__, "ok"}
