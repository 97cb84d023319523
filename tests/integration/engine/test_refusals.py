"""Targets on which their owners put rules of their own: rows that break them are set aside."""

from __future__ import annotations

import pytest

from arus_dagster.engine.specs import Script
from arus_dagster.errors import BalanceError, FatalError, RetriableError
from tests.integration.engine.conftest import IDENTITY, Lane, Lanes
from tests.servers import Database

# How each one is made, and a word of what the server says.
RULES = {
    "check": ("ALTER TABLE {t} ADD CONSTRAINT no_bad CHECK (v NOT LIKE 'bad%')", "no_bad"),
    "not null": ("ALTER TABLE {t} ALTER v SET NOT NULL", "null value"),
    "unique": ("CREATE UNIQUE INDEX one_of_each ON {t} (v)", "one_of_each"),
    "trigger": (
        "CREATE FUNCTION {schema}.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NEW.v LIKE 'bad%' OR NEW.v IS NULL THEN RAISE EXCEPTION 'not this one'; END IF;"
        " RETURN NEW; END $$;"
        "CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON {t} FOR EACH ROW"
        " EXECUTE FUNCTION {schema}.refuse()",
        "not this one",
    ),
    "foreign key": (
        "CREATE TABLE {schema}.known (v text PRIMARY KEY);"
        "INSERT INTO {schema}.known SELECT 'v' || g FROM generate_series(0, 999) g;"
        "ALTER TABLE {t} ADD CONSTRAINT known FOREIGN KEY (v) REFERENCES {schema}.known",
        "known",
    ),
}
BROKEN_BY = {"check": "bad", "not null": None, "unique": "v7", "trigger": "bad", "foreign key": "?"}


def _lane(lanes: Lanes, source: Database, rule: str, **table: object) -> Lane:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm int, v text)", "INSERT INTO t VALUES (0, 0, 'v0')"
    )
    lane = lanes("t", watermark="wm", **table)
    lane.sync()
    schema = lane.table.target.schema
    lane.warehouse.execute(RULES[rule][0].format(t=lane.target, schema=f'"{schema}"'))
    broken = BROKEN_BY[rule]
    value = "NULL" if broken is None else f"'{broken}'"
    source.execute(
        f"INSERT INTO t SELECT g, g, CASE WHEN g IN (1, 500, 501, 999) THEN {value}"
        " ELSE 'v' || g END FROM generate_series(1, 999) g"
    )
    return lane


@pytest.mark.parametrize("way", ["direct", "raw", "script"])
@pytest.mark.parametrize("rule", RULES)
def test_rows_that_a_rule_of_the_target_refuses_are_found_one_by_one(
    lanes: Lanes, source: Database, rule: str, way: str
) -> None:
    lane = _lane(lanes, source, rule, load_mode="raw" if way == "raw" else "direct")
    if way == "script":
        renaming = "def transform(row):\n    row['wm'] += 1000\n    return row\n"
        lane.scripts = (Script("renaming", renaming),)

    result = lane.sync()

    letters = lane.letters()
    # Which of those that share a value comes first is the server's to say.
    assert len(letters) == result.rows_failed == 4
    assert result.row_count == len(lane.rows("id")) == 996
    assert all(stage == "load" and RULES[rule][1] in error for stage, error, _ in letters)
    # The source's row, not what a script made of it.
    assert all(row["wm"] == row["id"] and row.keys() == {"id", "wm", "v"} for *_, row in letters)
    if way == "raw":
        assert result.rows_loaded_raw == result.rows_extracted
    assert all(check.passed for check in result.checks)


def test_a_full_load_of_what_scripts_made_meets_rules_too(lanes: Lanes, source: Database) -> None:
    lane = _lane(lanes, source, "check")
    lane.scripts = (Script("identity", IDENTITY),)
    result = lane.sync(kind="full_refresh")
    assert (result.rows_loaded, result.rows_failed) == (996, 4)
    assert len(lane.letters()) == 4
    assert all(check.passed for check in result.checks)


def test_a_trigger_that_leaves_rows_out_unseen_fails_the_table(
    lanes: Lanes, source: Database
) -> None:
    lane = _lane(lanes, source, "check")
    schema = f'"{lane.table.target.schema}"'
    lane.warehouse.execute(
        f"ALTER TABLE {lane.target} DROP CONSTRAINT no_bad",
        f"CREATE FUNCTION {schema}.skip() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " RETURN CASE WHEN NEW.id = 500 THEN NULL ELSE NEW END; END $$",
        f"CREATE TRIGGER skip BEFORE INSERT ON {lane.target} FOR EACH ROW"
        f" EXECUTE FUNCTION {schema}.skip()",
    )
    with pytest.raises(BalanceError, match="trigger"):
        lane.sync()
    assert lane.rows("id") == [(0,)]
    assert lane.state()[0] == "0"


def test_a_generated_column_of_the_targets_owner_is_left_to_them(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    lane = _lane(lanes, source, "check", load_mode=load_mode)
    lane.warehouse.execute(
        f"ALTER TABLE {lane.target} ADD doubled int GENERATED ALWAYS AS (id * 2) STORED"
    )
    lane.sync()
    lane.sync(kind="full_refresh")
    assert lane.rows("id, doubled")[1] == (2, 4)


def test_a_target_that_its_owner_publishes_without_identity_fails_for_good_and_says_why(
    lanes: Lanes, source: Database
) -> None:
    source.execute("CREATE TABLE t (v int)", "INSERT INTO t VALUES (1)")
    lane = lanes("t")
    lane.sync()
    lane.warehouse.execute(f"CREATE PUBLICATION p FOR TABLE {lane.target}")
    with pytest.raises(FatalError, match="replica identity") as caught:
        lane.sync()
    assert not isinstance(caught.value, RetriableError)
    assert lane.rows("v") == [(1,)]
