"""What the contract's tests need beside the API: a shop database, a warehouse, things made of them.

Owns short ways to make sources, destinations, pipelines and runs through the API, under names
that do not clash. What several tests only read is made once.
"""

from __future__ import annotations

import itertools
from functools import cached_property
from typing import Any

from tests.api.contract.client import ContractClient
from tests.dagster_stack import wait_for
from tests.servers import Database

FINISHED = ("success", "failed", "cancelled", "skipped")

_numbers = itertools.count(1)

_SHOP = (
    "CREATE TABLE orders (id bigint PRIMARY KEY, email text NOT NULL,"
    " total numeric(10, 2) NOT NULL, updated_at timestamptz NOT NULL)",
    "INSERT INTO orders SELECT n, 'u' || n || '@example.com', n * 1.5,"
    " timestamptz '2024-01-01 00:00:00.123456+00' + n * interval '1 day'"
    " FROM generate_series(1, 20) n",
    "CREATE TABLE countries (code text PRIMARY KEY, name text NOT NULL)",
    "INSERT INTO countries VALUES ('DE', 'Deutschland'), ('ID', 'Indonesia')",
    # A read of this takes two minutes: whatever runs on it is still running when looked at.
    "CREATE VIEW slow AS SELECT n AS id, pg_sleep(1)::text AS nap FROM generate_series(1, 120) n",
    'CREATE SCHEMA "other shop"',
    "CREATE TABLE audit_log (id bigint PRIMARY KEY, entry text)",
)


def prepare_source(database: Database) -> None:
    """Make the shop's tables and rows."""
    database.execute(*_SHOP)


def unique(name: str) -> str:
    """A name nobody has had."""
    return f"{name} {next(_numbers)}"


def connection(database: Database) -> dict[str, Any]:
    """The part of a source's or destination's body that says where it is."""
    spec = database.spec
    return {
        "type": spec.type,
        "host": spec.host,
        "port": spec.port,
        "database": spec.database,
        "username": spec.username,
        "password": spec.password,
    }


class World:
    """Things made through the API by an editor."""

    def __init__(self, api: ContractClient, shop: Database, warehouse: Database) -> None:
        self.api = api
        self.shop = shop
        self.warehouse = warehouse

    def make_source(self, **changes: Any) -> dict[str, Any]:
        """A new source that reads the shop."""
        body = {"name": unique("Shop"), **connection(self.shop), **changes}
        source: dict[str, Any] = self.api.call("POST /api/sources", status=201, json=body)
        return source

    def make_destination(self, **changes: Any) -> dict[str, Any]:
        """A new destination that is the warehouse."""
        body = {"name": unique("Warehouse"), **connection(self.warehouse), **changes}
        destination: dict[str, Any] = self.api.call("POST /api/destinations", status=201, json=body)
        return destination

    @cached_property
    def source(self) -> dict[str, Any]:
        """A source to be read by many and changed by none."""
        return self.make_source()

    @cached_property
    def destination(self) -> dict[str, Any]:
        """The default destination, to be changed by none."""
        return self.make_destination(is_default=True)

    def make_pipeline(self, *tables: str, **changes: Any) -> dict[str, Any]:
        """A new pipeline without a schedule that would start runs by itself.

        Args:
            tables: names; ``orders`` where none is given.
        """
        number = next(_numbers)
        body = {
            "name": f"Pipeline {number}",
            "source_id": self.source["id"],
            "destination_id": self.destination["id"],
            "schedule": "0 0 29 2 *",
            "target_schema": f"analytics_{number}",
            "tables": [{"name": name} for name in tables or ("orders",)],
            **changes,
        }
        pipeline: dict[str, Any] = self.api.call("POST /api/pipelines", status=201, json=body)
        return pipeline

    def trigger(self, pipeline: dict[str, Any]) -> str:
        """Start a run and return its id."""
        run_id: str = self.api.call("POST /api/pipelines/{id}/trigger", id=pipeline["id"])["run_id"]
        return run_id

    def finished_run(self, run_id: str) -> dict[str, Any]:
        """A run's detail, once it has ended."""

        def ended() -> dict[str, Any] | None:
            run: dict[str, Any] = self.api.call("GET /api/runs/{id}", id=run_id)
            return run if run["status"] in FINISHED else None

        return wait_for(ended, f"run {run_id} to end")

    def wait_until_running(self, run_id: str) -> None:
        """Return once the run's process works on it."""
        wait_for(
            lambda: self.api.call("GET /api/runs/{id}", id=run_id)["status"] == "running",
            f"run {run_id} to begin",
        )

    @cached_property
    def synced_pipeline(self) -> dict[str, Any]:
        """A pipeline of two tables, raw and direct, with one successful run behind it."""
        return self.make_pipeline(
            tables=[
                {
                    "name": "orders",
                    "load_mode": "raw",
                    "sync_mode": "incremental",
                    "watermark_column": "updated_at",
                },
                {"name": "countries", "sync_mode": "full_refresh"},
            ]
        )

    @cached_property
    def idle_pipeline(self) -> dict[str, Any]:
        """A pipeline that never runs, to hang things on."""
        return self.make_pipeline()

    @cached_property
    def working_pipeline(self) -> dict[str, Any]:
        """A pipeline of the orders, synced once, to be run again by several."""
        pipeline = self.make_pipeline()
        assert self.finished_run(self.trigger(pipeline))["status"] == "success"
        return pipeline

    @cached_property
    def rejecting_pipeline(self) -> dict[str, Any]:
        """A pipeline with a script that rejects the orders 1 and 2."""
        pipeline = self.make_pipeline()
        content = (
            "def transform(row):\n"
            "    if row['id'] <= 2:\n"
            "        raise ValueError('not these')\n"
            "    return row\n"
        )
        self.api.call(
            "POST /api/pipelines/{id}/scripts",
            id=pipeline["id"],
            status=201,
            json={"name": "reject two", "content": content},
        )
        return pipeline

    @cached_property
    def synced_run(self) -> dict[str, Any]:
        """The successful run of ``synced_pipeline``."""
        run = self.finished_run(self.trigger(self.synced_pipeline))
        assert run["status"] == "success", run
        return run

    def finish(self) -> None:
        """Leave nothing running: the databases are about to be dropped."""
        active, _ = self.api.page("GET /api/runs", params={"status": "running", "limit": 500})
        for run in active:
            self.api.call("POST /api/runs/{id}/cancel", id=run["id"])
        for run in active:
            self.finished_run(run["id"])
