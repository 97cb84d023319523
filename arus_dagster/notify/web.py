"""Posting to a channel over HTTP.

Owns one request and what its answer means. Redirects are not followed: they would lead past the
check of the address and carry the message elsewhere.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from arus_dagster import __version__
from arus_dagster.notify.failures import DeliveryFailedError, DeliveryRefusedError
from arus_dagster.notify.network import Deadline, connect, secure

_LONGEST_ANSWER = 65_536
_LONGEST_REASON = 200
_PASSING = frozenset({408, 425, 429})
_LONGEST_WAIT_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Answer:
    """A channel's answer, its body cut at 64 KiB."""

    status: int
    retry_after: int | None
    body: bytes

    def json(self) -> Mapping[str, Any]:
        """The body's JSON object; empty where it is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


def post_json(
    url: str,
    body: bytes,
    *,
    allow_local: bool,
    headers: Mapping[str, str] | None = None,
    deadline: Deadline | None = None,
) -> Answer:
    """Post a JSON body and read the answer.

    Args:
        url: ``http`` or ``https``.
        deadline: for the whole exchange; the usual one by default.

    Raises:
        DeliveryFailedError: not reached, too slow, or not HTTP.
        DeliveryRefusedError: an address that may not be reached.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    tls = parts.scheme == "https"
    port = parts.port or (443 if tls else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with deadline or Deadline() as limit:
        connection = connect(host, port, limit, allow_local=allow_local)
        kind = http.client.HTTPSConnection if tls else http.client.HTTPConnection
        client = kind(host, port)
        try:
            client.sock = secure(connection, host, limit) if tls else connection
            client.request(
                "POST",
                target,
                body,
                {
                    "Content-Type": "application/json",
                    "User-Agent": f"arus/{__version__}",
                    "Connection": "close",
                    **(headers or {}),
                },
            )
            response = client.getresponse()
            return Answer(
                response.status,
                _seconds(response.getheader("Retry-After")),
                response.read(_LONGEST_ANSWER),
            )
        except (OSError, ValueError, http.client.HTTPException) as error:
            if limit.expired or isinstance(error, TimeoutError):
                raise DeliveryFailedError(
                    f"{host} did not answer within {limit.seconds:g} s"
                ) from None
            # The text of such an error may hold a piece of what the peer sent.
            raise DeliveryFailedError(
                f"{host} gave no HTTP answer: {type(error).__name__}"
            ) from None
        finally:
            client.close()


def require_success(answer: Answer, url: str, reason: str | None = None) -> None:
    """Whether the channel took the message.

    Args:
        reason: the channel's own words; the start of the body by default.

    Raises:
        DeliveryFailedError: not now: too many requests, or a fault of the server.
        DeliveryRefusedError: anything else but success, redirects included.
    """
    if 200 <= answer.status < 300:
        return
    host = urlsplit(url).hostname
    said = reason or answer.body[:_LONGEST_REASON].decode("utf-8", "replace")
    said = " ".join(said.split())
    message = f"{host} answered {answer.status}" + (f": {said}" if said else "")
    if 300 <= answer.status < 400:
        raise DeliveryRefusedError(f"{host} answered {answer.status}; redirects are not followed")
    if answer.status in _PASSING or answer.status >= 500:
        raise DeliveryFailedError(message, answer.retry_after)
    raise DeliveryRefusedError(message)


def _seconds(text: str | None) -> int | None:
    if text is None or not (text.isascii() and text.isdigit()) or len(text) > 9:
        return None
    return min(int(text), _LONGEST_WAIT_SECONDS)
