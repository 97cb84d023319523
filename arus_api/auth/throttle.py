"""Slowing down the guessing of passwords.

Owns the counts of failed logins by account and by address, in this process's memory, bounded.
Refuses to lock anybody out for longer than the window, since a lock could be used against its
owner.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable

from arus_api.errors import TooManyRequestsError

WINDOW_SECONDS = 300
ACCOUNT_LIMIT = 10
ADDRESS_LIMIT = 50
MAX_KEYS = 10_000


class LoginThrottle:
    """Failures within a sliding window.

    Args:
        clock: seconds, never going back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._attempts: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def attempt(self, account: str, address: str) -> None:
        """Count an attempt as failed until ``succeeded`` takes it back.

        It is counted before the password is looked at: guesses sent at the same moment would
        otherwise all pass.

        Raises:
            TooManyRequestsError: too many failures of the account or from the address.
        """
        now = self._clock()
        limits = ((("account", account), ACCOUNT_LIMIT), (("address", address), ADDRESS_LIMIT))
        with self._lock:
            for key, limit in limits:
                times = self._recent(key, now)
                if len(times) >= limit:
                    wait = int(times[0] + WINDOW_SECONDS - now) + 1
                    raise TooManyRequestsError("Too many failed logins: try again later", wait)
            for key, _ in limits:
                self._recent(key, now).append(now)
            while len(self._attempts) > MAX_KEYS:
                self._attempts.popitem(last=False)

    def succeeded(self, account: str, address: str) -> None:
        """Forget the account's failures, and this attempt of the address."""
        with self._lock:
            self._attempts.pop(("account", account), None)
            times = self._attempts.get(("address", address))
            if times:
                times.pop()

    def _recent(self, key: tuple[str, str], now: float) -> deque[float]:
        times = self._attempts.setdefault(key, deque())
        self._attempts.move_to_end(key)
        while times and times[0] <= now - WINDOW_SECONDS:
            times.popleft()
        return times
