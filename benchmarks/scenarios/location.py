"""The code location with few and with very many tables: its start, its reload, and the start of one
run among them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import httpx
from sqlalchemy import select

from arus_dagster.catalog import Pipeline
from arus_dagster.cli import stack as programs
from benchmarks.bench import Bench
from benchmarks.installation import Installation, installation
from benchmarks.results import Reach, Row
from benchmarks.scenarios.platform import STARTED, Started, prepare_log

_ASKED = "/api/pipelines?limit=1"


def location(bench: Bench) -> Iterator[Row]:
    """One installation that grows from size to size."""
    sizes, server = bench.sizes, bench.servers.postgresql
    reloads: dict[str, list[float]] = {}
    loads: dict[str, list[float]] = {}
    starts: dict[str, list[float]] = {}
    slowest: dict[str, list[float]] = {}
    with server.database() as source, server.database() as warehouse:
        source.execute(*STARTED)
        prepare_log(source)
        with installation(server, bench.servers.root, source, warehouse) as ours:
            started = Started(server)
            tick = ours.add("tick", ["started"])
            made = 1
            for count in sizes.location_tables:
                _grow(ours, made, count, sizes.location_pipelines)
                made = count
                label = f"{count:,} tables"
                with _Asking(ours) as asking:
                    reloads[label] = [ours.reload()]
                slowest[label] = [asking.slowest]
                loads[label] = [_load(ours)]
                starts[label] = [_start(ours, started, str(tick)) for _ in range(sizes.repeats)]
                for name, figure in (
                    ("load", loads),
                    ("reload", reloads),
                    ("slowest answer during it", slowest),
                    ("start of a run", starts),
                ):
                    print(f"    {label}, {name}: {min(figure[label]):.2f} s", flush=True)
    yield from _rows(loads, reloads, starts, slowest)


def _rows(
    loads: dict[str, list[float]],
    reloads: dict[str, list[float]],
    starts: dict[str, list[float]],
    slowest: dict[str, list[float]],
) -> Iterator[Row]:
    labels = list(reloads)
    few, before, most = labels[0], labels[-2], labels[-1]
    growth = int(most.split()[0].replace(",", "")) / int(before.split()[0].replace(",", ""))
    for row_id, what, figures in (
        ("location_load", "Code location, start of the code server", loads),
        ("location_reload", "Code location, reload", reloads),
    ):
        yield Row(
            id=row_id,
            what=what,
            figures=figures,
            ours=most,
            # Linear growth would be the quotient of the sizes.
            reaches=[Reach(before, "at most", round(1.2 * growth, 1))],
        )
    yield Row(
        id="location_start",
        what=f"Start of one run among {most}",
        figures=starts,
        ours=most,
        reaches=[Reach(few, "at most", 1.2)],
    )
    yield Row(
        id="location_answers",
        what=f"Slowest answer of the API to GET {_ASKED} during a reload",
        figures=slowest,
        ours=most,
        reaches=[Reach(None, "below", 1.0)],
    )


def _grow(ours: Installation, made: int, count: int, most: int) -> None:
    """Bring the installation to ``count`` tables, the new ones each in a pipeline of its own, or
    evenly among those that are there once these are ``most``."""
    with ours.stack.catalog.session() as session:
        present = list(session.scalars(select(Pipeline.id).where(Pipeline.slug != "tick")))
    names = [f"t{number}" for number in range(made, count)]
    pipelines = min(most - 1 - len(present), len(names))
    if pipelines > 0:
        ours.add_many([(f"p{made}-{n}", names[n::pipelines]) for n in range(pipelines)])
    else:
        ours.add_tables({made: names[n :: len(present)] for n, made in enumerate(present)})


def _load(ours: Installation) -> float:
    """Seconds until a new code server serves the definitions."""
    stack = ours.stack
    program = programs.code_server(stack.home, stack.ports)
    stack.children.pop(program.name).stop()
    began = time.perf_counter()
    stack.start_one(program)
    return time.perf_counter() - began


def _start(ours: Installation, started: Started, tick: str) -> float:
    started.mark()
    began = time.time()
    run_id = ours.trigger(tick)
    while (first := started.first()) is None:
        assert time.time() < began + 300, "nothing was read"
        time.sleep(0.02)
    ours.stack.wait_for_run(run_id)
    return first - began


class _Asking:
    """Asks the API again and again, and keeps the slowest answer."""

    def __init__(self, ours: Installation) -> None:
        self._ours = ours
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self.slowest = 0.0
        self._error: httpx.HTTPError | AssertionError | None = None

    def __enter__(self) -> _Asking:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _ask(self) -> None:
        while not self._done.is_set():
            began = time.perf_counter()
            try:
                self._ours.get(_ASKED)
            except (httpx.HTTPError, AssertionError) as error:
                self._error = error
                return
            self.slowest = max(self.slowest, time.perf_counter() - began)
            time.sleep(0.1)
