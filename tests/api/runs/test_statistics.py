"""Daily statistics."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.platform import Platform


def test_every_day_has_its_element_oldest_first(platform: Platform) -> None:
    days = platform.ok("GET", "/api/runs/stats/daily?days=90")

    today = datetime.now(UTC).date()
    dates = [day["date"] for day in days]
    assert dates == sorted(dates)
    assert len(dates) == 90
    # The test may run over midnight.
    assert dates[-1] in {(today - timedelta(days=back)).isoformat() for back in (0, 1)}
    assert days[0] | {"date": ""} == {
        "date": "",
        "total": 0,
        "success": 0,
        "failed": 0,
        "cancelled": 0,
        "rows_synced": 0,
    }


def test_runs_count_on_the_day_they_were_asked_for(platform: Platform) -> None:
    before = platform.ok("GET", "/api/runs/stats/daily?days=2")
    platform.run(platform.make("customers"))
    after = platform.ok("GET", "/api/runs/stats/daily?days=2")

    def total(days: list[dict[str, int]], name: str) -> int:
        return sum(day[name] for day in days)

    assert total(after, "total") == total(before, "total") + 1
    assert total(after, "success") == total(before, "success") + 1
    assert total(after, "failed") == total(before, "failed")
    assert total(after, "rows_synced") == total(before, "rows_synced") + 2


def test_a_week_is_the_default(platform: Platform) -> None:
    assert len(platform.ok("GET", "/api/runs/stats/daily")) == 7


@pytest.mark.parametrize("days", [0, 91, "many"])
def test_other_numbers_of_days_are_refused(platform: Platform, days: object) -> None:
    platform.refused("GET", f"/api/runs/stats/daily?days={days}", 422)
