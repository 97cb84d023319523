"""Discord, by a channel's webhook."""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field

from arus_dagster.notify.config import ChannelConfig, SecretUrl
from arus_dagster.notify.message import Message, cut
from arus_dagster.notify.web import post_json, require_success

_COLORS = {"good": 0x2EB67D, "warning": 0xECB22E, "bad": 0xE01E5A}
_LONGEST_TITLE = 256
_LONGEST_TEXT = 2000
_LONGEST_VALUE = 500
_MOST_FIELDS = 25


class DiscordConfig(ChannelConfig):
    """A channel's webhook."""

    webhook_url: SecretUrl = Field(description="The channel webhook's address, a secret.")


def destination(config: DiscordConfig) -> str:
    return "channel webhook"


def body_of(message: Message) -> dict[str, Any]:
    """The message as an embed; nobody is mentioned, whatever a name or an error holds."""
    embed: dict[str, Any] = {
        "title": cut(message.title, _LONGEST_TITLE),
        "color": _COLORS[message.severity],
        "timestamp": message.occurred_at,
    }
    if message.text:
        embed["description"] = cut(message.text, _LONGEST_TEXT)
    if message.link:
        embed["url"] = message.link
    if message.fields:
        embed["fields"] = [
            {"name": label, "value": cut(value, _LONGEST_VALUE) or "-", "inline": True}
            for label, value in message.fields[:_MOST_FIELDS]
        ]
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def send(config: DiscordConfig, message: Message, *, allow_local: bool) -> None:
    """Raises DeliveryFailedError or DeliveryRefusedError."""
    url = config.webhook_url.get_secret_value()
    answer = post_json(url, json.dumps(body_of(message)).encode(), allow_local=allow_local)
    require_success(answer, url)
