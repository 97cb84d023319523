"""Contract: the health check."""

from __future__ import annotations

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
