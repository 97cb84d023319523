"""A webhook of one's own: the message as JSON, signed where a secret is set.

The signature is in ``X-Arus-Signature``: ``sha256=`` and the hexadecimal HMAC-SHA256, keyed with
the secret, of the bytes of ``X-Arus-Timestamp``, a full stop, and the body as sent. A receiver
computes the same and compares in constant time, and refuses timestamps (Unix seconds) that are
old. ``X-Arus-Delivery`` is the same whenever one event is tried again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import Field

from arus_dagster.notify.config import ChannelConfig, Secret, SecretUrl
from arus_dagster.notify.message import Message
from arus_dagster.notify.web import post_json, require_success


class WebhookConfig(ChannelConfig):
    """Where to post, and the key that signs."""

    reached_by: ClassVar[frozenset[str]] = frozenset({"url"})

    url: SecretUrl = Field(description="Where the event is posted; treated as a secret.")
    secret: Annotated[Secret, Field(min_length=1, max_length=500)] | None = Field(
        default=None, description="Signs the body (HMAC-SHA256, header `X-Arus-Signature`)."
    )


def destination(config: WebhookConfig) -> str:
    return urlsplit(config.url.get_secret_value()).hostname or ""


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """The value of ``X-Arus-Signature``.

    Args:
        timestamp: the value of ``X-Arus-Timestamp``, Unix seconds.
    """
    signed = timestamp.encode() + b"." + body
    return "sha256=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def send(config: WebhookConfig, message: Message, *, allow_local: bool) -> None:
    """Raises DeliveryFailedError or DeliveryRefusedError."""
    payload = {**message.as_payload(), "fields": dict(message.fields)}
    body = json.dumps(payload, ensure_ascii=False).encode()
    timestamp = str(int(time.time()))
    headers = {
        "X-Arus-Event": message.event,
        "X-Arus-Delivery": message.id,
        "X-Arus-Timestamp": timestamp,
    }
    if config.secret is not None:
        headers["X-Arus-Signature"] = signature(config.secret.get_secret_value(), timestamp, body)
    url = config.url.get_secret_value()
    require_success(post_json(url, body, allow_local=allow_local, headers=headers), url)
