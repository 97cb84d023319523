"""How a delivery fails, and what may be said of it.

Owns the difference between "try again" and "never", and the taking out of secrets.
"""

from __future__ import annotations

from collections.abc import Iterable

from arus_dagster.errors import ConnectionFailedError

MASK = "********"
_SHORTEST_SECRET = 4
_LONGEST = 500


class DeliveryFailedError(ConnectionFailedError):
    """The channel could not be reached or can't take the message now.

    Args:
        retry_after: seconds the channel asks to wait, or None.
    """

    def __init__(self, message: str, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class DeliveryRefusedError(ConnectionFailedError):
    """The channel, or a rule of ours, refused; trying again changes nothing."""


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret replaced by a mask, cut to a readable length."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, MASK)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
