"""pgloader, Debian's package."""

from __future__ import annotations

from pathlib import Path

from benchmarks import login
from benchmarks.peers.environment import PeerError, UnavailableError, run_peer
from tests.servers import Database


class Pgloader:
    """pgloader's program.

    Raises:
        UnavailableError: it is not installed.
    """

    name = "pgloader"

    def __init__(self, home: Path) -> None:
        if login.program("pgloader") is None:
            raise UnavailableError("not installed (Debian's package pgloader)")
        self._home = home

    def full_load(self, source: Database, warehouse: Database) -> None:
        """Load every table of a MariaDB source into a schema of the source's name, anew."""
        commands = self._home / "load.pgloader"
        commands.write_text(
            f"LOAD DATABASE FROM {login.url(source, query='?useSSL=false')}\n"
            f"  INTO {login.url(warehouse)}\n"
            "  WITH include drop, create tables, create indexes, no foreign keys,"
            " reset no sequences, prefetch rows = 10000"  # its default exhausts its memory
            ";\n"
        )
        argv = ["pgloader", "--root-dir", str(self._home), str(commands)]
        done = run_peer(argv, login.environment(self._home), self._home)
        # It ends with 0 whatever happens, and tells of it.
        report = done.stdout + done.stderr
        if "ERROR" in report or "FATAL" in report:
            raise PeerError(f"failed\n{report[-3000:]}")
