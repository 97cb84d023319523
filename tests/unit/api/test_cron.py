"""Schedules in words, and their next ticks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arus_api.pipelines.cron import in_words, next_tick


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("*/5 * * * *", "Every 5 minutes"),
        ("0 9 * * 1-5", "At 09:00, Monday through Friday"),
        ("@daily", "At 00:00"),
        ("@hourly", "Every hour"),
        ("30 22 1 * *", "At 22:30, on day 1 of the month"),
    ],
)
def test_a_schedule_is_told_in_words(expression: str, words: str) -> None:
    assert in_words(expression) == words


@pytest.mark.parametrize(
    ("expression", "timezone", "after", "tick"),
    [
        ("*/5 * * * *", "UTC", "2026-01-01T00:00:00", "2026-01-01T00:05:00"),
        ("*/5 * * * *", "UTC", "2026-01-01T00:04:59", "2026-01-01T00:05:00"),
        ("0 9 * * *", "Europe/Paris", "2026-01-15T07:59:00", "2026-01-15T08:00:00"),
        ("0 9 * * *", "Europe/Paris", "2026-07-15T06:59:00", "2026-07-15T07:00:00"),
        ("0 0 * * *", "Asia/Kolkata", "2026-01-01T00:00:00", "2026-01-01T18:30:00"),
        # The clock goes forward on 29 March and back on 25 October.
        ("0 9 * * *", "Europe/Paris", "2026-03-28T12:00:00", "2026-03-29T07:00:00"),
        ("0 9 * * *", "Europe/Paris", "2026-10-24T12:00:00", "2026-10-25T08:00:00"),
    ],
)
def test_the_next_tick_is_read_in_its_time_zone(
    expression: str, timezone: str, after: str, tick: str
) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)

    assert next_tick(expression, timezone, moment) == datetime.fromisoformat(tick).replace(
        tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("expression", "timezone"),
    [
        ("0 9 * * *", "Nowhere/Land"),
        ("0 9 * * *", "America"),
        ("0 9 * * *", "../etc/passwd"),
        ("0 0 30 2 *", "UTC"),
        ("nonsense", "UTC"),
    ],
)
def test_what_can_not_tick_has_no_next_tick(expression: str, timezone: str) -> None:
    assert next_tick(expression, timezone, datetime(2026, 1, 1, tzinfo=UTC)) is None
