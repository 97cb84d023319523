"""What a sync's process takes at its peak, on every way that rows can go, with rows of a megabyte.

Owns the processes: each sync has a new one, which holds the engine and nothing of the measuring.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from typing import Any

from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.specs import SyncRequest
from arus_dagster.engine.sync import sync_table
from benchmarks.bench import Bench
from benchmarks.engine import Lane
from benchmarks.processes import peak_megabytes
from benchmarks.results import OURS, Reach, Row
from tests.servers import Database

_WIDE = "wide"
_SCRIPT = """def transform(row):
    row["body"] = row["body"].upper()
    return row
"""
# Digits of md5, which compression makes no smaller.
_MAKE = {
    "postgresql": (
        "CREATE TABLE wide (id int PRIMARY KEY, updated_at timestamptz NOT NULL, body text)",
        "INSERT INTO wide SELECT n, timestamptz '2024-01-01Z' + n * interval '1 minute',"
        " (SELECT string_agg(md5(n::text || m), '') FROM generate_series(1, 32768) m)"
        " FROM generate_series(1, {rows}) n",
    ),
    "mariadb": (
        "CREATE TABLE wide (id int PRIMARY KEY, updated_at timestamp(6) NOT NULL, body longtext)",
        "INSERT INTO wide SELECT seq, TIMESTAMP '2024-01-01 00:00:00' + INTERVAL seq MINUTE,"
        " REPEAT(MD5(seq), 32768) FROM seq_1_to_{rows}",
    ),
}
_WAYS: dict[str, dict[str, Any]] = {
    "direct": {},
    "raw": {"table": {"load_mode": "raw"}},
    "script": {"scripts": (_SCRIPT,)},
    "raw and script": {"table": {"load_mode": "raw"}, "scripts": (_SCRIPT,)},
    "merge": {"watermark": "updated_at"},
}


def memory(bench: Bench) -> Iterator[Row]:
    """Every way from every kind of source; a merge finds all its rows there already."""
    rows = bench.sizes.wide_rows
    figures: dict[str, list[float]] = {}
    for kind, statements in _MAKE.items():
        server = getattr(bench.servers, kind)
        with server.database() as source, bench.servers.postgresql.database() as warehouse:
            source.execute(*(statement.format(rows=rows) for statement in statements))
            for way, lane in _WAYS.items():
                peak = _peak(Lane(source, warehouse, _WIDE, **lane), rows, merges=way == "merge")
                print(f"    {kind}, {way}: {peak:.0f} MB", flush=True)
                figures[f"{kind}, {way}"] = [peak]
                _drop(warehouse)
    yield Row(
        id="memory_ways",
        what=f"Peak memory of the engine's process, {rows:,} rows of 1 MB",
        unit="MB",
        figures={OURS: [max(peak for (peak,) in figures.values())], **figures},
        reaches=[Reach(None, "at most", 250)],
        notes=["A script's own process is not counted: it has a limit of its own."],
    )


def _peak(lane: Lane, rows: int, *, merges: bool) -> float:
    requests = [lane.request()]
    if merges:
        requests.append(lane.request(kind="backfill", from_date="2000-01-01"))
    # A new process: one that is forked has the peak of this one to begin with.
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        loaded, peak = pool.apply(_sync, (requests,))
    assert loaded == [rows] * len(requests), loaded
    assert peak > 0  # Linux tells it of every process
    return float(peak)


def _sync(requests: list[SyncRequest]) -> tuple[list[int], float]:
    """Rows loaded by each sync, and the megabytes that this process ever had."""
    loaded = [
        sync_table(request, on_message=lambda level, text: None, cancel=CancelToken()).rows_loaded
        for request in requests
    ]
    return loaded, peak_megabytes(os.getpid())


def _drop(warehouse: Database) -> None:
    warehouse.execute(
        "DROP SCHEMA IF EXISTS arus CASCADE", "DROP SCHEMA IF EXISTS arus_raw CASCADE"
    )
