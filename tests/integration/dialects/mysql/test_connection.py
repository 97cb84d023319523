"""Connecting: odd credentials, TLS, and failures that name their cause and no secret."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from arus_dagster.dialects.base import ConnectionSpec, Read, TableRef
from arus_dagster.dialects.mysql.source import MySQLSource
from arus_dagster.errors import (
    ArusError,
    ConfigurationError,
    ConnectionFailedError,
    CredentialsError,
    FatalError,
)
from tests.certificates import Certificates
from tests.forwarding import forwarding
from tests.servers import PASSWORD, Database, MariaDBServer

SECRET = "s3cr3t-of-the-test"


def check(spec: ConnectionSpec) -> bool:
    """Whether the connection was encrypted."""
    return MySQLSource(spec).test().tls


def failure(spec: ConnectionSpec) -> ArusError:
    with pytest.raises(ArusError) as raised:
        MySQLSource(spec).test()
    for secret in (PASSWORD, SECRET):
        assert secret not in str(raised.value)
        assert secret not in repr(raised.value.__cause__)
    return raised.value


def test_a_test_reports_version_and_encryption(mariadb_db: Database) -> None:
    report = MySQLSource(mariadb_db.spec).test()
    assert "MariaDB" in report.server_version
    assert report.tls is False


@pytest.mark.parametrize("password", [PASSWORD, "a b", "'; DROP", "\\", "🔑", "x" * 200])
def test_odd_passwords(password: str, mariadb_db: Database) -> None:
    quoted = password.replace("\\", "\\\\").replace("'", "''")
    mariadb_db.execute(f"CREATE OR REPLACE USER odd IDENTIFIED BY '{quoted}'", admin=True)
    mariadb_db.execute(f"GRANT SELECT ON `{mariadb_db.name}`.* TO odd", admin=True)
    assert check(replace(mariadb_db.spec, username="odd", password=password)) is False
    mariadb_db.execute("DROP USER odd", admin=True)


@pytest.mark.skipif(not Path("/proc/net/if_inet6").exists(), reason="no IPv6 here")
def test_ipv6(mariadb_db: Database) -> None:
    check(replace(mariadb_db.spec, host="::1"))


def test_wrong_credentials(mariadb_db: Database) -> None:
    wrong_password = failure(replace(mariadb_db.spec, password=SECRET))
    assert isinstance(wrong_password, CredentialsError) and "denied" in str(wrong_password)
    no_database = failure(replace(mariadb_db.spec, database="arus_test_missing"))
    assert isinstance(no_database, CredentialsError)
    assert "arus_test_missing" in str(no_database)
    with_zero = failure(replace(mariadb_db.spec, password=f"{SECRET}\0"))
    assert isinstance(with_zero, ConfigurationError)


def test_unreachable_servers(mariadb_db: Database) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound, but nobody listens
        refused = failure(replace(mariadb_db.spec, port=unused.getsockname()[1]))
    assert isinstance(refused, ConnectionFailedError) and "refused" in str(refused)
    unknown = failure(replace(mariadb_db.spec, host="no-such-host.invalid"))
    assert isinstance(unknown, ConnectionFailedError)
    assert "no-such-host.invalid" in str(unknown)
    assert isinstance(failure(replace(mariadb_db.spec, host="x" * 100)), ConnectionFailedError)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A server that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_silent_server_is_given_up(mariadb_db: Database, silent_port: int) -> None:
    spec = replace(mariadb_db.spec, port=silent_port, connect_timeout_seconds=1)
    error = failure(spec)
    assert isinstance(error, ConnectionFailedError) and "within 1 s" in str(error)


def test_a_server_silent_in_the_middle_is_given_up(mariadb_db: Database) -> None:
    spec = replace(mariadb_db.spec, read_timeout_seconds=1)
    mariadb_db.execute("CREATE TABLE t (id int)", "INSERT INTO t VALUES (1)")
    with MySQLSource(spec).snapshot() as snapshot:
        shape = snapshot.describe(TableRef(mariadb_db.name, "t"))
        assert shape is not None
        with pytest.raises(ConnectionFailedError, match=r"did not answer in time|broke"):
            list(snapshot.stream(Read(shape, row_filter="SLEEP(60) = 0")))


def test_tls_modes_without_tls_on_the_server(
    mariadb_db: Database, certificates: Certificates
) -> None:
    assert check(replace(mariadb_db.spec, ssl_mode="disable")) is False
    assert check(replace(mariadb_db.spec, ssl_mode="prefer")) is False
    for mode in ("require", "verify-ca", "verify-full"):
        error = failure(replace(mariadb_db.spec, ssl_mode=mode, ssl_ca=certificates.ca))
        assert isinstance(error, ConnectionFailedError)
        assert "server doesn't support" in str(error)


@pytest.fixture
def tls_db(mariadb_tls_server: MariaDBServer) -> Iterator[Database]:
    with mariadb_tls_server.database() as database:
        yield database


def test_tls_modes(tls_db: Database, certificates: Certificates) -> None:
    assert check(replace(tls_db.spec, ssl_mode="disable")) is False
    assert check(replace(tls_db.spec, ssl_mode="prefer")) is True
    assert check(replace(tls_db.spec, ssl_mode="require")) is True
    trusted = replace(tls_db.spec, ssl_ca=certificates.ca)
    assert check(replace(trusted, ssl_mode="verify-ca")) is True
    assert check(replace(trusted, ssl_mode="verify-full")) is True
    by_name = replace(trusted, ssl_mode="verify-full", host="localhost")
    assert check(by_name) is True


def test_certificates_that_do_not_fit(tls_db: Database, certificates: Certificates) -> None:
    stranger = replace(tls_db.spec, ssl_mode="verify-ca", ssl_ca=certificates.other_ca)
    error = failure(stranger)
    assert isinstance(error, ConnectionFailedError) and "certificate verify failed" in str(error)
    # Not signed by an authority of the machine's either.
    assert "certificate verify failed" in str(failure(replace(stranger, ssl_ca=None)))
    nonsense = failure(replace(stranger, ssl_ca="no certificate"))
    assert isinstance(nonsense, ConfigurationError) and "ssl_ca" in str(nonsense)
    half = replace(tls_db.spec, ssl_mode="require", ssl_cert="x", ssl_key=SECRET)
    assert isinstance(failure(half), ConfigurationError)


def test_verify_full_checks_the_name(tls_db: Database, certificates: Certificates) -> None:
    elsewhere = replace(tls_db.spec, host="127.0.0.2", ssl_ca=certificates.ca)
    with forwarding("127.0.0.2", tls_db.spec.port):
        assert check(replace(elsewhere, ssl_mode="verify-ca")) is True
        error = failure(replace(elsewhere, ssl_mode="verify-full"))
    assert "127.0.0.2" in str(error)


def test_rows_come_through_tls(tls_db: Database) -> None:
    tls_db.execute(
        "CREATE TABLE t (id int, v text)",
        "INSERT INTO t SELECT seq, repeat('é', 400) FROM seq_1_to_5000",
    )
    with MySQLSource(replace(tls_db.spec, ssl_mode="require")).snapshot() as snapshot:
        shape = snapshot.describe(TableRef(tls_db.name, "t"))
        assert shape is not None
        data = b"".join(chunk.data for chunk in snapshot.stream(Read(shape), 100_000))
    lines = data.decode().splitlines()
    assert sorted(int(line.split("\t")[0]) for line in lines) == list(range(1, 5001))
    assert {line.split("\t")[1] for line in lines} == {"é" * 400}


def test_a_missing_privilege_is_named(mariadb_db: Database) -> None:
    mariadb_db.execute("CREATE TABLE t (id int, hidden int)", "INSERT INTO t VALUES (1, 2)")
    mariadb_db.execute(
        f"CREATE OR REPLACE USER partial IDENTIFIED BY '{SECRET}'",
        f"GRANT SELECT (id) ON `{mariadb_db.name}`.t TO partial",
        admin=True,
    )
    with MySQLSource(mariadb_db.spec).snapshot() as snapshot:
        shape = snapshot.describe(TableRef(mariadb_db.name, "t"))
    assert shape is not None
    partial = replace(mariadb_db.spec, username="partial", password=SECRET)
    with MySQLSource(partial).snapshot() as snapshot:
        with pytest.raises(CredentialsError, match="denied"):
            list(snapshot.stream(Read(shape)))
        # The connection is whole: the server's answer ended the query.
        narrow = snapshot.describe(TableRef(mariadb_db.name, "t"))
        assert narrow is not None and [c.name for c in narrow.columns] == ["id"]
        assert [chunk.data for chunk in snapshot.stream(Read(narrow))] == [b"1\n"]
    mariadb_db.execute("DROP USER partial", admin=True)


def test_a_wrong_statement_is_fatal(mariadb_db: Database) -> None:
    mariadb_db.execute("CREATE TABLE t (id int)")
    with MySQLSource(mariadb_db.spec).snapshot() as snapshot:
        shape = snapshot.describe(TableRef(mariadb_db.name, "t"))
        assert shape is not None
        with pytest.raises(FatalError, match="nowhere"):
            snapshot.count(Read(shape, row_filter="nowhere = 1"))


def test_a_client_certificate_that_the_server_asks_for_is_shown(
    tls_db: Database, certificates: Certificates
) -> None:
    tls_db.execute(
        f"CREATE OR REPLACE USER certified IDENTIFIED BY '{SECRET}' REQUIRE X509",
        f"GRANT SELECT ON `{tls_db.name}`.* TO certified",
        admin=True,
    )
    shown = replace(
        tls_db.spec,
        username="certified",
        password=SECRET,
        ssl_mode="verify-full",
        ssl_ca=certificates.ca,
        ssl_cert=certificates.client_certificate,
        ssl_key=certificates.client_key,
    )
    try:
        assert check(shown) is True
        for refused in (
            replace(shown, ssl_cert=None, ssl_key=None),
            replace(
                shown,
                ssl_cert=certificates.stranger_certificate,
                ssl_key=certificates.stranger_key,
            ),
            replace(shown, ssl_mode="disable"),
        ):
            assert isinstance(failure(refused), ConnectionFailedError | CredentialsError)
    finally:
        tls_db.execute("DROP USER certified", admin=True)
