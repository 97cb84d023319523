"""How much each scenario moves, and how often.

Owns the defaults, which end within half an hour on two idle cores, and the tiny sizes with
which a test goes through every scenario in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Sizes:
    """Rows, tables and repeats.

    Args:
        rows: of the large table: full loads, raw mode, scripts, merges and memory.
        narrow_rows: of the table in which few rows change.
        changed_rows: how many of those.
        wide_rows: rows of a megabyte each, for the peak of memory.
        repeats: of each side, taken in turns.
        peer_repeats: of the peers' large loads, which take the longest.
        short_repeats: of what takes less than a second.
        no_change_tables: of the sync in which nothing changed.
        location_tables: in all, one size of an installation each.
        location_pipelines: among which those are spread, at most one a table.
        api_pipelines, api_runs: of the installation whose API is asked.
        api_requests: for each path.
        discovery_tables: of the source that is discovered.
    """

    rows: int = 1_000_000
    narrow_rows: int = 10_000_000
    changed_rows: int = 1_000
    wide_rows: int = 200
    repeats: int = 3
    peer_repeats: int = 1
    short_repeats: int = 7
    no_change_tables: int = 20
    location_tables: tuple[int, ...] = (100, 1_000, 5_000)
    location_pipelines: int = 1_000
    api_pipelines: int = 1_000
    api_runs: int = 100_000
    api_requests: int = 40
    discovery_tables: int = 10_000

    def scaled(self, rows: int) -> Sizes:
        """The same with the tables of rows brought to another size, in proportion."""
        share = rows / self.rows

        def part(number: int) -> int:
            return max(1, round(number * share))

        return replace(
            self,
            rows=rows,
            narrow_rows=part(self.narrow_rows),
            changed_rows=min(self.changed_rows, part(self.narrow_rows)),
        )


DEFAULT = Sizes()
TINY = Sizes(
    rows=300,
    narrow_rows=500,
    changed_rows=10,
    wide_rows=2,
    repeats=1,
    short_repeats=1,
    no_change_tables=3,
    location_tables=(2, 4),
    location_pipelines=2,
    api_pipelines=3,
    api_runs=20,
    api_requests=2,
    discovery_tables=5,
)
