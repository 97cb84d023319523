"""The API on a fresh, migrated catalog, with a client for each role.

Nothing listens at the Dagster address here: tests that need Dagster take the real stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from arus_api.app import create_app
from arus_api.auth import tokens
from arus_dagster.catalog import User
from arus_dagster.crypto import hash_password
from arus_dagster.settings import Settings

PASSWORD = "correct horse battery"
ROLES = ("viewer", "editor", "admin")

ClientFor = Callable[[str | None], TestClient]


@lru_cache
def password_hash() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def api_settings(catalog_settings: Settings) -> Settings:
    return catalog_settings.model_copy(update={"dagster_url": "http://127.0.0.1:9"})


@pytest.fixture
def app(api_settings: Settings) -> Iterator[FastAPI]:
    app = create_app(api_settings)
    yield app
    app.state.dagster.close()
    app.state.catalog.dispose()
    app.state.side_catalog.dispose()


@pytest.fixture
def users(app: FastAPI) -> dict[str, User]:
    """An active user for each role; the e-mail is ``<role>@example.com``."""
    made = {
        role: User(
            email=f"{role}@example.com", name=role.title(), password_hash=password_hash(), role=role
        )
        for role in ROLES
    }
    with app.state.catalog.session() as session:
        session.add_all(made.values())
    return made


@pytest.fixture
def client_for(app: FastAPI, users: dict[str, User]) -> ClientFor:
    """A client whose requests carry the token of a role's user; None sends no token."""
    secret = app.state.settings.jwt_secret.get_secret_value()

    def make(role: str | None) -> TestClient:
        client = TestClient(app)
        if role is not None:
            token, _ = tokens.issue(users[role], "access", secret)
            client.headers["Authorization"] = f"Bearer {token}"
        return client

    return make


@pytest.fixture
def anonymous(client_for: ClientFor) -> TestClient:
    return client_for(None)


@pytest.fixture
def viewer(client_for: ClientFor) -> TestClient:
    return client_for("viewer")


@pytest.fixture
def editor(client_for: ClientFor) -> TestClient:
    return client_for("editor")


@pytest.fixture
def admin(client_for: ClientFor) -> TestClient:
    return client_for("admin")
