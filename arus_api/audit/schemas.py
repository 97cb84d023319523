"""The audit log as it is shown."""

from __future__ import annotations

import uuid

from pydantic import Field

from arus_api.fields import Output, UtcDatetime
from arus_dagster.catalog.repositories.audit_entries import MOST_CHANGES, Outcome


class AuditChange(Output):
    """One thing that was changed."""

    resource: str = Field(description="Its kind, e.g. `source`, `table`, `setting`, `run`.")
    change: str = Field(description="`created`, `updated`, `deleted`; of a run `started`.")
    id: uuid.UUID | None
    name: str | None
    fields: list[str] = Field(description="Fields that an update changed; never their values.")


class AuditEntry(Output):
    """Who asked for what, and how it ended."""

    id: uuid.UUID
    created_at: UtcDatetime
    user_id: uuid.UUID | None = Field(
        description="Of a failed login the account's; null where there is none such."
    )
    user_email: str | None
    address: str = Field(description="Where the request came from.")
    action: str = Field(description="As the operation is named, e.g. `update_source`.")
    resource: str = Field(description="The kind of thing, e.g. `sources`, `runs`, `auth`.")
    resource_id: uuid.UUID | None
    outcome: Outcome = Field(description="`denied` is a missing right or a wrong password.")
    status: int | None = Field(description="HTTP status of the answer.")
    changes: list[AuditChange] = Field(description=f"At most {MOST_CHANGES} of them.")
    changes_total: int
    request_id: uuid.UUID | None = Field(description="As `X-Request-ID` and in the server's log.")
