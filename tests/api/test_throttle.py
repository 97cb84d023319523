"""Failed logins are counted by account and address, by all API processes together."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from arus_api.app import create_app
from arus_api.auth.throttle import (
    ACCOUNT_LIMIT,
    ADDRESS_LIMIT,
    WINDOW_SECONDS,
    LoginThrottle,
    network_of,
)
from arus_api.errors import TooManyRequestsError
from arus_dagster.catalog import LoginFailure, User
from arus_dagster.catalog.session import Catalog
from arus_dagster.settings import Settings
from tests.api.conftest import PASSWORD

SECRET = "keys the digests"


@pytest.fixture
def catalog(api_settings: Settings) -> Iterator[Catalog]:
    opened = Catalog(api_settings, "arus tests", pool_size=20)
    yield opened
    opened.dispose()


def test_an_account_has_to_wait_until_its_first_failure_leaves_the_window(
    catalog: Catalog,
) -> None:
    subject = LoginThrottle(catalog)
    for _ in range(ACCOUNT_LIMIT):
        subject.attempt(SECRET, "a@example.com", "10.0.0.1")

    with pytest.raises(TooManyRequestsError) as refused:
        subject.attempt(SECRET, "a@example.com", "10.0.0.2")

    assert WINDOW_SECONDS - 60 < refused.value.retry_after <= WINDOW_SECONDS
    subject.attempt(SECRET, "b@example.com", "10.0.0.2")
    # A window that all of them have left.
    LoginThrottle(catalog, window_seconds=0).attempt(SECRET, "a@example.com", "10.0.0.2")


def test_an_address_is_limited_over_all_accounts(catalog: Catalog) -> None:
    subject = LoginThrottle(catalog)
    for number in range(ADDRESS_LIMIT):
        subject.attempt(SECRET, f"{number}@example.com", "10.0.0.1")

    with pytest.raises(TooManyRequestsError):
        subject.attempt(SECRET, "another@example.com", "10.0.0.1")
    subject.attempt(SECRET, "another@example.com", "10.0.0.2")


def test_a_success_forgets_the_accounts_failures_but_not_the_addresss(catalog: Catalog) -> None:
    subject = LoginThrottle(catalog)
    for _ in range(ADDRESS_LIMIT):
        subject.attempt(SECRET, "a@example.com", "10.0.0.1")
        subject.succeeded(SECRET, "a@example.com", "10.0.0.1")
    for number in range(ADDRESS_LIMIT):
        subject.attempt(SECRET, f"{number}@example.com", "10.0.0.1")

    with pytest.raises(TooManyRequestsError):
        subject.attempt(SECRET, "a@example.com", "10.0.0.1")


def test_guesses_at_the_same_moment_do_not_all_pass(catalog: Catalog) -> None:
    subject = LoginThrottle(catalog)
    passed: list[int] = []
    start = threading.Barrier(30)

    def guess(number: int) -> None:
        start.wait()
        try:
            subject.attempt(SECRET, "a@example.com", f"10.0.0.{number}")
        except TooManyRequestsError:
            return
        passed.append(number)

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(passed) == ACCOUNT_LIMIT


def test_nothing_that_was_typed_is_kept_and_nothing_for_longer_than_the_window(
    catalog: Catalog,
) -> None:
    LoginThrottle(catalog).attempt(SECRET, "hunter2-in-the-wrong-field", "10.0.0.1")
    with catalog.session() as session:
        kept = session.query(LoginFailure).all()
        assert len(kept) == 2
        assert all(len(row.key) == 64 and "hunter2" not in row.key for row in kept)

    LoginThrottle(catalog, window_seconds=0).attempt(SECRET, "b@example.com", "10.0.0.2")

    with catalog.session() as session:
        assert session.query(LoginFailure).count() == 2


def test_two_api_processes_count_together(
    api_settings: Settings, users: dict[str, User], anonymous: TestClient
) -> None:
    other = create_app(api_settings)
    wrong = {"email": users["editor"].email, "password": "guess"}
    right = wrong | {"password": PASSWORD}
    try:
        clients = (anonymous, TestClient(other))
        for number in range(ACCOUNT_LIMIT):
            assert clients[number % 2].post("/api/auth/login", json=wrong).status_code == 401
        for client in clients:
            assert client.post("/api/auth/login", json=right).status_code == 429
    finally:
        other.state.dagster.close()
        other.state.catalog.dispose()
        other.state.side_catalog.dispose()


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("testclient", "testclient"),
    ],
)
def test_an_ipv6_network_counts_as_one_address(address: str, network: str) -> None:
    assert network_of(address) == network
