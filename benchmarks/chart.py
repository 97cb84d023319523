"""The picture: for each row, how long each side took, drawn to the row's own scale.

Owns the drawing, an SVG without scripts that follows the reader's choice of light or dark.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from benchmarks.results import Row

_WIDTH = 860
_LABELS = 190
_VALUES = 90
_BAR = 16
_GAP = 5
_TITLE = 24
_AFTER = 16
_STYLE = """
  text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .value { font-variant-numeric: tabular-nums }
  .track { fill: #eff1f3 }
  .ours { fill: #0969da }
  .other { fill: #afb8c1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .track { fill: #21262d }
    .ours { fill: #58a6ff }
    .other { fill: #6e7681 }
  }
"""


def draw(rows: Sequence[Row]) -> str:
    """The SVG of some rows, which must have a figure of ours and at least one beside it."""
    parts: list[str] = []
    y = 8
    for row in rows:
        y = _row(parts, row, y)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y}" width="{_WIDTH}"'
        f' height="{y}" role="img" aria-label="How long Arus and its peers take">\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _row(parts: list[str], row: Row, y: int) -> int:
    parts.append(f'<text class="title" x="0" y="{y + 14}">{escape(row.what)}</text>')
    y += _TITLE
    room = _WIDTH - _LABELS - _VALUES
    longest = max(row.least(side) for side in row.figures)
    for side in sorted(row.figures, key=row.least):
        value = row.least(side)
        length = max(2.0, room * value / longest)
        kind = "ours" if side == row.ours else "other"
        middle = y + 13
        parts.append(f'<text x="0" y="{middle}">{escape(side)}</text>')
        parts.append(
            f'<rect class="track" x="{_LABELS}" y="{y}" width="{room}" height="{_BAR}" rx="3"/>'
        )
        parts.append(
            f'<rect class="{kind}" x="{_LABELS}" y="{y}" width="{length:.1f}" height="{_BAR}"'
            ' rx="3"/>'
        )
        parts.append(
            f'<text class="value" x="{_LABELS + room + 10}" y="{middle}">'
            f"{figure(value, row.unit)}</text>"
        )
        y += _BAR + _GAP
    return y + _AFTER


def figure(value: float, unit: str) -> str:
    """A figure as people read it."""
    if unit == "s" and value < 1:
        return f"{value * 1000:.0f} ms"
    if unit == "s":
        return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"
    return f"{value:.0f} {unit}" if value >= 10 else f"{value:.1f} {unit}"
