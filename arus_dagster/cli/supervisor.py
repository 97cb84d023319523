"""All children of one ``arus up`` or ``arus demo``: started in order, stopped together.

Owns the signal handlers, the lock on the state directory, the sentinel that ends the children
when this process is killed outright, and starting a child again that ended by itself. Refuses to
run twice on one state directory, to go on for ever with a child that keeps ending, and to leave
anything behind: whatever ends the block, every group is gone when it is left.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Self

from arus_dagster.cli import sentinel
from arus_dagster.cli.process import POLL_SECONDS, Child, Program, StartError

# What the sentinel may need to end everything that a killed one left, one after the other.
LOCK_SECONDS = 180
# A program that ends more often than this within the time will not get well by itself.
RESTARTS = 5
RESTARTS_SECONDS = 600
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class InUseError(StartError):
    """Another process of ours runs on the state directory."""


class Stopped(BaseException):
    """A signal asked us to stop.

    Not an ``Exception``, so that no handler of errors on the way takes it for one.
    """

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


class Supervisor:
    """Children that live no longer than the ``with`` block.

    Args:
        home: the state directory; one supervisor at a time may use it.

    Raises:
        InUseError: another one uses ``home``.
        StartError: a program can't be started.
        Stopped: SIGINT, SIGTERM or SIGHUP arrived.
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._children: list[Child] = []
        self._ends: dict[str, list[float]] = {}
        self._handlers: dict[int, signal.Handlers | object] = {}
        self._lock_fd = -1
        self._sentinel: subprocess.Popen[bytes] | None = None
        self._held = True  # while true, a signal waits for ``check`` in place of interrupting
        self._pending: int | None = None

    def __enter__(self) -> Self:
        self._take_lock()
        for number in STOP_SIGNALS:
            self._handlers[number] = signal.signal(number, self._on_signal)
        try:
            self._start_sentinel()
        except BaseException:
            self.stop()
            raise
        self._held = False
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def children(self) -> list[Child]:
        """The children, in the order in which they were first started."""
        return list(self._children)

    def start(self, *programs: Program) -> list[Child]:
        """Start programs side by side and wait until all of them do their work.

        Raises:
            StartError: one can't be started, ended, was not ready in time, or a sibling died.
        """
        children = [self._start(program) for program in programs]
        for child in children:
            child.wait_ready(self.check)
        return children

    def _start(self, program: Program, place: int | None = None) -> Child:
        self._held = True  # between its start and its entry in the list a child has no owner
        try:
            child = Child.start(program)
            self._children.insert(len(self._children) if place is None else place, child)
            self._tell_sentinel(
                f"watch {child.process.pid} {int(program.stop_signal)} "
                f"{'group' if program.signal_group else 'leader'} {program.stop_seconds}"
            )
        finally:
            self._held = False
        return child

    def check(self) -> None:
        """Raises:
        StartError: a child has ended by itself.
        Stopped: a signal arrived at a moment when it had to wait.
        """
        self._check_signal()
        for child in self._children:
            if child.process.poll() is not None:
                raise StartError(child.describe_exit())

    def _check_signal(self) -> None:
        if self._pending is not None:
            raise Stopped(self._pending)
        if self._sentinel is not None and self._sentinel.poll() is not None:
            raise StartError("The sentinel that guards the child processes was ended.")

    def stop_one(self, child: Child) -> None:
        """Stop one child before the others, for a restart say."""
        child.stop()
        self._children.remove(child)
        self._tell_sentinel(f"forget {child.process.pid}")

    def wait(self, tell: Callable[[str], None] = lambda _: None, poll_seconds: float = 0.5) -> None:
        """Stay until a signal; a child that ends by itself meanwhile is started again.

        Args:
            tell: shows one line on a child that was started again, and why.

        Raises:
            Stopped: a signal arrived.
            StartError: a child ended too often.
        """
        while True:
            self._check_signal()
            # In the order of their start: what the later ones need comes back before them.
            for child in list(self._children):
                if child.process.poll() is not None:
                    self._restart(child, tell)
            time.sleep(poll_seconds)

    def _restart(self, child: Child, tell: Callable[[str], None]) -> None:
        name = child.program.name
        now = time.monotonic()
        ends = [end for end in self._ends.get(name, []) if now - end < RESTARTS_SECONDS]
        self._ends[name] = [*ends, now]
        if len(ends) >= RESTARTS:
            raise StartError(
                f"The {name} was started again {RESTARTS} times within "
                f"{RESTARTS_SECONDS // 60} minutes, to no avail. {child.describe_exit()}"
            )
        tell(f"{child.how_it_ended()} It is started again; its log is {child.program.log}.")
        # The first time at once, then after ever longer pauses.
        self._pause((1 << len(ends)) - 1)
        place = self._children.index(child)
        self.stop_one(child)  # what is left of its group
        try:
            fresh = self._start(child.program, place)
        except StartError as error:
            self._children.insert(place, child)  # ended as it is, to be tried again
            tell(str(error))
            return
        # Its end meanwhile, or a failure to get ready, is seen at the next turn.
        deadline = time.monotonic() + fresh.program.ready_seconds
        while fresh.process.poll() is None and not self._is_ready(fresh):
            self._check_signal()
            if time.monotonic() > deadline:
                fresh.stop()
            self._pause(POLL_SECONDS)

    @staticmethod
    def _is_ready(child: Child) -> bool:
        try:
            return child.program.ready()
        except StartError:
            return False  # what it needs may be on its way back, too

    def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self._check_signal()
            time.sleep(min(left, 0.1))

    def stop(self) -> None:
        """Stop every child, newest first, then give up the lock and the signal handlers."""
        self._held = True  # a second Ctrl-C must not leave half of them running
        errors = []
        while self._children:
            try:
                self._children[-1].stop()
            except OSError as error:
                errors.append(error)
            self._children.pop()
        if self._sentinel is not None:
            assert self._sentinel.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                self._sentinel.stdin.close()
            self._sentinel.wait()
            self._sentinel = None
        for number, handler in self._handlers.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        self._handlers.clear()
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1
        if errors:
            raise errors[0]

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._held:
            self._pending = number
        else:
            raise Stopped(number)

    def _take_lock(self) -> None:
        self._home.mkdir(parents=True, exist_ok=True)
        path = self._home / "lock"
        self._lock_fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(self._lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                owner = os.pread(self._lock_fd, 32, 0).decode(errors="replace").strip()
                if _runs(owner) or time.monotonic() > deadline:
                    os.close(self._lock_fd)
                    self._lock_fd = -1
                    raise InUseError(
                        f"{self._home} is in use by another arus (process {owner or 'unknown'}). "
                        "Stop that one first, or name another directory with --home."
                    ) from error
                # Its owner is gone and the sentinel is still ending what it left.
                time.sleep(0.1)
        os.ftruncate(self._lock_fd, 0)
        os.pwrite(self._lock_fd, f"{os.getpid()}\n".encode(), 0)

    def _start_sentinel(self) -> None:
        # It inherits the lock: the directory counts as in use until the last child has gone.
        self._sentinel = subprocess.Popen(
            [sys.executable, "-I", "-S", sentinel.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[self._lock_fd],
            env={},
        )

    def _tell_sentinel(self, line: str) -> None:
        assert self._sentinel is not None and self._sentinel.stdin is not None
        self._sentinel.stdin.write(f"{line}\n".encode())
        self._sentinel.stdin.flush()


def _runs(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
