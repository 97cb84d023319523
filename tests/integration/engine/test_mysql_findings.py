"""What the engine finds in MariaDB sources: dates that are none, and drift."""

from __future__ import annotations

import pytest

from tests.integration.engine.conftest import Lane, Lanes
from tests.servers import Database


@pytest.fixture
def source(mariadb_db: Database) -> Database:
    return mariadb_db


@pytest.fixture
def lanes(source: Database, warehouse: Database) -> Lanes:
    return Lanes(source, warehouse)


def _lane(lanes: Lanes, source: Database, name: str = "t", **table: object) -> Lane:
    return lanes(name, schema=source.name, **table)


def test_dates_that_are_none_become_null_and_are_no_breach(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, d date NOT NULL, dt datetime(6) NOT NULL)",
        "INSERT INTO t VALUES (1, '0000-00-00', '2024-01-01 00:00:00.123456'),"
        " (2, '0000-12-19', '0000-00-00 00:00:00'), (3, '2025-00-15', '2024-01-01'),"
        " (4, '2024-02-29', '2024-01-01')",
    )
    lane = _lane(lanes, source, load_mode=load_mode)
    result = lane.sync()
    assert [d is None for (d,) in lane.rows("d", "id")] == [True, True, True, False]
    assert result.warnings == {"zero_date": 4}
    assert all(check.passed for check in result.checks)
    assert any("zero_date" in text for level, text in lane.messages if level == "WARNING")


def test_widened_columns_are_widened(lanes: Lanes, source: Database) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, v varchar(5))",
        "INSERT INTO t VALUES (1, 1, 'a')",
    )
    lane = _lane(lanes, source, watermark="wm")
    lane.sync()
    source.execute(
        "ALTER TABLE t MODIFY id bigint unsigned, MODIFY v varchar(9),"
        " ADD extra int NOT NULL DEFAULT 7",
        "INSERT INTO t VALUES (18446744073709551615, 2, '123456789', 8)",
    )
    result = lane.sync()
    # Texts have no length in the warehouse, so the longer one is no drift.
    assert sorted(event.kind for event in result.drift) == ["column_added", "type_widened"]
    assert lane.rows("v, extra", "id") == [("a", 7), ("123456789", 8)]
