"""Which configurations of a channel are acceptable, and what is shown of them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from arus_dagster.notify.channels import CHANNELS
from arus_dagster.notify.failures import MASK, without_secrets

GOOD: dict[str, dict[str, Any]] = {
    "telegram": {"bot_token": "123456:ABC-DEF", "chat_id": "-123456789"},
    "slack": {"webhook_url": "https://hooks.slack.com/services/T0/B0/abc"},
    "discord": {"webhook_url": "https://discord.com/api/webhooks/1/abc"},
    "webhook": {"url": "https://example.com/in", "secret": "signing key"},
    "email": {
        "smtp_host": "smtp.example.com",
        "smtp_username": "arus",
        "smtp_password": "hunter2!",
        "from_address": "arus@example.com",
        "to_addresses": ["team@example.com"],
    },
}
SECRETS = {
    "telegram": {"bot_token"},
    "slack": {"webhook_url"},
    "discord": {"webhook_url"},
    "webhook": {"url", "secret"},
    "email": {"smtp_password"},
}


@pytest.mark.parametrize("kind", CHANNELS)
def test_secrets_are_masked_and_stored_whole(kind: str) -> None:
    config = CHANNELS[kind].config.model_validate(GOOD[kind])
    masked = config.masked()
    assert {name for name, value in masked.items() if value == MASK} == SECRETS[kind]
    assert GOOD[kind].items() <= config.plain().items()
    assert type(config).model_validate(config.plain()) == config
    for secret in SECRETS[kind]:
        assert GOOD[kind][secret] not in repr(config)
        assert GOOD[kind][secret] in config.secrets()
    assert CHANNELS[kind].destination(config)


@pytest.mark.parametrize(
    ("kind", "change", "field"),
    [
        ("telegram", {"bot_token": None}, "bot_token"),
        ("telegram", {"bot_token": "../../x"}, "bot_token"),
        ("telegram", {"chat_id": "team"}, "chat_id"),
        ("telegram", {"api_base": "ftp://example.com"}, "api_base"),
        ("slack", {"webhook_url": "not a url"}, "webhook_url"),
        ("slack", {"webhook_url": "https://user:pw@example.com/"}, "webhook_url"),
        ("discord", {"webhook_url": "file:///etc/passwd"}, "webhook_url"),
        ("webhook", {"url": "https://example.com/" + "x" * 2000}, "url"),
        ("webhook", {"colour": "red"}, "colour"),
        ("email", {"smtp_host": "smtp.example.com\r\nX"}, "smtp_host"),
        ("email", {"smtp_port": 70000}, "smtp_port"),
        ("email", {"smtp_security": "tls"}, "smtp_security"),
        ("email", {"to_addresses": []}, "to_addresses"),
        ("email", {"to_addresses": ["a@b.c\nBcc: d@e.f"]}, "to_addresses"),
        ("email", {"from_address": "arus"}, "from_address"),
        ("email", {"from_address": ":::"}, "from_address"),
        ("email", {"to_addresses": ["a\u00e9@[))\t"]}, "to_addresses"),
        ("email", {"smtp_username": None}, None),
        ("email", {"smtp_security": "none"}, None),
    ],
)
def test_a_field_that_is_not_acceptable_is_named_and_not_repeated(
    kind: str, change: dict[str, Any], field: str | None
) -> None:
    values = {k: v for k, v in {**GOOD[kind], **change}.items() if v is not None}
    with pytest.raises(ValidationError) as caught:
        CHANNELS[kind].config.model_validate(values)
    assert caught.value.errors()[0]["loc"][:1] == ((field,) if field else ())
    for value in change.values():
        assert value is None or len(str(value)) < 6 or str(value) not in str(caught.value)


def test_a_mask_or_a_missing_field_keeps_what_is_stored_and_null_forgets_it() -> None:
    webhook = CHANNELS["webhook"].config
    stored = webhook.model_validate(GOOD["webhook"]).plain()
    assert webhook.changed(stored, {}).plain() == stored
    assert webhook.changed(stored, {"url": MASK, "secret": MASK}).plain() == stored
    assert webhook.changed(stored, {"secret": "another"}).plain()["secret"] == "another"
    assert "secret" not in webhook.changed(stored, {"secret": None}).plain()
    with pytest.raises(ValidationError):
        webhook.changed(stored, {"url": None})


def test_a_mask_is_no_secret() -> None:
    with pytest.raises(ValidationError):
        CHANNELS["slack"].config.changed({}, {"webhook_url": MASK})


def test_secrets_are_taken_out_of_a_text_the_longest_first() -> None:
    assert without_secrets("key-1 and key-12345", ["key-1", "key-12345"]) == f"{MASK} and {MASK}"
    assert without_secrets("abc", ["a", ""]) == "abc"
    assert len(without_secrets("x" * 5000, [])) == 500
