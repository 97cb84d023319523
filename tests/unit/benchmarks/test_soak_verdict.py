"""A soak's verdict is good only where all was seen, and all of it was good."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from benchmarks.soak_verdict import LEAST_LOOKS, Observed, faults

MB = 1_000_000
GOOD = Observed(
    expected=frozenset({60.0, 120.0}),
    # The first tick came before those that count.
    ticks={name: [(m, "SUCCESS") for m in (0.0, 60.0, 120.0)] for name in ("a", "b")},
    runs={"SUCCESS": 6},
    drained={60.0: 12.0, 120.0: 15.0},
    memory={"daemon": [150 * MB] * LEAST_LOOKS},
)


def test_all_that_was_seen_was_good() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        (
            {"ticks": {**GOOD.ticks, "b": [(0.0, "SUCCESS"), (60.0, "SUCCESS")]}},
            "1 ticks were lost",
        ),
        ({"ticks": {**GOOD.ticks, "b": [*GOOD.ticks["b"], (60.0, "SUCCESS")]}}, "1 ticks came"),
        ({"ticks": {**GOOD.ticks, "b": [*GOOD.ticks["b"][:2], (120.0, "SKIPPED")]}}, "SKIPPED"),
        ({"ticks": {**GOOD.ticks, "b": [*GOOD.ticks["b"][:2], (120.0, "FAILURE")]}}, "FAILURE"),
        ({"ticks": {}}, "no tick to look at"),
        ({"runs": {"SUCCESS": 5}}, "6 ticks made 5 runs"),
        ({"runs": {"SUCCESS": 7}}, "6 ticks made 7 runs"),
        ({"runs": {"SUCCESS": 5, "FAILURE": 1}}, "1 runs ended as FAILURE"),
        ({"drained": {60.0: 12.0}}, "the queue of 1 ticks"),
        ({"memory": {}}, "nobody looked"),
        ({"memory": {"daemon": [150 * MB] * (LEAST_LOOKS - 1)}}, "times only"),
        ({"memory": {"daemon": [n * 30 * MB for n in range(1, 10)]}}, "grew from 150 to 240 MB"),
    ],
)
def test_whatever_is_not_good_is_named(changes: dict[str, Any], fault: str) -> None:
    found = faults(replace(GOOD, **changes))
    assert any(fault in one for one in found), found


@pytest.mark.parametrize(
    "looks",
    [
        [n * MB for n in range(100, 109)],  # a little
        [100 * MB, 180 * MB] + [200 * MB] * 10,  # at first
        [100 * MB] * 9 + [300 * MB] + [100 * MB],  # for a moment
    ],
)
def test_what_does_not_go_on_is_no_growth(looks: list[int]) -> None:
    assert faults(replace(GOOD, memory={"daemon": looks})) == []
