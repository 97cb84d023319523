"""Full load of a large table, direct: the first sync, into a table that is not there yet."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg2

from benchmarks import login, pipes, tables
from benchmarks.bench import Bench
from benchmarks.engine import Lane
from benchmarks.measure import Side, interleave
from benchmarks.peers.sling import without_bytes
from benchmarks.results import OURS, Reach, Row
from benchmarks.servers import settle
from tests.servers import Database

PIPE = "bare pipe"
_PIPED = "piped.orders"


def from_postgresql(bench: Bench) -> Iterator[Row]:
    """PostgreSQL to PostgreSQL, beside a binary pipe."""
    server = bench.servers.postgresql
    with server.database() as source, server.database() as warehouse:
        yield from _compare(
            bench,
            source,
            warehouse,
            "full_load_postgresql",
            "PostgreSQL → PostgreSQL",
            [Reach(PIPE, "at most", 1.15), Reach("Sling", "at least", 5), Reach("dlt", "at least")],
        )


def from_mariadb(bench: Bench) -> Iterator[Row]:
    """MariaDB to PostgreSQL, beside a pipe of lines that the server puts together."""
    with (
        bench.servers.mariadb.database() as source,
        bench.servers.postgresql.database() as warehouse,
    ):
        yield from _compare(
            bench,
            source,
            warehouse,
            "full_load_mariadb",
            "MariaDB → PostgreSQL",
            [
                Reach(PIPE, "at most", 1.3),
                Reach("Sling", "at least", 4),
                Reach("dlt", "at least"),
                Reach("pgloader", "at least"),
            ],
        )


def _compare(
    bench: Bench,
    source: Database,
    warehouse: Database,
    row_id: str,
    way: str,
    reaches: list[Reach],
) -> Iterator[Row]:
    sizes, notes = bench.sizes, list[str]()
    for database in (source, warehouse):
        login.allow(database)
    tables.make_orders(source, sizes.rows)
    lane = Lane(source, warehouse, tables.ORDERS)

    def sync() -> None:
        lane.sync()

    def clear_ours() -> None:
        lane.forget()
        settle(warehouse)

    def clear(schema: str) -> None:
        warehouse.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE", f"CREATE SCHEMA {schema}")
        settle(warehouse)

    sides = [
        Side(OURS, sync, clear_ours),
        Side(
            PIPE,
            lambda: pipes.full_load(source, warehouse, _PIPED, bench.home / "pipe"),
            lambda: clear("piped"),
        ),
    ]
    copies = {OURS: lane.target, PIPE: _PIPED}
    if sling := bench.sling(notes):
        notes.append("Sling can't carry bytes: its query has the server write them as hexadecimal.")
        sides.append(
            Side(
                sling.name,
                lambda: sling.full_load(source, warehouse, "sling.orders", without_bytes(source)),
                lambda: clear("sling"),
                sizes.peer_repeats,
            )
        )
        copies[sling.name] = "sling.orders"
    if dlt := bench.dlt(notes):
        sides.append(
            Side(
                dlt.name,
                lambda: dlt.full_load(source, warehouse, row_id, tables.ORDERS),
                lambda: clear(row_id),
                sizes.peer_repeats,
            )
        )
        copies[dlt.name] = f"{row_id}.orders"
    if source.spec.type == "mariadb" and (pgloader := bench.pgloader(notes)):
        sides.append(
            Side(
                pgloader.name,
                lambda: pgloader.full_load(source, warehouse),
                lambda: settle(warehouse),
                sizes.peer_repeats,
            )
        )
        copies[pgloader.name] = f"{source.name}.orders"
    figures = interleave(sides, sizes.repeats, notes)
    for name in figures:
        notes += _differences(source, name, warehouse, copies[name])
    yield Row(
        id=row_id,
        what=f"Full load of {sizes.rows:,} rows, {way}, direct",
        figures=figures,
        reaches=[reach for reach in reaches if reach.beside in figures],
        notes=notes,
    )


def _differences(source: Database, name: str, warehouse: Database, table: str) -> list[str]:
    """Notes on what a copy lost; of the copies we answer for, nothing may be."""
    answered_for = name in (OURS, PIPE)
    expected = tables.digest(source, tables.ORDERS, with_bytes=answered_for)
    try:
        found = tables.digest(warehouse, table, with_bytes=answered_for)
    except psycopg2.Error as error:
        if answered_for:
            raise
        return [f"{name}'s copy is of other types: {str(error).splitlines()[0]}."]
    if found == expected:
        return []
    if answered_for:
        raise AssertionError(f"{name} lost something: {found} is not {expected}")
    return [f"{name}'s copy differs: {found} instead of {expected}."]
