"""What the clock of the machine that syncs says decides nothing: watermarks are the source's."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest
import time_machine

from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.sync import sync_table
from tests.integration.engine.conftest import IDENTITY, Lane, Lanes
from tests.servers import Database

YEARS_BACK = datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)
YEARS_AHEAD = datetime(2061, 2, 28, tzinfo=UTC)


@pytest.mark.parametrize("scripts", [(), (IDENTITY,)], ids=["plain", "with a script"])
@pytest.mark.parametrize("kind", ["postgresql", "mariadb"])
def test_a_clock_that_jumps_during_a_sync_loses_no_row_and_moves_no_watermark(
    kind: str, scripts: tuple[str, ...], load_mode: str, request: pytest.FixtureRequest
) -> None:
    """The rows are of the past and of the future, whichever of the clocks is asked."""
    source: Database = request.getfixturevalue(
        "pg_source_db" if kind == "postgresql" else "mariadb_db"
    )
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamp NULL)",
        "INSERT INTO t VALUES (1, '1990-01-01 00:00:00')",
    )
    lane = Lanes(source, request.getfixturevalue("warehouse_db"))(
        "t",
        schema="public" if kind == "postgresql" else source.name,
        watermark="wm",
        scripts=scripts,
        load_mode=load_mode,
        lookback_seconds=60,
    )
    lane.sync()
    for number, moment in enumerate(("2005-05-05", "2024-01-01", "2037-12-31"), start=2):
        source.execute(
            f"INSERT INTO t VALUES ({number}, '{moment} 00:00:00')",
            # Within the lookback, counted from the last watermark and not from any clock.
            f"INSERT INTO t SELECT {number} * 10, max(wm) FROM t WHERE id < {number}",
        )

        seen = _sync_while_the_clock_jumps(lane)

        assert seen == {YEARS_BACK.year, YEARS_AHEAD.year}
        assert lane.rows("id") == source.rows("SELECT id FROM t ORDER BY 1")
        assert (lane.state()[0] or "").startswith(moment)
        assert any("incremental" in text for _, text in lane.messages)


def test_a_watermark_in_the_future_is_where_the_next_sync_reads_on(
    lanes: Lanes, source: Database
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, wm timestamptz)",
        "INSERT INTO t VALUES (1, now() + interval '10 years')",
    )
    lane = lanes("t", watermark="wm")
    lane.sync()
    before = lane.state()
    source.execute(
        "INSERT INTO t VALUES (2, now())", "INSERT INTO t SELECT 3, wm FROM t WHERE id = 1"
    )

    lane.sync()

    # The row of today is behind the watermark: a clock could have brought it in, and lost others.
    assert [row[0] for row in lane.rows("id")] == [1, 3]
    assert lane.state() == before
    source.execute("INSERT INTO t SELECT 4, wm + interval '1 microsecond' FROM t WHERE id = 1")
    lane.sync()
    assert [row[0] for row in lane.rows("id")] == [1, 3, 4]


def _sync_while_the_clock_jumps(lane: Lane) -> set[int]:
    """Sync with a clock that is years behind, and is set years ahead when the read begins.

    Returns:
        The years that this process saw.
    """
    seen = set()
    lane.messages.clear()
    with time_machine.travel(YEARS_BACK, tick=True) as clock:

        def tell(level: str, text: str) -> None:
            seen.add(time.gmtime(time.time()).tm_year)
            lane.messages.append((level, text))
            clock.move_to(YEARS_AHEAD)

        seen.add(time.gmtime(time.time()).tm_year)
        sync_table(lane.request(), on_message=tell, cancel=CancelToken())
        seen.add(time.gmtime(time.time()).tm_year)
    return seen
