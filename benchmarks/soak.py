"""Many pipelines on one schedule: is a tick lost, does the queue drain, does memory stay?

    python -m benchmarks.soak --pipelines 40 --minutes 15

Starts the tests' private PostgreSQL and a real Dagster, makes pipelines of one small table each,
all on the same five-minute schedule, which is the worst case, and reports once a minute and at the
end. Exit code 0 means: no tick lost or doubled, the queue drained before the next tick, no run
failed, and no process of the platform grew by more than a tenth over the second half.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet
from pydantic import SecretStr

from arus_dagster import names
from arus_dagster.catalog.migrations import migrate
from arus_dagster.catalog.repositories import destinations, pipelines, sources
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.dialects.registry import open_source
from arus_dagster.orchestration.models import ACTIVE
from arus_dagster.orchestration.run_filter import RunFilter
from arus_dagster.settings import Settings
from tests.dagster_stack import DagsterStack, wait_for
from tests.servers import HOST, PASSWORD, USER, Database, PostgreSQLServer, session_directory

PERIOD_SECONDS = 300
GROWTH = 1.1
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
    chosen = parser.parse_args()
    with session_directory() as directory:
        server = PostgreSQLServer(directory)
        try:
            with server.database() as catalog, server.database() as shop:
                settings = _settings(server, catalog)
                migrate(settings)
                stack = DagsterStack(directory, settings)
                try:
                    return _soak(stack, shop, chosen.pipelines, chosen.minutes)
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


def _soak(stack: DagsterStack, shop: Database, count: int, minutes: int) -> int:
    slugs = _define(stack, shop, count)
    began = time.time()
    stack.start()
    _say(f"{count} pipelines on */5; started in {time.time() - began:.0f} s")
    first = (time.time() // PERIOD_SECONDS + 1) * PERIOD_SECONDS
    periods = minutes * 60 // PERIOD_SECONDS
    last = first + (periods - 1) * PERIOD_SECONDS
    memory: list[dict[str, int]] = []
    longest = 0.0
    drained = first - 1  # the last tick whose queue is known to have drained
    # The last tick has a whole period to drain in, as the others do.
    while time.time() < last + PERIOD_SECONDS - 15:
        time.sleep(5)
        now = time.time()
        active = len(stack.client.runs(RunFilter(statuses=ACTIVE), limit=count + 1))
        tick = now // PERIOD_SECONDS * PERIOD_SECONDS
        if tick >= first and not active and drained < tick and _all_ticked(stack, slugs, tick):
            drained = tick
            longest = max(longest, now - tick)
            _say(
                f"the queue of {time.strftime('%H:%M', time.gmtime(tick))} took {now - tick:.0f} s"
            )
        if int(now) % 60 < 5:
            memory.append(_memory(stack))
            megabytes = ", ".join(f"{n} {kb // 1024} MB" for n, kb in memory[-1].items())
            _say(f"{active} active; {megabytes}")
        if drained >= last:
            break
    return _judge(stack, slugs, first, periods, longest if drained >= last else None, memory)


def _define(stack: DagsterStack, shop: Database, count: int) -> list[str]:
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
                    schedule="*/5 * * * *",
                    target_schema=f"soak_{number}",
                    source=source,
                    destination=warehouse,
                ),
                [TableChoice("orders", "public")],
            ).slug
            for number in range(count)
        ]


def _memory(stack: DagsterStack) -> dict[str, int]:
    """Resident kilobytes of each process group of the platform, without the runs."""
    found: Counter[str] = Counter()
    groups = {child.process.pid: name for name, child in stack.children.items()}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            group = int(stat.read_text().rpartition(")")[2].split()[2])
            if group not in groups or b"spawn_main" in (stat.parent / "cmdline").read_bytes():
                continue
            status = (stat.parent / "status").read_text()
        except OSError:
            continue  # it ended while we looked
        for line in status.splitlines():
            if line.startswith("VmRSS:"):
                found[groups[group]] += int(line.split()[1])
    return dict(found)


def _judge(
    stack: DagsterStack,
    slugs: list[str],
    first: float,
    periods: int,
    longest: float | None,
    memory: list[dict[str, int]],
) -> int:
    expected = {first + n * PERIOD_SECONDS for n in range(periods)}
    lost = doubled = 0
    statuses: Counter[str] = Counter()
    made = _ticks(stack)
    for slug in slugs:
        own = made[names.schedule_name(slug)]
        ticks = Counter(t for t, _ in own)
        statuses.update(status for t, status in own if t in expected)
        lost += len(expected - ticks.keys())
        doubled += sum(number - 1 for t, number in ticks.items() if t in expected)
    ends: Counter[str] = Counter()
    page = stack.client.runs(RunFilter(), limit=500)
    while page:
        ends.update(run.status.value for run in page)
        page = stack.client.runs(RunFilter(), limit=500, cursor=page[-1].id)
    growth = _growth(memory)
    _say(f"ticks: {dict(statuses)}, {lost} lost, {doubled} doubled; runs: {dict(ends)}")
    _say(f"longest queue: {f'{longest:.0f} s' if longest else 'did not drain'}")
    _say("memory over the second half: " + ", ".join(f"{n} x{g:.2f}" for n, g in growth.items()))
    good = not lost and not doubled and longest is not None and set(ends) == {"SUCCESS"}
    return 0 if good and all(g < GROWTH for g in growth.values()) else 1


def _all_ticked(stack: DagsterStack, slugs: list[str], tick: float) -> bool:
    ticks = _ticks(stack)
    return all(any(t == tick for t, _ in ticks[names.schedule_name(slug)]) for slug in slugs)


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


def _growth(memory: list[dict[str, int]]) -> Mapping[str, float]:
    """How much larger a process was at the end than half-way, by the medians of three looks."""
    if len(memory) < 6:
        return {}

    def median(name: str, looks: list[dict[str, int]]) -> float:
        return float(sorted(look.get(name, 0) for look in looks)[len(looks) // 2])

    half = len(memory) // 2
    return {
        name: median(name, memory[-3:]) / max(median(name, memory[half - 1 : half + 2]), 1)
        for name in memory[-1]
    }


def _say(text: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
