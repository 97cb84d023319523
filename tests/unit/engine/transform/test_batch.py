"""What becomes of rows that scripts keep, change, drop or spoil."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from arus_dagster.engine.transform.batch import BatchOutcome, BatchRunner, ColumnLimitError
from arus_dagster.engine.transform.encoders import encoder
from arus_dagster.engine.transform.kinds import Kind, kind_of, type_for
from arus_dagster.engine.transform.script import load

COLUMNS = [("id", "bigint"), ("name", "text"), ("price", "numeric(10,2)"), ("doc", "jsonb")]
LINES = '1\tann\t1.50\t{"a":1.0}\n2\t\\N\t\\N\t\\N\n3\ta\\tb\t3.00\t[]\n'


def run(
    *bodies: str, lines: str = LINES, columns: list[tuple[str, str]] | None = None
) -> tuple[BatchOutcome, BatchRunner]:
    scripts = [
        load(f"s{number}", "def transform(row):\n    " + body.replace("\n", "\n    "))
        for number, body in enumerate(bodies, 1)
    ]
    runner = BatchRunner(scripts, COLUMNS if columns is None else columns)
    return runner.run(lines.encode()), runner


@pytest.mark.parametrize(
    "body",
    [
        "return row",
        "list(row.values())\nreturn row",
        "return {**row}",
        "row['doc'], row['name'], row['price']\nreturn row",
        "import copy\nreturn copy.deepcopy(row)",
        "row['id'] = int(row['id'])\nrow['price'] = row['price'] and row['price'] + 0\nreturn row",
    ],
)
def test_values_nobody_changed_keep_their_original_text(body: str) -> None:
    outcome, runner = run(body)
    assert outcome.data.decode() == LINES
    assert (outcome.rows, outcome.dropped, outcome.rejected) == (3, 0, [])
    assert runner.added == []


def test_none_drops_the_row() -> None:
    outcome, _ = run("return row if row['id'] != 2 else None")
    assert outcome.data.decode().split("\n")[1].startswith("3\t")
    assert (outcome.rows, outcome.dropped) == (2, 1)


def test_a_removed_key_becomes_null() -> None:
    outcome, _ = run("del row['name']\nreturn row")
    assert outcome.data.decode().split("\n")[0] == '1\t\\N\t1.50\t{"a":1.0}'


def test_scripts_apply_in_order_each_to_what_the_one_before_gave() -> None:
    outcome, _ = run(
        "row['name'] = 'x'\nreturn row",
        "return {'id': row['id'], 'name': row['name'] + 'y'}",
        "row['name'] += 'z'\nreturn row",
    )
    assert outcome.data.decode().split("\n")[0] == "1\txyz\t\\N\t\\N"


def test_a_json_value_changed_in_place_is_seen() -> None:
    outcome, _ = run("if row['doc']: row['doc']['b'] = True\nreturn row")
    assert outcome.data.decode().split("\n")[0].endswith('{"a": 1.0, "b": true}')


@pytest.mark.parametrize("read_all", ["", "list(row.items())\n"])
def test_a_json_value_changed_to_an_equal_one_of_another_type_is_seen(read_all: str) -> None:
    outcome, _ = run(read_all + "if row['doc']: row['doc'] = {'a': True}\nreturn row")
    assert outcome.data.decode().split("\n")[0].endswith('{"a": true}')


def test_a_row_on_which_a_script_raises_is_rejected_with_script_line_and_reason() -> None:
    outcome, _ = run("return row", "x = 1\nrow['name'].upper()\nreturn row")
    ((reason, line),) = outcome.rejected
    assert reason == (
        "script 's2', line 3: AttributeError: 'NoneType' object has no attribute 'upper'"
    )
    assert line == "2\t\\N\t\\N\t\\N"
    assert outcome.rows == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def f(): return f()\nreturn f()", "RecursionError"),
        ("return [row]", "returned a list, not a dict or None"),
        ("return True", "returned a bool, not a dict or None"),
        ("row['id'] = 1.5\nreturn row", "column 'id': a float with a fraction is no integer"),
        ("row['id'] = b'x'\nreturn row", "column 'id': a bytes can't be stored as an integer"),
        ("row['name'] = {'a': 1}\nreturn row", "column 'name': a dict can't be stored as text"),
        ("row['name'] = 'a\\0b'\nreturn row", "column 'name': text holds a NUL"),
        ("row['doc'] = {'a': object()}\nreturn row", "column 'doc': a object has no JSON form"),
        ("row['doc'] = a = []\na.append(a)\nreturn row", "column 'doc': Circular reference"),
        ("row['new'] = object()\nreturn row", "column 'new': a object can't be stored"),
        ("row[7] = 1\nreturn row", "a key is a int; column names are str"),
        ("row[''] = 1\nreturn row", "can't be a column's name"),
        ("row['_arus_run_id'] = 1\nreturn row", "names that start with _arus_ are reserved"),
    ],
)
def test_a_row_that_cannot_be_stored_is_rejected(body: str, reason: str) -> None:
    outcome, runner = run(
        "if row['id'] == 3:\n    " + body.replace("\n", "\n    ") + "\nreturn row"
    )
    ((told, line),) = outcome.rejected
    assert reason in told
    assert line == LINES.split("\n")[2]
    assert outcome.data.decode() == "".join(LINES.splitlines(keepends=True)[:2])
    assert runner.added == []


def test_an_added_key_becomes_a_column_of_every_row_of_the_chunk() -> None:
    outcome, runner = run("if row['id'] != 1: row['n'] = row['id'] * 2\nreturn row")
    assert runner.added == [("n", "bigint")]
    assert [line.split("\t")[4] for line in outcome.data.decode().splitlines()] == ["\\N", "4", "6"]


def test_added_columns_grow_over_chunks_and_keep_their_order_and_type() -> None:
    runner = BatchRunner(
        [load("s", "def transform(row):\n    row.update(eval(row['name']))\n    return row")],
        [("name", "text")],
    )
    for lines, expected in (
        ("{'a': None}\n", "{'a': None}\n"),
        ("{'b': 1}\n", "{'b': 1}\t1\n"),
        ("{'a': 'x'}\n", "{'a': 'x'}\t\\N\tx\n"),
        ("{'b': 2.0}\n", "{'b': 2.0}\t2\t\\N\n"),
    ):
        assert runner.run(lines.encode()).data.decode() == expected
    assert runner.added == [("b", "bigint"), ("a", "text")]
    outcome = runner.run(b"{'b': 2.5}\n")
    assert outcome.rejected == [("column 'b': a float with a fraction is no integer", "{'b': 2.5}")]


def test_a_column_known_from_earlier_runs_keeps_its_type() -> None:
    runner = BatchRunner(
        [
            load(
                "s",
                "def transform(row):\n    row['x'] = row['n'] / 2 if row['n'] else 0\n"
                "    return row",
            )
        ],
        [("n", "integer")],
        [("x", "double precision")],
    )
    assert runner.run(b"0\n").data == b"0\t0\n"
    assert runner.run(b"1\n").data == b"1\t0.5\n"
    assert runner.added == [("x", "double precision")]


def test_a_script_cannot_add_more_columns_than_a_table_holds() -> None:
    with pytest.raises(ColumnLimitError):
        run("row.update({f'c{n}': 1 for n in range(1600)})\nreturn row")


def test_a_table_without_columns_keeps_its_rows() -> None:
    outcome, _ = run("return row", lines="\n\n", columns=[])
    assert (outcome.data, outcome.rows) == (b"\n\n", 2)


def test_bytes_that_are_no_utf8_pass_untouched() -> None:
    runner = BatchRunner([load("s", "def transform(row): return row")], [("a", "text")])
    assert runner.run(b"x\xff\n").data == b"x\xff\n"


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([None, True], "boolean"),
        ([1], "bigint"),
        ([2**63], "numeric"),
        ([1, 2**63], "numeric"),
        ([0, 1.5], "double precision"),
        ([1, Decimal(1)], "numeric"),
        ([1.5], "double precision"),
        ([Decimal("1.5")], "numeric"),
        (["a", 1], "text"),
        ([b"a"], "bytea"),
        ([datetime(2024, 1, 1)], "timestamp without time zone"),
        ([datetime.fromisoformat("2024-01-01T00:00:00+02:00")], "timestamp with time zone"),
        ([date(2024, 1, 1)], "date"),
        ([time(1)], "time without time zone"),
        ([timedelta(1)], "interval"),
        ([UUID(int=1)], "uuid"),
        ([{}], "jsonb"),
        ([[1]], "jsonb"),
        ([None], None),
        ([object()], None),
    ],
)
def test_an_added_columns_type_follows_its_values(values: list[Any], expected: str | None) -> None:
    assert type_for(values) == expected


@pytest.mark.parametrize(
    ("declared", "kind"),
    [
        ("numeric(20,0)", "numeric"),
        ("timestamp(3) with time zone", "timestamptz"),
        ("timestamp(6) without time zone", "timestamp"),
        ("timestamptz", "timestamptz"),
        ("time(3) with time zone", "timetz"),
        ("interval day to second(3)", "interval"),
        ("BIGINT", "integer"),
        ("integer[]", "text"),
        ("character varying(20)", "text"),
        ("int4range", "text"),
        ('"Mood"', "text"),
    ],
)
def test_kinds_follow_declared_types(declared: str, kind: Kind) -> None:
    assert kind_of(declared) == kind


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("timestamp", datetime.fromisoformat("2024-01-01T00:00:00+00:00")),
        ("timestamptz", datetime(2024, 1, 1)),
        ("timestamptz", date(2024, 1, 1)),
        ("date", datetime(2024, 1, 1)),
        ("time", time.fromisoformat("01:00:00+00:00")),
        ("timetz", time(1)),
        ("interval", 5),
        ("uuid", 5),
        ("boolean", 2),
        ("bytes", 5),
        ("numeric", Decimal("sNaN")),
        ("numeric", date(2024, 1, 1)),
        ("integer", float("inf")),
        ("integer", Decimal("NaN")),
    ],
)
def test_a_value_is_never_bent_to_fit(kind: Kind, value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        encoder(kind)(value)
