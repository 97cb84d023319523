"""``Idempotency-Key``: a POST sent twice is carried out once.

Owns the claim of a key, made after the user and their role are known, and the keeping of the
answer. Every answer below 500 is kept; a failure of ours gives the key back, so that trying again
really tries again. Refuses to keep a request's body: only a keyed digest of it is stored, since a
body may hold a password.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arus_dagster.catalog.repositories import idempotency_keys
from arus_dagster.catalog.session import Catalog
from arus_dagster.errors import DetailedConflictError
from arus_dagster.logging import get_logger

log = get_logger(__name__)

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
IN_FLIGHT_RETRY_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Claim:
    """A key that this request must answer for."""

    user_id: uuid.UUID
    key: str


class KeptAnswer(Exception):  # noqa: N818 - a way out, not an error
    """Ends a request with the answer its first sending got; no failure."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__("answered before")
        self.status = status
        self.body = body


def claim(request: Request, user_id: uuid.UUID) -> None:
    """Claim the request's key, where it is a POST that has one.

    Raises:
        KeptAnswer: the same request was answered before.
        ConflictError: the key belongs to another request, or the first is still being answered.
        RequestValidationError: the key is empty, too long or not printable ASCII.
    """
    if request.method != "POST":
        return
    key = request.headers.get(HEADER)
    if key is None:
        return
    if not 0 < len(key) <= MAX_LENGTH or not (key.isascii() and key.isprintable()):
        message = f"Must hold 1 to {MAX_LENGTH} printable ASCII characters"
        raise RequestValidationError(
            [{"type": "idempotency_key", "loc": ("header", HEADER), "msg": message}]
        )
    with _catalog(request.scope).session() as session:
        try:
            kept = idempotency_keys.begin(session, user_id, key, _fingerprint(request))
        except idempotency_keys.InFlightError as error:
            raise DetailedConflictError(error.message, {}, IN_FLIGHT_RETRY_SECONDS) from None
    if kept is not None:
        assert kept.status is not None and kept.response is not None
        raise KeptAnswer(kept.status, kept.response)
    request.state.idempotency_claim = Claim(user_id, key)


def _fingerprint(request: Request) -> str:
    secret = request.app.state.settings.jwt_secret.get_secret_value()
    digest = hmac.new(secret.encode(), digestmod=hashlib.sha256)
    for part in (
        request.method.encode(),
        request.url.path.encode("utf-8", "surrogatepass"),
        request.url.query.encode(),
        request.state.body,
    ):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _catalog(scope: Scope) -> Catalog:
    catalog: Catalog = scope["app"].state.side_catalog
    return catalog


class AnswerKeeper:
    """ASGI middleware that keeps the answer of a request that claimed a key."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        # Held back until it is kept: whoever has the answer can rely on getting it again.
        held: list[Message] = []
        body = bytearray()

        async def hold(message: Message) -> None:
            if message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
            held.append(message)

        try:
            await self.app(scope, receive, hold)
        except BaseException:
            await self._settle(scope, 500, b"")
            raise
        await self._settle(scope, held[0]["status"] if held else 500, bytes(body))
        for message in held:
            await send(message)

    async def _settle(self, scope: Scope, status: int, body: bytes) -> None:
        claimed: Claim | None = scope.get("state", {}).get("idempotency_claim")
        if claimed is not None:
            await run_in_threadpool(_settle, _catalog(scope), claimed, status, body)


def _settle(catalog: Catalog, claimed: Claim, status: int, body: bytes) -> None:
    try:
        with catalog.session() as session:
            if status < 500:
                answer = json.loads(body)
                idempotency_keys.finish(session, claimed.user_id, claimed.key, status, answer)
            else:
                idempotency_keys.forget(session, claimed.user_id, claimed.key)
    except Exception as error:  # noqa: BLE001
        # What was asked is done: the caller gets the true answer. The key stays claimed, so a
        # second sending is refused and not carried out twice.
        log.error("idempotent_answer_not_kept", error=type(error).__name__)
