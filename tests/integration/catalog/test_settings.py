import pytest

from arus_dagster.catalog.repositories import definitions_version, settings
from arus_dagster.errors import InvalidInputError


def test_stored_settings_stand_over_defaults(session):
    in_force = settings.update(session, {"max_retries": "9", "timezone": "Europe/Paris"})

    assert (in_force.max_retries, in_force.timezone) == (9, "Europe/Paris")
    assert settings.load(session) == in_force
    assert settings.update(session, {"max_retries": "1"}).timezone == "Europe/Paris"


def test_one_bad_value_leaves_all_as_they_were(session):
    with pytest.raises(InvalidInputError):
        settings.update(session, {"max_retries": "9", "timeout_seconds": "soon"})

    assert settings.load(session).max_retries == 3


def test_definitions_change_with_the_settings_they_are_made_of(session):
    before = definitions_version.current(session)

    settings.update(session, {"max_retries": "9", "timezone": "UTC"})
    assert definitions_version.current(session) == before

    settings.update(session, {"timeout_seconds": "60"})
    assert definitions_version.current(session) == before + 1


def test_versions_are_committed_in_order(catalog):
    with catalog.session() as session:
        first = definitions_version.bump(session)
    with catalog.session() as session:
        assert definitions_version.bump(session) == first + 1
        with catalog.session() as reader:
            assert definitions_version.current(reader) == first
