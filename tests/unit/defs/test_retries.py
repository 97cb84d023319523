"""Pauses between attempts."""

from __future__ import annotations

import time

import pytest

from arus_dagster.defs.retries import Pause, RetryPolicy


def test_each_pause_is_twice_the_one_before() -> None:
    policy = RetryPolicy(max_retries=4, initial_backoff=3)

    assert [policy.pause(attempt) for attempt in range(4)] == [3, 6, 12, 24]


def test_only_what_is_left_of_a_pause_is_spent(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", slept.append)
    pause = Pause()

    pause.start(10)
    now[0] = 104.0  # other tables ran meanwhile
    told: list[str] = []
    pause.finish(10, told.append)

    assert slept == [6.0]
    assert told == ["Waiting 6.0 s before the next attempt."]


def test_a_pause_that_has_passed_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail(f"slept {seconds} s"))
    pause = Pause()

    pause.start(10)
    now[0] = 111.0

    pause.finish(10, lambda text: pytest.fail(text))


def test_the_whole_pause_is_spent_where_the_attempt_before_had_another_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    monkeypatch.setattr(time, "sleep", slept.append)

    Pause().finish(10, lambda text: None)

    assert slept == [10.0]
