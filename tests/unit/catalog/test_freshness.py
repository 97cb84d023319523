"""Which watermarks tell a time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from arus_dagster.catalog.freshness import watermark_time


@pytest.mark.parametrize(
    ("watermark", "expected"),
    [
        ("2026-01-31 12:00:00.5+02", datetime(2026, 1, 31, 10, 0, 0, 500_000, UTC)),
        ("2026-01-31 12:00:00", datetime(2026, 1, 31, 12, tzinfo=UTC)),
        ("2026-01-31", datetime(2026, 1, 31, tzinfo=UTC)),
        ("20260131", None),
        ("-20260131", None),
        ("8f14e45f-ceea-467f-a0e6-7f8d8e4d8c52", None),
        ("infinity", None),
        ("0044-03-15 BC", None),
        ("", None),
        (None, None),
    ],
)
def test_a_watermark_is_a_time_or_nothing(watermark: str | None, expected: datetime | None) -> None:
    assert watermark_time(watermark) == expected
