"""A whole installation: catalog, Dagster and API as real processes, on the benchmarks' PostgreSQL.

Owns how it is filled: pipelines straight into the catalog, many runs straight into Dagster's
storage, as copies of one that really took place. Refuses to fill through the API, which would take
longer than what is measured.
"""

from __future__ import annotations

import contextlib
import itertools
import secrets
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import insert as upsert

from arus_dagster.catalog import Destination, Pipeline, PipelineTable, Source
from arus_dagster.catalog.first_admin import ensure_admin
from arus_dagster.catalog.migrations import migrate
from arus_dagster.catalog.repositories import definitions_version, destinations, sources
from arus_dagster.catalog.repositories.destinations import NewDestination
from arus_dagster.catalog.repositories.sources import NewSource
from arus_dagster.catalog.source import SourceTable
from arus_dagster.orchestration.models import DagsterRun
from arus_dagster.settings import Settings
from tests.dagster_stack import DagsterStack
from tests.servers import HOST, PASSWORD, USER, Database, PostgreSQLServer

# A tick that comes on no day of a benchmark.
NEVER = "0 0 29 2 *"
_EMAIL, _ADMIN_PASSWORD = "admin@example.com", secrets.token_urlsafe(24)
_numbers = itertools.count(1)
_SHAPE = {
    "kind": "table",
    "row_count_estimate": 1000,
    "comment": None,
    "columns": [
        {
            "name": name,
            "source_type": kind,
            "target_type": kind,
            "nullable": name != "id",
            "key_position": 1 if name == "id" else None,
            "generated": False,
            "comment": None,
            "loose": False,
            "attributes": {},
        }
        for name, kind in (
            ("id", "bigint"),
            ("name", "text"),
            ("amount", "numeric(12,2)"),
            ("updated_at", "timestamp with time zone"),
        )
    ],
}


def settings_for(server: PostgreSQLServer, database: str) -> Settings:
    """Settings of an installation whose catalog is a database of ours."""
    return Settings(
        db_host=HOST,
        db_port=server.port,
        db_user=USER,
        db_password=SecretStr(PASSWORD),
        db_name=database,
        jwt_secret=SecretStr(secrets.token_urlsafe(32)),
        encryption_key=SecretStr(Fernet.generate_key().decode()),
        admin_email=_EMAIL,
        admin_password=SecretStr(_ADMIN_PASSWORD),
    )


class Installation:
    """The processes, a client of the API, and the catalog.

    Args:
        stack: started by ``installation``.
        storage: the database of catalog and Dagster.
        source: the one source of all pipelines, its row in the catalog.
    """

    def __init__(
        self, stack: DagsterStack, storage: Database, source: Source, destination: Destination
    ) -> None:
        self.stack = stack
        self.storage = storage
        self.source = source
        self.destination = destination
        self.http = httpx.Client(base_url=stack.api_url, timeout=600, trust_env=False)
        self.graphql = httpx.Client(base_url=stack.url, timeout=600, trust_env=False)

    def log_in(self) -> None:
        answer = self.http.post(
            "/api/auth/login", json={"email": _EMAIL, "password": _ADMIN_PASSWORD}
        )
        token = answer.json()["data"]["access_token"]
        self.http.headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str) -> Any:
        """The data of an answer."""
        answer = self.http.get(path)
        if answer.status_code == httpx.codes.UNAUTHORIZED:  # a token lasts a quarter of an hour
            self.log_in()
            answer = self.http.get(path)
        assert answer.status_code == httpx.codes.OK, f"{path}: {answer.text[:500]}"
        return answer.json()["data"]

    def trigger(self, pipeline_id: uuid.UUID | str) -> str:
        """Start a run over HTTP; its id."""
        answer = self.http.post(f"/api/pipelines/{pipeline_id}/trigger")
        assert answer.status_code == httpx.codes.OK, answer.text
        run_id: str = answer.json()["data"]["run_id"]
        return run_id

    def sync(self, pipeline_id: uuid.UUID | str) -> DagsterRun:
        """Run a pipeline and wait for its good end."""
        run = self.stack.wait_for_run(self.trigger(pipeline_id), 600)
        assert run.status == "SUCCESS", run
        return run

    def add(
        self,
        name: str,
        tables: Sequence[str],
        schema: str = "public",
        **changes: Any,
    ) -> uuid.UUID:
        """A pipeline of these tables, straight into the catalog."""
        (made,) = self.add_many([(name, tables)], schema, **changes)
        return made

    def add_many(
        self,
        pipelines: Sequence[tuple[str, Sequence[str]]],
        schema: str = "public",
        **table: Any,
    ) -> list[uuid.UUID]:
        """Pipelines by name and tables, which read the installation's source in full.

        Args:
            table: columns of ``pipeline_tables``, set alike for every table.
        """
        ids = [uuid.uuid4() for _ in pipelines]
        rows = [
            {
                "id": made,
                "name": name,
                "slug": name.replace("-", "_"),
                "source_id": self.source.id,
                "destination_id": self.destination.id,
                "schedule": NEVER,
                "target_schema": "analytics",
            }
            for made, (name, _) in zip(ids, pipelines, strict=True)
        ]
        with self.stack.catalog.session() as session:
            session.execute(insert(Pipeline), rows)
        tables = [names for _, names in pipelines]
        self.add_tables(dict(zip(ids, tables, strict=True)), schema, **table)
        return ids

    def add_tables(
        self, tables: Mapping[uuid.UUID, Sequence[str]], schema: str = "public", **table: Any
    ) -> None:
        """Tables for pipelines that are there; ``table`` as in ``add_many``."""
        members = [
            {
                "pipeline_id": pipeline,
                "destination_id": self.destination.id,
                "position": position,
                "schema": schema,
                "name": name,
                "target_schema": "analytics",
                "target_table": name,
                "raw_schema": "staging",
                "raw_table": f"source_{name}_raw",
                "sync_mode": "full_refresh",
                "load_mode": "direct",
                **table,
            }
            for pipeline, names in tables.items()
            for position, name in enumerate(names)
        ]
        shapes = [
            {
                "source_id": self.source.id,
                "schema": schema,
                "name": member["name"],
                "shape": _SHAPE,
            }
            for member in members
        ]
        with self.stack.catalog.session() as session:
            session.execute(insert(PipelineTable), members)
            session.execute(
                upsert(SourceTable).on_conflict_do_nothing(),
                shapes,
            )
            definitions_version.bump(session)

    def reload(self) -> float:
        """Have Dagster load what the catalog holds; the seconds it took."""
        with self.stack.catalog.session() as session:
            wanted = definitions_version.current(session)
        began = time.perf_counter()
        self.stack.client.reload_location()
        while (self.stack.client.loaded_definitions_version() or 0) < wanted:
            time.sleep(0.05)
        return time.perf_counter() - began

    def copy_run(self, run: DagsterRun, jobs: Sequence[str], count: int) -> None:
        """Put copies of a run into Dagster's storage: of each job in turn, a minute apart, one in
        twenty failed.

        Args:
            run: a whole one that took place.
            jobs: names of loaded jobs.
            count: how many copies.
        """
        names = ", ".join(f"'{job}'" for job in jobs)
        self.storage.execute(
            "CREATE TEMP TABLE copies AS SELECT n, gen_random_uuid()::text AS run_id,"
            f" (ARRAY[{names}])[1 + n % {len(jobs)}] AS job,"
            " CASE WHEN n % 20 = 0 THEN 'FAILURE' ELSE 'SUCCESS' END AS status,"
            " (now() AT TIME ZONE 'UTC') - n * interval '1 minute' AS at"
            f" FROM generate_series(1, {count}) n;"
            "INSERT INTO runs (run_id, snapshot_id, pipeline_name, status, run_body, partition,"
            " partition_set, create_timestamp, update_timestamp, start_time, end_time)"
            " SELECT c.run_id, r.snapshot_id, c.job, c.status,"
            f" replace(replace(replace(r.run_body, r.run_id, c.run_id), '\"{run.job_name}\"',"
            " '\"' || c.job || '\"'), 'DagsterRunStatus.SUCCESS', 'DagsterRunStatus.' || c.status),"
            " r.partition, r.partition_set, c.at, c.at, extract(epoch FROM c.at),"
            " extract(epoch FROM c.at) + 2 FROM copies c, runs r"
            f" WHERE r.run_id = '{run.id}' ORDER BY c.n DESC;"
            "INSERT INTO run_tags (run_id, key, value) SELECT c.run_id, t.key, CASE t.key"
            " WHEN 'arus/pipeline_id' THEN coalesce(p.id::text, t.value) ELSE t.value END"
            " FROM copies c JOIN run_tags t ON t.run_id ="
            f" '{run.id}' LEFT JOIN arus_config.pipelines p ON p.slug = c.job;"
            "INSERT INTO arus_config.table_results (run_id, table_id, pipeline_id, table_name,"
            " rows_extracted, rows_loaded, row_count, duration_ms, finished_at)"
            " SELECT c.run_id, t.id, p.id, 'public.' || t.name, 10, 10, 10, 100,"
            " c.at AT TIME ZONE 'UTC' FROM copies c"
            " JOIN arus_config.pipelines p ON p.slug = c.job"
            " JOIN arus_config.pipeline_tables t ON t.pipeline_id = p.id;"
            "ANALYZE runs; ANALYZE run_tags; ANALYZE arus_config.table_results"
        )

    def close(self) -> None:
        self.http.close()
        self.graphql.close()


@contextlib.contextmanager
def installation(
    server: PostgreSQLServer, root: Path, source: Database, warehouse: Database
) -> Iterator[Installation]:
    """An installation that runs, with a source and a warehouse in its catalog and no pipeline.

    Args:
        root: a directory of its own is made in it.
    """
    with server.database() as storage:
        settings = settings_for(server, storage.name)
        migrate(settings)
        directory = root / f"installation-{next(_numbers)}"
        directory.mkdir()
        stack = DagsterStack(directory, settings)
        try:
            with stack.catalog.session() as session:
                ensure_admin(session, settings)
                place: dict[str, Any] = {
                    "host": HOST,
                    "port": server.port,
                    "username": USER,
                    "secrets": {"password": PASSWORD},
                }
                read = sources.create(
                    session,
                    NewSource(name="source", type="postgresql", database=source.name, **place),
                )
                written = destinations.create(
                    session,
                    NewDestination(
                        name="warehouse", database=warehouse.name, is_default=True, **place
                    ),
                )
            stack.start(api=True)
            running = Installation(stack, storage, read, written)
            running.log_in()
            try:
                yield running
                stack.cancel_all()
            finally:
                running.close()
        finally:
            stack.stop()
