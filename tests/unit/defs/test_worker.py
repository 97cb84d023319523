"""Work in a thread: messages, errors, and interrupts of the main thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from arus_dagster.defs.worker import Worker
from arus_dagster.errors import CancelledError


class Interrupt(BaseException):
    """Stands for what Dagster raises in the main thread when a run is cancelled."""


def test_messages_arrive_in_order_in_the_calling_thread() -> None:
    seen: list[tuple[str, bool]] = []

    def work(tell: Callable[[str], None]) -> int:
        for text in ("a", "b", "c"):
            tell(text)
        return 3

    result = Worker(work, lambda: None).run(
        lambda text: seen.append((text, threading.current_thread() is threading.main_thread()))
    )

    assert result == 3
    assert seen == [("a", True), ("b", True), ("c", True)]


def test_an_error_of_the_work_is_raised_after_its_messages() -> None:
    seen: list[str] = []

    def work(tell: Callable[[str], None]) -> None:
        tell("before")
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        Worker(work, lambda: None).run(seen.append)

    assert seen == ["before"]


def test_an_interrupt_cancels_the_work_and_waits_for_its_end() -> None:
    cancelled = threading.Event()
    ended: list[str] = []

    def work(tell: Callable[[str], None]) -> None:
        tell("working")
        cancelled.wait()
        ended.append("after cancel")

    def interrupt(_: str) -> None:
        raise Interrupt

    with pytest.raises(Interrupt):
        Worker(work, cancelled.set).run(interrupt)

    assert ended == ["after cancel"]


def test_a_second_interrupt_does_not_leave_the_work_running() -> None:
    release = threading.Event()
    ended: list[str] = []
    calls: list[str] = []

    def work(tell: Callable[[str], None]) -> None:
        tell("working")
        release.wait()
        ended.append("done")

    def cancel() -> None:
        calls.append("cancel")
        if len(calls) == 1:
            raise Interrupt
        release.set()

    def interrupt(_: str) -> None:
        raise Interrupt

    with pytest.raises(Interrupt):
        Worker(work, cancel).run(interrupt)

    assert len(calls) >= 2
    assert ended == ["done"]


def test_work_that_is_no_longer_wanted_stops() -> None:
    cancelled = threading.Event()
    ended: list[str] = []

    def work(tell: Callable[[str], None]) -> None:
        cancelled.wait()
        ended.append("after cancel")

    with pytest.raises(CancelledError):
        Worker(work, cancelled.set, wanted=lambda: False).run(lambda text: None)

    assert ended == ["after cancel"]
