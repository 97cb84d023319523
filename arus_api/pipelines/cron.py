"""A schedule in words, and its next tick.

Owns the reading of cron expressions for people. What may be scheduled is the catalog's to check;
what is scheduled is Dagster's.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from cron_descriptor import Options, get_description  # type: ignore[import-untyped]
from croniter import croniter

_ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}


@lru_cache(maxsize=4096)
def in_words(expression: str) -> str:
    """E.g. ``Every 5 minutes``; the expression itself where there are no words for it."""
    options = Options()
    options.use_24hour_time_format = True
    plain = _ALIASES.get(expression.strip().lower(), expression.upper())
    try:
        return str(get_description(plain, options))
    except Exception:  # noqa: BLE001
        # The library knows fewer expressions than Dagster, and raises plain exceptions for them.
        return expression


def next_tick(expression: str, timezone: str, after: datetime) -> datetime | None:
    """The first tick after a moment, in UTC.

    None where there is none: for a day that no month has, or a time zone that this machine does
    not know, as it may be after a catalog moved to another one. One such pipeline must not keep
    all the others from being shown.

    Args:
        timezone: where the expression is read.
    """
    try:
        local = after.astimezone(ZoneInfo(timezone))
        tick: datetime = croniter(expression, local).get_next(datetime)
    except (LookupError, OSError, ValueError):
        return None
    return tick.astimezone(UTC)
