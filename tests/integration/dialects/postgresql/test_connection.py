"""Reaching a server: TLS, odd credentials, clear reasons, no secrets."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from arus_dagster.dialects.base import ConnectionSpec
from arus_dagster.dialects.postgresql.destination import PostgresDestination
from arus_dagster.dialects.postgresql.source import PostgresSource
from arus_dagster.errors import (
    ArusError,
    ConfigurationError,
    ConnectionFailedError,
    CredentialsError,
)
from tests.certificates import Certificates
from tests.forwarding import forwarding
from tests.servers import PASSWORD, Database, PostgreSQLServer


def test_a_test_reports_the_server(pg_source_db: Database) -> None:
    report = PostgresSource(pg_source_db.spec).test()
    assert report.server_version[0].isdigit()
    assert not report.tls
    assert replace(PostgresDestination(pg_source_db.spec).test(), identity=None) == report


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_odd_passwords_and_hosts_connect(pg_source_db: Database, host: str) -> None:
    assert set("@/:%#? é") <= set(PASSWORD)
    PostgresSource(replace(pg_source_db.spec, host=host)).test()


@pytest.mark.parametrize(
    ("change", "kind", "reason"),
    [
        ({"password": "sEcr3t-canary"}, CredentialsError, "password authentication failed"),
        ({"username": "nobody"}, CredentialsError, "authentication failed"),
        ({"database": "absent"}, CredentialsError, "does not exist"),
        ({"port": 1}, ConnectionFailedError, "refused"),
        ({"host": "no-such-host.invalid"}, ConnectionFailedError, "could not translate|resolve"),
        ({"password": "a\0b"}, ConfigurationError, "zero character"),
        ({"ssl_mode": "require"}, ConnectionFailedError, "does not support SSL"),
        ({"ssl_mode": "verify-full"}, ConnectionFailedError, "SSL"),
    ],
)
def test_a_failure_names_its_cause_and_no_secret(
    pg_source_db: Database,
    change: dict[str, object],
    kind: type[ArusError],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    spec = replace(pg_source_db.spec, **change)  # type: ignore[arg-type]
    with caplog.at_level(logging.DEBUG):
        for ask in (PostgresSource(spec).test, PostgresDestination(spec).test):
            with pytest.raises(kind, match=reason) as caught:
                ask()
            told = repr(caught.value) + str(caught.value.__context__) + caplog.text + repr(spec)
            assert spec.password not in told


def test_a_database_is_the_same_by_whichever_name_it_is_reached(
    pg_source_db: Database, warehouse_db: Database
) -> None:
    by_number = PostgresDestination(pg_source_db.spec)
    by_name = PostgresDestination(replace(pg_source_db.spec, host="localhost"))
    another = PostgresDestination(warehouse_db.spec)
    identity = by_number.test().identity
    assert identity
    assert by_name.identity() == by_number.identity() == identity
    assert another.identity() != identity


def test_no_password_of_this_machines_own_user_is_sent(
    pg_source_db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever names a server of their own must not be sent what libpq finds at home."""
    spec = pg_source_db.spec
    escaped = PASSWORD.replace("\\", "\\\\").replace(":", "\\:")
    (tmp_path / "pgpass").write_text(f"*:*:*:*:{escaped}\n")
    (tmp_path / "pgpass").chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "pgpass"))
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    with pytest.raises(ArusError, match="no password supplied"):
        PostgresSource(replace(spec, password="")).test()


def test_a_missing_privilege_is_named(
    postgres_server: PostgreSQLServer, warehouse_db: Database
) -> None:
    warehouse_db.execute(
        "CREATE ROLE poor LOGIN PASSWORD 'poor'",
        f'REVOKE TEMPORARY ON DATABASE "{warehouse_db.name}" FROM PUBLIC',
        admin=True,
    )
    try:
        spec = replace(warehouse_db.spec, username="poor", password="poor")
        with pytest.raises(CredentialsError, match="privilege CREATE"):
            PostgresDestination(spec).test()
    finally:
        warehouse_db.execute("DROP ROLE poor", admin=True)


@pytest.mark.parametrize("mode", ["prefer", "require", "verify-ca", "verify-full"])
def test_tls_is_used_and_verified(
    postgres_tls_server: PostgreSQLServer, certificates: Certificates, mode: str
) -> None:
    spec = replace(
        postgres_tls_server.spec("postgres"),
        ssl_mode=mode,
        ssl_ca=certificates.ca,  # type: ignore[arg-type]
    )
    assert PostgresSource(spec).test().tls
    assert not PostgresSource(replace(spec, ssl_mode="disable")).test().tls


@pytest.mark.parametrize("mode", ["verify-ca", "verify-full"])
def test_a_wrong_or_missing_authority_is_refused(
    postgres_tls_server: PostgreSQLServer, certificates: Certificates, mode: str
) -> None:
    spec = postgres_tls_server.spec("postgres")
    for ca in (certificates.other_ca, None):
        with pytest.raises(ConnectionFailedError, match="certificate verify failed"):
            PostgresSource(replace(spec, ssl_mode=mode, ssl_ca=ca)).test()  # type: ignore[arg-type]


def test_a_ca_that_is_no_certificate_is_refused(
    postgres_tls_server: PostgreSQLServer,
) -> None:
    spec = replace(postgres_tls_server.spec("postgres"), ssl_mode="verify-ca", ssl_ca="nonsense")
    with pytest.raises(ConnectionFailedError, match="root certificate"):
        PostgresSource(spec).test()


@pytest.fixture
def certified(postgres_tls_server: PostgreSQLServer) -> Iterator[ConnectionSpec]:
    """A database whose server lets nobody in without a certificate of its authority."""
    with postgres_tls_server.database() as database:
        rules = (
            f"hostssl {database.name} arus all scram-sha-256 clientcert=verify-full\n"
            f"host {database.name} arus all reject"
        )
        with postgres_tls_server.access(rules):
            yield database.spec


def test_a_client_certificate_that_the_server_asks_for_is_shown(
    certified: ConnectionSpec, certificates: Certificates
) -> None:
    shown = replace(
        certified,
        ssl_mode="verify-full",
        ssl_ca=certificates.ca,
        ssl_cert=certificates.client_certificate,
        ssl_key=certificates.client_key,
    )
    assert PostgresSource(shown).test().tls
    assert PostgresDestination(shown).test().tls

    for refused in (
        replace(shown, ssl_cert=None, ssl_key=None),
        replace(
            shown, ssl_cert=certificates.stranger_certificate, ssl_key=certificates.stranger_key
        ),
        replace(shown, ssl_mode="disable"),
    ):
        with pytest.raises((ConnectionFailedError, CredentialsError)) as raised:
            PostgresSource(refused).test()
        assert "PRIVATE KEY" not in str(raised.value)
        assert PASSWORD not in str(raised.value)


def test_a_key_that_does_not_belong_to_the_certificate_is_refused(
    certified: ConnectionSpec, certificates: Certificates
) -> None:
    half = replace(
        certified,
        ssl_mode="require",
        ssl_cert=certificates.client_certificate,
        ssl_key=certificates.stranger_key,
    )
    with pytest.raises(ArusError, match=r"key|certificate") as raised:
        PostgresSource(half).test()
    assert certificates.stranger_key not in str(raised.value)


def test_verify_full_checks_the_name(
    postgres_tls_server: PostgreSQLServer, certificates: Certificates
) -> None:
    spec = replace(postgres_tls_server.spec("postgres"), host="127.0.0.2", ssl_ca=certificates.ca)
    with forwarding("127.0.0.2", spec.port):
        assert PostgresSource(replace(spec, ssl_mode="verify-ca")).test().tls
        with pytest.raises(ConnectionFailedError, match=r"127\.0\.0\.2"):
            PostgresSource(replace(spec, ssl_mode="verify-full")).test()
