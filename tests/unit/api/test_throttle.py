"""The login throttle's counting, with a clock of the test's own."""

from __future__ import annotations

import pytest

from arus_api.auth import throttle
from arus_api.auth.throttle import ACCOUNT_LIMIT, ADDRESS_LIMIT, WINDOW_SECONDS, LoginThrottle
from arus_api.errors import TooManyRequestsError


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_an_account_is_free_again_when_its_first_failure_leaves_the_window() -> None:
    clock = Clock()
    subject = LoginThrottle(clock)
    for _ in range(ACCOUNT_LIMIT):
        subject.attempt("a@example.com", "10.0.0.1")
        clock.now += 1

    with pytest.raises(TooManyRequestsError) as refused:
        subject.attempt("a@example.com", "10.0.0.2")

    assert refused.value.retry_after == WINDOW_SECONDS - ACCOUNT_LIMIT + 1
    clock.now += refused.value.retry_after
    subject.attempt("a@example.com", "10.0.0.2")


def test_an_address_is_limited_over_all_accounts() -> None:
    subject = LoginThrottle(Clock())
    for number in range(ADDRESS_LIMIT):
        subject.attempt(f"{number}@example.com", "10.0.0.1")

    with pytest.raises(TooManyRequestsError):
        subject.attempt("another@example.com", "10.0.0.1")
    subject.attempt("another@example.com", "10.0.0.2")


def test_a_success_forgets_the_accounts_failures_but_not_the_addresss() -> None:
    subject = LoginThrottle(Clock())
    for _ in range(ADDRESS_LIMIT):
        subject.attempt("a@example.com", "10.0.0.1")
        subject.succeeded("a@example.com", "10.0.0.1")
    for number in range(ADDRESS_LIMIT):
        subject.attempt(f"{number}@example.com", "10.0.0.1")

    subject_failed_before = pytest.raises(TooManyRequestsError)
    with subject_failed_before:
        subject.attempt("a@example.com", "10.0.0.1")


def test_its_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttle, "MAX_KEYS", 20)
    subject = LoginThrottle(Clock())

    for number in range(1000):
        subject.attempt(f"{number}@example.com", f"10.0.{number // 256}.{number % 256}")

    assert len(subject._attempts) <= 20
