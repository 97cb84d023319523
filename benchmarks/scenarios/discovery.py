"""Discovery of a source with very many tables, beside one query of its columns."""

from __future__ import annotations

from collections.abc import Iterator

from arus_dagster.dialects.registry import open_source
from benchmarks.bench import Bench
from benchmarks.measure import Side, interleave
from benchmarks.results import OURS, Reach, Row
from tests.servers import Database

ONE_QUERY = "one query of information_schema"
_COLUMNS = (
    "SELECT table_schema, table_name, column_name, ordinal_position, data_type, is_nullable,"
    " column_default FROM information_schema.columns WHERE table_schema NOT IN"
    " ('information_schema', 'pg_catalog', 'mysql', 'performance_schema', 'sys') ORDER BY 1, 2, 4"
)
_DEFINITION = (
    "(id bigint PRIMARY KEY, name varchar(200) NOT NULL, amount numeric(12,2), note text,"
    " created_at timestamp NOT NULL, updated_at timestamp NOT NULL)"
)


def discovery(bench: Bench) -> Iterator[Row]:
    """PostgreSQL with all the tables; MariaDB, whose tables are files, with a tenth of them."""
    count = bench.sizes.discovery_tables
    with bench.servers.postgresql.database() as source:
        _make(source, count)
        yield _compare(bench, source, count, "PostgreSQL")
    few = max(1, count // 10)
    with bench.servers.mariadb.database() as source:
        _make(source, few)
        yield _compare(bench, source, few, "MariaDB")


def _make(source: Database, count: int) -> None:
    batch = 500  # PostgreSQL keeps a lock for each table of a transaction
    for start in range(0, count, batch):
        numbers = range(start, min(start + batch, count))
        statements = [f"CREATE TABLE table_{n} {_DEFINITION}" for n in numbers]
        if source.spec.type == "postgresql":
            source.execute("; ".join(statements))
        else:
            source.execute(*statements)
    if source.spec.type == "postgresql":
        source.execute("VACUUM ANALYZE", admin=True)


def _compare(bench: Bench, source: Database, count: int, label: str) -> Row:
    def ours() -> None:
        found = open_source(source.spec).discover()
        assert len(found) == count, len(found)
        assert all(len(table.columns) == 6 and table.primary_key == ("id",) for table in found)

    def query() -> None:
        assert len(source.rows(_COLUMNS)) == count * 6

    notes: list[str] = []
    return Row(
        id=f"discovery_{source.spec.type}",
        what=f"Discovery of {count:,} tables, {label}",
        figures=interleave([Side(OURS, ours), Side(ONE_QUERY, query)], bench.sizes.repeats, notes),
        reaches=[Reach(ONE_QUERY, "at most", 3)],
        notes=notes,
    )
