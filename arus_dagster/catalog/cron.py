"""Cron expressions and time zones: which ones a schedule can be built from.

Owns the check that what the API accepts Dagster accepts too: five fields or an alias, no
seconds, a date that exists. Refuses to compute ticks; those are Dagster's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import available_timezones

from croniter import CroniterBadDateError, croniter

_ANY_MOMENT = datetime(2024, 1, 1, tzinfo=UTC)
_DRAWN = ("r", "h")  # croniter's random and hashed fields; no name of a month or day begins so


def check_cron(expression: str) -> None:
    """Raises ValueError, with what to do, unless a schedule can be built from the expression."""
    if not croniter.is_valid(expression):
        raise ValueError(f"{expression!r} is not a cron expression of five fields")
    fields, *_ = croniter.expand(expression)
    if len(fields) != 5:
        raise ValueError(f"{expression!r} has {len(fields)} fields; five are needed (no seconds)")
    if any(field[:1].lower() in _DRAWN for field in expression.split()):
        raise ValueError(f"{expression!r} would be another schedule each time it is read")
    try:
        croniter(expression, _ANY_MOMENT).get_next(datetime)
    except CroniterBadDateError:
        raise ValueError(f"{expression!r} never comes: its months have no such day") from None


def check_timezone(name: str) -> None:
    """Raises ValueError unless the name is an IANA time zone."""
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not an IANA time zone, such as Europe/Paris or UTC")
