"""Taking times side by side.

Owns the order: every side once, then every side again, so that whatever else the machine does falls
on all of them alike. Refuses to time a side's preparation.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.peers.environment import PeerError


def nothing() -> None:
    """What a side does before it is timed, where it needs nothing."""


@dataclass(frozen=True, slots=True)
class Side:
    """One way to do the same thing.

    Args:
        name: in the results.
        run: what is timed; where it returns a number, that many seconds count instead.
        prepare: brings back the state before, untimed.
        repeats: fewer than the others have, for a slow one; None for as many.
    """

    name: str
    run: Callable[[], float | None]
    prepare: Callable[[], object] = nothing
    repeats: int | None = None


def interleave(sides: Sequence[Side], repeats: int, notes: list[str]) -> dict[str, list[float]]:
    """Seconds of each run of each side, by the side's name.

    Args:
        notes: told of a peer that failed, which has no figure then.
    """
    taken: dict[str, list[float]] = {side.name: [] for side in sides}
    for turn in range(repeats):
        for side in sides:
            if side.name not in taken or (side.repeats is not None and turn >= side.repeats):
                continue
            side.prepare()
            gc.collect()
            began = time.perf_counter()
            try:
                own = side.run()
            except PeerError as error:
                print(f"    {side.name} {error}", flush=True)
                notes.append(f"{side.name} {str(error).splitlines()[0]}.")
                del taken[side.name]
                continue
            seconds = time.perf_counter() - began
            taken[side.name].append(seconds if own is None else own)
            print(f"    {side.name}: {taken[side.name][-1]:.3f} s", flush=True)
    return taken
