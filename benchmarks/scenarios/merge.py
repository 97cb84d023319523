"""Rows that are there already: many that are mostly the same, and few among very many."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg2
from psycopg2.extras import execute_values

from benchmarks import login, pipes, tables
from benchmarks.bench import Bench
from benchmarks.engine import Lane
from benchmarks.measure import Side, interleave
from benchmarks.results import OURS, Reach, Row
from benchmarks.servers import settle
from tests.servers import Database

BY_HAND = "by hand"
_FIRST = datetime(2021, 1, 1, tzinfo=UTC)


def merge(bench: Bench) -> Iterator[Row]:
    """Every row of a table read again and merged, of which one in a hundred has changed."""
    rows, server = bench.sizes.rows, bench.servers.postgresql
    home = bench.home / "merge"
    with server.database() as source, server.database() as warehouse:
        for database in (source, warehouse):
            login.allow(database)
        tables.make_orders(source, rows)
        lane = Lane(source, warehouse, tables.ORDERS, watermark="updated_at")
        lane.sync()
        warehouse.execute("CREATE SCHEMA piped")
        pipes.full_load(source, warehouse, "piped.orders", home)
        turns = itertools.count(1)

        def change(table: str) -> None:
            source.execute(
                f"UPDATE orders SET amount = amount + 1 WHERE id % 100 = {next(turns) % 100}",
                "VACUUM orders",
            )
            warehouse.execute(f"VACUUM ANALYZE {table}", admin=True)
            settle(warehouse)

        def ours() -> None:
            result = lane.sync(kind="backfill", from_date="2000-01-01")
            assert result.rows_extracted == rows, result

        sides = [
            Side(OURS, ours, lambda: change(lane.target)),
            Side(
                BY_HAND,
                lambda: _merge_by_hand(source, warehouse, home),
                lambda: change("piped.orders"),
            ),
        ]
        notes: list[str] = []
        figures = interleave(sides, bench.sizes.repeats, notes)
        expected = tables.digest(source, tables.ORDERS)
        # The last change came before the side by hand.
        assert tables.digest(warehouse, "piped.orders") == expected
        ours()
        assert tables.digest(warehouse, lane.target) == expected
        yield Row(
            id="merge",
            what=f"Merge of {rows:,} rows into {rows:,}, of which 1 % changed",
            figures=figures,
            reaches=[Reach(BY_HAND, "at most", 1.1)],
            notes=notes,
        )


def _merge_by_hand(source: Database, warehouse: Database, home: Path) -> None:
    names = ", ".join(f"{name} = EXCLUDED.{name}" for name in tables.COLUMNS if name != "id")
    writer = [
        *pipes.psql(warehouse),
        *("--command", "BEGIN"),
        *("--command", "CREATE TEMP TABLE waiting (LIKE piped.orders) ON COMMIT DROP"),
        *("--command", "COPY waiting FROM STDIN (FORMAT binary)"),
        "--command",
        f"INSERT INTO piped.orders SELECT * FROM waiting ON CONFLICT (id) DO UPDATE SET {names}",
        *("--command", "COMMIT"),
    ]
    pipes.connect(pipes.reader(source), writer, home)


def incremental(bench: Bench) -> Iterator[Row]:
    """A thousand rows changed among ten million, found by an indexed watermark."""
    sizes, server = bench.sizes, bench.servers.postgresql
    notes: list[str] = []
    with server.database() as source, server.database() as warehouse:
        for database in (source, warehouse):
            login.allow(database)
        _make_events(source, sizes.narrow_rows)
        lane = Lane(source, warehouse, "events", watermark="updated_at")
        lane.sync()
        warehouse.execute(
            "CREATE SCHEMA mine",
            "CREATE TABLE mine.events AS SELECT id, account_id, kind, amount, updated_at"
            f" FROM {lane.target}",
            "ALTER TABLE mine.events ADD PRIMARY KEY (id)",
            "CREATE INDEX ON mine.events (updated_at)",
            f"ANALYZE {lane.target}",
            "ANALYZE mine.events",
        )
        newest = itertools.count(1)
        turn = {"since": _FIRST + timedelta(seconds=sizes.narrow_rows)}
        step = max(1, sizes.narrow_rows // sizes.changed_rows)

        def change() -> None:
            # Every side merges the same number of rows, all past what it has seen.
            turn["since"] = moment = _FIRST + timedelta(days=365 * 20, hours=next(newest))
            source.execute(
                f"UPDATE events SET amount = amount + 1, updated_at = timestamptz '{moment}'"
                f" + id * interval '1 microsecond' WHERE id % {step} = 0"
                f" AND id <= {step * sizes.changed_rows}"
            )
            settle(warehouse)

        def ours() -> None:
            result = lane.sync()
            assert result.rows_loaded >= sizes.changed_rows, result

        sides = [
            Side(OURS, ours, change),
            Side(BY_HAND, lambda: _increment_by_hand(source, warehouse, turn["since"]), change),
        ]
        if sling := bench.sling(notes):
            warehouse.execute(
                "CREATE SCHEMA sling",
                "CREATE TABLE sling.events AS TABLE mine.events",
                "CREATE UNIQUE INDEX ON sling.events (id)",
                "CREATE INDEX ON sling.events (updated_at)",
                "ANALYZE sling.events",
            )
            sides.append(
                Side(
                    sling.name,
                    lambda: sling.incremental(
                        source, warehouse, "sling.events", "public.events", "updated_at"
                    ),
                    change,
                    sizes.peer_repeats + 1,
                )
            )
        if dlt := bench.dlt(notes):
            notes.append(
                "dlt merges into a target of the changed rows alone, since its first load of all"
                " would take minutes."
            )
            sides.append(
                Side(
                    dlt.name,
                    lambda: dlt.incremental(
                        *(source, warehouse, "dlt_events", "events", "updated_at"),
                        turn["since"].isoformat(),
                    ),
                    change,
                    sizes.peer_repeats + 1,
                )
            )
        figures = interleave(sides, sizes.short_repeats, notes)
        reaches = [
            Reach(BY_HAND, "at most", 2),
            Reach("Sling", "at least", 2),
            Reach("dlt", "at least", 2),
        ]
        yield Row(
            id="incremental",
            what=f"{sizes.changed_rows:,} rows changed among {sizes.narrow_rows:,}, engine alone",
            figures=figures,
            reaches=[reach for reach in reaches if reach.beside in figures],
            notes=notes,
        )


def _make_events(source: Database, rows: int) -> None:
    source.execute(
        "CREATE TABLE events (id bigint PRIMARY KEY, account_id integer NOT NULL, kind text"
        " NOT NULL, amount numeric(12,2), updated_at timestamptz NOT NULL)",
        "INSERT INTO events SELECT n, n % 90000, 'kind ' || n % 7, n % 100000 / 100.0,"
        f" timestamptz '2021-01-01Z' + n * interval '1 second' FROM generate_series(1, {rows}) n",
        "CREATE INDEX ON events (updated_at)",
        "VACUUM ANALYZE events",
    )


def _increment_by_hand(source: Database, warehouse: Database, since: datetime) -> None:
    reader, writer = (psycopg2.connect(login.url(database)) for database in (source, warehouse))
    try:
        with reader.cursor() as cursor:
            cursor.execute(
                "SELECT id, account_id, kind, amount, updated_at FROM events"
                " WHERE updated_at >= %s",
                (since,),
            )
            rows = cursor.fetchall()
        with writer, writer.cursor() as cursor:
            execute_values(
                cursor,
                "INSERT INTO mine.events VALUES %s ON CONFLICT (id) DO UPDATE SET account_id ="
                " EXCLUDED.account_id, kind = EXCLUDED.kind, amount = EXCLUDED.amount,"
                " updated_at = EXCLUDED.updated_at",
                rows,
                page_size=1_000,
            )
    finally:
        reader.close()
        writer.close()
