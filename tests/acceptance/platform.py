"""The embedded default as a person starts it: the command ``arus up``, on ports of its own.

Owns its processes and its state directory, and the question whether anything of it still runs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from arus_dagster.cli.process import free_port

SCRIPTS = Path(sysconfig.get_path("scripts"))
ARUS = SCRIPTS / "arus"
READY = "Press Ctrl-C to stop."


class Platform:
    """A checkout-like directory with ``.arus`` and ``.venv`` in it, and ``arus up`` on them."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="arus-up-"))
        self.directory.chmod(0o711)
        self.home = self.directory / ".arus"
        (self.directory / ".venv").mkdir()
        (self.directory / ".venv" / "bin").symlink_to(SCRIPTS)
        names = ("api", "dagster", "code-server", "postgres")
        self.ports = {name: free_port() for name in names}
        self._process: subprocess.Popen[str] | None = None
        self._output = self.directory / "up.txt"

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, *options: str) -> None:
        """Start it and return when it says that everything runs."""
        with self._output.open("w") as output:
            self._process = subprocess.Popen(
                [ARUS, "up", *self.port_options(), *options],
                cwd=self.directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
            )
        while READY not in self.output():
            assert self._process.poll() is None, self.output()
            time.sleep(0.1)

    def stop(self) -> int:
        """Press Ctrl-C and return the exit code."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        code = self._process.wait()
        self._process = None
        return code

    def kill(self) -> None:
        """End the command, and it alone, without a chance to clean up."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def remove(self) -> None:
        if self._process is not None:
            self.stop()
        shutil.rmtree(self.directory)

    def port_options(self) -> list[str]:
        return [f"--{name}-port={number}" for name, number in self.ports.items()]

    def output(self) -> str:
        return self._output.read_text()

    def arus(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Another command of ours, in the same directory."""
        return subprocess.run(
            [ARUS, *arguments],
            cwd=self.directory,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    @contextlib.contextmanager
    def locked(self, database: str, table: str) -> Iterator[None]:
        """Nobody else reads a table in the meantime."""
        with subprocess.Popen(
            [ARUS, "psql", database],
            cwd=self.directory,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as psql:
            assert psql.stdin is not None
            assert psql.stdout is not None
            psql.stdin.write(f"BEGIN;\nLOCK TABLE {table};\n")
            psql.stdin.flush()
            assert [psql.stdout.readline(), psql.stdout.readline()] == ["BEGIN\n", "LOCK TABLE\n"]
            yield  # the end of its input ends psql, and with it the transaction

    def processes(self) -> dict[int, str]:
        """What runs on the state directory, by its environment or arguments: process ids to
        command lines."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes()
                environment = (entry / "environ").read_bytes()
            except OSError:
                continue  # it ended while we looked
            marks = (f"ARUS_HOME={self.home}\0".encode(), f"{self.home}/".encode())
            if int(entry.name) != os.getpid() and (marks[0] in environment or marks[1] in command):
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
        return found
