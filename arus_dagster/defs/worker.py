"""Blocking work in a thread of its own, so that the main thread can be interrupted.

A cancel reaches a run as a signal, and Python runs its handler in the main thread only between
two bytecodes: a main thread that waits for a database inside a C library would not hear it.
Owns the waiting, the passing on of messages and the cancel; refuses to leave while the work goes
on, since a step that has ended must have stopped writing, and to go on for nobody: a step in a
process of its own outlives a run that was killed, and the next run would meet it.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from arus_dagster.errors import CancelledError

T = TypeVar("T")
M = TypeVar("M")

_POLL_SECONDS = 0.5
_WATCH_SECONDS = 2.0


class Worker(Generic[T, M]):
    """One piece of work.

    Args:
        work: called in the thread with a function that passes a message to the main thread.
        cancel: makes ``work`` raise soon; called from the main thread, maybe more than once.
        wanted: asked now and then; once it says no, the work is cancelled.
    """

    def __init__(
        self,
        work: Callable[[Callable[[M], None]], T],
        cancel: Callable[[], None],
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._wanted = wanted
        self._work = work
        self._cancel = cancel
        self._messages: queue.SimpleQueue[M | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="sync", daemon=True)
        self._result: T | None = None
        self._error: BaseException | None = None

    def run(self, deliver: Callable[[M], None]) -> T:
        """Do the work, delivering its messages from this thread, in order.

        Raises:
            CancelledError: the work is no longer wanted, and has stopped.
            BaseException: whatever interrupts this thread, once the work has stopped; else
                whatever the work raised.
        """
        self._thread.start()
        try:
            while (message := self._next()) is not None:
                deliver(message)
        except BaseException:
            self._stop()
            raise
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]

    def _next(self) -> M | None:
        while True:
            try:
                return self._messages.get(timeout=_WATCH_SECONDS)
            except queue.Empty:
                if not self._wanted():
                    raise CancelledError("Nobody waits for the work any more") from None

    def _run(self) -> None:
        try:
            self._result = self._work(self._messages.put)
        except BaseException as error:  # noqa: BLE001 - raised again in the main thread
            self._error = error
        finally:
            self._messages.put(None)

    def _stop(self) -> None:
        while self._thread.is_alive():
            # A second interrupt must not end the wait: the step would be over while it writes.
            with contextlib.suppress(BaseException):
                self._cancel()
                self._thread.join(_POLL_SECONDS)
