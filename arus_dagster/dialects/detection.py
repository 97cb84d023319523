"""How a table is best synced, guessed from its columns alone.

Owns the guess. Refuses to be bold: a table read whole too often costs time, while a wrong
watermark costs rows. So a watermark must be a timestamp whose name says that every change moves
it, on a table whose rows can be told apart; a growing key counts only where nothing suggests that
old rows change.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from arus_dagster.dialects.base import Column, TableShape

SyncMethod = Literal["auto", "incremental", "full_refresh"]

_STAMP = r"(_?(at|on|ts|time|date|datetime|timestamp|utc))*"
# Best first. The whole name must match: ``password_updated_at`` moves with the password alone.
_MODIFIED = [
    re.compile(rf"{pattern}\Z")
    for pattern in (
        rf"(row_|record_|sys_|gmt_)?(updated?|modified|modification|changed?){_STAMP}",
        rf"(row_|record_)?last_?(updated?|modified|modification|changed?){_STAMP}",
        r"(dt|ts|date|time|datetime|timestamp)_?(of_)?(last_?)?(updated?|modified|changed?)",
        r"write_date|system_?modstamp|mtime|updated_?(at|on)_?(utc|gmt)",
    )
]
_CREATED = re.compile(
    rf"((row_|record_|sys_|gmt_)?(created?|creation|inserted?|added|logged|occurred|recorded)"
    rf"{_STAMP}|(event|log)_?(at|ts|time|date|timestamp)|timestamp|ts|(date|time)_?(created|added))\Z"
)
_DELETED = re.compile(
    rf"((is_|was_)?(soft_?)?(deleted|removed|trashed){_STAMP}"
    rf"|(date|time|dt)_?(deleted|removed)|deletion{_STAMP}|deletedat)\Z"
)
# Columns whose presence suggests that rows change after they were written.
_MUTABLE = re.compile(
    r"(status|state|stage|version|revision|lock_version|is_\w+|processed\w*|handled\w*|read_at"
    r"|seen_at|sent_at|finished_at|completed_at|ended_at|closed_at|resolved_at|retry\w*|attempts?)\Z"
)
_APPEND_ONLY = frozenset(
    {
        "log", "logs", "logging", "event", "events", "audit", "audits", "history", "histories",
        "journal", "journals", "click", "clicks", "view", "views", "visit", "visits", "hit",
        "hits", "pageview", "pageviews", "impression", "impressions", "metric", "metrics",
        "measurement", "measurements", "reading", "readings", "telemetry", "tick", "ticks",
        "trail", "activity", "activities",
    }
)  # fmt: skip

_TIMESTAMPS = ("timestamp",)
_INTEGERS = ("smallint", "integer", "bigint", "numeric(20,0)")


@dataclass(frozen=True, slots=True)
class Detection:
    """What a table's columns suggest.

    Args:
        watermark_column: set exactly where ``sync_mode`` is ``incremental``.
        watermark_candidates: every column that could serve, the most fitting first.
        soft_delete_column: marks rows as deleted.
    """

    sync_mode: Literal["incremental", "full_refresh"]
    watermark_column: str | None
    watermark_candidates: tuple[str, ...]
    soft_delete_column: str | None


def detect(shape: TableShape, sync_method: SyncMethod = "auto") -> Detection:
    """What a table's columns suggest.

    Args:
        sync_method: ``incremental`` takes any candidate before it reads a table whole,
            ``full_refresh`` none.
    """
    candidates = _candidates(shape)
    watermark = None
    if sync_method == "incremental":
        watermark = next(iter(candidates), None)
    elif sync_method == "auto":
        watermark = _safe_watermark(shape, candidates)
    return Detection(
        sync_mode="full_refresh" if watermark is None else "incremental",
        watermark_column=watermark,
        watermark_candidates=candidates,
        soft_delete_column=_soft_delete_column(shape),
    )


def _safe_watermark(shape: TableShape, candidates: tuple[str, ...]) -> str | None:
    if not shape.primary_key:
        # A changed row could not be found again: its old form would stay beside the new one.
        return None
    for name in candidates:
        column = shape.column(name)
        if column is not None and _is_timestamp(column) and _modified_rank(column) is not None:
            return name
    growing = _growing_key(shape)
    return growing if growing and _looks_append_only(shape) else None


def _candidates(shape: TableShape) -> tuple[str, ...]:
    """Modification times, growing key, creation times, then other times, each in column order."""
    growing = _growing_key(shape)
    ranked: list[tuple[int, int, str]] = []
    for position, column in enumerate(shape.columns):
        rank = _rank(column, growing)
        if rank is not None:
            ranked.append((rank, position, column.name))
    return tuple(name for _, _, name in sorted(ranked))


def _rank(column: Column, growing: str | None) -> int | None:
    if column.name == growing:
        return 100
    if not (_is_timestamp(column) or column.target_type == "date"):
        return None
    name = _snake(column.name)
    if _DELETED.match(name):
        return None
    modified = _modified_rank(column)
    if modified is not None:
        return modified if _is_timestamp(column) else 50 + modified
    if _CREATED.match(name):
        return 200
    return 300 if _is_timestamp(column) else 400


def _modified_rank(column: Column) -> int | None:
    name = _snake(column.name)
    return next((rank for rank, like in enumerate(_MODIFIED) if like.match(name)), None)


def _growing_key(shape: TableShape) -> str | None:
    """The name of an integer primary key that the server counts up."""
    if len(shape.primary_key) != 1:
        return None
    column = shape.column(shape.primary_key[0])
    if column is None or not column.target_type.startswith(_INTEGERS):
        return None
    return column.name if column.attributes.get("auto_increment") else None


def _looks_append_only(shape: TableShape) -> bool:
    if not _APPEND_ONLY & set(_snake(shape.table.name).split("_")):
        return False
    return not any(
        _DELETED.match(name) or _MUTABLE.match(name) or "update" in name or "modif" in name
        for name in (_snake(column.name) for column in shape.columns)
    )


def _soft_delete_column(shape: TableShape) -> str | None:
    """A time before a flag: only a time tells when a row was deleted."""
    likely = [c for c in shape.columns if _DELETED.match(_snake(c.name)) and not c.key_position]
    times = [c.name for c in likely if _is_timestamp(c) or c.target_type == "date"]
    flags = [c.name for c in likely if c.target_type in ("boolean", "smallint")]
    return next(iter(times + flags), None)


def _is_timestamp(column: Column) -> bool:
    return column.target_type.startswith(_TIMESTAMPS) and not column.target_type.endswith("[]")


def _snake(name: str) -> str:
    """``lastModifiedAt`` and ``Last Modified At`` as ``last_modified_at``."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"[^0-9a-z]+", "_", spaced.lower()).strip("_")
