"""What was measured, as plain data that a file keeps.

Owns the meaning of a ratio and of a reach. Refuses to show a figure without the run it is from:
each row carries when, where and at which commit it was measured.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

OURS = "Arus"
Way = Literal["at most", "at least", "below"]


@dataclass(frozen=True, slots=True)
class Reach:
    """What is aimed at.

    Args:
        beside: the side compared with; None for a figure that stands alone.
        way: ``at most`` and ``below``: our figure over the other's, or our figure itself;
            ``at least``: the other's over ours.
        limit: of the ratio, or of the figure in its unit.
        aim: whether the limit is a goal, or the figure is only shown.
    """

    beside: str | None
    way: Way = "at most"
    limit: float = 1.0
    aim: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One line of comparison.

    Args:
        id: stable; a later run replaces the row of the same id.
        what: for people.
        figures: of each side, in ``unit``; ours under ``ours``.
        reaches: judged against the least figures.
        notes: what a reader has to know: a side left out and why, say.
    """

    id: str
    what: str
    figures: dict[str, list[float]]
    reaches: list[Reach]
    unit: str = "s"
    ours: str = OURS
    notes: list[str] = field(default_factory=list)
    run: dict[str, str] = field(default_factory=dict)

    def least(self, side: str) -> float:
        """The least disturbed figure of a side."""
        return min(self.figures[side])

    def median(self, side: str) -> float:
        return statistics.median(self.figures[side])

    def ratio(self, reach: Reach) -> float:
        """What a reach is about: a quotient, or our figure itself."""
        ours = self.least(self.ours)
        if reach.beside is None:
            return ours
        other = self.least(reach.beside)
        return other / ours if reach.way == "at least" else ours / other

    def met(self, reach: Reach) -> bool:
        ratio = self.ratio(reach)
        match reach.way:
            case "at most":
                return ratio <= reach.limit
            case "below":
                return ratio < reach.limit
            case "at least":
                return ratio >= reach.limit


def read(path: Path) -> dict[str, Row]:
    """The rows of a file by id; none where there is no file."""
    if not path.exists():
        return {}
    rows = [_row(entry) for entry in json.loads(path.read_text())["rows"]]
    return {row.id: row for row in rows}


def write(path: Path, rows: dict[str, Row]) -> None:
    """Keep rows, in the order given."""
    text = json.dumps({"rows": [asdict(row) for row in rows.values()]}, indent=1)
    path.write_text(text + "\n")


def _row(entry: dict[str, Any]) -> Row:
    reaches = [Reach(**reach) for reach in entry.pop("reaches")]
    return Row(**entry, reaches=reaches)
