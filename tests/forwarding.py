"""A port on another address that leads to a server on 127.0.0.1: one name more than it has."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def forwarding(address: str, port: int) -> Iterator[None]:
    """Pass connections to ``address`` on to the same port of 127.0.0.1."""
    with socket.create_server((address, port)) as listener:
        threading.Thread(target=_forward, args=(listener, port), daemon=True).start()
        yield


def _forward(listener: socket.socket, port: int) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        server = socket.create_connection(("127.0.0.1", port))
        for source, target in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        return
    finally:
        source.close()
        target.close()
