"""Sling, by its own command line."""

from __future__ import annotations

import json
import platform
from pathlib import Path

from benchmarks import login
from benchmarks.peers.environment import SLING, PeerEnvironment, UnavailableError, run_peer
from benchmarks.tables import COLUMNS, source_schema
from tests.servers import Database


class Sling:
    """Sling's program.

    Args:
        home: a directory for what it keeps.

    Raises:
        UnavailableError: it can't be had here.
    """

    name = "Sling"

    def __init__(self, environment: PeerEnvironment, home: Path) -> None:
        if platform.machine() != "x86_64":
            raise UnavailableError("its program is packaged for x86-64 alone")
        environment.require(SLING)
        self._program = environment.directory_of("sling_linux_amd64") / "bin" / "sling-linux-amd64"
        self._home = home

    def full_load(self, source: Database, warehouse: Database, table: str, stream: str) -> None:
        """Load a table anew.

        Args:
            table: of the warehouse, with its schema.
            stream: the source's table, with its schema, or a query.
        """
        self._run(source, warehouse, "--src-stream", stream, "--tgt-object", table)

    def lower_case(
        self, source: Database, warehouse: Database, table: str, stream: str, column: str
    ) -> None:
        """Load a table anew, every value of a column through a transform of Sling's."""
        self._run(
            *(source, warehouse, "--src-stream", stream, "--tgt-object", table),
            *("--transforms", json.dumps({column: ["lower"]})),
        )

    def incremental(
        self, source: Database, warehouse: Database, table: str, stream: str, watermark: str
    ) -> None:
        """Merge what has changed since the greatest watermark of the target."""
        self._run(
            *(source, warehouse, "--src-stream", stream, "--tgt-object", table),
            *("--mode", "incremental", "--primary-key", "id", "--update-key", watermark),
        )

    def _run(self, source: Database, warehouse: Database, *arguments: str) -> None:
        env = {
            **login.environment(self._home),
            "SLING_DISABLE_TELEMETRY": "TRUE",
            "BENCH_SOURCE": login.url(source, query=_query(source)),
            "BENCH_WAREHOUSE": login.url(warehouse, query=_query(warehouse)),
        }
        argv = [str(self._program), "run", "--src-conn", "BENCH_SOURCE"]
        run_peer([*argv, "--tgt-conn", "BENCH_WAREHOUSE", *arguments], env, self._home)


def without_bytes(source: Database) -> str:
    """A query of ``orders`` in which the server writes bytes as hexadecimal text: Sling puts them
    into its CSV as they are, which PostgreSQL refuses."""
    hexadecimal = {"postgresql": "encode(digest, 'hex')"}.get(source.spec.type, "HEX(digest)")
    columns = (f"{hexadecimal} AS digest" if name == "digest" else name for name in COLUMNS)
    return f"SELECT {', '.join(columns)} FROM {source_schema(source)}.orders"


def _query(database: Database) -> str:
    return "?sslmode=disable" if database.spec.type == "postgresql" else ""
