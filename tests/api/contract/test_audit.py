"""Contract: the audit log, an addition to the reference."""

from __future__ import annotations

from tests.api.contract.claims import documents
from tests.api.contract.client import ContractClient

ENTRY = {
    "id",
    "created_at",
    "user_id",
    "user_email",
    "address",
    "action",
    "resource",
    "resource_id",
    "outcome",
    "status",
    "changes",
    "changes_total",
    "request_id",
}


@documents("GET /api/audit")
def test_the_audit_log_is_read(admin_api: ContractClient) -> None:
    admin_api.call("POST /api/auth/logout")

    entries, meta = admin_api.page("GET /api/audit", params={"resource": "auth", "limit": 1})

    assert entries[0].keys() == ENTRY
    assert entries[0]["action"] == "logout"
    assert meta["total"] >= 1
