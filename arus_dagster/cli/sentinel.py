"""The process that outlives a killed supervisor just long enough to end its children.

Run as a script with the standard library alone. Owns a list of process groups, read from standard
input (the end of that input means that the supervisor is gone, in whatever way), and the question
whether a group still runs. Refuses to touch a group it was told to forget.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

POLL_SECONDS = 0.05


def main() -> None:
    """Read lines to the end of input, then end what is left, newest first.

    ``watch <pid> <signal> group|leader <seconds>`` adds a group, ``forget <pid>`` takes it out.
    """
    for refused in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(refused, signal.SIG_IGN)
    watched: dict[int, tuple[int, bool, float]] = {}
    for line in sys.stdin:
        command, pid, *rest = line.split()
        if command == "watch":
            number, asked, patience = rest
            watched[int(pid)] = (int(number), asked == "group", float(patience))
        else:
            watched.pop(int(pid), None)
    for group, (stop_signal, whole, seconds) in reversed(watched.items()):
        _end(group, stop_signal, whole=whole, seconds=seconds)


def group_alive(group: int) -> bool:
    """Whether any process of the group still runs (one that ended and waits to be collected
    does not)."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return not _only_zombies(group)


def _only_zombies(group: int) -> bool:
    """Whether the group's members have all ended and wait for a parent to collect them.

    In a container whose first process collects no orphans a zombie stays for ever; it holds no
    port, file or lock, so it must not hold up a stop. Without /proc nothing can be told apart.
    """
    proc = Path("/proc")
    if not (proc / "self" / "stat").exists():
        return False
    for stat in proc.glob("[0-9]*/stat"):
        try:
            # The name, in parentheses, may hold spaces; the fields after it may not.
            state, _parent, member_of, *_ = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if int(member_of) == group and state not in "ZX":
            return False
    return True


def _end(group: int, number: int, *, whole: bool, seconds: float) -> None:
    if not group_alive(group):
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        (os.killpg if whole else os.kill)(group, number)
    deadline = time.monotonic() + seconds
    while group_alive(group) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
