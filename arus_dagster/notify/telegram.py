"""Telegram, by a bot's ``sendMessage``."""

from __future__ import annotations

import json
import re
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, StringConstraints

from arus_dagster.notify.config import ChannelConfig, Url
from arus_dagster.notify.failures import DeliveryFailedError
from arus_dagster.notify.message import Message, cut
from arus_dagster.notify.web import post_json, require_success

_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,200}")
_LONGEST = 4096  # Telegram's limit of a message, in UTF-16 units
_LONGEST_WAIT_SECONDS = 3600


def _token(secret: SecretStr) -> SecretStr:
    if not _TOKEN.fullmatch(secret.get_secret_value()):
        raise ValueError("must look like 123456:ABC-DEF, as BotFather gives it")
    return secret


def _chat(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


class TelegramConfig(ChannelConfig):
    """Where a bot writes to."""

    reached_by: ClassVar[frozenset[str]] = frozenset({"api_base"})

    bot_token: Annotated[SecretStr, AfterValidator(_token)] = Field(
        description="As BotFather gives it.", json_schema_extra={"pattern": f"^{_TOKEN.pattern}$"}
    )
    chat_id: Annotated[
        str,
        BeforeValidator(_chat, json_schema_input_type=str | int),
        StringConstraints(pattern=r"^(-?[0-9]{1,20}|@[A-Za-z0-9_]{3,64})$"),
    ] = Field(description="A chat's number, or `@channel`.")
    api_base: Url = Field(
        default="https://api.telegram.org",
        description="The Bot API server; a local one has its own address.",
    )


def destination(config: TelegramConfig) -> str:
    return f"chat {config.chat_id}"


def send(config: TelegramConfig, message: Message, *, allow_local: bool) -> None:
    """Raises DeliveryFailedError or DeliveryRefusedError."""
    url = f"{config.api_base.rstrip('/')}/bot{config.bot_token.get_secret_value()}/sendMessage"
    text = message.plain()
    while len(text.encode("utf-16-le")) > 2 * _LONGEST:
        text = cut(text, len(text) - 64)
    body = {"chat_id": config.chat_id, "text": text, "disable_web_page_preview": True}
    answer = post_json(url, json.dumps(body).encode(), allow_local=allow_local)
    told = answer.json()
    wait = told.get("parameters", {})
    if answer.status == 429 and isinstance(wait, dict) and isinstance(wait.get("retry_after"), int):
        seconds = min(max(wait["retry_after"], 0), _LONGEST_WAIT_SECONDS)
        raise DeliveryFailedError("Telegram asks to wait", seconds)
    reason = told.get("description")
    require_success(answer, url, reason if isinstance(reason, str) else None)
