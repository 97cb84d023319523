"""Slack, by an incoming webhook."""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field

from arus_dagster.notify.config import ChannelConfig, SecretUrl
from arus_dagster.notify.message import Message, cut
from arus_dagster.notify.web import post_json, require_success

_COLORS = {"good": "#2eb67d", "warning": "#ecb22e", "bad": "#e01e5a"}
_LONGEST_HEADER = 150
_LONGEST_SECTION = 3000
_MOST_FIELDS = 10


class SlackConfig(ChannelConfig):
    """An incoming webhook's address."""

    webhook_url: SecretUrl = Field(description="The incoming webhook's address, a secret.")


def destination(config: SlackConfig) -> str:
    return "incoming webhook"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def body_of(message: Message) -> dict[str, Any]:
    """The message in Slack's blocks; ``text`` is what notifications on a phone show."""
    title = {"type": "plain_text", "text": cut(message.title, _LONGEST_HEADER)}
    blocks: list[dict[str, Any]] = [{"type": "header", "text": title}]
    if message.text:
        text = cut(_escaped(message.text), _LONGEST_SECTION)
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text}})
    if message.fields:
        fields = [
            {"type": "mrkdwn", "text": f"*{_escaped(label)}*\n{_escaped(cut(value, 500))}"}
            for label, value in message.fields[:_MOST_FIELDS]
        ]
        blocks.append({"type": "section", "fields": fields})
    if message.link:
        link = {"type": "mrkdwn", "text": f"<{_escaped(message.link)}|Open in Dagster>"}
        blocks.append({"type": "context", "elements": [link]})
    return {
        "text": _escaped(message.title),
        "attachments": [{"color": _COLORS[message.severity], "blocks": blocks}],
    }


def send(config: SlackConfig, message: Message, *, allow_local: bool) -> None:
    """Raises DeliveryFailedError or DeliveryRefusedError."""
    url = config.webhook_url.get_secret_value()
    answer = post_json(url, json.dumps(body_of(message)).encode(), allow_local=allow_local)
    require_success(answer, url)
