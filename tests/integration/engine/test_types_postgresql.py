# ruff: noqa: E501 - a matrix reads best with a row a line
"""PostgreSQL types: the same value and the same column type on every path."""

from __future__ import annotations

import pytest

from tests.integration.engine.conftest import IN_BINARY, RAW_SCHEMA, Lanes
from tests.servers import Database

SETUP = (
    "CREATE EXTENSION IF NOT EXISTS hstore",
    "CREATE EXTENSION IF NOT EXISTS citext",
)
TYPES = (
    "CREATE TYPE mood AS ENUM ('sad', 'ok', 'very, \"happy\"')",
    "CREATE DOMAIN email AS varchar(40) CHECK (value LIKE '%@%')",
    "CREATE DOMAIN work_email AS email",
    "CREATE DOMAIN price AS numeric(10,2)",
    "CREATE DOMAIN tags AS text[]",
    "CREATE TYPE pair AS (a int, b text)",
    "CREATE TYPE floats AS RANGE (subtype = float8)",
)

# declared type, type in the warehouse, values as SQL
COLUMNS: list[tuple[str, str, list[str]]] = [
    ("boolean", "boolean", ["true", "false"]),
    ("smallint", "smallint", ["-32768", "32767"]),
    ("integer", "integer", ["-2147483648", "2147483647"]),
    ("bigint", "bigint", ["-9223372036854775808", "9223372036854775807"]),
    ("oid", "oid", ["4294967295"]),
    ("real", "real", ["'NaN'", "'Infinity'", "'-Infinity'", "'-0'", "0.1", "3.4028235e38", "1e-45"]),
    (
        "double precision",
        "double precision",
        ["'NaN'", "'Infinity'", "'-0'", "0.1", "0.30000000000000004", "1.7976931348623157e308", "5e-324"],
    ),
    ("numeric", "numeric", ["'NaN'", "'Infinity'", "1.10", "-0.000", "1e-200", f"{'7' * 78}", f"{'1' * 200}.{'3' * 300}"]),
    ("numeric(65,30)", "numeric(65,30)", [f"{'9' * 35}.{'9' * 30}", f"-0.{'0' * 29}1"]),
    ("numeric(5,0)", "numeric(5,0)", ["99999"]),
    ("money", "text", ["'-92233720368547758.08'", "'1234.5'"]),
    ("text", "text", ["''", "E'\\\\N'", "E'tab\\tnl\\ncr\\rbs\\\\ q\"''x'", "'é😀\u2028'", "'null'", "repeat('x', 100000)"]),
    ("varchar(5)", "character varying(5)", ["''", "'é  '"]),
    ("char(5)", "character(5)", ["'ab'", "''"]),
    ('"char"', '"char"', ["'a'", "''"]),
    ("name", "name", ["'a name'"]),
    ("bytea", "bytea", ["''", "'\\x00ff5c6e0a'"]),
    ("bit(3)", "bit(3)", ["B'101'"]),
    ("bit varying", "bit varying", ["B''", "B'1010101'"]),
    ("date", "date", ["'infinity'", "'-infinity'", "'4713-01-01 BC'", "'5874897-12-31'", "'2024-02-29'"]),
    ("time", "time without time zone", ["'24:00:00'", "'00:00:00.000001'"]),
    ("time(3) with time zone", "time(3) with time zone", ["'12:34:56.789+15:59'"]),
    ("timestamp", "timestamp without time zone", ["'infinity'", "'4713-01-01 00:00:00 BC'", "'2024-02-29 23:59:59.999999'"]),
    ("timestamp(3)", "timestamp(3) without time zone", ["'2024-02-29 23:59:59.999'"]),
    ("timestamptz", "timestamp with time zone", ["'-infinity'", "'0044-03-15 12:00:00+00 BC'", "'294276-12-31 23:59:59+00'", "'1900-01-01 00:00:00.000001+00'"]),
    ("interval", "interval", ["'-1 year 2 mons -3 days 04:05:06.789'", "'0'", "'178000000 years'"]),
    ("interval day to second(3)", "interval day to second(3)", ["'1 day 02:03:04.567'"]),
    ("json", "json", ["'null'", "'{\"a\": 1,  \"a\": 2, \"b\":[1.10, \"\\ud83d\\ude00\"]}'", "'\"x\"'"]),
    ("jsonb", "jsonb", ["'null'", "'{}'", "'[1.10, 1e400, {\"a\": null}]'", "'\"\\\\u0000 \\\"q\\\" \\n\"'", f"'{'8' * 60}'"]),
    ("jsonpath", "jsonpath", ["'$.a[*] ? (@ > 1)'"]),
    ("uuid", "uuid", ["'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"]),
    ("uuid[]", "uuid[]", ["'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,NULL}'"]),
    ("inet", "inet", ["'::1/128'", "'192.168.0.1/24'"]),
    ("cidr", "cidr", ["'10.0.0.0/8'"]),
    ("macaddr", "macaddr", ["'08:00:2b:01:02:03'"]),
    ("macaddr8", "macaddr8", ["'08:00:2b:01:02:03:04:05'"]),
    ("point", "point", ["'(0.1,-1e300)'"]),
    ("line", "line", ["'{1,2,3}'"]),
    ("lseg", "lseg", ["'[(1,2),(3,4)]'"]),
    ("box", "box", ["'(3,4),(1,2)'"]),
    ("path", "path", ["'((1,2),(3,4))'", "'[(1,2),(3,4)]'"]),
    ("polygon", "polygon", ["'((1,2),(3,4),(5,6))'"]),
    ("circle", "circle", ["'<(1,2),3>'"]),
    ("tsvector", "tsvector", ["'a:1A b:2,3 ''it''''s'':4'"]),
    ("tsquery", "tsquery", ["'a & !b <2> c'"]),
    ("pg_lsn", "pg_lsn", ["'16/B374D848'"]),
    ("int4range", "int4range", ["'empty'", "'[1,)'", "'(,5)'"]),
    ("numrange", "numrange", ["'[1.10,2.2)'"]),
    ("tsrange", "tsrange", ["'[2024-01-01 00:00:00,infinity)'"]),
    ("tstzrange", "tstzrange", ["'[2024-01-01 00:00:00+00,2024-01-02 00:00:00+00)'"]),
    ("daterange", "daterange", ["'[2024-01-01,2024-02-01)'"]),
    ("int4multirange", "int4multirange", ["'{}'", "'{[1,3),[5,9)}'"]),
    ("int[][]", "integer[]", ["'{{1,2},{3,NULL}}'", "'{}'", "'[0:1]={7,8}'"]),
    ("text[]", "text[]", ["'{NULL,\"NULL\",\"\",\"a,b\",\"q\\\"\\\\\"}'", "ARRAY[E'nl\\n tab\\t']"]),
    ("numeric(6,2)[]", "numeric(6,2)[]", ["'{1.10,NaN}'"]),
    ("timestamptz[]", "timestamp with time zone[]", ["'{\"2024-01-01 00:00:00+00\",infinity}'"]),
    ("jsonb[]", "jsonb[]", ["'{\"{\\\"a\\\": 1}\",NULL,\"null\"}'"]),
    ("bytea[]", "bytea[]", ["'{\"\\\\x00ff\"}'"]),
    ("mood", "text", ["'sad'", "'very, \"happy\"'"]),
    ("mood[]", "text[]", ["'{sad,\"very, \\\"happy\\\"\",NULL}'"]),
    ("email", "character varying(40)", ["'a@b'"]),
    ("work_email", "character varying(40)", ["'a@b'"]),
    ("price", "numeric(10,2)", ["12345678.90"]),
    ("price[]", "numeric(10,2)[]", ["'{1.10,2}'"]),
    ("tags", "text[]", ["'{a,b}'"]),
    ("pair", "text", ["ROW(1, 'x, \"y\"')"]),
    ("pair[]", "text[]", ["ARRAY[ROW(1, 'x')::pair, NULL]"]),
    ("floats", "text", ["'[0.1,2)'"]),
    ("hstore", "text", ["'a=>1, \"b c\"=>NULL'"]),
    ("citext", "text", ["'MiXed'"]),
    ("xml", "text", ["'<a b=\"1\">é</a>'"]),
    ("regclass", "text", ["'pg_class'"]),
    ("int2vector", "text", ["'1 2 3'"]),
    ("money[]", "text[]", ["'{1.5,NULL}'"]),
]  # fmt: skip


# Those of which another server, or another type, could take the binary form for something else.
TEXT_ONLY = {
    "money", "money[]", "mood[]", "pair", "pair[]", "floats", "hstore", "citext", "xml", "regclass",
    "int2vector",
}  # fmt: skip
BINARY = [column for column in COLUMNS if column[0] not in TEXT_ONLY]

Columns = list[tuple[str, str, list[str]]]


def _fill(source: Database, columns: Columns) -> None:
    source.execute(*SETUP, admin=True)
    source.execute(*TYPES)
    declared = ", ".join(f"c{n} {kind}" for n, (kind, _, _) in enumerate(columns))
    source.execute(f"CREATE TABLE t (id int PRIMARY KEY, wm int, {declared})")
    height = max(len(values) for _, _, values in columns)
    for row in range(height):
        values = [
            f"CAST({column[2][row]} AS {column[0]})" if row < len(column[2]) else "NULL"
            for column in columns
        ]
        source.execute(f"INSERT INTO t VALUES ({row}, {row}, {', '.join(values)})")
    source.execute(f"INSERT INTO t (id, wm) VALUES ({height}, {height})")


def _texts(database: Database, query: str) -> list[tuple[str, ...]]:
    connection = database.connect(options="-c timezone=UTC -c extra_float_digits=3")
    with connection.cursor() as cursor:
        cursor.execute(f"{query} ORDER BY id")
        return list(cursor.fetchall())


def _typed(columns: Columns, table: str) -> str:
    return f"SELECT id, {', '.join(f'c{n}::text' for n in range(len(columns)))} FROM {table}"


def _from_raw(columns: Columns, run_id: str) -> str:
    """What ``docs/types.md`` says of a raw table, read by its words."""
    values = [
        f"(_data -> 'c{n}')::text" if target == "jsonb" else f"(_data ->> 'c{n}')::{target}::text"
        for n, (_, target, _) in enumerate(columns)
    ]
    return (
        f"SELECT (_data ->> 'id')::int AS id, {', '.join(values)} FROM {RAW_SCHEMA}.shop_t_raw"
        f" WHERE _arus_run_id = '{run_id}'"
    )


IDENTITY = "def transform(row):\n    return row\n"


@pytest.mark.parametrize("form", ["text", "binary", "script"])
def test_every_type_keeps_its_value_on_every_path(
    lanes: Lanes, source: Database, warehouse: Database, load_mode: str, form: str
) -> None:
    columns = BINARY if form == "binary" else COLUMNS
    _fill(source, columns)
    lane = lanes(
        "t", watermark="wm", load_mode=load_mode, scripts=(IDENTITY,) if form == "script" else ()
    )
    expected = _texts(source, _typed(columns, "t"))
    types = {f"c{n}": target for n, (_, target, _) in enumerate(columns)}

    def check() -> None:
        assert lane.letters() == []
        assert {k: v for k, v in lane.target_types().items() if k in types} == types
        found = [_texts(warehouse, _typed(columns, lane.target))]
        if load_mode == "raw":
            found.append(_texts(warehouse, _from_raw(columns, lane.run_ids[-1])))
        for n, (declared, _, _) in enumerate(columns, start=1):
            for rows in found:
                assert [r[n] for r in rows] == [r[n] for r in expected], declared

    assert lane.sync().full
    check()
    # Again through a window that holds every row, over what is there.
    source.execute("UPDATE t SET wm = wm + 1000")
    second = lane.sync()
    assert not second.full
    assert second.rows_loaded == len(expected)
    check()
    # Whole again, over what is there.
    assert lane.sync(kind="full_refresh").full
    check()
    assert lane.messages.count(IN_BINARY) == (3 if form == "binary" else 0)


def test_a_column_whose_binary_form_may_mislead_comes_as_text(
    lanes: Lanes, source: Database
) -> None:
    source.execute(*SETUP, admin=True)
    source.execute(*TYPES)
    by_text = set()
    for declared, _, _ in COLUMNS:
        source.execute(f"CREATE TABLE t (c {declared})")
        lane = lanes("t")
        lane.sync()
        if IN_BINARY not in lane.messages:
            by_text.add(declared)
        lane.warehouse.execute(f"DROP TABLE {lane.target}")
        source.execute("DROP TABLE t")
    assert by_text == TEXT_ONLY
