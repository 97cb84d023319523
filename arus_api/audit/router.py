"""The route of the audit log, for admins."""

from __future__ import annotations

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from arus_api.audit.schemas import AuditEntry
from arus_api.deps import SessionDep, require_role
from arus_api.envelope import Page, page
from arus_api.fields import UtcDatetime
from arus_api.pagination import PagingDep
from arus_dagster.catalog.repositories import audit_entries
from arus_dagster.catalog.repositories.audit_entries import Filter, Outcome

router = APIRouter(prefix="/api/audit", tags=["audit"])
ADMIN = [Depends(require_role("admin"))]


@router.get("", dependencies=ADMIN, summary="Read the audit log")
def list_audit_entries(
    session: SessionDep,
    paging: PagingDep,
    user_id: Annotated[uuid.UUID | None, Query(description="Of this user alone.")] = None,
    resource: Annotated[
        str | None, Query(max_length=32, description="About this kind alone, e.g. `sources`.")
    ] = None,
    resource_id: Annotated[uuid.UUID | None, Query(description="About this one alone.")] = None,
    action: Annotated[
        str | None, Query(max_length=64, description="This action alone, e.g. `update_source`.")
    ] = None,
    outcome: Annotated[Outcome | None, Query(description="Of this outcome alone.")] = None,
    since: Annotated[UtcDatetime | None, Query(description="From this moment on.")] = None,
    until: Annotated[UtcDatetime | None, Query(description="Before this moment.")] = None,
) -> Page[AuditEntry]:
    """Every change, every action on runs and every login, newest first, kept for
    `audit_retention_days`."""
    wanted = Filter(user_id, resource, resource_id, action, outcome, since, until)
    found = audit_entries.page(session, wanted, limit=paging.limit, offset=paging.offset)
    return page(
        [AuditEntry.model_validate(entry) for entry in found.items],
        total=found.total,
        limit=paging.limit,
        offset=paging.offset,
    )
