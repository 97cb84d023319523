"""The installation that a command works on.

Owns the way to its catalog: the environment names it, or it is a state directory of the embedded
default, whose server is started for the time if the platform is down.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from arus_dagster.catalog.changes import watch
from arus_dagster.catalog.repositories import audit_entries
from arus_dagster.catalog.session import Catalog
from arus_dagster.cli.home import ENV_FILE, Home, Ports
from arus_dagster.cli.process import free_port
from arus_dagster.cli.stack import start_postgres
from arus_dagster.cli.supervisor import InUseError, Supervisor
from arus_dagster.errors import ConfigurationError
from arus_dagster.settings import Settings


def settings_of(home: Path | None) -> Settings:
    """The settings of an installation.

    Args:
        home: a state directory; None takes the installation that the environment names.

    Raises:
        ConfigurationError: the environment is incomplete, or there is no such state directory.
    """
    return environment_settings() if home is None else state_directory(home).settings()


def environment_settings() -> Settings:
    """The environment's settings.

    Raises:
        ConfigurationError: a variable is missing or unfit; the message names it.
    """
    try:
        return Settings()
    except ValueError as error:
        raise ConfigurationError(f"The environment is incomplete: {error}") from None


def state_directory(home: Path) -> Home:
    """A state directory that is there.

    Raises:
        ConfigurationError: it is not.
    """
    state = (home / ENV_FILE, home / "postgres")
    if not any(part.exists() for part in state):
        raise ConfigurationError(f"There is no state directory {home}; 'arus up' makes it.")
    return Home(home)


@contextmanager
def reached(home: Path | None) -> Iterator[Catalog]:
    """A catalog, whether the platform runs on ``home`` at the moment or not."""
    if home is None:
        with open_catalog(environment_settings()) as catalog:
            yield catalog
        return
    try:
        with embedded(home) as state, open_catalog(state.settings()) as catalog:
            yield catalog
    except InUseError:
        with open_catalog(Home(home).settings()) as catalog:
            yield catalog


@contextmanager
def embedded(home: Path) -> Iterator[Home]:
    """A state directory whose PostgreSQL server runs, and nothing else of the platform."""
    state = state_directory(home)
    with Supervisor(state.directory) as supervisor:
        ports = Ports(postgres=free_port())  # whatever listens on the usual one is no hindrance
        state.set_ports(ports)
        start_postgres(supervisor, state, ports)
        yield state


@contextmanager
def open_catalog(settings: Settings) -> Iterator[Catalog]:
    """The catalog that settings name.

    Raises:
        ConfigurationError: it can't be reached.
    """
    catalog = Catalog(settings, "arus")
    try:
        yield catalog
    except OperationalError as error:
        # The driver's words name the address and the user, never the password.
        raise ConfigurationError(f"The catalog can't be reached: {error.orig}") from None
    finally:
        catalog.dispose()


@contextmanager
def audited(catalog: Catalog, action: str, resource: str) -> Iterator[Session]:
    """One transaction, with its entry in the audit log."""
    with catalog.session() as session:
        changes = watch(session)
        yield session
        session.flush()
        audit_entries.record(
            session,
            action=action,
            resource=resource,
            address=audit_entries.COMMAND_LINE,
            outcome="success",
            changes=changes.made,
        )
