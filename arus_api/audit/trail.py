"""What the audit log hears of each request.

Owns the one way in which entries come about: a request that may change something, or log in,
leaves one, in the transaction of its change where it succeeds and in one of its own where it is
refused or fails. Routes say nothing about it. Refuses values: a change is told by names alone.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arus_dagster.catalog import User
from arus_dagster.catalog.changes import Change, Changes, watch
from arus_dagster.catalog.repositories import audit_entries
from arus_dagster.catalog.repositories.audit_entries import Outcome
from arus_dagster.catalog.session import Catalog
from arus_dagster.logging import get_logger

log = get_logger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# The names under which a connection's secrets, which are stored as one, are sent.
_SECRETS = frozenset({"password", "ssl_key"})
# Attempts beyond the throttle's limit leave no entry each: nobody known makes them, without end.
_UNCOUNTED = 429


@dataclass(slots=True)
class Attempt:
    """What a request is about to do, and who asks."""

    action: str
    resource: str
    resource_id: uuid.UUID | None
    address: str
    request_id: uuid.UUID
    sent: frozenset[str]
    user_id: uuid.UUID | None = None
    user_email: str | None = None
    changes: Changes | None = None
    told: bool = False

    def by(self, user: User) -> None:
        """Say who asks."""
        self.user_id, self.user_email = user.id, user.email

    def record(self, session: Session, status: int) -> None:
        """Add the entry to a session."""
        changes = self.changes.made if self.changes is not None and status < 400 else ()
        for change in changes:
            if "secrets" in change.fields:
                change.fields = (change.fields - {"secrets"}) | (_SECRETS & self.sent)
        audit_entries.record(
            session,
            action=self.action,
            resource=self.resource,
            resource_id=self.resource_id or _created(changes),
            address=self.address,
            outcome=_outcome(status),
            status=status,
            changes=changes,
            user_id=self.user_id,
            user_email=self.user_email,
            request_id=self.request_id,
        )


def begin(request: Request) -> Attempt | None:
    """Have the request leave an entry; None where it only reads."""
    if request.method in SAFE_METHODS:
        return None
    route = request.scope["route"]
    attempt = Attempt(
        action=route.name,
        resource=str(route.tags[0]),
        resource_id=_named(request),
        address=address_of(request),
        request_id=uuid.UUID(request.state.request_id),
        sent=_sent(request.state.body),
    )
    attempt.changes = getattr(request.state, "changes", None)
    request.state.attempt = attempt
    return attempt


def forget(request: Request) -> None:
    """Leave no entry: the request did nothing that it had not done before."""
    request.state.attempt = None


def follow(request: Request, session: Session) -> None:
    """Watch what the request's session changes."""
    if request.method not in SAFE_METHODS:
        request.state.changes = watch(session)


def conclude(request: Request, session: Session) -> Attempt | None:
    """Add the entry of a request that succeeded to its own transaction.

    Returns:
        What counts as told once the transaction is committed.
    """
    attempt: Attempt | None = getattr(request.state, "attempt", None)
    if attempt is not None:
        session.flush()
        attempt.record(session, request.scope["route"].status_code or 200)
    return attempt


def address_of(request: Request) -> str:
    """Where a request comes from: an IP address, as the server tells it."""
    return request.client.host if request.client else "unknown"


class AuditTrail:
    """ASGI middleware that leaves the entry of a request that was refused or failed."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in SAFE_METHODS:
            await self.app(scope, receive, send)
            return

        async def send_recorded(message: Message) -> None:
            if message["type"] == "http.response.start":
                await _leave(scope, message["status"])
            await send(message)

        try:
            await self.app(scope, receive, send_recorded)
        except Exception:
            await _leave(scope, 500)
            raise


async def _leave(scope: Scope, status: int) -> None:
    attempt: Attempt | None = scope["state"].get("attempt")
    if attempt is None or attempt.told or status == _UNCOUNTED:
        return
    attempt.told = True
    catalog: Catalog = scope["app"].state.side_catalog
    await run_in_threadpool(_record_alone, catalog, attempt, status)


def _record_alone(catalog: Catalog, attempt: Attempt, status: int) -> None:
    try:
        with catalog.session() as session:
            attempt.record(session, status)
    except Exception as error:  # noqa: BLE001
        # Nothing was changed, so the caller gets the true answer; the log has what is lost here.
        log.error(
            "audit_entry_lost",
            error=type(error).__name__,
            action=attempt.action,
            user_id=str(attempt.user_id),
            status=status,
        )


def _outcome(status: int) -> Outcome:
    if status < 400:
        return "success"
    return "denied" if status in (401, 403) else "failed"


def _named(request: Request) -> uuid.UUID | None:
    """The id that the path ends with; a script's rather than its pipeline's."""
    names = list(request.scope["route"].param_convertors)
    if not names:
        return None
    try:
        return uuid.UUID(request.path_params[names[-1]])
    except ValueError:
        return None


def _sent(body: bytes) -> frozenset[str]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(value) if isinstance(value, dict) else frozenset()


def _created(changes: Sequence[Change]) -> uuid.UUID | None:

    return next((c.id for c in changes if c.change == "created" and c.kind != "table"), None)
