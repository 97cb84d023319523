"""Values of every PostgreSQL type pass a script unharmed: looked at, rebuilt, copied."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from arus_dagster.dialects.base import Chunk
from arus_dagster.engine.transform.process import TransformProcess
from tests.integration.engine.transform.conftest import OpenProcess
from tests.servers import Database

# type: values in the server's own notation; every type with its extremes and oddities
VALUES: dict[str, list[str]] = {
    "boolean": ["true", "false"],
    "smallint": ["-32768", "32767", "0"],
    "integer": ["-2147483648", "2147483647"],
    "bigint": ["-9223372036854775808", "9223372036854775807"],
    "numeric": ["NaN", "Infinity", "-Infinity", "0.000", "-0.10", "1" * 78, "9" * 5000, "1e-300"],
    "numeric(65,30)": ["12345678901234567890123456789012345.123456789012345678901234567890"],
    "numeric(5,0)": ["-99999"],
    "real": ["NaN", "Infinity", "-Infinity", "1.1", "-0", "3.4028235e38", "1e-45"],
    "double precision": ["NaN", "-Infinity", "0.1", "-0", "5e-324", "1.7976931348623157e308"],
    "money": ["-12.34", "92233720368547758.07"],
    "text": ["", " ", "a\tb\nc\rd\\e\bf\x0bg\x0c", "\\N", "\\.", "NULL", "naïve 😀", "\u2028\x85",
             "'"],
    "character varying(20)": ["", "tab\there"],
    "character(5)": ["ab", ""],
    "name": ["pg_class"],
    '"char"': ["x", ""],
    "bytea": ["\\x", "\\x00ff0a095c", "\\x5c78"],
    "date": ["2024-02-29", "0001-01-01", "9999-12-31", "infinity", "-infinity", "0044-03-15 BC",
             "5874897-12-31", "10000-01-01"],
    "timestamp without time zone": ["2024-02-29 12:00:00", "2024-01-01 00:00:00.000001",
             "1999-12-31 23:59:59.1", "infinity", "-infinity", "0044-03-15 12:00:00 BC",
             "294276-12-31 23:59:59.999999", "0001-01-01 00:00:00"],
    "timestamp(3) without time zone": ["2024-01-01 00:00:00.123"],
    "timestamp with time zone": ["2024-02-29 12:00:00+00", "1850-01-01 00:00:00+00", "infinity",
             "-infinity", "0044-03-15 12:00:00+00 BC", "294276-01-01 00:00:00+00",
             "9999-12-31 23:59:59.999999+00", "0001-01-01 00:00:00+00"],
    "time without time zone": ["00:00:00", "23:59:59.999999", "24:00:00", "12:30:00.5"],
    "time with time zone": ["00:00:00+00", "24:00:00-15:59", "12:30:00.5+05:30",
             "01:02:03+01:02:03"],
    "interval": ["0", "1 year 2 mons -3 days +04:05:06.789", "-178000000 years",
             "-00:00:00.000001"],
    "uuid": ["00000000-0000-0000-0000-000000000000", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11"],
    "json": ['{"b":1, "a" : 1.0, "a":2}', "null", '"\\ud800"', "1e400", "[0.1,1E2]", '"é\\n"',
             "[" * 1500 + "]" * 1500],
    "jsonb": ['{"b": 1, "a": 1.0}', "null", "123456789012345678901234567890.12345678901234567890",
              "[]", '"x"', "true", '{"k": [1, {"z": null}]}', "1" * 400, "-0.0"],
    "inet": ["192.168.0.1/24", "::1"],
    "cidr": ["10.0.0.0/8"],
    "macaddr": ["08:00:2b:01:02:03"],
    "macaddr8": ["08:00:2b:01:02:03:04:05"],
    "bit(3)": ["101"],
    "bit varying(5)": ["", "10"],
    "integer[]": ["{}", "{1,NULL,-3}", "{{1,2},{3,4}}", "[0:1]={1,2}"],
    "text[]": ['{"a,b","c\\"d",NULL,"NULL",""}', '{"tab\there","back\\\\slash"}'],
    "uuid[]": ["{00000000-0000-0000-0000-000000000000}"],
    "timestamp with time zone[]": ['{"2024-01-01 00:00:00+00",infinity}'],
    "jsonb[]": ['{"{\\"a\\": 1}"}'],
    "int4range": ["empty", "[1,10)", "(,5)"],
    "numrange": ["[1.10,2.20]"],
    "tsrange": ['["2024-01-01 00:00:00",infinity]'],
    "tstzrange": ['["2024-01-01 00:00:00+00",)'],
    "daterange": ["[2024-01-01,2024-02-01)"],
    "int4multirange": ["{[1,3),[5,7)}"],
    "point": ["(1.5,-2)"],
    "line": ["{1,2,3}"],
    "box": ["(1,1),(0,0)"],
    "path": ["[(0,0),(1,1)]"],
    "polygon": ["((0,0),(1,1),(1,0))"],
    "circle": ["<(0,0),5>"],
    "tsvector": ["'a':1 'b c':2A"],
    "tsquery": ["'a' & !'b'"],
    "xml": ["<a>1</a>"],
    "oid": ["4294967295"],
    "regclass": ["pg_class"],
    "pg_lsn": ["16/B374D848"],
    "mood": ["happy", ""],
    "positive": ["5"],
    "pair": ['(1,"a,b")'],
}  # fmt: skip
TYPES = """
    CREATE TYPE mood AS ENUM ('happy', '');
    CREATE DOMAIN positive AS integer CHECK (value > 0);
    CREATE TYPE pair AS (a integer, b text)
"""
# The kinds a copy of which, as a column of its own, holds the same value.
NATURAL = {
    "boolean": "boolean",
    "bigint": "bigint",
    "numeric": "numeric",
    "double precision": "double precision",
    "text": "text",
    "bytea": "bytea",
    "date": "date",
    "timestamp without time zone": "timestamp without time zone",
    "timestamp with time zone": "timestamp with time zone",
    "time without time zone": "time without time zone",
    "time with time zone": "time with time zone",
    "uuid": "uuid",
}


def literal(value: str | None) -> str:
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


class Copies:
    """A table, and what a worker makes of it in a second one."""

    def __init__(self, database: Database, types: dict[str, str]) -> None:
        self._connection = database.connect()
        self.columns = types
        self._cursor = self._connection.cursor()
        declared = ", ".join(f"{name} {type_}" for name, type_ in types.items())
        self._cursor.execute("SET timezone = 'UTC'; SET standard_conforming_strings = on")
        self._cursor.execute(f"CREATE TABLE here ({declared}); CREATE TABLE there (LIKE here)")

    def fill(self, rows: list[list[str | None]]) -> None:
        self._cursor.execute("TRUNCATE here, there")
        values = ", ".join("(" + ", ".join(map(literal, row)) + ")" for row in rows)
        self._cursor.execute("INSERT INTO here VALUES " + values)

    def chunk(self) -> Chunk:
        buffer = io.BytesIO()
        self._cursor.copy_expert("COPY here TO STDOUT", buffer)
        return Chunk(buffer.getvalue(), buffer.getvalue().count(b"\n"))

    def load(self, data: bytes) -> None:
        self._cursor.copy_expert("COPY there FROM STDIN", io.BytesIO(data))

    def texts(self, table: str) -> list[tuple[Any, ...]]:
        listed = ", ".join(f"{name}::text" for name in self.columns)
        self._cursor.execute(f"SELECT {listed} FROM {table} ORDER BY ctid")
        return list(self._cursor.fetchall())

    def query(self, query: str) -> list[tuple[Any, ...]]:
        self._cursor.execute(query)
        return list(self._cursor.fetchall())


LOOKS = {
    "untouched": "return row",
    "looked at": "for name in list(row): row[name]\nreturn row",
    "looked at one by one": "for n in range(100): row.get(f'c{n}')\nreturn row",
    "rebuilt": "return {name: row[name] for name in row}",
    "deeply copied": "import copy\nreturn copy.deepcopy(row)",
}


@pytest.mark.parametrize("body", LOOKS.values(), ids=LOOKS)
def test_a_value_of_any_type_survives_a_script_that_keeps_it(
    open_process: OpenProcess, warehouse_db: Database, body: str
) -> None:
    warehouse_db.execute(*TYPES.split(";"))
    copies = Copies(warehouse_db, {f"c{n}": type_ for n, type_ in enumerate(VALUES)})
    longest = max(map(len, VALUES.values()))
    copies.fill(
        [
            [values[n] if n < len(values) else None for values in VALUES.values()]
            for n in range(longest + 1)
        ]
    )
    chunk = copies.chunk()
    with open_process(body, columns=list(copies.columns.items())) as process:
        result = process.apply(chunk)
    assert result.rejected == ()
    assert result.data == chunk.data
    copies.load(result.data)
    assert copies.texts("there") == copies.texts("here")


def test_a_copy_of_a_value_equals_it_in_a_column_of_its_own(
    open_process: OpenProcess, warehouse_db: Database
) -> None:
    outside_python = ("infinity", "BC", "24:00:00", "5874897-", "10000-", "294276-")
    copies = Copies(warehouse_db, {f"c{n}": type_ for n, type_ in enumerate(NATURAL)})
    kept = [
        [value for value in VALUES[type_] if type_ in ("text", "numeric", "double precision")
         or not any(odd in value for odd in outside_python)]
        for type_ in NATURAL
    ]  # fmt: skip
    copies.fill(
        [
            [values[n] if n < len(values) else None for values in kept]
            for n in range(max(map(len, kept)))
        ]
    )
    body = "for name in list(row): row[name + '_copy'] = row[name]\nreturn row"
    with open_process(body, columns=list(copies.columns.items())) as process:
        result = process.apply(copies.chunk())
    assert result.rejected == ()
    added = {c.name: c.target_type for c in result.columns[len(NATURAL) :]}
    assert list(added.values()) == list(NATURAL.values())
    for name, target_type in added.items():
        warehouse_db.execute(f"ALTER TABLE there ADD COLUMN {name} {target_type}")
    copies.load(result.data)
    for n, type_ in enumerate(NATURAL):
        different = copies.query(
            f"SELECT c{n}, c{n}_copy FROM there WHERE c{n} IS DISTINCT FROM c{n}_copy"
        )
        assert different == [], type_


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m)))
STRATEGIES: dict[str, st.SearchStrategy[str]] = {
    "boolean": st.booleans().map(str),
    "bigint": st.integers(-(2**63), 2**63 - 1).map(str),
    "numeric": st.decimals(allow_nan=False, allow_infinity=False).map(str),
    "double precision": st.floats().map(lambda f: repr(f).replace("inf", "Infinity")),
    "text": st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
    "bytea": st.binary().map(lambda b: "\\x" + b.hex()),
    "date": st.dates().map(date.isoformat),
    "timestamp without time zone": st.datetimes().map(datetime.isoformat),
    "timestamp with time zone": st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    "time without time zone": st.times().map(time.isoformat),
    "time with time zone": st.builds(
        lambda moment, zone: moment.replace(tzinfo=zone).isoformat(), st.times(), OFFSETS
    ),
    "interval": st.timedeltas().map(lambda d: f"{d.days} days {d.seconds} seconds"),
    "uuid": st.uuids().map(str),
    "jsonb": st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
        lambda inner: st.lists(inner) | st.dictionaries(
            st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")), inner
        ),
        max_leaves=8,
    ).map(json.dumps),
}  # fmt: skip
ROWS = st.lists(
    st.tuples(*(st.none() | strategy for strategy in STRATEGIES.values())).map(list),
    min_size=1,
    max_size=4,
)
# The jsonb column is written anew, since a script that wraps a value changes it.
REWRITE = """
    for name in list(row):
        if name != 'c13':
            row[name + '_copy'] = row[name]
    row['c13'] = [row['c13']] if row['c13'] is not None else None
    return row
"""


def test_generated_values_survive_looking_copying_and_rewriting(
    open_process: OpenProcess, warehouse_db: Database
) -> None:
    copies = Copies(warehouse_db, {f"c{n}": type_ for n, type_ in enumerate(STRATEGIES)})
    columns = list(copies.columns.items())

    def check(looking: TransformProcess, rewriting: TransformProcess, rows: Any) -> None:
        copies.fill(rows)
        chunk = copies.chunk()
        looked = looking.apply(chunk)
        assert looked.rejected == ()
        assert looked.data == chunk.data
        rewritten = rewriting.apply(chunk)
        assert rewritten.rejected == ()
        warehouse_db.execute("DROP TABLE IF EXISTS rewritten")
        listed = ", ".join(f'"{c.name}" {c.target_type}' for c in rewritten.columns)
        warehouse_db.execute(f"CREATE TABLE rewritten ({listed})")
        copies._cursor.copy_expert("COPY rewritten FROM STDIN", io.BytesIO(rewritten.data))
        present = [c.name for c in rewritten.columns]
        for n, type_ in enumerate(STRATEGIES):
            if type_ in ("jsonb", "interval") or f"c{n}_copy" not in present:
                continue
            assert (
                copies.query(f"SELECT * FROM rewritten WHERE c{n} IS DISTINCT FROM c{n}_copy") == []
            ), type_
        assert copies.query("SELECT (c13->0)::text FROM rewritten ORDER BY ctid") == copies.query(
            "SELECT c13::text FROM here ORDER BY ctid"
        )

    with (
        open_process("for name in list(row): row[name]\nreturn row", columns=columns) as looking,
        open_process(REWRITE, columns=columns) as rewriting,
    ):

        @settings(
            max_examples=60,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(ROWS)
        def run(rows: list[list[str | None]]) -> None:
            check(looking, rewriting, rows)

        run()
