"""Pipelines on a real Dagster, made through the catalog.

The stack is shared by the whole session, so everything here goes by names of its own, and no
pipeline runs by itself unless a test asks for it.
"""

from __future__ import annotations

import itertools
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from sqlalchemy.orm import Session

from arus_dagster import names
from arus_dagster.catalog import Destination, Pipeline, Source
from arus_dagster.catalog.repositories import (
    definitions_version,
    destinations,
    pipelines,
    sources,
)
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.dialects.registry import open_source
from arus_dagster.errors import NotFoundError
from arus_dagster.orchestration.models import DagsterRun, LogEvent
from arus_dagster.orchestration.run_filter import RunFilter
from tests.dagster_stack import DagsterStack, wait_for
from tests.servers import Database, PostgreSQLServer

# A tick that comes on no day of a test.
NEVER = "0 0 29 2 *"
_numbers = itertools.count(1)

SHOP = (
    "CREATE TABLE orders (id int PRIMARY KEY, total numeric(10, 2), updated_at timestamptz"
    " NOT NULL)",
    "INSERT INTO orders SELECT n, n * 1.5, timestamptz '2024-01-01Z' + n * interval '1 day'"
    " FROM generate_series(1, 10) n",
    "CREATE TABLE hidden_later (id int PRIMARY KEY)",
    "CREATE TABLE customers (id int PRIMARY KEY, name text)",
    "INSERT INTO customers VALUES (1, 'Ada'), (2, 'Grace')",
    'CREATE TABLE "Order ""Items""" (id int PRIMARY KEY, "näme" text)',
    'INSERT INTO "Order ""Items""" VALUES (1, $$tea$$)',
    # Read in three seconds.
    "CREATE VIEW brief AS SELECT n AS id, pg_sleep(1)::text AS nap FROM generate_series(1, 3) n",
    # Read in two minutes: a run on it is at work until it is cancelled.
    "CREATE VIEW slow AS SELECT n AS id, pg_sleep(1)::text AS nap FROM generate_series(1, 120) n",
)


@dataclass
class Installation:
    """A catalog with a source and a warehouse, and the Dagster that serves it."""

    stack: DagsterStack
    shop: Database
    warehouse: Database
    source: Source
    destination: Destination

    def pipeline(self, *tables: str | TableChoice, **changes: Any) -> Pipeline:
        """A new pipeline of these tables, loaded by Dagster."""
        made = self.define(*tables, **changes)
        self.load()
        assert self.stack.client.broken_pipelines().get(made.slug) is None
        return made

    def define(self, *tables: str | TableChoice, **changes: Any) -> Pipeline:
        """A new pipeline of these tables; ``load`` after several, since it takes its time."""
        number = next(_numbers)
        values: dict[str, Any] = {
            "name": f"Work {number}",
            "schedule": NEVER,
            "target_schema": f"work_{number}",
            "source": self.source,
            "destination": self.destination,
            **changes,
        }
        choices = [TableChoice(t, "public") if isinstance(t, str) else t for t in tables]
        with self.stack.catalog.session() as session:
            for place in ("source", "destination"):
                values[place] = session.merge(values[place], load=False)
            return pipelines.create(session, pipelines.NewPipeline(**values), choices)

    def another_source(self, **changes: Any) -> Source:
        """A source like the shop's that is reached in another way, or has limits of its own."""
        spec = replace(self.shop.spec, **changes)
        with self.session() as session:
            source = sources.create(
                session,
                sources.NewSource(
                    name=f"Another {uuid.uuid4().hex}",
                    type=spec.type,
                    host=spec.host,
                    port=spec.port,
                    database=spec.database,
                    username=spec.username,
                    secrets={"password": spec.password},
                ),
            )
            shapes = open_source(self.shop.spec).discover()
            sources.replace_tables(session, source, shapes)
        return source

    def load(self) -> None:
        """Have Dagster load what the catalog holds."""
        with self.stack.catalog.session() as session:
            wanted = definitions_version.current(session)
        self.stack.client.reload_location()
        # A refresh of the webserver's own that began before may end after, and puts the older
        # definitions back for a moment.
        wait_for(
            lambda: (self.stack.client.loaded_definitions_version() or 0) >= wanted,
            "the definitions to be loaded",
        )

    def change(self, pipeline: Pipeline, **changes: Any) -> None:
        """Change a pipeline in the catalog alone, as if Dagster had not loaded it yet."""
        with self.stack.catalog.session() as session:
            pipelines.update(session, pipelines.get(session, pipeline.id), changes)

    def launch(self, pipeline: Pipeline, **tags: str) -> DagsterRun:
        """Queue a run; tags by the last part of their name."""
        full = {f"arus/{name}": value for name, value in tags.items()}

        def launched() -> DagsterRun | None:
            try:
                return self.stack.client.launch(names.job_name(pipeline.slug), full)
            except NotFoundError:
                return None  # see ``load``

        return wait_for(launched, f"the job of {pipeline.slug}")

    def run(self, pipeline: Pipeline, **tags: str) -> DagsterRun:
        """Run it and wait for the end."""
        return self.stack.wait_for_run(self.launch(pipeline, **tags).id)

    def wait_until_at_work(self, run: DagsterRun) -> None:
        """Wait until the run reads rows."""
        wait_for(
            lambda: any(e.message.startswith("reading") for e in self.log(run)),
            f"run {run.id} to read",
        )

    def log(self, run: DagsterRun) -> list[LogEvent]:
        return self.stack.client.logs(run.id, offset=0, limit=1000)

    def runs_of(self, pipeline: Pipeline) -> list[DagsterRun]:
        """The pipeline's runs, newest first."""
        which = RunFilter(job_name=names.job_name(pipeline.slug))
        return self.stack.client.runs(which, limit=100)

    def rows(self, pipeline: Pipeline, table: str) -> list[tuple[Any, ...]]:
        """The target's rows."""
        return self.warehouse.rows(f'SELECT * FROM "{pipeline.target_schema}"."{table}" ORDER BY 1')

    def tick(self, pipeline: Pipeline, at: float | None = None) -> dict[str, Any]:
        """What the pipeline's schedule does if the daemon ticks it now, or at a moment."""
        selector = {
            "repositoryLocationName": names.LOCATION,
            "repositoryName": names.REPOSITORY,
            "scheduleName": names.schedule_name(pipeline.slug),
        }
        answer = self._graphql(
            "mutation T($s: ScheduleSelector!, $at: Float) { scheduleDryRun(selectorData: $s,"
            " timestamp: $at) { __typename ... on DryRunInstigationTick { evaluationResult {"
            " skipReason runRequests { runKey tags { key value } } error { message } } } } }",
            {"s": selector, "at": at or time.time()},
        )
        result: dict[str, Any] = answer["scheduleDryRun"]["evaluationResult"]
        assert result["error"] is None, result["error"]
        return result

    def asset(self, *path: str) -> dict[str, Any]:
        """What Dagster's UI is told of an asset, and of what was last written of it."""
        entries = (
            "metadataEntries { label ... on UrlMetadataEntry { url }"
            " ... on TableSchemaMetadataEntry { schema { columns { name type description"
            " constraints { nullable other } } } }"
            " ... on TableColumnLineageMetadataEntry { lineage { columnName columnDeps {"
            " assetKey { path } columnName } } } ... on IntMetadataEntry { intValue }"
            " ... on FloatMetadataEntry { floatValue } }"
        )
        answer = self._graphql(
            "query A($key: AssetKeyInput!) { assetNodeOrError(assetKey: $key) { ... on AssetNode {"
            f" kinds groupName owners {{ ... on UserAssetOwner {{ email }} }} {entries}"
            f" assetMaterializations(limit: 1) {{ {entries} }} }} }} }}",
            {"key": {"path": list(path)}},
        )
        result: dict[str, Any] = answer["assetNodeOrError"]
        return result

    def look(self, pipeline: Pipeline, cursor: str | None = None) -> dict[str, Any]:
        """What the pipeline's sensor does if the daemon evaluates it now."""
        selector = {
            "repositoryLocationName": names.LOCATION,
            "repositoryName": names.REPOSITORY,
            "sensorName": names.upstream_sensor_name(pipeline.slug),
        }
        answer = self._graphql(
            "mutation L($s: SensorSelector!, $c: String) { sensorDryRun(selectorData: $s,"
            " cursor: $c) { __typename ... on DryRunInstigationTick { evaluationResult { cursor"
            " skipReason runRequests { runKey tags { key value } } error { message } } } } }",
            {"s": selector, "c": cursor},
        )
        result: dict[str, Any] = answer["sensorDryRun"]["evaluationResult"]
        assert result["error"] is None, result["error"]
        return result

    def session(self) -> Any:
        return self.stack.catalog.session()

    def _graphql(self, query: str, variables: dict[str, Any]) -> Any:
        response = httpx.post(
            f"{self.stack.url}/graphql", json={"query": query, "variables": variables}, timeout=60
        )
        return response.json()["data"]


@pytest.fixture(scope="session")
def installation(
    dagster_stack: DagsterStack, postgres_server: PostgreSQLServer
) -> Iterator[Installation]:
    with postgres_server.database() as shop, postgres_server.database() as warehouse:
        shop.execute(*SHOP)
        with dagster_stack.catalog.session() as session:
            source = new_source(session, shop)
            destination = destinations.create(
                session,
                destinations.NewDestination(
                    name=f"Work's {warehouse.name}",
                    host=warehouse.spec.host,
                    port=warehouse.spec.port,
                    database=warehouse.name,
                    username=warehouse.spec.username,
                    secrets={"password": warehouse.spec.password},
                ),
            )
        yield Installation(dagster_stack, shop, warehouse, source, destination)
        dagster_stack.cancel_all()


def new_source(session: Session, database: Database) -> Source:
    """A source that reads a database, discovered."""
    spec = database.spec
    source = sources.create(
        session,
        sources.NewSource(
            name=f"Work's {database.name}",
            type=spec.type,
            host=spec.host,
            port=spec.port,
            database=spec.database,
            username=spec.username,
            secrets={"password": spec.password},
        ),
    )
    sources.replace_tables(session, source, open_source(spec).discover())
    return source
