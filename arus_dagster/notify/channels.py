"""The channels by the name of their type.

A new channel is a module with a configuration, ``send`` and ``destination``, and one line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from arus_dagster.notify import discord, email, slack, telegram, webhook
from arus_dagster.notify.config import ChannelConfig
from arus_dagster.notify.message import Message

ChannelType = Literal["telegram", "slack", "discord", "webhook", "email"]


class Send(Protocol):
    """Sends a message; raises DeliveryFailedError or DeliveryRefusedError."""

    def __call__(self, config: Any, message: Message, *, allow_local: bool) -> None: ...


class Destination(Protocol):
    """Where messages go, without secrets, for a person to recognise."""

    def __call__(self, config: Any) -> str: ...


@dataclass(frozen=True, slots=True)
class Channel:
    """A kind of target."""

    config: type[ChannelConfig]
    send: Send
    destination: Destination


CHANNELS: Mapping[str, Channel] = {
    "telegram": Channel(telegram.TelegramConfig, telegram.send, telegram.destination),
    "slack": Channel(slack.SlackConfig, slack.send, slack.destination),
    "discord": Channel(discord.DiscordConfig, discord.send, discord.destination),
    "webhook": Channel(webhook.WebhookConfig, webhook.send, webhook.destination),
    "email": Channel(email.EmailConfig, email.send, email.destination),
}
