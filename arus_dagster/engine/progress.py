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

    def add(self, rows: int | None, size: int) -> None:
        """Count some more.

        Args:
            rows: None where only their bytes are known yet.
        """
        self.rows += rows or 0
        self.bytes += size
        now = time.monotonic()
        if now - self._told < _EVERY_SECONDS:
            return
        self._told = now
        seconds, megabytes = now - self._started, self.bytes / _MEGABYTE
        if rows is None:
            told = f"{megabytes:,.1f} MB read, {megabytes / seconds:,.1f} MB/s"
        else:
            told = (
                f"{self.rows:,} rows read, {megabytes:,.1f} MB, {self.rows / seconds:,.0f} rows/s"
            )
        self._on_message("INFO", told)

    def start_over(self) -> None:
        """Forget what was counted: it is read again."""
        self.rows = self.bytes = 0

    @property
    def milliseconds(self) -> int:
        """Since the start."""
        return int((time.monotonic() - self._started) * 1000)
