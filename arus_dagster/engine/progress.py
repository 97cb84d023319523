"""How a load gets on, for a person who watches.

Owns the wording and the pace of progress messages.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Literal

Level = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
OnMessage = Callable[[Level, str], None]

_EVERY_SECONDS = 5.0
_MEGABYTE = 1_000_000


class Progress:
    """Counts rows and bytes, and tells of them now and then."""

    def __init__(self, on_message: OnMessage) -> None:
        self._on_message = on_message
        self._started = time.monotonic()
        self._told = self._started
        self.rows = 0
        self.bytes = 0

    def add(self, rows: int, size: int) -> None:
        """Count some more."""
        self.rows += rows
        self.bytes += size
        now = time.monotonic()
        if now - self._told >= _EVERY_SECONDS:
            self._told = now
            rate = self.rows / (now - self._started)
            self._on_message(
                "INFO",
                f"{self.rows:,} rows read, {self.bytes / _MEGABYTE:,.1f} MB, {rate:,.0f} rows/s",
            )

    @property
    def milliseconds(self) -> int:
        """Since the start."""
        return int((time.monotonic() - self._started) * 1000)
