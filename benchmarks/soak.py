"""Many pipelines on one schedule: is a tick lost, does the queue drain, does memory stay?

    python -m benchmarks.soak --pipelines 40 --every 5 --minutes 15

Starts the tests' private PostgreSQL and a real Dagster, makes pipelines of one small table each,
all on the same schedule, which is the worst case, and reports twice a minute and at the end. Exit
code 0 means: no tick lost, doubled, failed or skipped, one good run for each, the queue drained
before the next tick, and no process of the platform grew by more than a tenth over the second
half. It also tells what a run costs in processor time, which a busy machine changes little.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter, defaultdict
from typing import Any

import httpx
from cryptography.fernet import Fernet
from pydantic import SecretStr

from arus_dagster import names
from arus_dagster.catalog.migrations import migrate
from arus_dagster.catalog.repositories import destinations, pipelines, sources
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.dialects.registry import open_source
from arus_dagster.orchestration.models import ACTIVE, RunStatus
from arus_dagster.orchestration.run_filter import RunFilter
from arus_dagster.settings import Settings
from benchmarks.processes import use_of
from benchmarks.soak_verdict import Observed, faults
from tests.dagster_stack import DagsterStack, wait_for
from tests.servers import HOST, PASSWORD, USER, Database, PostgreSQLServer, session_directory

# The daemon looks at new schedules once a minute.
SETTLING_SECONDS = 60
LOOK_SECONDS = 2
LATE_SECONDS = 120
SHOWN_FAILURES = 3
MEMORY_SECONDS = 15
# What a run's command line holds.
RUN = b"spawn_main"
DONE = frozenset({"SUCCESS", "SKIPPED", "FAILURE"})
TICKS = """query T($r: RepositorySelector!) { schedulesOrError(repositorySelector: $r) {
  __typename ... on Error { message } ... on Schedules {
    results { name scheduleState { ticks(limit: 100) { status timestamp } } } } } }"""


def main() -> int:
    """Run it; see the module."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--pipelines", type=int, default=40)
    parser.add_argument("--minutes", type=int, default=15)
    parser.add_argument("--every", type=int, default=5, help="minutes between ticks")
    chosen = parser.parse_args()
    with session_directory() as directory:
        server = PostgreSQLServer(directory)
        try:
            with server.database() as catalog, server.database() as shop:
                settings = _settings(server, catalog)
                migrate(settings)
                stack = DagsterStack(directory, settings)
                try:
                    slugs = _define(stack, shop, chosen.pipelines, chosen.every)
                    began = time.monotonic()
                    stack.start()
                    _say(
                        f"{chosen.pipelines} pipelines every {chosen.every} minutes;"
                        f" started in {time.monotonic() - began:.0f} s"
                    )
                    soak = Soak(stack, server.pid, slugs, chosen.every * 60)
                    return soak.run(chosen.minutes * 60)
                finally:
                    stack.stop()
        finally:
            server.remove()


def _settings(server: PostgreSQLServer, catalog: Database) -> Settings:
    return Settings(
        db_host=HOST,
        db_port=server.port,
        db_user=USER,
        db_password=SecretStr(PASSWORD),
        db_name=catalog.name,
        jwt_secret=SecretStr("for-soaking-only-" + "x" * 32),
        encryption_key=SecretStr(Fernet.generate_key().decode()),
        admin_email="admin@example.com",
        admin_password=SecretStr("a long enough password"),
    )


class Soak:
    """One soak of a platform that has just been started.

    Args:
        postgres: the process id of its PostgreSQL.
        slugs: of its pipelines.
        period: seconds between ticks.
    """

    def __init__(self, stack: DagsterStack, postgres: int, slugs: list[str], period: int) -> None:
        self._stack = stack
        self._roots = {
            **{name: child.process.pid for name, child in stack.children.items()},
            "PostgreSQL": postgres,
        }
        self._slugs = slugs
        self._period = period
        self._drained: dict[float, float] = {}
        self._memory: defaultdict[str, list[int]] = defaultdict(list)
        self._cpu_before = self._cpu()

    def run(self, seconds: int) -> int:
        """Watch for so long from the first tick that counts; the exit code is the verdict."""
        first = ((time.time() + SETTLING_SECONDS) // self._period + 1) * self._period
        expected = frozenset(first + n * self._period for n in range(seconds // self._period))
        next_look = 0.0
        stopped = False
        # The last tick has a whole period to drain in, as the others do.
        end = first + len(expected) * self._period - LOOK_SECONDS
        while time.time() < end:
            time.sleep(LOOK_SECONDS)
            now = time.time()
            tick = now // self._period * self._period
            if tick in expected - self._drained.keys():
                self._look_at_queue(tick)
            if tick == max(expected) and not stopped and self._all_ticked(tick):
                stopped = self._stop_schedules()
            if now >= max(next_look, first):
                next_look = now + MEMORY_SECONDS
                self._look_at_memory()
            if len(self._drained) == len(expected):
                break
        self._wait_for_the_end(max(expected))
        return self._judge(expected)

    def _wait_for_the_end(self, last: float) -> None:
        """Ticks that come late are late; only those that never come are lost."""
        deadline = time.time() + LATE_SECONDS
        while time.time() < deadline and not self._all_ticked(last):
            time.sleep(LOOK_SECONDS)
        self._stop_schedules()
        wait_for(lambda: not self._active(), "the queue to drain", 600)

    def _stop_schedules(self) -> bool:
        """Let no tick come that does not count."""
        known = self._stack.client.schedules()
        for slug in self._slugs:
            self._stack.client.stop_schedule(known[names.schedule_name(slug)])
        return True

    def _look_at_queue(self, tick: float) -> None:
        """Note when the runs of a tick have all ended: no more come once all have ticked."""
        if self._active() or not self._all_ticked(tick) or self._active():
            return
        self._drained[tick] = time.time() - tick
        moment = time.strftime("%H:%M", time.gmtime(tick))
        _say(f"the queue of {moment} took {self._drained[tick]:.0f} s")

    def _look_at_memory(self) -> None:
        used = use_of(self._roots, RUN)
        # Its processes are sessions, which come and go with the runs and share their memory.
        del used["PostgreSQL"]
        for name, use in used.items():
            self._memory[name].append(use.resident_bytes)
        megabytes = ", ".join(f"{n} {u.resident_bytes / 1e6:.0f} MB" for n, u in used.items())
        _say(f"{self._active()} active; {megabytes}")

    def _cpu(self) -> dict[str, float]:
        return {name: use.cpu_seconds for name, use in use_of(self._roots, RUN).items()}

    def _active(self) -> int:
        return self._stack.client.count_runs(RunFilter(statuses=ACTIVE))

    def _all_ticked(self, tick: float) -> bool:
        return all(
            any(moment == tick and status in DONE for moment, status in own)
            for own in self._ticks().values()
        )

    def _ticks(self) -> dict[str, list[tuple[float, str]]]:
        made = _ticks(self._stack)
        return {slug: made[names.schedule_name(slug)] for slug in self._slugs}

    def _show_failures(self) -> None:
        failed = RunFilter(statuses=[RunStatus.FAILURE])
        for run in self._stack.client.runs(failed, limit=SHOWN_FAILURES):
            events = self._stack.client.logs(run.id, offset=0, limit=500)
            words = [event.text for event in events if event.level in ("ERROR", "WARNING")]
            _say(f"run {run.id} of {run.job_name} failed: {' | '.join(words)[-1000:]}")

    def _judge(self, expected: frozenset[float]) -> int:
        ends = {s.value: RunFilter(statuses=[s]) for s in RunStatus}
        counts = self._stack.client.count_many(list(ends.values()))
        seen = Observed(
            expected=expected,
            ticks=self._ticks(),
            runs={status: n for status, n in zip(ends, counts, strict=True) if n},
            drained=self._drained,
            memory=self._memory,
        )
        statuses = Counter(status for own in seen.ticks.values() for _, status in own)
        _say(f"ticks: {dict(statuses)}; runs: {dict(seen.runs)}")
        if self._drained:
            _say(f"the longest queue took {max(self._drained.values()):.0f} s")
        # What the platform needs for itself meanwhile is in it, the less the more runs there are.
        cpu = {n: seconds - self._cpu_before[n] for n, seconds in self._cpu().items()}
        runs = max(sum(seen.runs.values()), 1)
        shares = ", ".join(f"{name} {seconds / runs:.2f}" for name, seconds in cpu.items())
        _say(f"processor time a run: {sum(cpu.values()) / runs:.2f} s ({shares})")
        bad = faults(seen)
        self._show_failures()
        for fault in bad:
            _say(f"NOT GOOD: {fault}")
        if not bad:
            _say("GOOD: no tick lost, the queue drained, memory flat")
        return 1 if bad else 0


def _define(stack: DagsterStack, shop: Database, count: int, every: int) -> list[str]:
    shop.execute(
        "CREATE TABLE orders (id int PRIMARY KEY, updated_at timestamptz NOT NULL)",
        "INSERT INTO orders SELECT n, now() FROM generate_series(1, 1000) n",
    )
    spec = shop.spec
    place: dict[str, Any] = {"host": spec.host, "port": spec.port, "database": spec.database}
    login: dict[str, Any] = {"username": spec.username, "secrets": {"password": spec.password}}
    with stack.catalog.session() as session:
        source = sources.create(
            session, sources.NewSource(name="Shop", type=spec.type, **place, **login)
        )
        sources.replace_tables(session, source, open_source(spec).discover())
        warehouse = destinations.create(
            session, destinations.NewDestination(name="Warehouse", **place, **login)
        )
        return [
            pipelines.create(
                session,
                pipelines.NewPipeline(
                    name=f"Soak {number}",
                    schedule=f"*/{every} * * * *",
                    target_schema=f"soak_{number}",
                    source=source,
                    destination=warehouse,
                ),
                [TableChoice("orders", "public")],
            ).slug
            for number in range(count)
        ]


def _ticks(stack: DagsterStack) -> dict[str, list[tuple[float, str]]]:
    """Moment and status of each schedule's ticks, by the schedule's name."""
    repository = {
        "repositoryLocationName": names.LOCATION,
        "repositoryName": names.REPOSITORY,
    }
    body = {"query": TICKS, "variables": {"r": repository}}

    def answered() -> dict[str, Any] | None:
        # On a machine with too much to do the webserver loses sight of the code server at times.
        answer = httpx.post(f"{stack.url}/graphql", json=body, timeout=60).json()
        found: dict[str, Any] = answer["data"]["schedulesOrError"]
        return found if found["__typename"] == "Schedules" else None

    found = wait_for(answered, "Dagster to show the schedules")
    return {
        schedule["name"]: [
            (t["timestamp"], t["status"]) for t in schedule["scheduleState"]["ticks"]
        ]
        for schedule in found["results"]
    }


def _say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
