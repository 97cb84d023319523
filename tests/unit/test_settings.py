"""What a process refuses to start on."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import ValidationError

from arus_dagster.cli.home import new_secrets
from arus_dagster.settings import PLACEHOLDERS, Settings

GOOD: dict[str, Any] = {
    "jwt_secret": "0123456789abcdef0123456789abcdef",
    "encryption_key": Fernet.generate_key().decode(),
    "db_password": "of my own",
}


@pytest.mark.parametrize("embedded", [False, True])
@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"jwt_secret": ""}, "ARUS_JWT_SECRET"),
        ({"jwt_secret": "canary-too-short"}, "ARUS_JWT_SECRET"),
        ({"jwt_secret": "x" * 64}, "ARUS_JWT_SECRET"),
        ({"encryption_key": ""}, "ARUS_ENCRYPTION_KEY"),
        *(({"db_password": word.upper()}, "ARUS_DB_PASSWORD") for word in sorted(PLACEHOLDERS)),
    ],
)
def test_a_missing_short_or_default_secret_is_refused_and_not_repeated(
    change: dict[str, str], named: str, embedded: bool
) -> None:
    with pytest.raises(ValidationError, match=named) as refused:
        Settings(**GOOD | change, embedded=embedded)
    assert "canary" not in str(refused.value)


def test_generated_secrets_are_accepted() -> None:
    made = {name.removeprefix("ARUS_").lower(): value for name, value in new_secrets().items()}
    Settings(**made)
    Settings(**GOOD)


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.5", "::"])
def test_the_embedded_default_with_its_known_password_is_for_loopback_alone(host: str) -> None:
    with pytest.raises(ValidationError, match="loopback"):
        Settings(**GOOD, embedded=True, api_host=host)
    Settings(**GOOD, embedded=True)


@pytest.mark.parametrize(
    ("change", "links"),
    [
        ({}, "http://127.0.0.1:8081"),
        ({"api_host": "::1", "api_port": 9}, "http://[::1]:9"),
        ({"public_url": "https://arus.example.com/"}, "https://arus.example.com"),
    ],
)
def test_links_lead_to_where_people_find_the_console(change: dict[str, Any], links: str) -> None:
    assert Settings(**GOOD | change).console_links == links


@pytest.mark.parametrize("url", ["arus.example.com", "javascript:alert(1)", "https://a b"])
def test_links_lead_to_web_addresses_alone(url: str) -> None:
    with pytest.raises(ValidationError, match="ARUS_PUBLIC_URL"):
        Settings(**GOOD, public_url=url)


def test_no_secret_shows_in_a_settings_text() -> None:
    shown = repr(Settings(**GOOD)) + str(Settings(**GOOD).database_url)
    for secret in GOOD.values():
        assert secret not in shown
