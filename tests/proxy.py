"""A stretch of network between a client and a server, which a test can cut or make fall silent.

It is a process of its own: a driver that waits on the network may hold up all threads of its own.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import sys
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
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.proxy", str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._answer())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()  # the end of its input is its end

    def cut(self) -> None:
        """Break off every connection, as a router that forgets them does; new ones get through."""
        self._tell("cut")

    def fall_silent(self) -> None:
        """Pass nothing on any more, while all connections stand."""
        self._tell("fall_silent")

    def cut_after(self, answered: int) -> None:
        """Break everything off once the server has sent so many more bytes."""
        self._tell(f"cut_after {answered}")

    def fall_silent_after(self, answered: int) -> None:
        """Fall silent once the server has sent so many more bytes."""
        self._tell(f"fall_silent_after {answered}")

    def mend(self) -> None:
        """Be a good network again, for new connections; those that stood are gone."""
        self._tell("mend")

    def _tell(self, command: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        assert self._answer() == "done"

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


class _Relay:
    """What the process does; its commands are methods by the same names."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server((HOST, 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._silent = False
        self._left: int | None = None
        self._at_limit = self.cut
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        with self._lock:
            for end in self._sockets:
                with contextlib.suppress(OSError):
                    # A reset instead of a leave-taking.
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
            self._sockets.clear()

    def fall_silent(self) -> None:
        self._silent = True

    def cut_after(self, answered: str) -> None:
        self._at_limit, self._left = self.cut, int(answered)

    def fall_silent_after(self, answered: str) -> None:
        self._at_limit, self._left = self.fall_silent, int(answered)

    def mend(self) -> None:
        self._left = None
        self.cut()
        self._silent = False

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
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
                        self._at_limit()
                while self._silent:
                    time.sleep(_POLL_SECONDS)
                sink.sendall(data)
        except OSError:
            pass  # one of the ends is gone, and so is the other, below
        finally:
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    """Take commands from standard input, and confirm each."""
    relay = _Relay(int(sys.argv[1]))
    _say(str(relay.port))
    for line in sys.stdin:
        command, *arguments = line.split()
        getattr(relay, command)(*arguments)
        _say("done")


if __name__ == "__main__":
    main()
