"""A stretch of network between a client and a server, which a test can cut or make fall silent."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"
_POLL_SECONDS = 0.05
_BLOCK = 65_536


class Proxy:
    """Passes connections on to a server; use it as a context manager.

    Args:
        port: the server's, on this machine.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._silent = False
        self._closed = False
        self._left: int | None = None
        self._cut_at_limit = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closed = True
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """Break off every connection, as a router that forgets them does; new ones get through."""
        with self._lock:
            for end in self._sockets:
                with contextlib.suppress(OSError):
                    # A reset instead of a leave-taking.
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            self._sockets.clear()

    def fall_silent(self) -> None:
        """Pass nothing on any more, while all connections stand."""
        self._silent = True

    def after(self, answered: int, *, cut: bool) -> None:
        """Cut, or fall silent, when the server has sent so many more bytes."""
        self._cut_at_limit = cut
        self._left = answered

    def mend(self) -> None:
        """Be a good network again, for new connections; those that stood are gone."""
        self._left = None
        self._silent = False
        self.cut()

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((HOST, self._target))
            except OSError:
                client.close()
                continue
            with self._lock:
                self._sockets += [client, server]
            for source, sink, answers in ((client, server, False), (server, client, True)):
                threading.Thread(
                    target=self._pass, args=(source, sink, answers), daemon=True
                ).start()

    def _pass(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        try:
            while data := source.recv(_BLOCK):
                if answers and self._left is not None:
                    self._left -= len(data)
                    if self._left <= 0:
                        self._left = None
                        if self._cut_at_limit:
                            self.cut()
                            return
                        self._silent = True
                while self._silent and not self._closed:
                    time.sleep(_POLL_SECONDS)
                sink.sendall(data)
        except OSError:
            pass  # one of the ends is gone, and so is the other, below
        finally:
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
