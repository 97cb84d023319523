"""The whole platform for the contract: API under uvicorn, Dagster, catalog, source, warehouse."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis

from arus_dagster.catalog.repositories import audit_entries
from arus_dagster.catalog.repositories.audit_entries import Filter
from arus_dagster.cli import stack
from tests.api.contract.claims import claim_of
from tests.api.contract.client import Calls, ContractClient, Login
from tests.api.contract.receiver import Receiver
from tests.api.contract.world import World, prepare_source
from tests.api.test_audit import CHANGING, UNRECORDED
from tests.dagster_stack import DagsterStack
from tests.servers import PostgreSQLServer

PASSWORD = "a long enough password"


@pytest.fixture(scope="session")
def api_url(dagster_stack: DagsterStack) -> str:
    """Where the API listens; the stack stops it at the end."""
    dagster_stack.start_one(stack.api(dagster_stack.home, dagster_stack.ports))
    return dagster_stack.api_url


@pytest.fixture(scope="session")
def description(api_url: str) -> Any:
    """The API's own description, which every answer is held against."""
    return schemathesis.openapi.from_url(f"{api_url}/openapi.json")


@pytest.fixture(scope="session")
def calls() -> Calls:
    return Calls()


@pytest.fixture(autouse=True)
def _calls_are_counted_by_test(calls: Calls, dagster_stack: DagsterStack) -> None:
    calls.made.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """A test that passed without calling what it stands for has failed."""
    yield
    assert isinstance(item, pytest.Function)
    claim = claim_of(item.function)
    calls: Calls = item.funcargs["calls"]
    if isinstance(claim, str):
        answered = {status for endpoint, status in calls.made if endpoint == claim}
        assert any(200 <= status < 300 for status in answered), f"{claim} was not called"
        if claim.split()[0] != "GET" and claim not in UNRECORDED:
            stack: DagsterStack = item.funcargs["dagster_stack"]
            assert _recorded(stack, claim), f"{claim} left no entry in the audit log"
    elif claim is not None:
        assert claim in {status for _, status in calls.made}, f"nothing was answered {claim}"


def _recorded(stack: DagsterStack, endpoint: str) -> bool:
    """Whether the audit log tells of an endpoint's success."""
    action = CHANGING[endpoint].name
    with stack.catalog.session() as session:
        wanted = Filter(action=action, outcome="success")
        return audit_entries.page(session, wanted, limit=1, offset=0).total > 0


@pytest.fixture(scope="session")
def anonymous_api(api_url: str, description: Any, calls: Calls) -> Iterator[ContractClient]:
    client = ContractClient(api_url, description, calls)
    yield client
    client.close()


@pytest.fixture(scope="session")
def admin_api(
    dagster_stack: DagsterStack, anonymous_api: ContractClient, description: Any, calls: Calls
) -> Iterator[ContractClient]:
    settings = dagster_stack.settings
    password = settings.admin_password.get_secret_value()
    client = _logged_in(anonymous_api, description, calls, settings.admin_email, password)
    yield client
    client.close()


@pytest.fixture(scope="session")
def editor_api(
    anonymous_api: ContractClient, admin_api: ContractClient, description: Any, calls: Calls
) -> Iterator[ContractClient]:
    client = _user(anonymous_api, admin_api, description, calls, "editor")
    yield client
    client.close()


@pytest.fixture(scope="session")
def viewer_api(
    anonymous_api: ContractClient, admin_api: ContractClient, description: Any, calls: Calls
) -> Iterator[ContractClient]:
    client = _user(anonymous_api, admin_api, description, calls, "viewer")
    yield client
    client.close()


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    """An HTTP server of ours that notifications are sent to."""
    with Receiver() as receiver:
        yield receiver


@pytest.fixture(scope="session")
def world(
    postgres_server: PostgreSQLServer, dagster_stack: DagsterStack, editor_api: ContractClient
) -> Iterator[World]:
    """A shop database, a warehouse, and both known to the platform."""
    with contextlib.ExitStack() as stack:
        source = stack.enter_context(postgres_server.database())
        warehouse = stack.enter_context(postgres_server.database())
        prepare_source(source)
        world = World(editor_api, source, warehouse)
        yield world
        world.finish()


def _user(
    anonymous: ContractClient, admin: ContractClient, description: Any, calls: Calls, role: str
) -> ContractClient:
    email = f"contract-{role}@example.com"
    user = {"email": email, "name": role.title(), "password": PASSWORD, "role": role}
    admin.call("POST /api/auth/users", status=201, json=user)
    return _logged_in(anonymous, description, calls, email, PASSWORD)


def _logged_in(
    anonymous: ContractClient, description: Any, calls: Calls, email: str, password: str
) -> ContractClient:
    login = Login(anonymous, email, password)
    return ContractClient(str(anonymous.http.base_url), description, calls, login)
