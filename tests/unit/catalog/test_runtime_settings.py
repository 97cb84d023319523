import pytest
from hypothesis import given
from hypothesis import strategies as st

from arus_dagster.catalog.runtime_settings import (
    RuntimeSettings,
    from_stored,
    meanings,
    parse_setting,
)
from arus_dagster.errors import InvalidInputError

DOCUMENTED = {
    "pipeline_name_prefix": "arus-",
    "default_schedule": "*/5 * * * *",
    "timezone": "UTC",
    "auto_alter_schema": "true",
    "schema_drift_detection": "true",
    "max_retries": "3",
    "initial_backoff": "2",
    "timeout_seconds": "3600",
    "lookback_seconds": "0",
    "quality_check_threshold": "0",
    "dead_letter_limit": "1000",
    "raw_retention_runs": "20",
    "notify_pipeline_failures": "true",
    "notify_schema_drift": "true",
    "notify_dead_letter": "true",
}


def test_the_documented_settings_have_their_documented_defaults():
    assert DOCUMENTED.items() <= RuntimeSettings().as_strings().items()


def test_every_setting_says_what_it_is_for():
    assert meanings().keys() == RuntimeSettings().as_strings().keys()
    assert all(meanings().values())


def test_what_goes_out_comes_in_unchanged():
    for key, value in RuntimeSettings().as_strings().items():
        assert parse_setting(key, value) == value


@pytest.mark.parametrize(
    ("key", "value", "stored"),
    [
        ("max_retries", " 5 ", "5"),
        ("max_retries", "007", "7"),
        ("auto_alter_schema", "False", "false"),
        ("dead_letter_share", "0.10", "0.1"),
        ("pipeline_name_prefix", "", ""),
        ("timezone", "Europe/Paris", "Europe/Paris"),
    ],
)
def test_values_are_stored_in_one_spelling(key, value, stored):
    assert parse_setting(key, value) == stored


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("no_such_key", "1"),
        ("max_retries", ""),
        ("max_retries", "-1"),
        ("max_retries", "1.5"),
        ("max_retries", "1_000"),
        ("max_retries", "٣"),
        ("max_retries", "9" * 5000),
        ("timeout_seconds", "0"),
        ("auto_alter_schema", "yes"),
        ("default_schedule", "sometimes"),
        ("timezone", "Mars/Olympus"),
        ("dead_letter_share", "nan"),
        ("dead_letter_share", "1.1"),
        ("pipeline_name_prefix", "a\nb"),
        ("pipeline_name_prefix", "a" * 51),
    ],
)
def test_what_does_not_parse_is_refused_with_the_key_as_field(key, value):
    with pytest.raises(InvalidInputError) as caught:
        parse_setting(key, value)

    assert caught.value.field == key


@given(st.sampled_from(sorted(DOCUMENTED)), st.text())
def test_any_text_is_either_parsed_or_refused(key, value):
    try:
        stored = parse_setting(key, value)
    except InvalidInputError:
        return
    assert parse_setting(key, stored) == stored


def test_stored_values_stand_over_defaults():
    in_force = from_stored([("max_retries", "9"), ("drift_backfill", "true"), ("retired", "x")])

    assert in_force.max_retries == 9
    assert in_force.drift_backfill is True
    assert in_force.timeout_seconds == 3600
