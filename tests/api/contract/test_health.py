"""Contract: the health check."""

from __future__ import annotations

from arus_dagster import __version__
from tests.api.contract import reference
from tests.api.contract.claims import documents
from tests.api.contract.client import ContractClient, assert_documented


@documents("GET /api/health")
def test_health_tells_of_database_and_scheduler(anonymous_api: ContractClient) -> None:
    answer = anonymous_api.envelope("GET /api/health")

    sample = reference.endpoints()["GET /api/health"].response
    assert_documented(sample, answer)
    assert answer["data"]["database"] == sample["data"]["database"]
    assert answer["data"]["scheduler"] == sample["data"]["scheduler"]


@documents("GET /api/health/ready")
def test_readiness_tells_of_each_part(anonymous_api: ContractClient) -> None:
    answer = anonymous_api.envelope("GET /api/health/ready")

    parts = dict.fromkeys(("database", "migrations", "dagster", "definitions"), "ok")
    assert answer["data"] == {"version": __version__, **parts}
