"""Asset checks: which a table has, and what they show."""

from __future__ import annotations

import dagster as dg

from arus_dagster.defs.checks import check_results, check_specs
from arus_dagster.engine.result import Check

TARGET = dg.AssetKey(["target", "wh", "analytics", "t"])


def test_rows_are_counted_where_every_sync_reads_the_whole_source() -> None:
    assert set(check_specs(TARGET, "full_refresh")) == {"row_balance", "not_null", "row_count"}
    assert set(check_specs(TARGET, "incremental")) == {"row_balance", "not_null"}


def test_a_result_carries_the_outcome_and_its_numbers() -> None:
    checks = [Check("row_count", False, "3 expected, 2 found", expected=3, actual=2)]

    (result,) = check_results(TARGET, checks, ["row_count"])

    assert (result.check_name, result.passed, result.asset_key) == ("row_count", False, TARGET)
    assert result.description == "3 expected, 2 found"
    assert result.metadata["expected"].value == 3
    assert result.metadata["actual"].value == 2


def test_a_check_that_dagster_does_not_know_is_left_to_the_runs_detail() -> None:
    checks = [Check("row_count", True, ""), Check("not_null", True, "")]

    assert [r.check_name for r in check_results(TARGET, checks, ["not_null"])] == ["not_null"]
