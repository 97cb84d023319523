"""dlt, by a program of the kind its users write."""

from __future__ import annotations

import json
from pathlib import Path

from benchmarks import login
from benchmarks.peers.environment import DLT, PeerEnvironment, run_peer
from benchmarks.tables import source_schema
from tests.servers import Database

_PROGRAM = Path(__file__).with_name("programs") / "dlt_pipeline.py"


class Dlt:
    """dlt with its pyarrow backend, loading Parquet files by ADBC: its quickest way into PostgreSQL
    that carries bytes.

    Args:
        home: a directory for what it keeps.

    Raises:
        UnavailableError: it can't be had here.
    """

    name = "dlt"

    def __init__(self, environment: PeerEnvironment, home: Path) -> None:
        environment.require(*DLT)
        self._python = environment.python
        self._home = home

    def full_load(self, source: Database, warehouse: Database, dataset: str, table: str) -> float:
        """Load a table anew; the seconds it took."""
        return self._run(source, warehouse, dataset, table)

    def lower_case(self, source: Database, warehouse: Database, dataset: str, table: str) -> float:
        """The same with a function on each row."""
        return self._run(source, warehouse, dataset, table, row_by_row=True)

    def incremental(
        self,
        source: Database,
        warehouse: Database,
        dataset: str,
        table: str,
        watermark: str,
        since: str,
    ) -> float:
        """Merge what has changed since the last time, or a moment."""
        more = {"watermark": watermark, "from": since}
        return self._run(source, warehouse, dataset, table, **more)

    def _run(
        self, source: Database, warehouse: Database, dataset: str, table: str, **more: object
    ) -> float:
        kind = source.spec.type
        scheme = "postgresql+psycopg2" if kind == "postgresql" else "mysql+pymysql"
        what = {
            "source": login.url(source, scheme),
            "warehouse": login.url(warehouse),
            "schema": source_schema(source),
            "table": table,
            "dataset": dataset,
            "pipeline": f"bench_{dataset}",
            "format": "parquet",
            "home": str(self._home),
            **more,
        }
        env = {
            **login.environment(self._home),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
            "DLT_DATA_DIR": str(self._home),
            "RUNTIME__LOG_LEVEL": "ERROR",
        }
        argv = [str(self._python), str(_PROGRAM)]
        done = run_peer(argv, env, self._home, json.dumps(what))
        return float(json.loads(done.stdout.splitlines()[-1])["seconds"])
