import uuid

import pytest

from arus_dagster.catalog.repositories import definitions_version, pipelines, sources
from arus_dagster.catalog.repositories.sources import TableCounts
from arus_dagster.catalog.specs import connection_spec
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.dialects.base import TableRef
from arus_dagster.errors import ConflictError, NotFoundError
from tests.integration.catalog.conftest import (
    SHOP,
    make_destination,
    make_pipeline,
    make_source,
    shape,
)


def test_a_name_is_taken_ignoring_case(session):
    make_source(session, "Shop")

    with pytest.raises(ConflictError, match="shop"):
        make_source(session, "shop")


def test_a_slug_is_made_once_and_kept_through_renames(session):
    first = make_source(session, "Shop!")
    second = make_source(session, "shop")

    assert (first.slug, second.slug) == ("shop", "shop_2")
    assert sources.update(session, first, {"name": "Store"}).slug == "shop"


def test_a_password_is_stored_encrypted_and_read_back_exactly(session):
    source = make_source(session, secrets={"password": "p@s/:%#? é", "ssl_key": "KEY"})

    assert b"p@s" not in source.secrets
    spec = connection_spec(session, source)
    assert (spec.password, spec.ssl_key) == ("p@s/:%#? é", "KEY")
    assert "p@s" not in repr(spec) and "KEY" not in repr(spec)


def test_secrets_left_out_stay_and_those_set_to_none_go(session):
    source = make_source(session, secrets={"password": "old", "ssl_key": "KEY"})

    sources.update(session, source, {}, {"password": "new"})
    assert connection_spec(session, source).ssl_key == "KEY"
    assert connection_spec(session, source).password == "new"

    sources.update(session, source, {}, {"ssl_key": None})
    assert connection_spec(session, source).ssl_key is None


def test_a_changed_connection_must_be_tested_again(session):
    source = make_source(session)
    sources.record_test(session, source, None)
    assert source.status == "connected" and source.last_tested is not None

    sources.update(session, source, {"name": "Other", "host": "db.example.com"})
    assert source.status == "connected"

    sources.update(session, source, {"host": "other.example.com"})
    assert source.status == "registered"


def test_a_failed_test_keeps_its_reason(session):
    source = make_source(session)

    sources.record_test(session, source, "no such host")

    assert (source.status, source.last_error) == ("error", "no such host")


def test_a_source_in_use_can_not_be_deleted_and_its_users_are_named(session):
    source = make_source(session)
    pipeline = make_pipeline(session, source, make_destination(session), name="Nightly")

    with pytest.raises(ConflictError, match="Nightly"):
        sources.delete(session, source)
    with pytest.raises(ConflictError, match="Nightly"):
        sources.update(session, source, {"type": "mysql"})

    pipelines.delete(session, pipeline)
    sources.delete(session, source)
    with pytest.raises(NotFoundError):
        sources.get(session, source.id)


def test_discovered_tables_come_back_as_they_were(session):
    source = make_source(session)

    assert list(sources.discovered_tables(session, source)) == sorted(
        SHOP, key=lambda s: (s.table.schema, s.table.name)
    )


def test_a_discovery_replaces_the_one_before(session):
    source = make_source(session)

    sources.replace_tables(session, source, [shape("new", "updated_at")])

    found = sources.discovered_tables(session, source)
    assert [s.table for s in found] == [TableRef("public", "new")]


def test_patterns_decide_which_tables_are_known(session):
    source = make_source(session, table_include=("+o*",), table_exclude=("-archive.*",))
    found = sources.discovered_tables(session, source)
    assert [str(s.table) for s in found] == ["public.orders"]

    sources.update(session, source, {"table_include": [], "table_exclude": []})
    sources.replace_tables(session, source, SHOP)
    assert len(sources.discovered_tables(session, source)) == 3

    sources.update(session, source, {"table_exclude": ["-user?"], "schema_include": ["public"]})
    found = sources.discovered_tables(session, source)
    assert [str(s.table) for s in found] == ["public.orders"]


def test_all_discovered_tables_count_as_enabled_until_a_pipeline_reads_some(session):
    source, other = make_source(session), make_source(session, "Other")
    counts = sources.table_counts(session, [source.id, other.id])
    assert counts[source.id] == TableCounts(3, 3)
    assert sources.enabled_tables(session, source) is None

    warehouse = make_destination(session)
    off = TableChoice("orders", "public", {"enabled": False})
    make_pipeline(session, source, warehouse, "A", (TableChoice("users"), off))
    make_pipeline(session, source, warehouse, "B", (TableChoice("users"),))
    make_pipeline(session, other, warehouse, "C", ())

    counts = sources.table_counts(session, [source.id, other.id])
    assert counts == {source.id: TableCounts(3, 1), other.id: TableCounts(3, 0)}
    assert sources.enabled_tables(session, source) == {TableRef("public", "users")}
    assert sources.enabled_tables(session, other) == frozenset()


def test_only_what_definitions_are_made_of_counts_as_a_change_of_them(session):
    source = make_source(session)
    before = definitions_version.current(session)

    sources.update(session, source, {"host": "x", "table_include": ["a*"]}, {"password": "p"})
    assert definitions_version.current(session) == before

    sources.update(session, source, {"name": "Renamed"})
    assert definitions_version.current(session) == before + 1


def test_a_changed_column_of_a_synced_table_counts_as_a_change_of_definitions(session):
    source = make_source(session)
    make_pipeline(session, source, make_destination(session), tables=(TableChoice("users"),))
    before = definitions_version.current(session)

    unused = shape("orders", "another_at", schema="archive")
    sources.replace_tables(session, source, [*SHOP[:2], unused])
    assert definitions_version.current(session) == before

    sources.replace_tables(session, source, [SHOP[0], shape("users", "name", "email"), unused])
    assert definitions_version.current(session) == before + 1


def test_an_unknown_source_is_not_found(session):
    with pytest.raises(NotFoundError):
        sources.get(session, uuid.uuid4())
