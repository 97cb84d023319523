"""Stopping a sync from another thread.

Owns who has to be told. What a listener does must be quick and safe to call at any time.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

from arus_dagster.errors import CancelledError


class CancelToken:
    """Set once, from any thread; everything that waits elsewhere is told at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Stop the work; calls after the first do nothing."""
        with self._lock:
            if self._cancelled:
                return
            self._cancelled = True
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    def check(self) -> None:
        """Raises CancelledError if the work is to stop."""
        if self._cancelled:
            raise CancelledError("cancelled")

    @contextlib.contextmanager
    def telling(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call ``listener`` on cancellation for as long as the block lasts."""
        with self._lock:
            late = self._cancelled
            self._listeners.append(listener)
        try:
            if late:
                listener()
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)
