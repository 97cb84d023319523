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


def test_a_script_that_merges_keys_keeps_the_later_row(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source, "def transform(row):\n    row['id'] %= 2\n    return row\n")
    result = lane.sync()
    assert lane.rows("id, email") == [(0, "u6@x.org"), (1, "u5@x.org")]
    assert (result.rows_loaded, result.rows_dropped) == (2, 4)


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
