"""Checks of the catalog, and of every source and destination in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from arus_dagster.catalog import Destination, NotificationTarget, Source
from arus_dagster.catalog.migrations import pending_revisions
from arus_dagster.catalog.repositories import notification_targets
from arus_dagster.catalog.session import Catalog
from arus_dagster.catalog.specs import connection_spec
from arus_dagster.cli.doctor.finding import Finding, bad, doubtful, good
from arus_dagster.dialects.base import ServerReport
from arus_dagster.dialects.postgresql.destination import PostgresDestination
from arus_dagster.dialects.registry import open_source
from arus_dagster.errors import ArusError, ConfigurationError

_LEAST_VERSION = 130_000
_FEW_CONNECTIONS = 50
_CLOCK_SECONDS = 5.0
_AT_ONCE = 8

Test = Callable[[], ServerReport]


def catalog_server(catalog: Catalog) -> Iterator[Finding]:
    """Whether the catalog's server is reached, is recent enough and agrees on the time."""
    settings = catalog.settings
    place = f"{settings.db_host}:{settings.db_port}, database {settings.db_name}"
    try:
        with catalog.engine.connect() as connection:
            before = datetime.now(UTC)
            version, shown, connections, now = connection.execute(
                text(
                    "SELECT current_setting('server_version_num')::int,"
                    " current_setting('server_version'),"
                    " current_setting('max_connections')::int, clock_timestamp()"
                )
            ).one()
            after = datetime.now(UTC)
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).strip()
        yield bad(
            "Catalog",
            f"{place} can't be reached: {reason}",
            "Start PostgreSQL, or correct ARUS_DB_HOST, _PORT, _USER, _PASSWORD and _NAME.",
        )
        return
    if version < _LEAST_VERSION:
        yield bad("Catalog", f"PostgreSQL {shown} at {place}", "Upgrade it to 13 or newer.")
    else:
        yield good("Catalog", f"PostgreSQL {shown} at {place}")
    if connections < _FEW_CONNECTIONS:
        yield doubtful(
            "Connections",
            f"max_connections is {connections}",
            "Raise it to 100 in postgresql.conf: each process and each run holds a few.",
        )
    ahead = max((now - after).total_seconds(), (before - now).total_seconds())
    if ahead > _CLOCK_SECONDS:
        yield bad(
            "Clock",
            f"this machine's and the catalog's differ by {ahead:,.0f} s",
            "Let both follow a time server: schedules and tokens go by the clock.",
        )
    else:
        yield good("Clock", "agrees with the catalog's")
    yield from _migrations(catalog)


def connections(catalog: Catalog) -> Iterator[Finding]:
    """Whether secrets can be read, and every source and destination can be used."""
    tests: list[tuple[str, Test]] = []
    with catalog.session() as session:
        for source in session.scalars(select(Source).order_by(Source.name)):
            try:
                opened = open_source(connection_spec(session, source))
                tests.append((f"Source {source.name}", opened.test))
            except ConfigurationError as error:
                yield _unreadable(f"Source {source.name}", error)
        for place in session.scalars(select(Destination).order_by(Destination.name)):
            try:
                warehouse = PostgresDestination(connection_spec(session, place))
                tests.append((f"Destination {place.name}", warehouse.test))
            except ConfigurationError as error:
                yield _unreadable(f"Destination {place.name}", error)
        for target in session.scalars(select(NotificationTarget)):
            try:
                notification_targets.config_of(session, target)
            except ConfigurationError as error:
                yield _unreadable(f"Notification target {target.name}", error)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        yield from pool.map(_tested, tests)


def _migrations(catalog: Catalog) -> Iterator[Finding]:
    pending = pending_revisions(catalog.engine)
    if pending:
        yield bad("Migrations", f"the catalog is {pending} behind this version", "arus migrate")
    else:
        yield good("Migrations", "the catalog is up to date")


def _tested(test: tuple[str, Test]) -> Finding:
    subject, connect = test
    try:
        report = connect()
    except ArusError as error:
        return bad(subject, error.message, "Correct its connection, or the server's answer to it.")
    tls = "with TLS" if report.tls else "without TLS"
    return good(subject, f"{report.server_version}, {tls}")


def _unreadable(subject: str, error: ConfigurationError) -> Finding:
    return bad(subject, error.message, "Put the former key behind the new one, or enter it again.")
