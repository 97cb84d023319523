"""Results as text: for the terminal, and as the table and picture of docs/benchmarks.md.

Owns what stands between the document's markers; everything else in it is written by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from benchmarks import chart
from benchmarks.chart import figure
from benchmarks.results import Reach, Row

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).with_name("results.json")
DOCUMENT = ROOT / "docs" / "benchmarks.md"
PICTURE = ROOT / "docs" / "images" / "benchmarks.svg"
_MARKERS = ("<!-- measured: begin, written by make bench -->", "<!-- measured: end -->")
# Rows in which what is seen is the work of programs that do the same.
_DRAWN = (
    "full_load_postgresql",
    "full_load_mariadb",
    "script",
    "merge",
    "incremental",
    "start",
)


def lines(row: Row) -> list[str]:
    """A row for the terminal."""
    told = [row.what]
    for side in row.figures:
        least, median = (figure(f(side), row.unit) for f in (row.least, row.median))
        told.append(f"  {side}: {least} (median {median}, {len(row.figures[side])} times)")
    for reach in row.reaches:
        verdict = "" if not reach.aim else " met" if row.met(reach) else " NOT MET"
        told.append(f"  {_beside(reach)}: {_ratio(row, reach)}, aim {_aim(row, reach)}{verdict}")
    return told + [f"  note: {note}" for note in row.notes]


def write(rows: dict[str, Row], document: Path = DOCUMENT, picture: Path = PICTURE) -> None:
    """Put the table into the document, and draw the picture anew.

    Raises:
        ValueError: the document lacks the markers.
    """
    before, begin, rest = document.read_text().partition(_MARKERS[0])
    _, end, after = rest.partition(_MARKERS[1])
    if not begin or not end:
        raise ValueError(f"{document} lacks the markers between which results stand")
    text = "\n".join(markdown(rows.values()))
    document.write_text(f"{before}{begin}\n{text}\n{end}{after}")
    drawn = [rows[name] for name in _DRAWN if name in rows]
    if drawn:
        picture.write_text(chart.draw(drawn))


def markdown(rows: Iterable[Row]) -> list[str]:
    """The table, the notes and what it was measured on."""
    rows = list(rows)
    table = [
        "",
        "| what | Arus | beside | ratio | reach | |",
        "|---|---|---|---|---|---|",
    ]
    notes: list[str] = []
    for row in rows:
        for index, reach in enumerate(row.reaches):
            table.append(_line(row, reach, first=index == 0))
        notes += [f"- {row.what}: {note}" for note in row.notes]
    return [*table, "", *_machines(rows), "", "Notes of the run:", "", *notes, ""]


def _line(row: Row, reach: Reach, *, first: bool) -> str:
    ours = figure(row.least(row.ours), row.unit) if first else ""
    other = ""
    if reach.beside is not None:
        other = f"{reach.beside}: {figure(row.least(reach.beside), row.unit)}"
    mark = "" if not reach.aim else "✓" if row.met(reach) else "✗"
    what = row.what if first else ""
    return f"| {what} | {ours} | {other} | {_ratio(row, reach)} | {_aim(row, reach)} | {mark} |"


def _ratio(row: Row, reach: Reach) -> str:
    if reach.beside is None:
        return figure(row.ratio(reach), row.unit)
    return f"{row.ratio(reach):.2f} ×"


def _aim(row: Row, reach: Reach) -> str:
    if not reach.aim:
        return ""
    sign = {"at most": "≤", "below": "<", "at least": "≥"}[reach.way]
    if reach.beside is None:
        return f"{sign} {figure(reach.limit, row.unit)}"
    quicker = " quicker" if reach.way == "at least" else ""
    return f"{sign} {reach.limit:g} ×{quicker}"


def _beside(reach: Reach) -> str:
    return f"against {reach.beside}" if reach.beside else "itself"


def _machines(rows: list[Row]) -> list[str]:
    runs: dict[str, list[str]] = {}
    for row in rows:
        about = row.run
        where = (
            f"{about['at']}, commit {about['commit']}, {about['machine']},"
            f" Python {about['python']}, load before the run {about['load']}"
        )
        runs.setdefault(where, []).append(row.id)
    if len(runs) == 1:
        return [f"Measured {next(iter(runs))}."]
    return [f"Measured {where}: {', '.join(ids)}." for where, ids in runs.items()]
