"""Dagster's code server, and a watch over the process behind it.

    python -m arus_dagster.cli.code_server --host 127.0.0.1 --port 13030

``dagster code-server start`` passes everything on to a process that holds the definitions and
starts the runs. When that one is killed (it is the largest, so the first to go where memory runs
out) the code server notices nothing, and no run starts any more. Owns the noticing: it ends then,
with all that belongs to it, and whoever started it starts it again. Where somebody else starts
the code server and watches it, ``--look --port 13030`` looks once: the exit code is 1 when the
process behind it is gone. Refuses to mend anything.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from types import FrameType

import grpc

MODULE = "arus_dagster.defs.definitions"
POLL_SECONDS = 0.2
LOOK_SECONDS = 2.0
LOOKS = 3
PING_SECONDS = 10


def main() -> int:
    """Serve until the code server ends, or what it needs is gone; the exit code says which."""
    parser = argparse.ArgumentParser(
        prog="python -m arus_dagster.cli.code_server",
        description="Further options are those of 'dagster code-server start'.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--look", action="store_true", help="look once, and serve nothing")
    chosen, further = parser.parse_known_args()
    if chosen.look:
        return 0 if holds_definitions(chosen.port) else 1
    if os.getpgrp() != os.getpid():
        os.setpgrp()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _pass_on)
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "dagster", "code-server", "start"),
            *("--host", chosen.host, "--port", str(chosen.port), "--module-name", MODULE),
            *further,
        ]
    )
    if _watch(server, chosen.port):
        return server.returncode
    sys.stderr.write("The process that holds the definitions is gone.\n")
    sys.stderr.flush()
    # Runs included: they could be neither seen nor cancelled any more.
    os.killpg(0, signal.SIGKILL)
    raise AssertionError  # we were among them


def _pass_on(number: int, _frame: FrameType | None) -> None:
    """Ask all of the group to stop, runs in flight too, however many of them the signal reached."""
    signal.signal(number, signal.SIG_IGN)
    os.killpg(0, number)


def _watch(server: subprocess.Popen[bytes], port: int) -> bool:
    """Return when the code server has ended, or (False) what is behind it is gone."""
    began = False
    gone = 0
    next_look = 0.0
    while server.poll() is None:
        time.sleep(POLL_SECONDS)
        if time.monotonic() < next_look:
            continue
        next_look = time.monotonic() + LOOK_SECONDS
        there = holds_definitions(port)
        began = began or there
        gone = 0 if there or not began else gone + 1
        if gone >= LOOKS:
            return False
    return True


def holds_definitions(port: int) -> bool:
    """Whether the process behind the code server is there; one that is slow to answer is.

    The code server passes the question on, and answers others as if nothing had happened.
    """
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        ping: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            "/api.DagsterApi/Ping"
        )
        try:
            ping(b"", timeout=PING_SECONDS)
        except grpc.RpcError as error:
            return bool(error.code() == grpc.StatusCode.DEADLINE_EXCEEDED)
    return True


if __name__ == "__main__":
    sys.exit(main())
