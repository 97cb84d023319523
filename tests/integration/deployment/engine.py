"""A stand-in for a container engine: what Dagster's Docker launcher asks of one.

Owns the part of the engine's HTTP interface that makes and starts a container. The container is a
process with the container's environment alone, in an empty directory of its own.
"""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


@dataclass
class Container:
    """A container that was asked for, and its process once it was started."""

    config: dict[str, Any]
    directory: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return dict(pair.split("=", 1) for pair in self.config["Env"])

    def start(self) -> None:
        path = {"PATH": f"{sysconfig.get_path('scripts')}:/usr/bin:/bin"}
        self.directory.mkdir()
        self.process = subprocess.Popen(
            self.config["Cmd"],
            cwd=self.directory,
            env={**path, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@dataclass
class Engine:
    """What was asked of the engine."""

    directory: Path
    containers: list[Container] = field(default_factory=list)
    url: str = ""

    def answer(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        path = re.sub(r"^/v[\d.]+", "", path.partition("?")[0])
        if path == "/version":
            return 200, {"ApiVersion": "1.44", "MinAPIVersion": "1.24", "Version": "stand-in"}
        if (method, path) == ("POST", "/containers/create"):
            self.containers.append(
                Container(body, self.directory / f"container-{len(self.containers)}")
            )
            return 201, {"Id": str(len(self.containers) - 1), "Warnings": []}
        if match := re.fullmatch(r"/containers/(\d+)/(json|start)", path):
            container = self.containers[int(match[1])]
            if match[2] == "start":
                container.start()
                return 204, None
            return 200, {"Id": match[1], "State": {"Status": "running"}, "Config": {}}
        return 404, {"message": f"no {method} {path} here"}


@contextmanager
def engine(directory: Path) -> Iterator[Engine]:
    """An engine that listens on this machine; its containers end with it."""
    made = Engine(directory)

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"{}")
            status, answer = made.answer(self.command, self.path, body)
            content = b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"tcp://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        for container in made.containers:
            if container.process is not None:
                container.process.kill()
                container.process.wait()
