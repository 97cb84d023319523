"""Transform scripts as part of a sync."""

from __future__ import annotations

import pytest

from arus_dagster.engine.specs import Script
from arus_dagster.errors import TransformError
from tests.integration.engine.conftest import Lane, Lanes
from tests.servers import Database

ADD = """
def transform(row):
    if row["id"] == 3:
        raise ValueError("three is bad")
    if row["id"] == 4:
        return None
    row["domain"] = row["email"].split("@")[1] if row["email"] else None
    if row["id"] >= 5:
        row["late"] = row["id"] * 1.5
    return row
"""


def _lane(lanes: Lanes, source: Database, script: str = ADD, **table: object) -> Lane:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, email text)",
        "INSERT INTO t SELECT g, g, 'u' || g || '@x.org' FROM generate_series(1, 6) g",
    )
    return lanes("t", watermark="wm", scripts=(script,), **table)


def test_rows_are_changed_dropped_and_set_aside(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source)
    result = lane.sync()
    assert lane.rows('id, "domain", late') == [
        (1, "x.org", None),
        (2, "x.org", None),
        (5, "x.org", 7.5),
        (6, "x.org", 9.0),
    ]
    assert (result.rows_extracted, result.rows_loaded, result.rows_dropped, result.rows_failed) == (
        6,
        4,
        1,
        1,
    )
    ((stage, error, row),) = lane.letters()
    assert stage == "transform"
    assert "three is bad" in error
    assert row["id"] == 3
    assert [column.name for column in result.columns] == ["id", "wm", "email", "domain", "late"]
    # What a script makes of a row may come from any column that was read.
    assert result.origins == dict.fromkeys(
        ("id", "wm", "email", "domain", "late"), ("id", "wm", "email")
    )


def test_columns_that_a_script_adds_later_reach_an_existing_target(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    lane = _lane(lanes, source, "def transform(row):\n    return row\n", load_mode=load_mode)
    lane.sync()
    assert list(lane.target_types()) == ["id", "wm", "email"]
    lane.scripts = (Script("add", ADD),)
    source.execute("UPDATE t SET wm = 10 WHERE id >= 5")
    lane.sync()
    assert lane.rows('id, "domain", late')[-2:] == [(5, "x.org", 7.5), (6, "x.org", 9.0)]
    # A later run that adds nothing leaves the columns alone, and types stay.
    source.execute("UPDATE t SET wm = 11 WHERE id = 1")
    lane.sync()
    assert lane.target_types()["late"] == "double precision"


def test_a_column_that_scripts_added_keeps_its_type_over_runs_without_a_value(
    lanes: Lanes, source: Database
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, v float8)", "INSERT INTO t VALUES (1, 1, 1.5)"
    )
    halves = (
        "def transform(row):\n"
        "    v = row['v']\n"
        "    if v is not None:\n"
        "        row['late'] = int(v) if v == int(v) else v\n"
        "    return row\n"
    )
    lane = lanes("t", watermark="wm", scripts=(halves,))
    lane.sync()
    source.execute("UPDATE t SET wm = 2, v = NULL")
    lane.sync()
    source.execute("INSERT INTO t VALUES (3, 3, 7)")
    lane.sync()
    assert lane.target_types()["late"] == "double precision"
    assert lane.rows("id, late") == [(1, None), (3, 7.0)]
    # Dropped from the target by a person, it may come back as something else.
    lane.warehouse.execute(f'ALTER TABLE {lane.target} DROP COLUMN "late"')
    source.execute("INSERT INTO t VALUES (4, 4, 8)")
    lane.sync()
    assert lane.target_types()["late"] == "bigint"


def test_a_script_may_change_the_watermark_of_rows_without_a_key(
    lanes: Lanes, source: Database
) -> None:
    source.execute(
        "CREATE TABLE t (id int, wm timestamp)",
        "INSERT INTO t VALUES (1, '2024-01-01 12:00'), (2, '2024-01-01 13:00')",
    )
    to_the_day = "def transform(row):\n    row['wm'] = row['wm'].replace(hour=0)\n    return row\n"
    lane = lanes("t", watermark="wm", scripts=(to_the_day,))
    for _ in range(3):
        lane.sync()
        assert lane.rows("id, wm::text") == [
            (1, "2024-01-01 00:00:00"),
            (2, "2024-01-01 00:00:00"),
        ]


def test_a_script_that_merges_keys_keeps_the_later_row(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source, "def transform(row):\n    row['id'] %= 2\n    return row\n")
    result = lane.sync()
    assert lane.rows("id, email") == [(0, "u6@x.org"), (1, "u5@x.org")]
    assert (result.rows_loaded, result.rows_dropped) == (2, 4)


def test_rows_that_a_script_makes_alike_and_unfit_are_set_aside_as_they_were(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    script = (
        "def transform(row):\n"
        "    if row['id'] > 4:\n"
        "        row['id'] = row['wm'] = 10**12\n"
        "        row['email'] = 'none'\n"
        "    return None if row['id'] == 2 else row\n"
    )
    lane = _lane(lanes, source, script, load_mode=load_mode)
    result = lane.sync()
    assert lane.rows("id") == [(1,), (3,), (4,)]
    assert (result.rows_loaded, result.rows_dropped, result.rows_failed) == (3, 1, 2)
    letters = lane.letters()
    assert [stage for stage, *_ in letters] == ["load", "load"]
    assert sorted((row["id"], row["wm"], row["email"]) for *_, row in letters) == [
        (5, 5, "u5@x.org"),
        (6, 6, "u6@x.org"),
    ]
    lane.scripts = (Script("mended", "def transform(row):\n    return row\n"),)
    lane.sync(kind="full_refresh")
    assert len(lane.rows()) == 6
    assert lane.letters() == []


def test_a_script_for_another_table_is_not_run(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source)
    lane.scripts = (Script("other", "def transform(row):\n    return None\n", table="other"),)
    assert lane.sync().rows_loaded == 6


def test_prints_reach_the_log(lanes: Lanes, source: Database) -> None:
    lane = _lane(
        lanes, source, "def transform(row):\n    print('saw', row['id'])\n    return row\n"
    )
    lane.sync()
    assert ("INFO", "script: saw 6") in lane.messages


def test_a_script_that_ends_its_process_fails_the_table_alone(
    lanes: Lanes, source: Database
) -> None:
    lane = _lane(lanes, source, "def transform(row):\n    return row\n")
    lane.sync()
    lane.scripts = (Script("deadly", "import os\ndef transform(row):\n    os._exit(3)\n"),)
    with pytest.raises(TransformError, match="deadly"):
        lane.sync(kind="full_refresh")
    assert len(lane.rows()) == 6


def test_a_row_is_deleted_by_what_the_source_says_whatever_a_script_makes_of_the_mark(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, note text, wm int, gone bool)",
        "INSERT INTO t VALUES (1, E'a\\tb', 1, false), (2, E'c\\\\N', 2, true), (3, NULL, 3, NULL)",
    )
    popping = "def transform(row):\n    row.pop('gone')\n    return row\n"
    lane = lanes(
        "t", watermark="wm", soft_delete_column="gone", scripts=(popping,), load_mode=load_mode
    )
    assert lane.sync().rows_deleted == 1
    assert lane.rows("id, note, gone") == [(1, "a\tb", None), (3, None, None)]
    source.execute("UPDATE t SET gone = true, wm = 4 WHERE id = 1")
    assert lane.sync().rows_deleted == 2  # the second row is read each time its mark is set
    assert lane.rows("id") == [(3,)]
    marking = "def transform(row):\n    row['gone'] = True\n    return row\n"
    lane.scripts = (Script("marking", marking),)
    source.execute("UPDATE t SET wm = 5 WHERE id = 3")
    lane.sync()
    assert lane.rows("id, gone") == [(3, True)]


def test_columns_of_scripts_that_the_target_may_not_be_given_are_told(
    lanes: Lanes, source: Database
) -> None:
    lane = _lane(lanes, source, "def transform(row):\n    return row\n")
    lane.sync()
    lane.set_policy(auto_alter_schema=False)
    adding = "def transform(row):\n    row['extra'] = 1\n    return row\n"
    lane.scripts = (Script("adding", adding),)
    result = lane.sync()
    assert [(e.kind, e.column) for e in result.drift] == [("column_added", "extra")]
    assert "auto_alter_schema is off" in result.drift[0].message
    assert "extra" not in lane.target_types()
    lane.messages.clear()
    assert lane.sync().drift == ()  # told once as drift, and in each run's log
    assert any(level == "WARNING" and "extra" in text for level, text in lane.messages)
    lane.set_policy(auto_alter_schema=True)
    lane.sync(kind="full_refresh")
    assert lane.rows("id, extra")[0] == (1, 1)
