"""The API of a large installation, beside what Dagster's GraphQL takes for the same questions.

What the API asks of Dagster is recorded once for each path and sent again without the API: that is
the side it is compared with. Paths that ask Dagster nothing have a limit of their own.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import event
from sqlalchemy.engine import Engine

from arus_api.app import create_app
from arus_dagster.orchestration.transport import READ_SECONDS, Transport
from benchmarks.bench import Bench
from benchmarks.installation import Installation, installation
from benchmarks.results import OURS, Reach, Row

GRAPHQL = "GraphQL alone"
_P99 = "Arus, p99"
_MILLISECONDS = 1000


@dataclass
class Asked:
    """What one request to the API cost.

    Args:
        graphql: bodies sent to Dagster.
        statements: how many the catalog was sent.
    """

    graphql: list[dict[str, Any]] = field(default_factory=list)
    statements: int = 0


def api(bench: Bench) -> Iterator[Row]:
    """Lists, dashboard, dag and runs."""
    sizes, server = bench.sizes, bench.servers.postgresql
    with server.database() as source, server.database() as warehouse:
        source.execute("CREATE TABLE t0 (id int PRIMARY KEY)", "INSERT INTO t0 VALUES (1)")
        with installation(server, bench.servers.root, source, warehouse) as ours:
            names = [f"pipeline-{n}" for n in range(sizes.api_pipelines)]
            ids = ours.add_many([(name, [f"t{n}"]) for n, name in enumerate(names)])
            ours.reload()
            run = ours.sync(ids[0])
            ours.copy_run(run, [name.replace("-", "_") for name in names], sizes.api_runs)
            ours.storage.execute("ANALYZE", admin=True)
            pipeline = f"/api/pipelines/{ids[len(ids) // 2]}"
            deep = max(0, sizes.api_runs * 9 // 10)
            for name, path in (
                ("api_sources", "/api/sources"),
                ("api_pipelines", "/api/pipelines"),
                ("api_pipeline", pipeline),
                ("api_pipeline_runs", f"{pipeline}/runs"),
                ("api_runs", "/api/runs"),
                ("api_runs_failed", "/api/runs?status=failed"),
                ("api_runs_deep", f"/api/runs?offset={deep}"),
                ("api_dashboard", "/api/dashboard/summary"),
                ("api_runs_daily", "/api/runs/stats/daily?days=30"),
                ("api_dag", "/api/dag"),
            ):
                yield _row(bench, ours, name, path)


def _row(bench: Bench, ours: Installation, name: str, path: str) -> Row:
    asked = _recorded(ours, path)
    taken: dict[str, list[float]] = {OURS: [], GRAPHQL: []}
    requests = bench.sizes.api_requests
    budget = time.monotonic() + 15  # a slow path is asked less often
    for turn in range(requests):
        taken[OURS].append(_timed(lambda: ours.get(path)))
        if asked.graphql:
            taken[GRAPHQL].append(_timed(lambda: _ask_graphql(ours, asked)))
        if turn > 2 and time.monotonic() > budget:
            break
    figures = {side: [statistics.median(times)] for side, times in taken.items() if times}
    figures[_P99] = [sorted(taken[OURS])[max(0, round(0.99 * len(taken[OURS])) - 1)]]
    shown = path.split("?")[0] if name == "api_sources" else path
    reaches = [Reach(GRAPHQL, "at most", 1.3)] if asked.graphql else [Reach(None, "at most", 50)]
    return Row(
        id=name,
        what=f"GET {_without_id(shown)}, p50, {bench.sizes.api_pipelines:,} pipelines,"
        f" {bench.sizes.api_runs:,} runs",
        unit="ms",
        figures=figures,
        reaches=reaches,
        notes=[
            f"{len(asked.graphql)} requests to Dagster, {asked.statements} statements to the"
            f" catalog, {1 / statistics.median(taken[OURS]) * _MILLISECONDS:.0f} answers a second"
            " one after the other."
        ],
    )


def _without_id(path: str) -> str:
    return "/".join("{id}" if len(part) == 36 else part for part in path.split("/"))


def _timed(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * _MILLISECONDS


def _ask_graphql(ours: Installation, asked: Asked) -> None:
    for body in asked.graphql:
        ours.graphql.post("/graphql", json=body).raise_for_status()


def _recorded(ours: Installation, path: str) -> Asked:
    """What the API in this process asks to answer one request."""
    asked = Asked()
    ours.log_in()
    app = create_app(ours.stack.settings.model_copy(update={"dagster_url": ours.stack.url}))
    app.state.dagster._transport = _Recorder(ours.stack.url, asked)
    client = TestClient(app)
    client.headers["Authorization"] = ours.http.headers["Authorization"]

    def count(*_: object) -> None:
        asked.statements += 1

    try:
        client.get(path)  # what is asked once and kept
        asked.graphql.clear()
        event.listen(Engine, "before_cursor_execute", count)
        answer = client.get(path)
    finally:
        event.remove(Engine, "before_cursor_execute", count)
        app.state.dagster.close()
        app.state.catalog.dispose()
        app.state.side_catalog.dispose()
    assert answer.status_code == 200, answer.text
    return asked


class _Recorder(Transport):
    """Keeps what is sent."""

    def __init__(self, url: str, asked: Asked) -> None:
        super().__init__(url)
        self._asked = asked

    def request(
        self,
        name: str,
        text: str,
        variables: Mapping[str, Any],
        timeout_seconds: float = READ_SECONDS,
    ) -> dict[str, Any]:
        self._asked.graphql.append({"query": text, "variables": dict(variables)})
        return super().request(name, text, variables, timeout_seconds)
