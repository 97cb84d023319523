"""The platform around the engine: from an HTTP request to the first row read, a sync in which
nothing changed, and the memory of a run's process."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from arus_dagster.cli import stack as programs
from arus_dagster.cli.process import Program
from arus_dagster.orchestration.models import DagsterRun
from benchmarks import login, tables
from benchmarks.bare_names import ASSETS_VARIABLE, MANY_JOB, MODULE, ONE_JOB, SOURCE_VARIABLE
from benchmarks.bench import Bench
from benchmarks.installation import Installation, installation, settings_for
from benchmarks.measure import Side, interleave
from benchmarks.processes import family_of, peak_megabytes
from benchmarks.results import OURS, Reach, Row
from tests.dagster_stack import DagsterStack
from tests.servers import HOST, Database, PostgreSQLServer

BARE = "bare Dagster job"
MARK = "a row of the table was read"
# Reading the one row of this view leaves a line in the server's log, whose time is the answer.
STARTED = (
    "CREATE FUNCTION tell() RETURNS int LANGUAGE plpgsql VOLATILE AS"
    f" $$BEGIN RAISE LOG '{MARK}'; RETURN 1; END$$",
    "CREATE VIEW started AS SELECT tell() AS id",
)


class Started:
    """When the view ``started`` was first read since it was last asked for."""

    def __init__(self, server: PostgreSQLServer) -> None:
        self._log = server.directory / "log"
        self._seen = 0

    def mark(self) -> None:
        """Forget what was read before."""
        self._seen = self._log.stat().st_size

    def first(self) -> float | None:
        """Seconds since the epoch; None while nothing was read."""
        with self._log.open("rb") as file:
            file.seek(self._seen)
            for line in file:
                if MARK.encode() in line and line.endswith(b"\n"):
                    return float(line.split(b" ", 1)[0])
        return None


def prepare_log(database: Database) -> None:
    """Have the server write the time of each line as seconds since the epoch."""
    database.execute("ALTER SYSTEM SET log_line_prefix = '%n '", admin=True)
    database.execute("SELECT pg_reload_conf()", admin=True)


def platform(bench: Bench) -> Iterator[Row]:
    """All three, on one installation."""
    server = bench.servers.postgresql
    with server.database() as source, server.database() as warehouse:
        login.allow(source)
        source.execute(*STARTED)
        prepare_log(source)
        for number in range(bench.sizes.no_change_tables):
            source.execute(
                f"CREATE TABLE quiet_{number} (id int PRIMARY KEY, name text, updated_at"
                " timestamptz NOT NULL)",
                f"INSERT INTO quiet_{number} SELECT n, 'name ' || n, timestamptz '2024-01-01Z'"
                " + n * interval '1 minute' FROM generate_series(1, 100) n",
            )
        tables.make_orders(source, bench.sizes.rows)
        # A megabyte of random digits, which compression makes no smaller.
        source.execute(
            "CREATE TABLE wide (id int PRIMARY KEY, body text NOT NULL)",
            "INSERT INTO wide SELECT n, (SELECT string_agg(md5(n::text || m), '') FROM"
            f" generate_series(1, 32768) m) FROM generate_series(1, {bench.sizes.wide_rows}) n",
        )
        with (
            installation(server, bench.servers.root, source, warehouse) as ours,
            _bare(bench, source) as bare,
        ):
            started = Started(server)
            tick = ours.add("tick", ["started"])
            quiet = [f"quiet_{number}" for number in range(bench.sizes.no_change_tables)]
            mode = {"sync_mode": "incremental", "watermark_column": "updated_at"}
            many = ours.add("quiet", quiet[1:], **mode)
            one = ours.add("quiet-one", quiet[:1], **mode)
            orders = ours.add("orders", [tables.ORDERS])
            wide = ours.add("wide", ["wide"])
            ours.reload()
            yield _start(bench, ours, bare, started, str(tick))
            yield from _no_change(bench, ours, bare, str(one), str(many))
            yield _memory(bench, ours, {"orders": str(orders), "wide": str(wide)})


@contextlib.contextmanager
def _bare(bench: Bench, source: Database) -> Iterator[DagsterStack]:
    """A Dagster of the same configuration, with ``benchmarks.bare`` as its definitions."""
    server = bench.servers.postgresql
    with server.database() as storage:
        root = bench.servers.root / "bare"
        root.mkdir()
        stack = DagsterStack(root, settings_for(server, storage.name))
        try:
            stack.home.update(
                {
                    SOURCE_VARIABLE: login.url(source),
                    ASSETS_VARIABLE: str(bench.sizes.no_change_tables),
                    "PYTHONPATH": str(Path(__file__).parents[2]),
                }
            )
            stack.home.prepare_dagster()
            programs.migrate_dagster(stack.home.environment())
            stack.start_one(_bare_code_server(stack))
            stack.start_one(programs.webserver(stack.home, stack.ports))
            stack.start_one(programs.daemon(stack.home, stack.ports))
            yield stack
        finally:
            stack.stop()


def _bare_code_server(stack: DagsterStack) -> Program:
    """Dagster's own, which needs no watch of ours around it."""
    return replace(
        programs.code_server(stack.home, stack.ports),
        argv=[
            *(sys.executable, "-m", "dagster", "code-server", "start"),
            *("--host", HOST, "--port", str(stack.ports.code_server)),
            *("--module-name", MODULE),
        ],
        signal_group=True,
    )


def _start(
    bench: Bench, ours: Installation, bare: DagsterStack, started: Started, tick: str
) -> Row:
    def wait(began: float) -> float:
        while (first := started.first()) is None:
            assert time.time() < began + 120, "nothing was read"
            time.sleep(0.02)
        return first - began

    def by_trigger() -> float:
        started.mark()
        began = time.time()
        run_id = ours.trigger(tick)
        seconds = wait(began)
        ours.stack.wait_for_run(run_id)
        return seconds

    def by_launch() -> float:
        started.mark()
        began = time.time()
        run = bare.client.launch(ONE_JOB, {})
        seconds = wait(began)
        bare.wait_for_run(run.id)
        return seconds

    notes: list[str] = []
    sides = [Side(OURS, by_trigger), Side(BARE, by_launch)]
    figures = interleave(sides, bench.sizes.short_repeats, notes)
    return Row(
        id="start",
        what="From the request to the first row read, through the whole platform",
        figures=figures,
        reaches=[Reach(BARE, "at most", 1.2)],
        notes=notes,
    )


def _no_change(
    bench: Bench, ours: Installation, bare: DagsterStack, one: str, many: str
) -> Iterator[Row]:
    count = bench.sizes.no_change_tables - 1
    for pipeline in (one, many):
        ours.sync(pipeline)
    single, several = "1 table", f"{count} tables"

    def bare_many() -> float:
        run = bare.wait_for_run(bare.client.launch(MANY_JOB, {}).id)
        assert run.status == "SUCCESS", run
        return _seconds(run)

    sides = [
        Side(single, lambda: _seconds(ours.sync(one))),
        Side(several, lambda: _seconds(ours.sync(many))),
        Side(f"bare Dagster, {count + 1} empty assets", bare_many),
    ]
    figures = interleave(sides, bench.sizes.repeats, [])
    # Of the least of each side: the least of the differences would be that in which the single
    # table was disturbed most.
    each = (min(figures[several]) - min(figures[single])) / max(1, count - 1)
    yield Row(
        id="no_change",
        what=f"Sync of {count} tables in which nothing changed, each further table",
        figures={OURS: [each], **figures},
        reaches=[Reach(None, "below", 0.1)],
        notes=[
            "Times of the runs themselves, by Dagster, from their processes' start to their end."
        ],
    )


def _seconds(run: DagsterRun) -> float:
    assert run.started is not None and run.ended is not None
    return (run.ended - run.started).total_seconds()


def _memory(bench: Bench, ours: Installation, pipelines: dict[str, str]) -> Row:
    sizes = bench.sizes
    labels = {
        "orders": f"{sizes.rows:,} rows",
        "wide": f"{sizes.wide_rows:,} rows of 1 MB",
    }
    figures = {labels[name]: [_peak(ours, p)] for name, p in pipelines.items()}
    return Row(
        id="memory",
        what="Peak memory of a run's process",
        unit="MB",
        figures={OURS: [max(peak for peaks in figures.values() for peak in peaks)], **figures},
        reaches=[Reach(None, "at most", 250)],
    )


def _peak(ours: Installation, pipeline: str) -> float:
    """Megabytes that the process of a pipeline's run ever had, Dagster and Python included."""
    root = ours.stack.children["code server"].process.pid
    before = family_of(root)
    run_id = ours.trigger(pipeline)
    peaks: dict[int, float] = {}
    while not ours.stack.client.run(run_id).finished:
        deadline = time.monotonic() + 0.5
        while time.monotonic() < deadline:
            for pid in family_of(root) - before:
                peaks[pid] = max(peaks.get(pid, 0.0), peak_megabytes(pid))
            time.sleep(0.02)
    assert ours.stack.client.run(run_id).status == "SUCCESS"
    return max(peaks.values())
