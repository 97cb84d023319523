"""Servers and databases that tests ask for by name.

Owns one server of each kind a session, and one fresh database a test. Fixtures without ``tls`` in
their name are servers that refuse TLS.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr

from arus_dagster.catalog.migrations import migrate
from arus_dagster.settings import Settings
from tests.certificates import Certificates, make_certificates
from tests.servers import (
    HOST,
    PASSWORD,
    USER,
    Database,
    MariaDBServer,
    PostgreSQLServer,
    session_directory,
)

# Here and not in the packages that use it, or each of them would start a Dagster of its own.
pytest_plugins = ("tests.dagster_stack", "tests.api.platform")

CATALOG_TEMPLATE = "arus_catalog_template"


def pytest_configure() -> None:
    # Started in a shell's background, SIGINT arrives ignored, and would stay so in every child.
    # SIGTERM ends pytest as Ctrl-C does, so that fixtures get to stop what they started.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.fixture(scope="session")
def servers_directory() -> Iterator[Path]:
    with session_directory() as path:
        yield path


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    return make_certificates()


@pytest.fixture(scope="session")
def postgres_server(servers_directory: Path) -> Iterator[PostgreSQLServer]:
    """One PostgreSQL for sources, warehouses and catalogs alike."""
    server = PostgreSQLServer(servers_directory)
    yield server
    server.remove()


@pytest.fixture(scope="session")
def mariadb_server(servers_directory: Path) -> Iterator[MariaDBServer]:
    server = MariaDBServer(servers_directory)
    yield server
    server.remove()


@pytest.fixture(scope="session")
def postgres_tls_server(
    servers_directory: Path, certificates: Certificates
) -> Iterator[PostgreSQLServer]:
    server = PostgreSQLServer(servers_directory, certificates)
    yield server
    server.remove()


@pytest.fixture(scope="session")
def mariadb_tls_server(
    servers_directory: Path, certificates: Certificates
) -> Iterator[MariaDBServer]:
    server = MariaDBServer(servers_directory, certificates)
    yield server
    server.remove()


@pytest.fixture
def pg_source_db(postgres_server: PostgreSQLServer) -> Iterator[Database]:
    with postgres_server.database() as database:
        yield database


@pytest.fixture
def warehouse_db(postgres_server: PostgreSQLServer) -> Iterator[Database]:
    with postgres_server.database() as database:
        yield database


@pytest.fixture
def mariadb_db(mariadb_server: MariaDBServer) -> Iterator[Database]:
    with mariadb_server.database() as database:
        yield database


@pytest.fixture(scope="session")
def encryption_key() -> str:
    return Fernet.generate_key().decode()


@pytest.fixture(scope="session")
def catalog_template(postgres_server: PostgreSQLServer, encryption_key: str) -> str:
    """The name of a migrated, otherwise empty catalog database, to be copied."""
    postgres_server.create_database(CATALOG_TEMPLATE)
    migrate(settings_for(postgres_server, CATALOG_TEMPLATE, encryption_key))
    return CATALOG_TEMPLATE


@pytest.fixture
def catalog_db(postgres_server: PostgreSQLServer, catalog_template: str) -> Iterator[Database]:
    """A database with a current, empty catalog."""
    with postgres_server.database(catalog_template) as database:
        yield database


@pytest.fixture
def catalog_settings(
    postgres_server: PostgreSQLServer, catalog_db: Database, encryption_key: str
) -> Settings:
    """Settings of an installation whose catalog is ``catalog_db``."""
    return settings_for(postgres_server, catalog_db.name, encryption_key)


def settings_for(server: PostgreSQLServer, database: str, encryption_key: str) -> Settings:
    """Settings of an installation whose catalog is a database of a server."""
    return Settings(
        db_host=HOST,
        db_port=server.port,
        db_user=USER,
        db_password=SecretStr(PASSWORD),
        db_name=database,
        jwt_secret=SecretStr("for-tests-only-" + "x" * 32),
        encryption_key=SecretStr(encryption_key),
        admin_email="admin@example.com",
        admin_password=SecretStr("a long enough password"),
    )
