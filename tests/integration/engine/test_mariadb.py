"""The engine between MariaDB and a warehouse: what the source's dialect alone can't show."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.integration.engine.conftest import IDENTITY, Lane, Lanes
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


@pytest.mark.parametrize("scripts", [(), (IDENTITY,)], ids=["plain", "script"])
def test_values_and_types_are_the_same_on_every_path(
    lanes: Lanes, source: Database, load_mode: str, scripts: tuple[str, ...]
) -> None:
    source.execute(
        "CREATE TABLE t (id bigint unsigned PRIMARY KEY, wm timestamp(3) NOT NULL, i int unsigned,"
        " tiny tinyint(1), big decimal(65,30), bits bit(16), kinds set('a','b'), y year,"
        " e enum('x',''), bin binary(16), latin varchar(9) CHARACTER SET latin1,"
        " emoji varchar(9) CHARACTER SET utf8mb4, j json, tab text,"
        " total int AS (tiny * 2) STORED)",
        "INSERT INTO t (id, wm, i, tiny, big, bits, kinds, y, e, bin, latin, emoji, j, tab) VALUES"
        " (18446744073709551615, '2024-01-01 12:00:00.123', 4294967295, -128,"
        f" {'9' * 35}.{'9' * 30},"
        " b'1010', 'a,b', 0, '', X'FF00', 'é', '😀', '{\"a\":  1}', 'a\\tb\\nc\\\\d\\r')",
        "INSERT INTO t (id, wm) VALUES (1, '2024-01-01 12:00:00.124')",
    )
    lane = _lane(lanes, source, watermark="wm", load_mode=load_mode, scripts=scripts)
    lane.sync()
    expected = [
        (None,) * 13,
        (
            4294967295,
            -128,
            Decimal("9" * 35 + "." + "9" * 30),
            "0000000000001010",
            "a,b",
            0,
            "",
            "\\xff" + "00" * 15,
            "é",
            "😀",
            '{"a":  1}',
            "a\tb\nc\\d\r",
            -256,
        ),
    ]
    columns = "i, tiny, big, bits::text, kinds, y, e, bin::text, latin, emoji, j::text, tab, total"
    assert lane.rows(columns, "id") == expected
    assert lane.rows("id", "id")[1] == (Decimal(18446744073709551615),)
    types = lane.target_types()
    source.execute("UPDATE t SET wm = '2024-02-01 00:00:00.001', i = i")
    result = lane.sync()
    assert not result.full
    assert lane.rows(columns, "id") == expected
    assert lane.target_types() == types
    assert lane.letters() == []


def test_ties_and_late_rows_are_neither_lost_nor_doubled(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamp(3) NULL)",
        "INSERT INTO t VALUES (1, '2024-01-01 12:00:00.000'), (2, NULL)",
        "CREATE TABLE u (v int, wm datetime)",
        "INSERT INTO u VALUES (1, '2024-01-01'), (1, '2024-01-01'), (2, NULL)",
    )
    keyed = _lane(lanes, source, watermark="wm", load_mode=load_mode)
    keyless = _lane(lanes, source, "u", watermark="wm", load_mode=load_mode)
    for lane in (keyed, keyless):
        lane.sync()
    source.execute(
        "INSERT INTO t VALUES (3, '2024-01-01 12:00:00.000'), (4, NULL)",
        "INSERT INTO u VALUES (3, '2024-01-01'), (4, NULL)",
    )
    for lane in (keyed, keyless):
        for _ in range(2):
            assert not lane.sync().full
    assert keyed.rows("id") == [(1,), (2,), (3,), (4,)]
    assert keyless.rows("v") == [(1,), (1,), (2,), (3,), (4,)]


def test_a_text_with_a_zero_byte_is_set_aside(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, v text)",
        "INSERT INTO t SELECT seq, 'good' FROM seq_1_to_99",
        "INSERT INTO t VALUES (100, 'a\\0b')",
    )
    lane = _lane(lanes, source, load_mode=load_mode)
    result = lane.sync()
    assert (result.rows_loaded, result.rows_failed) == (99, 1)
    ((stage, error, _),) = lane.letters()
    assert stage == "extract"
    assert "zero byte" in error


def test_a_tinyint_can_be_read_as_boolean(lanes: Lanes, source: Database, load_mode: str) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, flag tinyint(1))",
        "INSERT INTO t VALUES (1, 1, 0), (2, 2, 1), (3, 3, 2), (4, 4, NULL)",
    )
    lane = _lane(lanes, source, watermark="wm", load_mode=load_mode, tinyint1_as_bool=True)
    lane.sync()
    lane.sync()
    assert lane.rows("flag", "id") == [(False,), (True,), (True,), (None,)]


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
