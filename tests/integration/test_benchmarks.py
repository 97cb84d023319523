"""The benchmarks' scenarios work, with a few rows each and without other programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import bare_names, report, results
from benchmarks.bench import Bench
from benchmarks.results import OURS, Reach, Row
from benchmarks.run import SCENARIOS
from benchmarks.servers import Servers
from benchmarks.sizes import DEFAULT, TINY
from tests.servers import MariaDBServer, PostgreSQLServer

# The others start whole installations, which takes longer than all of these together; one of them
# stands for their common parts.
OF_THE_ENGINE = [name for name in SCENARIOS if name not in ("platform", "location", "api")]
ABOUT = {"at": "now", "commit": "none", "machine": "any", "python": "3", "load": "0"}


@pytest.fixture
def bench(
    servers_directory: Path,
    tmp_path: Path,
    postgres_server: PostgreSQLServer,
    mariadb_server: MariaDBServer,
) -> Bench:
    servers = Servers(servers_directory)
    servers.postgresql, servers.mariadb = postgres_server, mariadb_server
    return Bench(TINY, servers, tmp_path, with_peers=False)


@pytest.mark.parametrize("scenario", [*OF_THE_ENGINE, "api"])
def test_a_scenario_gives_figures_of_both_sides_and_a_ratio(bench: Bench, scenario: str) -> None:
    rows = list(SCENARIOS[scenario](bench))
    assert rows
    for row in rows:
        assert all(min(figures) > 0 for figures in row.figures.values())
        assert row.ours in row.figures
        assert row.reaches
        assert all(row.ratio(reach) > 0 for reach in row.reaches)


def test_the_bare_dagster_of_the_platform_scenario_loads() -> None:
    variables = {
        bare_names.SOURCE_VARIABLE: "postgresql://nowhere",
        bare_names.ASSETS_VARIABLE: "2",
    }
    code = (
        "from benchmarks.bare import defs\n"
        f"print(len(defs.resolve_job_def({bare_names.MANY_JOB!r}).graph.node_dict))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["2"]


def test_every_default_scenario_is_larger_than_the_tiny_one() -> None:
    assert DEFAULT.rows > TINY.rows
    assert DEFAULT.scaled(1000).rows == 1000
    assert DEFAULT.scaled(1000).narrow_rows == 10_000


def test_a_run_writes_table_and_picture_between_the_markers(tmp_path: Path) -> None:
    row = Row(
        id="full_load_postgresql",
        what="Full load",
        figures={OURS: [1.5, 1.0], "bare pipe": [2.0], "Sling": [3.0]},
        reaches=[Reach("bare pipe", "at most", 1.1), Reach("Sling", "at least", 5)],
        notes=["a note"],
        run=ABOUT,
    )
    kept, document, picture = (tmp_path / name for name in ("r.json", "b.md", "b.svg"))
    results.write(kept, {row.id: row})
    assert results.read(kept) == {row.id: row}
    assert json.loads(kept.read_text())["rows"][0]["figures"][OURS] == [1.5, 1.0]
    document.write_text(report.DOCUMENT.read_text())
    for _ in range(2):
        report.write(results.read(kept), document, picture)
    text = document.read_text()
    assert text.count("| Full load | 1.00 s | bare pipe: 2.00 s | 0.50 × | ≤ 1.1 × | ✓ |") == 1
    assert text.count("|  |  | Sling: 3.00 s | 3.00 × | ≥ 5 × quicker | ✗ |") == 1
    assert text.startswith("# Benchmarks")
    assert picture.read_text().count('class="ours"') == 1


def test_the_document_shows_what_the_results_hold(tmp_path: Path) -> None:
    document, picture = tmp_path / "benchmarks.md", tmp_path / "benchmarks.svg"
    document.write_text(report.DOCUMENT.read_text())
    report.write(results.read(report.RESULTS), document, picture)
    assert document.read_text() == report.DOCUMENT.read_text()
    assert picture.read_text() == report.PICTURE.read_text()
