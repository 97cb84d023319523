"""The demo's shop and its verdict on two databases."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from arus_dagster.cli.demo import shop
from arus_dagster.cli.demo.comparison import Comparison, compare_table
from tests.servers import Database

COPIED = (("public", "customers"), ("analytics", "customers"))


@pytest.fixture
def seeded(pg_source_db: Database) -> Iterator[Database]:
    connection = pg_source_db.connect(admin=True)
    connection.autocommit = False
    try:
        shop.seed(connection, "reader's password")
        shop.seed(connection, "reader's password")  # the second time finds it there
        yield pg_source_db
    finally:
        connection.close()
        pg_source_db.execute(f"DROP OWNED BY {shop.READER}", f"DROP ROLE {shop.READER}", admin=True)


@pytest.fixture
def copied(seeded: Database, warehouse_db: Database) -> Database:
    """A warehouse whose target holds the customers that are not marked as deleted."""
    warehouse_db.execute(
        "CREATE SCHEMA analytics",
        "CREATE TABLE analytics.customers (id bigint, name text, email text, country char(2),"
        " tags text[], preferences jsonb, birthday date, updated_at timestamptz,"
        " deleted_at timestamptz, _arus_run_id uuid)",
    )
    source = seeded.connect(admin=True)
    target = warehouse_db.connect()
    columns = "id, name, email, country, tags, preferences, birthday, updated_at, deleted_at"
    with source.cursor() as reading, target.cursor() as writing:
        reading.execute(
            f"SELECT {columns.replace('preferences', 'preferences::text')}"
            " FROM customers WHERE deleted_at IS NULL"
        )
        writing.executemany(
            f"INSERT INTO analytics.customers ({columns})"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            reading.fetchall(),
        )
    return warehouse_db


def compare(seeded: Database, copied: Database) -> Comparison:
    source, target = seeded.connect(admin=True), copied.connect()
    source.autocommit = target.autocommit = False
    return compare_table(source, target, *COPIED, "deleted_at")


def count(database: Database, table: str, where: str = "true") -> int:
    number: int = database.value(f"SELECT count(*) FROM {table} WHERE {where}", admin=True)
    return number


def test_the_same_rows_are_equal(seeded: Database, copied: Database) -> None:
    comparison = compare(seeded, copied)
    assert comparison.equal
    assert comparison.rows == 1980
    assert comparison.columns == 9


@pytest.mark.parametrize(
    ("damage", "missing", "surplus"),
    [
        ("DELETE FROM analytics.customers WHERE id = 7", 1, 0),
        ("INSERT INTO analytics.customers SELECT * FROM analytics.customers WHERE id = 7", 0, 1),
        ("UPDATE analytics.customers SET name = name || ' ' WHERE id = 7", 1, 1),
        ("UPDATE analytics.customers SET country = NULL WHERE id = 7", 1, 1),
        (
            "UPDATE analytics.customers SET updated_at = updated_at + interval '1 microsecond'"
            " WHERE id = 7",
            1,
            1,
        ),
    ],
    ids=["lost", "doubled", "a space", "a null", "a microsecond"],
)
def test_any_difference_is_found_and_shown(
    damage: str, missing: int, surplus: int, seeded: Database, copied: Database
) -> None:
    copied.execute(damage)
    comparison = compare(seeded, copied)
    assert not comparison.equal
    assert (len(comparison.missing), len(comparison.surplus)) == (missing, surplus)
    assert "customer7@example.com" in comparison.describe()


def test_the_changes_are_those_that_the_demo_tells_of(seeded: Database) -> None:
    connection = seeded.connect(admin=True)
    connection.autocommit = False
    orders, items = count(seeded, "orders"), count(seeded, "order_items")
    shop.change(connection)
    connection.close()
    recent = "updated_at > now() - interval '1 hour'"
    assert count(seeded, "orders") == orders + 120
    assert count(seeded, "orders", recent) == 220
    assert count(seeded, "order_items") == items + 120
    assert count(seeded, "products", recent) == 30
    assert count(seeded, "customers", recent) == 24
    assert count(seeded, "customers", recent.replace("updated", "deleted")) == 8
    assert count(seeded, "countries") == 10
