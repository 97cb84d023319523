"""One child process of the platform: what to run, when it is ready, how it is stopped.

Owns a program's description and the handle of its running process group. Refuses secrets on the
command line: they travel in ``env`` alone, which the process list does not show.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from arus_dagster.cli.account import Account
from arus_dagster.cli.sentinel import group_alive
from arus_dagster.errors import FatalError

POLL_SECONDS = 0.05
LOG_TAIL_LINES = 15


class StartError(FatalError):
    """A program of the platform can't be started, or stopped when it should run."""


@dataclass(frozen=True)
class Port:
    """A port a program will listen on, and the option of ours that moves it."""

    number: int
    option: str
    host: str = "127.0.0.1"


@dataclass(frozen=True)
class Program:
    """What to run.

    Args:
        name: shown to people and the stem of the log file.
        argv: the command; never holds a secret.
        env: the complete environment.
        log: file that takes standard output and error.
        ready: answers whether the program does its work now; called until it says so.
        ready_seconds: how long to wait for that.
        ports: what it will listen on.
        cwd: working directory.
        account: the account to run under; None is the caller's own.
        stop_signal: what asks it to stop.
        signal_group: whether the whole group is asked, or its leader alone.
        stop_seconds: how long it may take to stop before the group is killed.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    ready: Callable[[], bool]
    ready_seconds: float = 60
    ports: Sequence[Port] = ()
    cwd: Path | None = None
    account: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    signal_group: bool = True
    stop_seconds: float = 20


def check_port_free(port: Port, program: str) -> None:
    """Raises:
    StartError: something listens on the port already; the message names both ways out.
    """
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # REUSEADDR ignores connections in TIME_WAIT, but not a listener; REUSEPORT is left out on
        # purpose, since with it a second server would share the port with a stale first one.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.number))
            probe.listen(1)
        except OSError as error:
            raise StartError(
                f"Port {port.number}, which the {program} needs, can't be used on {port.host} "
                f"({error.strerror or error}). Stop what listens there, or choose another port "
                f"with {port.option}."
            ) from error


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        number: int = probe.getsockname()[1]
        return number


@dataclass
class Child:
    """A started program and its process group."""

    program: Program
    process: subprocess.Popen[bytes]
    log_start: int

    @classmethod
    def start(cls, program: Program) -> Child:
        """Start ``program`` as the leader of a session, and so of a group, of its own.

        The caller must hold Python handlers for SIGINT and SIGTERM (the supervisor does): a
        handler becomes the default action in the child, where an ignored signal would stay
        ignored and Dagster's servers would outlive their stop.

        Raises:
            StartError: a port is taken or the command can't be run.
        """
        for port in program.ports:
            check_port_free(port, program.name)
        program.log.parent.mkdir(parents=True, exist_ok=True)
        account = program.account
        try:
            with program.log.open("ab") as log:
                log_start = log.tell()
                process = subprocess.Popen(
                    program.argv,
                    env=dict(program.env),
                    cwd=program.cwd,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    user=account.uid if account else None,
                    group=account.gid if account else None,
                    extra_groups=[] if account else None,
                )
        except OSError as error:
            raise StartError(f"The {program.name} can't be started: {error}") from error
        return cls(program, process, log_start)

    def wait_ready(self, check: Callable[[], None]) -> None:
        """Wait until the program does its work.

        Args:
            check: called at every poll; raises to give up early (a sibling died, say).

        Raises:
            StartError: it ended, or was not ready in time; the message ends with its log's tail.
        """
        deadline = time.monotonic() + self.program.ready_seconds
        while True:
            check()
            if self.process.poll() is not None:
                raise StartError(self.describe_exit())
            if self.program.ready():
                return
            if time.monotonic() > deadline:
                raise StartError(
                    f"The {self.program.name} was not ready within "
                    f"{self.program.ready_seconds:.0f} s.{self._log_tail()}"
                )
            time.sleep(POLL_SECONDS)

    def describe_exit(self) -> str:
        """Why the program is no longer running, with the tail of its log."""
        return self.how_it_ended() + self._log_tail()

    def how_it_ended(self) -> str:
        """Why the program is no longer running, in one line."""
        code = self.process.returncode
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        return f"The {self.program.name} {how}."

    def stop(self) -> None:
        """Ask it to stop, then kill what is left of its group; returns when all are gone."""
        if self.process.poll() is None:
            self._signal(self.program.stop_signal, group=self.program.signal_group)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(self.program.stop_seconds)
        if group_alive(self.process.pid):
            # The leader may be gone with members of its group still ending by themselves.
            deadline = time.monotonic() + (2 if self.process.poll() is not None else 0)
            while group_alive(self.process.pid) and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
            self._signal(signal.SIGKILL, group=True)
        self.process.wait()
        while group_alive(self.process.pid):
            time.sleep(POLL_SECONDS)

    def _signal(self, number: signal.Signals, *, group: bool) -> None:
        with contextlib.suppress(ProcessLookupError):
            if group:
                os.killpg(self.process.pid, number)
            else:
                self.process.send_signal(number)

    def _log_tail(self) -> str:
        with self.program.log.open("rb") as log:
            log.seek(self.log_start)
            lines = log.read().decode(errors="replace").splitlines()[-LOG_TAIL_LINES:]
        if not lines:
            return f" Its log, {self.program.log}, is empty."
        shown = "\n".join(f"  {line}" for line in lines)
        return f" The end of its log, {self.program.log}:\n{shown}"
