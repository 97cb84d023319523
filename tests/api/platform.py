"""The API in this process before the real Dagster, with a PostgreSQL source and warehouse.

The stack is shared by the session, so everything here goes by names of its own.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from arus_api.app import create_app
from arus_api.auth import tokens
from arus_dagster.catalog import User
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.models import DagsterRun
from tests.api.conftest import password_hash
from tests.dagster_stack import DagsterStack
from tests.servers import Database, PostgreSQLServer

# A tick that comes on no day of a test.
NEVER = "0 0 29 2 *"
_numbers = itertools.count(1)

SHOP = (
    "CREATE TABLE orders (id int PRIMARY KEY, total numeric, updated_at timestamptz NOT NULL)",
    "INSERT INTO orders SELECT n, n * 1.5, timestamptz '2024-01-01Z' + n * interval '1 day'"
    " FROM generate_series(1, 10) n",
    "CREATE TABLE customers (id int PRIMARY KEY, name text)",
    "INSERT INTO customers VALUES (1, 'Ada'), (2, 'Grace')",
    # A jsonb of the warehouse holds no NUL, which a json of the source may spell.
    "CREATE TABLE notes (id int PRIMARY KEY, body json)",
    """INSERT INTO notes VALUES (1, '"fine"'), (2, '"\\u0000"')""",
    # Read in two minutes: a run on it is active until it is cancelled.
    "CREATE VIEW slow AS SELECT n AS id, pg_sleep(1)::text AS nap FROM generate_series(1, 120) n",
    "CREATE SCHEMA other",
    "CREATE TABLE other.orders (id int PRIMARY KEY)",
)


class FreshToken(httpx.Auth):
    """A new access token for each request: the session may outlast any one of them."""

    def __init__(self, user: User, secret: str) -> None:
        self._user = user
        self._secret = secret

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        token, _ = tokens.issue(self._user, "access", self._secret)
        request.headers["Authorization"] = f"Bearer {token}"
        yield request


@dataclass
class Platform:
    """The API in this process, before the real Dagster."""

    app: FastAPI
    editor: TestClient
    viewer: TestClient
    shop: Database
    warehouse: Database
    stack: DagsterStack
    source: dict[str, Any] = field(default_factory=dict)
    destination: dict[str, Any] = field(default_factory=dict)

    @property
    def dagster(self) -> DagsterClient:
        return self.stack.client

    def ok(self, method: str, path: str, status: int = 200, **request: Any) -> Any:
        """The data of an answer that succeeds."""
        answer = self.editor.request(method, path, **request)
        assert answer.status_code == status, answer.text
        return answer.json()["data"]

    def refused(self, method: str, path: str, status: int, **request: Any) -> Any:
        """The error of an answer that fails."""
        answer = self.editor.request(method, path, **request)
        assert answer.status_code == status, answer.text
        return answer.json()["error"]

    def body(self, *tables: Any, **changes: Any) -> dict[str, Any]:
        """What makes a pipeline of these tables, which are names or whole bodies."""
        number = next(_numbers)
        return {
            "name": f"Case {number}",
            "source_id": self.source["id"],
            "destination_id": self.destination["id"],
            "schedule": NEVER,
            "target_schema": f"case_{number}",
            "tables": [
                {"name": t, "schema": "public"} if isinstance(t, str) else t for t in tables
            ],
            **changes,
        }

    def make(self, *tables: Any, **changes: Any) -> dict[str, Any]:
        """A new pipeline of these tables; of ``orders`` where none is named."""
        body = self.body(*(tables or ("orders",)), **changes)
        pipeline: dict[str, Any] = self.ok("POST", "/api/pipelines", 201, json=body)
        return pipeline

    def get(self, pipeline: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = self.ok("GET", f"/api/pipelines/{pipeline['id']}")
        return found

    def run(self, pipeline: dict[str, Any], action: str = "trigger", **request: Any) -> DagsterRun:
        """Start a run and wait for its end."""
        started = self.ok("POST", f"/api/pipelines/{pipeline['id']}/{action}", **request)
        return self.stack.wait_for_run(started["run_id"])


@pytest.fixture(scope="session")
def platform(dagster_stack: DagsterStack, postgres_server: PostgreSQLServer) -> Iterator[Platform]:
    settings = dagster_stack.settings.model_copy(update={"dagster_url": dagster_stack.url})
    app = create_app(settings)
    try:
        with postgres_server.database() as shop, postgres_server.database() as warehouse:
            shop.execute(*SHOP)
            platform = Platform(
                app=app,
                editor=_client(app, "editor"),
                viewer=_client(app, "viewer"),
                shop=shop,
                warehouse=warehouse,
                stack=dagster_stack,
            )
            platform.source = platform.ok("POST", "/api/sources", 201, json=_place(shop))
            platform.destination = platform.ok(
                "POST", "/api/destinations", 201, json=_place(warehouse)
            )
            platform.ok("POST", f"/api/sources/{platform.source['id']}/discover")
            yield platform
            dagster_stack.cancel_all()
    finally:
        app.state.dagster.close()
        app.state.catalog.dispose()
        app.state.side_catalog.dispose()


def _client(app: FastAPI, role: str) -> TestClient:
    user = User(
        email=f"platform-{role}@example.com", name=role, password_hash=password_hash(), role=role
    )
    with app.state.catalog.session() as session:
        session.add(user)
    client = TestClient(app)
    client.auth = FreshToken(user, app.state.settings.jwt_secret.get_secret_value())
    return client


def _place(database: Database) -> dict[str, Any]:
    spec = database.spec
    return {
        "name": f"Platform's {database.name}",
        "type": spec.type,
        "host": spec.host,
        "port": spec.port,
        "database": spec.database,
        "username": spec.username,
        "password": spec.password,
    }


class SqlCounter:
    """Counts the statements that threads of this process send to a catalog."""

    def __init__(self) -> None:
        self.count = 0
        self._lock = threading.Lock()

    def __call__(self, *_: Any) -> None:
        with self._lock:
            self.count += 1
