import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from arus_dagster.catalog.repositories import settings
from arus_dagster.catalog.session import Catalog, advisory_lock


def test_what_is_raised_rolls_back(catalog):
    with pytest.raises(RuntimeError), catalog.session() as session:
        settings.update(session, {"max_retries": "9"})
        raise RuntimeError

    with catalog.session() as session:
        assert settings.load(session).max_retries == 3


def test_errors_hold_no_parameters(catalog):
    with pytest.raises(DBAPIError) as caught, catalog.session() as session:
        session.execute(
            text("INSERT INTO arus_config.settings (key, value) VALUES (:key, :value)"),
            {"key": "k" * 101, "value": "p@ssw0rd"},
        )

    assert "p@ssw0rd" not in str(caught.value)


def test_a_connection_that_the_server_closed_is_replaced(catalog, catalog_db):
    with catalog.session() as session:
        session.execute(text("SELECT 1"))

    catalog_db.close_connections()

    with catalog.session() as session:
        assert session.scalar(text("SELECT 1")) == 1


def test_connections_say_who_they_are_and_speak_utc(catalog):
    with catalog.session() as session:
        assert session.scalar(text("SHOW application_name")) == "arus tests"
        assert session.scalar(text("SHOW timezone")) == "UTC"


def test_a_named_lock_is_held_until_the_transaction_ends(catalog: Catalog):
    waits = text("SELECT pg_try_advisory_xact_lock(hashtextextended('arus:a', 0))")
    with catalog.session() as first:
        advisory_lock(first, "a")
        with catalog.session() as second:
            assert second.scalar(waits) is False
    with catalog.session() as third:
        assert third.scalar(waits) is True
