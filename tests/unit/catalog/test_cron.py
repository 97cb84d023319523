import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arus_dagster.catalog.cron import check_cron, check_timezone


def dagster_builds(expression: str) -> bool:
    @dg.job
    def nothing():
        pass

    try:
        dg.ScheduleDefinition(job=nothing, cron_schedule=expression)
    except dg.DagsterInvalidDefinitionError:
        return False
    return True


def accepted(expression: str) -> bool:
    try:
        check_cron(expression)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    "expression",
    [
        "*/5 * * * *",
        "0 0 1 1 *",
        "@daily",
        "@hourly",
        "0 9-17 * * mon-fri",
        "30 3 29 2 *",
        "0 0 L * *",
    ],
)
def test_expressions_in_use_are_accepted(expression):
    assert accepted(expression)
    assert dagster_builds(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "",
        " ",
        "* * * *",
        "* * * * * *",
        "0 0 30 2 *",
        "0 0 30,31 2 *",
        "0 0 31 4,6 *",
        "0 0 31 2,4,6,9,11 *",
        "R R * * *",
        "R(0-5) * * * *",
        "H * * * *",
        "60 * * * *",
        "every day",
        "@reboot",
        "*/0 * * * *",
    ],
)
def test_expressions_that_no_schedule_follows_are_refused(expression):
    assert not accepted(expression)


FIELD = st.sampled_from(
    [
        "*",
        "0",
        "1",
        "5",
        "59",
        "31",
        "30",
        "7",
        "12",
        "*/2",
        "1-5",
        "1,2",
        "L",
        "mon",
        "2",
        "jan",
        "x",
        "1#2",
        "5-1",
        "?",
        "h",
    ]
)


@given(st.lists(FIELD, min_size=4, max_size=7).map(" ".join))
def test_whatever_is_accepted_dagster_builds_a_schedule_from(expression):
    if accepted(expression):
        assert dagster_builds(expression)


def test_time_zones_are_those_of_iana():
    check_timezone("Europe/Paris")
    check_timezone("UTC")
    for name in ("", "Mars/Olympus", "europe/paris", "../etc/passwd"):
        with pytest.raises(ValueError):
            check_timezone(name)
