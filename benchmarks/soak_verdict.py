"""What a soak has shown, and whether that is good.

Owns the verdict. Refuses a good one where it has too little to judge by.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

# Fewer looks than this at the memory say nothing about whether it grows.
LEAST_LOOKS = 9
GROWTH = 1.1
# A small process may grow by more than a tenth while it fills its caches.
GROWTH_BYTES = 24_000_000


@dataclass(frozen=True, slots=True)
class Observed:
    """What was seen.

    Args:
        expected: the moments of the ticks, seconds since 1970.
        ticks: of each schedule its moments and Dagster's words for how each went.
        runs: how many runs ended in which way, over all the time.
        drained: seconds from each tick until all of its runs had ended; a tick that is missing
            had not drained when the next one came.
        memory: of each process its bytes, in the order of the looks.
    """

    expected: frozenset[float]
    ticks: Mapping[str, Sequence[tuple[float, str]]]
    runs: Mapping[str, int]
    drained: Mapping[float, float]
    memory: Mapping[str, Sequence[int]]


def faults(seen: Observed) -> list[str]:
    """What is not as it should be; nothing where all is."""
    found = []
    lost = doubled = 0
    statuses: Counter[str] = Counter()
    for ticks in seen.ticks.values():
        moments = Counter(moment for moment, _ in ticks)
        lost += len(seen.expected - moments.keys())
        doubled += sum(moments[moment] - 1 for moment in seen.expected & moments.keys())
        statuses.update(status for _, status in ticks)
    if not seen.expected or not seen.ticks:
        found.append("there was no tick to look at")
    if lost:
        found.append(f"{lost} ticks were lost")
    if doubled:
        found.append(f"{doubled} ticks came twice")
    for status, number in statuses.items():
        if status != "SUCCESS":
            found.append(f"{number} ticks were {status}")
    if statuses["SUCCESS"] != sum(seen.runs.values()):
        found.append(f"{statuses['SUCCESS']} ticks made {sum(seen.runs.values())} runs")
    for status, number in seen.runs.items():
        if status != "SUCCESS":
            found.append(f"{number} runs ended as {status}")
    late = len(seen.expected - seen.drained.keys())
    if late:
        found.append(f"the queue of {late} ticks had not drained at the next one")
    for name, looks in seen.memory.items():
        if len(looks) < LEAST_LOOKS:
            found.append(f"the memory of the {name} was looked at {len(looks)} times only")
        elif _grows(looks):
            half, end = _half_and_end(looks)
            found.append(f"the {name} grew from {half / 1e6:.0f} to {end / 1e6:.0f} MB")
    if not seen.memory:
        found.append("nobody looked at the memory")
    return found


def _half_and_end(looks: Sequence[int]) -> tuple[float, float]:
    """What was held half-way and at the end, each by the median of three looks."""
    half = len(looks) // 2
    return median(looks[half - 1 : half + 2]), median(looks[-3:])


def _grows(looks: Sequence[int]) -> bool:
    half, end = _half_and_end(looks)
    return end > half * GROWTH and end - half > GROWTH_BYTES
