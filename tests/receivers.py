"""Local servers that notifications are sent to, and that show what arrived."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass(frozen=True)
class Posted:
    """A request as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class HttpReceiver:
    """An HTTP server; answers 200 ``{"ok": true}`` unless told otherwise.

    Args:
        answers: status, headers and body for the next requests, in order.
    """

    url: str = ""
    port: int = 0
    received: list[Posted] = field(default_factory=list)
    answers: deque[tuple[int, dict[str, str], bytes]] = field(default_factory=deque)
    hold: threading.Event | None = None

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """What the next request without an answer of its own gets."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answers.append((status, named, body))


@contextmanager
def http_receiver() -> Iterator[HttpReceiver]:
    receiver = HttpReceiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.received.append(Posted(self.path, dict(self.headers.items()), body))
            if receiver.hold is not None:
                receiver.hold.wait(60)
            status, headers, answer = (
                receiver.answers.popleft() if receiver.answers else (200, {}, b'{"ok": true}')
            )
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing: what arrived is in ``received``."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    receiver.url = f"http://127.0.0.1:{receiver.port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        if receiver.hold is not None:
            receiver.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass
class SmtpReceiver:
    """An SMTP server's address and the mails it took, with their recipients."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    refuse: str | None = None  # what DATA is answered instead of taking the mail


@contextmanager
def smtp_receiver(
    *,
    starttls: Any = None,
    implicit_tls: Any = None,
    login: tuple[str, str] | None = None,
) -> Iterator[SmtpReceiver]:
    """An SMTP server on a free port.

    Args:
        starttls, implicit_tls: a server-side ``ssl.SSLContext``.
        login: the only user and password that it lets in.
    """
    receiver = SmtpReceiver()

    class Handler:
        async def handle_DATA(  # noqa: N802
            self, server: SMTP, session: Session, envelope: Envelope
        ) -> str:
            if receiver.refuse is not None:
                return receiver.refuse
            content = envelope.content
            assert isinstance(content, bytes)
            mail = message_from_bytes(content, policy=policy.default)
            receiver.mails.append(mail)
            receiver.recipients.append(list(envelope.rcpt_tos))
            return "250 taken"

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        assert isinstance(data, LoginPassword)
        given = (data.login.decode(), data.password.decode())
        receiver.logins.append(given)
        return AuthResult(success=given == login, handled=False)

    options: dict[str, Any] = {}
    if login is not None:
        options = {
            "authenticator": authenticate,
            "auth_required": True,
            # An implicit TLS connection counts as secure for login; aiosmtpd can't see it.
            "auth_require_tls": implicit_tls is None,
        }
    loop = asyncio.new_event_loop()

    def protocol() -> SMTP:
        return SMTP(
            Handler(),
            hostname="localhost",
            loop=loop,
            tls_context=starttls,
            require_starttls=starttls is not None,
            **options,
        )

    async def listen() -> asyncio.Server:
        return await loop.create_server(protocol, "127.0.0.1", 0, ssl=implicit_tls)

    server = loop.run_until_complete(listen())
    receiver.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:

        async def end() -> None:
            server.close()
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        asyncio.run_coroutine_threadsafe(end(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
