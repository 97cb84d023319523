"""Whatever a column holds arrives: values that nobody thought of."""

from __future__ import annotations

import struct
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.integration.dialects.mysql.carrying import carry
from tests.servers import Database

# What an escape may confuse stands more often than chance would have it.
TEXT = st.text(
    st.one_of(
        st.sampled_from("\\\t\n\r\b\f\vNZYtnrx.'\"`%_,{}é😀\u2028\x01\x7f\uffff"),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=12,
)
SINGLE = st.floats(width=32, allow_nan=False, allow_infinity=False)
COLUMNS: dict[str, tuple[str, st.SearchStrategy[Any]]] = {
    "s": ("varchar(40) COLLATE utf8mb4_unicode_ci", TEXT),
    "l": ("longtext", TEXT),
    "u": ("varchar(40) CHARACTER SET utf16", TEXT),
    "b": ("varbinary(20)", st.binary(max_size=20)),
    "bl": ("blob", st.binary(max_size=20)),
    "d": ("double", st.floats(allow_nan=False, allow_infinity=False)),
    "f": ("float", SINGLE),
    "n": (
        "decimal(38,12)",
        st.decimals(places=12, min_value=-(10**26) + 1, max_value=10**26 - 1),
    ),
    "i": ("bigint", st.integers(-(2**63), 2**63 - 1)),
    "ui": ("bigint unsigned", st.integers(0, 2**64 - 1)),
    "dt": ("datetime(6)", st.datetimes(min_value=datetime(1, 1, 1))),
    "da": ("date", st.dates(min_value=date(1, 1, 1))),
    "t": (
        "time(6)",
        st.timedeltas(
            min_value=timedelta(hours=-838, minutes=-59, seconds=-59),
            max_value=timedelta(hours=838, minutes=59, seconds=59),
        ),
    ),
    "y": ("year", st.integers(1901, 2155)),
}
ROW = st.fixed_dictionaries(
    {name: st.one_of(st.none(), values) for name, (_, values) in COLUMNS.items()}
)


def test_values_arrive(mariadb_db: Database, warehouse_db: Database) -> None:
    declared = ", ".join(f"{name} {declaration}" for name, (declaration, _) in COLUMNS.items())
    mariadb_db.execute(f"CREATE TABLE t (id int, {declared})")
    writer = mariadb_db.connect()
    placeholders = ", ".join(["%s"] * (len(COLUMNS) + 1))

    @settings(
        max_examples=30,
        deadline=None,
        derandomize=True,
        # A failure shows the column and both values; shrinking would take minutes.
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(st.lists(ROW, min_size=1, max_size=12))
    def every_row_arrives(rows: list[dict[str, Any]]) -> None:
        with writer.cursor() as cursor:
            cursor.execute("TRUNCATE t")
            for number, row in enumerate(rows):
                cursor.execute(
                    f"INSERT INTO t VALUES ({placeholders})",
                    (number, *(_written(row[name]) for name in COLUMNS)),
                )
        carried = carry(mariadb_db, warehouse_db)
        assert not carried.rejected and not carried.warnings
        selected = ", ".join(COLUMNS)
        found = warehouse_db.rows(f"SELECT {selected} FROM target ORDER BY target.id")
        for row, values in zip(rows, found, strict=True):
            assert {n: _read(n, v) for n, v in zip(COLUMNS, values, strict=True)} == {
                n: _expected(n, v) for n, v in row.items()
            }

    every_row_arrives()


def _written(value: Any) -> Any:
    """What the driver is given."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, timedelta):
        sign = "-" if value < timedelta(0) else ""
        seconds, micros = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
        return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micros:06}"
    return repr(value) if isinstance(value, float) else value


def _read(name: str, value: Any) -> Any:
    """A value of the warehouse, in a form that compares exactly."""
    if isinstance(value, memoryview):
        return bytes(value)
    if isinstance(value, float):
        return struct.pack("f" if name == "f" else "d", value)
    return value


def _expected(name: str, value: Any) -> Any:
    if isinstance(value, float):
        # The server has no negative zero.
        return struct.pack("f" if name == "f" else "d", value + 0.0)
    return Decimal(value) if name == "ui" and value is not None else value
