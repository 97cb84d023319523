"""What the engine answers: counts, bounds, findings of one table's sync.

Owns the balance: extracted = loaded + deleted + dropped + failed, exactly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from arus_dagster.dialects.base import Column

DriftKind = Literal[
    "column_added", "column_dropped", "type_widened", "type_changed", "key_changed", "table_missing"
]


@dataclass(frozen=True, slots=True)
class DriftEvent:
    """A difference between the source's columns now and at the last sync."""

    kind: DriftKind
    column: str | None
    before: str | None
    after: str | None
    message: str


@dataclass(frozen=True, slots=True)
class Check:
    """A quality check's outcome.

    Args:
        name: one of ``row_balance``, ``row_count``, ``not_null``.
    """

    name: str
    passed: bool
    message: str
    expected: int | None = None
    actual: int | None = None


@dataclass(frozen=True, slots=True)
class SyncResult:
    """One table's sync.

    Args:
        rows_loaded: rows put into the target.
        rows_deleted: rows that took a row out of the target (soft deletes).
        rows_dropped: rows a script dropped, or that a later row of the same key superseded.
        rows_failed: rows in the dead letters.
        rows_removed: target rows found gone from the source by key comparison.
        row_count: rows in the target afterwards.
        watermark_before, watermark_after: the source's text form, full precision.
        warnings: kind to count, e.g. ``{"zero_date": 3}``.
        columns: the target's columns, for the column schema.
        origins: each of these to the source's columns that its values come from; where scripts
            ran, to all that are read, since a script may use any.
    """

    rows_extracted: int = 0
    rows_loaded_raw: int = 0
    rows_loaded: int = 0
    rows_deleted: int = 0
    rows_dropped: int = 0
    rows_failed: int = 0
    rows_removed: int = 0
    row_count: int | None = None
    bytes: int = 0
    duration_ms: int = 0
    watermark_before: str | None = None
    watermark_after: str | None = None
    window_lower: str | None = None
    full: bool = False
    warnings: Mapping[str, int] = field(default_factory=dict)
    drift: tuple[DriftEvent, ...] = ()
    checks: tuple[Check, ...] = ()
    columns: tuple[Column, ...] = ()
    origins: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
