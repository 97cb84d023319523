"""What surrounds every request: its id, its log line, its time, its size limit, its headers.

Owns the last resort too: whatever escapes the routes is logged and answered in the envelope.
Refuses bodies past the limit before anything reads them, and logs neither query nor body.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Iterable, Iterator

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from arus_api.errors import DESCRIPTIONS, failure, internal_error
from arus_api.metrics.latency import RequestLatency, method, route
from arus_dagster import tracing
from arus_dagster.logging import get_logger

log = get_logger("arus_api.request")

MAX_BODY_BYTES = 8 * 1024 * 1024  # a selection of 10,000 tables is about 2 MiB
BODY_SECONDS = 60.0  # so that nobody holds connections open by sending a byte now and then
REQUEST_ID = "X-Request-ID"

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_API_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
# Pages of our own: scripts, styles and pictures are files of this origin, and nothing stands in
# the page itself. A page that can't live with that names a policy of its own.
_PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'"
    ),
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_TLS_HEADERS = {"Strict-Transport-Security": "max-age=31536000"}


class BodyTooLargeError(Exception):
    """The body is larger than ``MAX_BODY_BYTES``."""


class BodyTooSlowError(Exception):
    """The body did not arrive within ``BODY_SECONDS``."""


class RequestFrame:
    """The outermost ASGI middleware of our own.

    Reads the body whole (it is bounded), so that later parts may look at it without order.
    """

    def __init__(self, app: ASGIApp, latency: RequestLatency) -> None:
        self.app = app
        self._latency = latency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = str(uuid.uuid4())
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 0

        async def send_framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                given = message["headers"]
                message = {**message, "headers": [*given, *_headers(scope, given)]}
            await send(message)

        request = Request(scope, receive)
        try:
            body = await _read_body(request)
            state["body"] = body
            with tracing.span(
                f"{method(scope)} request",
                parent=request.headers.get(tracing.TRACEPARENT),
                kind="server",
                arus__request_id=request_id,
                http__request__method=method(scope),
            ) as span:
                await self.app(scope, _replay(body, receive), send_framed)
                if span is not None:
                    span.update_name(f"{method(scope)} {route(scope)}")
                    span.set_attribute("http.route", route(scope))
                    span.set_attribute("http.response.status_code", status)
        except BodyTooLargeError:
            answer = failure(413, DESCRIPTIONS[413], details={"max_bytes": MAX_BODY_BYTES})
            answer.headers["Connection"] = "close"
            await answer(scope, receive, send_framed)
        except BodyTooSlowError:
            answer = failure(408, DESCRIPTIONS[408])
            answer.headers["Connection"] = "close"
            await answer(scope, receive, send_framed)
        except ClientDisconnect:
            status = 499  # nobody is left to answer; the number is for the log alone
        except Exception as error:
            answer = internal_error(request, error)
            if status:  # the answer has begun and can't be replaced
                raise
            await answer(scope, receive, send_framed)
        finally:
            seconds = time.perf_counter() - started
            self._latency.observe(scope, status, seconds)
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                duration_ms=round(seconds * 1000, 1),
                user_id=state.get("user_id"),
            )


def _headers(scope: Scope, given: Iterable[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """What the answer lacks of the headers that stand on every one."""
    headers = {**_HEADERS, REQUEST_ID: scope["state"]["request_id"]}
    headers |= _API_HEADERS if scope["path"].startswith("/api/") else _PAGE_HEADERS
    if scope["scheme"] == "https":
        headers |= _TLS_HEADERS
    names = {name.lower() for name, _ in given}
    for name, value in headers.items():
        if (encoded := name.lower().encode()) not in names:
            yield encoded, value.encode()


async def _read_body(request: Request) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and (len(announced) > 15 or int(announced) > MAX_BODY_BYTES):
        raise BodyTooLargeError
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BODY_BYTES:
                    raise BodyTooLargeError
    except TimeoutError:
        raise BodyTooSlowError from None
    return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay
