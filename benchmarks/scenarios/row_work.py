"""What costs more than copying: raw mode, and a script that sees every row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks import login, tables
from benchmarks.bench import Bench
from benchmarks.engine import Lane
from benchmarks.measure import Side, interleave
from benchmarks.peers.sling import without_bytes
from benchmarks.results import OURS, Reach, Row
from benchmarks.servers import settle
from tests.servers import Database

DIRECT = "Arus, direct"
SCRIPT = """def transform(row):
    row["email"] = row["email"].lower() if row["email"] else row["email"]
    return row
"""


def raw_mode(bench: Bench) -> Iterator[Row]:
    """JSONB rows kept and the target made from them, beside a direct load of the same rows."""
    rows = bench.sizes.rows
    for kind in ("postgresql", "mariadb"):
        server = getattr(bench.servers, kind)
        with server.database() as source, bench.servers.postgresql.database() as warehouse:
            tables.make_orders(source, rows)
            notes: list[str] = []
            sides = [
                _side(DIRECT, source, warehouse),
                _side(OURS, source, warehouse, table={"load_mode": "raw"}),
            ]
            yield Row(
                id=f"raw_{kind}",
                what=f"Full load of {rows:,} rows, {_label(source)} → PostgreSQL, raw mode",
                figures=interleave(sides, bench.sizes.repeats, notes),
                reaches=[Reach(DIRECT, "at most", 2.5)],
                notes=notes,
            )


def script(bench: Bench) -> Iterator[Row]:
    """A one-line change of every row, beside what the peers have for it."""
    rows = bench.sizes.rows
    server = bench.servers.postgresql
    with server.database() as source, server.database() as warehouse:
        login.allow(source)
        tables.make_orders(source, rows)
        notes: list[str] = []
        sides = [
            _side(OURS, source, warehouse, scripts=(SCRIPT,)),
            _side(DIRECT, source, warehouse),
        ]
        if sling := bench.sling(notes):
            notes.append("Sling's side is its own transform `lower`, written in Go.")
            sides.append(
                Side(
                    sling.name,
                    lambda: sling.lower_case(
                        source, warehouse, "sling.orders", without_bytes(source), "email"
                    ),
                    lambda: _clear(warehouse, "sling"),
                    bench.sizes.peer_repeats,
                )
            )
        if dlt := bench.dlt(notes):
            notes.append("dlt's side is a function given to `add_map`, row by row.")
            sides.append(
                Side(
                    dlt.name,
                    lambda: dlt.lower_case(source, warehouse, "dlt_script", tables.ORDERS),
                    lambda: _clear(warehouse, "dlt_script"),
                    bench.sizes.peer_repeats,
                )
            )
        figures = interleave(sides, bench.sizes.repeats, notes)
        reaches = [Reach("Sling", "at least"), Reach("dlt", "at least")]
        yield Row(
            id="script",
            what=f"Full load of {rows:,} rows, PostgreSQL → PostgreSQL, with a one-line script",
            figures=figures,
            reaches=[
                *(reach for reach in reaches if reach.beside in figures),
                Reach(DIRECT, aim=False),
            ],
            notes=notes,
        )


def _side(name: str, source: Database, warehouse: Database, **lane: Any) -> Side:
    made = Lane(source, warehouse, tables.ORDERS, **lane)

    def sync() -> None:
        result = made.sync()
        assert result.rows_loaded == result.rows_extracted, result

    def prepare() -> None:
        made.forget()
        settle(warehouse)

    return Side(name, sync, prepare)


def _clear(warehouse: Database, schema: str) -> None:
    warehouse.execute(
        f"DROP SCHEMA IF EXISTS {schema} CASCADE", f"CREATE SCHEMA {schema}", admin=True
    )
    settle(warehouse)


def _label(source: Database) -> str:
    return "PostgreSQL" if source.spec.type == "postgresql" else "MariaDB"
