"""An HTTP server that keeps what is sent to it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

WAIT_SECONDS = 30


@dataclass(frozen=True)
class Received:
    """One request: its path, headers (names in lower case) and body."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Listens on a free port of this machine; answers every POST with 200."""

    def __init__(self) -> None:
        self._received: list[Received] = []
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                headers = {name.lower(): value for name, value in self.headers.items()}
                with receiver._arrived:
                    receiver._received.append(Received(self.path, headers, body))
                    receiver._arrived.notify_all()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b'{"ok": true}')

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                pass  # the requests are kept; nobody reads a log of them

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait_for(self, path: str, count: int = 1) -> list[Received]:
        """What was sent to a path, once there are so many requests."""

        def found() -> list[Received]:
            return [request for request in self._received if request.path == path]

        with self._arrived:
            enough = self._arrived.wait_for(lambda: len(found()) >= count, WAIT_SECONDS)
            assert enough, f"{len(found())} requests to {path}, {count} expected"
            return found()
