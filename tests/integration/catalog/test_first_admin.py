import logging

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from arus_dagster.catalog import User
from arus_dagster.catalog.first_admin import ensure_admin
from arus_dagster.crypto import verify_password
from arus_dagster.errors import ConfigurationError


def test_an_empty_catalog_gets_the_configured_admin_once(session, catalog_settings):
    admin = ensure_admin(session, catalog_settings)

    assert (admin.email, admin.role, admin.is_active) == ("admin@example.com", "admin", True)
    assert verify_password("a long enough password", admin.password_hash)
    assert ensure_admin(session, catalog_settings) is None
    assert len(session.scalars(select(User)).all()) == 1


@pytest.mark.parametrize("password", ["", "admin123", "password", "changeme", "short"])
def test_a_reachable_installation_refuses_a_default_or_short_password(
    session, catalog_settings, password
):
    settings = catalog_settings.model_copy(update={"admin_password": SecretStr(password)})

    with pytest.raises(ConfigurationError, match="ARUS_ADMIN_PASSWORD"):
        ensure_admin(session, settings)

    assert session.scalars(select(User)).all() == []


def test_the_embedded_default_has_the_documented_admin_and_says_so(
    session, catalog_settings, caplog
):
    settings = catalog_settings.model_copy(
        update={
            "embedded": True,
            "admin_password": SecretStr(""),
            "admin_email": "admin@arus.io",
        }
    )

    with caplog.at_level(logging.WARNING):
        admin = ensure_admin(session, settings)

    assert verify_password("admin123", admin.password_hash)
    assert "DEFAULT password" in caplog.text and "admin@arus.io" in caplog.text
    assert "admin123" not in caplog.text
