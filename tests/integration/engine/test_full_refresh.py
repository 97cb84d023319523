"""Full refresh: the target becomes the source, and nobody sees anything in between."""

from __future__ import annotations

from tests.integration.engine.conftest import Lanes
from tests.servers import Database


def test_target_equals_source_and_follows_it(
    lanes: Lanes, source: Database, load_mode: str
) -> None:
    source.execute(
        "CREATE TABLE t (id int PRIMARY KEY, name text, at timestamptz)",
        "INSERT INTO t SELECT g, E'tab\\tnewline\\nback\\\\slash ' || g, now() FROM generate_series(1, 500) g",
        "INSERT INTO t VALUES (501, NULL, NULL), (502, '', '-infinity'), (503, '\\N', 'infinity')",
    )
    lane = lanes("t", load_mode=load_mode)

    result = lane.sync()

    assert lane.rows("id, name, at::text") == source.rows(
        "SELECT id, name, at::text FROM t ORDER BY 1"
    )
    assert (result.rows_extracted, result.rows_loaded, result.row_count) == (503, 503, 503)
    assert result.full
    assert all(check.passed for check in result.checks)
    assert {check.name for check in result.checks} == {"row_balance", "row_count", "not_null"}

    source.execute("DELETE FROM t WHERE id > 2", "UPDATE t SET name = 'new' WHERE id = 1")
    lane.sync()
    assert lane.rows("id, name") == source.rows("SELECT id, name FROM t ORDER BY 1")
