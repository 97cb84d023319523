"""The installation's settings that users change at run time: names, types, defaults, bounds.

Owns the parsing of each value from the string it is stored and exchanged as, and back. Refuses
unknown keys and values that don't parse. What a process is told when it starts is in
``arus_dagster.settings``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from arus_dagster.catalog.cron import check_cron, check_timezone
from arus_dagster.errors import InvalidInputError


def _text(longest: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text) > longest:
            raise ValueError(f"must not be longer than {longest} characters")
        if not text.isprintable():
            raise ValueError("must not hold control characters")
        return text

    return parse


def _integer(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        digits = text.strip()
        if not (digits.isascii() and digits.isdigit()):
            raise ValueError(f"must be a whole number from {least} to {most}")
        # Cut before converting: Python refuses to parse thousands of digits.
        value = int(digits) if len(digits) <= 20 else most + 1
        if not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return value

    return parse


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError("must be a number from 0 to 1") from None
    if not 0 <= value <= 1:  # NaN fails this too
        raise ValueError("must be a number from 0 to 1")
    return value


def _boolean(text: str) -> bool:
    match text.strip().lower():
        case "true":
            return True
        case "false":
            return False
    raise ValueError("must be true or false")


def _cron(text: str) -> str:
    check_cron(text)
    return text


def _timezone(text: str) -> str:
    check_timezone(text)
    return text


def _setting(default: Any, parse: Callable[[str], Any], meaning: str) -> Any:
    return field(default=default, metadata={"parse": parse, "meaning": meaning})


_DAY = 86_400
_COUNT = 2_147_483_647


@dataclass(frozen=True, slots=True)
class RuntimeSettings:
    """All settings with their values; an instance made without arguments holds the defaults."""

    pipeline_name_prefix: str = _setting(
        "arus-", _text(50), "Put before the name of a pipeline made from a source's selection."
    )
    default_schedule: str = _setting(
        "*/5 * * * *", _cron, "Cron expression of a pipeline made without one."
    )
    timezone: str = _setting("UTC", _timezone, "Time zone of schedules that name none.")
    auto_alter_schema: bool = _setting(
        True, _boolean, "Add new source columns to the target and widen widened types."
    )
    schema_drift_detection: bool = _setting(
        True, _boolean, "Record and notify differences between a source's columns then and now."
    )
    drift_backfill: bool = _setting(
        False, _boolean, "Reload a table at once when a column is added, to fill it."
    )
    max_retries: int = _setting(3, _integer(0, 100), "Further attempts at a failed table.")
    initial_backoff: int = _setting(
        2, _integer(0, 3600), "Seconds before the first further attempt; doubled for each next."
    )
    timeout_seconds: int = _setting(
        3600, _integer(1, 30 * _DAY), "Seconds after which a run is stopped."
    )
    lookback_seconds: int = _setting(
        0, _integer(0, 366 * _DAY), "Seconds an incremental read reaches behind its watermark."
    )
    quality_check_threshold: int = _setting(
        0, _integer(0, _COUNT), "Rows by which source and target may differ after a full refresh."
    )
    dead_letter_limit: int = _setting(
        1000, _integer(0, _COUNT), "Rejected rows of one table and run past which it fails."
    )
    dead_letter_share: float = _setting(
        0.05, _share, "Share of one table's rows in a run past which rejected rows fail it."
    )
    raw_retention_runs: int = _setting(
        20, _integer(1, _COUNT), "Runs whose rows stay in a raw table."
    )
    raw_retention_days: int = _setting(
        0, _integer(0, 36_500), "Days that rows stay in a raw table; 0 sets no limit by age."
    )
    result_retention_days: int = _setting(
        90, _integer(1, 36_500), "Days that a run's results per table are kept."
    )
    audit_retention_days: int = _setting(
        365, _integer(1, 36_500), "Days that entries of the audit log are kept."
    )
    notify_pipeline_failures: bool = _setting(True, _boolean, "Send failures of pipelines.")
    notify_schema_drift: bool = _setting(True, _boolean, "Send schema drift.")
    notify_dead_letter: bool = _setting(True, _boolean, "Send rejected rows.")
    notify_allow_local: bool = _setting(
        False, _boolean, "Let notifications go to this machine itself and to link-local addresses."
    )

    def as_strings(self) -> dict[str, str]:
        """Every key with its value as it is exchanged; booleans as ``true`` and ``false``."""
        return {f.name: _dump(getattr(self, f.name)) for f in fields(self)}


_FIELDS = {f.name: f for f in fields(RuntimeSettings)}

# A change of one of these alters what Dagster has loaded; the rest is read when a run starts.
DEFINITION_KEYS = frozenset({"timezone", "timeout_seconds"})


def meanings() -> dict[str, str]:
    """What each setting is for."""
    return {name: f.metadata["meaning"] for name, f in _FIELDS.items()}


def parse_setting(key: str, value: str) -> str:
    """The value in its stored form.

    Raises:
        InvalidInputError: unknown key, or a value that does not parse; ``field`` is the key.
    """
    if key not in _FIELDS:
        raise InvalidInputError(f"{key!r} is not a setting", field=key)
    try:
        return _dump(_FIELDS[key].metadata["parse"](value))
    except ValueError as problem:
        raise InvalidInputError(f"{key} {problem}", field=key) from None


def from_stored(rows: Iterable[tuple[str, str]]) -> RuntimeSettings:
    """The settings of stored keys and values; what is not stored has its default.

    Raises:
        InvalidInputError: a stored value no longer parses.
    """
    values: Mapping[str, Any] = {
        key: _FIELDS[key].metadata["parse"](parse_setting(key, value))
        for key, value in rows
        if key in _FIELDS  # a key that an older version knew
    }
    return RuntimeSettings(**values)


def _dump(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
