"""Cron expressions and time zones: which ones a schedule can be built from.

Owns the check that what the API accepts Dagster accepts too: five fields or an alias, no
seconds, a date that exists. Refuses to compute ticks; those are Dagster's.
"""

from __future__ import annotations

from zoneinfo import available_timezones

from croniter import croniter


def check_cron(expression: str) -> None:
    """Raises ValueError, with what to do, unless a schedule can be built from the expression."""
    if not croniter.is_valid(expression):
        raise ValueError(f"{expression!r} is not a cron expression of five fields")
    fields, *_ = croniter.expand(expression)
    if len(fields) != 5:
        raise ValueError(f"{expression!r} has {len(fields)} fields; five are needed (no seconds)")
    days, months = fields[2], fields[3]
    if list(months) == [2] and len(days) == 1 and days[0] in (30, 31):
        raise ValueError(f"{expression!r} never comes: February has no such day")


def check_timezone(name: str) -> None:
    """Raises ValueError unless the name is an IANA time zone."""
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not an IANA time zone, such as Europe/Paris or UTC")
