import pytest

from arus_dagster.catalog.repositories import destinations
from arus_dagster.errors import ConflictError, InvalidInputError
from tests.integration.catalog.conftest import make_destination, make_pipeline, make_source


def test_a_new_default_takes_the_place_of_the_old(session):
    first = make_destination(session, "First")
    second = make_destination(session, "Second")

    session.refresh(first)
    assert (first.is_default, second.is_default) == (False, True)
    assert destinations.get_default(session) is second

    destinations.update(session, first, {"is_default": True})
    assert destinations.get_default(session) is first


def test_without_a_default_the_caller_is_told_what_to_do(session):
    destination = make_destination(session, is_default=False)

    with pytest.raises(ConflictError, match="is_default"):
        destinations.get_default(session)

    destinations.update(session, destination, {"is_default": True})
    destinations.update(session, destination, {"is_default": False})
    with pytest.raises(ConflictError, match="is_default"):
        destinations.get_default(session)


def test_a_name_is_taken_ignoring_case(session):
    make_destination(session, "Warehouse")

    with pytest.raises(ConflictError, match="WAREHOUSE"):
        make_destination(session, "WAREHOUSE")


def test_a_destination_in_use_stays_and_keeps_the_schema_of_its_state(session):
    destination = make_destination(session)
    make_pipeline(session, make_source(session), destination, name="Nightly")

    with pytest.raises(ConflictError, match="Nightly"):
        destinations.delete(session, destination)
    with pytest.raises(ConflictError, match="Nightly"):
        destinations.update(session, destination, {"raw_schema": "elsewhere"})

    assert destinations.update(session, destination, {"target_schema": "t"}).target_schema == "t"


@pytest.mark.parametrize("field", ["raw_schema", "target_schema"])
def test_a_schema_that_is_not_for_data_is_refused(session, field):
    destination = make_destination(session)

    with pytest.raises(InvalidInputError) as created:
        make_destination(session, "Other", **{field: "arus_config"})
    with pytest.raises(InvalidInputError) as updated:
        destinations.update(session, destination, {field: "pg_catalog"})

    assert created.value.field == updated.value.field == field


def test_a_failed_update_changes_nothing(session):
    make_destination(session, "Taken")
    destination = make_destination(session, "Mine")

    with pytest.raises(ConflictError):
        destinations.update(session, destination, {"name": "TAKEN", "host": "elsewhere"})

    session.refresh(destination)
    assert (destination.name, destination.host) == ("Mine", "warehouse.example.com")


@pytest.mark.parametrize("other", ["LOCALHOST", "::1", "[::1]", "127.0.0.1", "::ffff:127.0.0.1"])
def test_one_warehouse_under_two_names_has_no_table_of_two_pipelines(session, other):
    source = make_source(session)
    places = [
        make_destination(session, f"W {host}", host=host, port=5432)
        for host in ("localhost.", other)
    ]

    pipelines = [make_pipeline(session, source, place, place.name) for place in places]

    targets = [(t.target_schema, t.target_table) for p in pipelines for t in p.tables]
    assert len(set(targets)) == 2
    assert targets[0] == ("analytics", "users")


def test_names_that_only_the_server_can_tell_the_same_are_told_the_same(session):
    source = make_source(session)
    one = make_destination(session, "One", host="db")
    two = make_destination(session, "Two", host="db.internal")
    elsewhere = make_destination(session, "Elsewhere", host="copy")
    destinations.record_identity(session, one, "7/5")
    destinations.record_identity(session, two, "7/5")
    destinations.record_identity(session, elsewhere, "8/5")

    made = [make_pipeline(session, source, place, place.name) for place in (one, two, elsewhere)]

    tables = [p.tables[0].target_table for p in made]
    assert tables[0] == tables[2] == "users" != tables[1]


def test_a_warehouse_that_turns_out_to_be_anothers_is_refused_and_the_tables_named(session):
    source = make_source(session)
    one = make_destination(session, "One", host="db")
    two = make_destination(session, "Two", host="db.internal")
    for place in (one, two):
        make_pipeline(session, source, place, place.name)
    destinations.record_identity(session, one, "7/5")

    with pytest.raises(ConflictError, match=r"analytics\.users"):
        destinations.record_identity(session, two, "7/5")

    assert two.identity is None
    destinations.record_identity(session, two, "8/5")
    # Moved elsewhere, it has to be asked again.
    assert destinations.update(session, two, {"host": "third"}).identity is None
