import pytest
from sqlalchemy import event

from arus_dagster.catalog.repositories import (
    definitions_version,
    destinations,
    pipelines,
    sources,
)
from arus_dagster.catalog.repositories.pipeline_tables import UnknownTablesError
from arus_dagster.catalog.table_choice import TableChoice
from arus_dagster.errors import ConflictError, InvalidInputError, NotFoundError
from tests.integration.catalog.conftest import (
    make_destination,
    make_pipeline,
    make_source,
    shape,
)

ORDERS = TableChoice("orders", "public")
USERS = TableChoice("users")


@pytest.fixture
def source(session):
    return make_source(session)


@pytest.fixture
def warehouse(session):
    return make_destination(session)


def test_modes_left_out_are_detected(session, source, warehouse):
    pipeline = make_pipeline(session, source, warehouse, tables=(ORDERS, USERS))

    orders, users = pipeline.tables
    assert (orders.sync_mode, orders.watermark_column) == ("incremental", "updated_at")
    assert orders.soft_delete_column == "deleted_at"
    assert (users.sync_mode, users.watermark_column) == ("full_refresh", None)
    assert (orders.load_mode, orders.enabled) == ("direct", True)


def test_what_is_given_stands(session, source, warehouse):
    given = {"sync_mode": "full_refresh", "load_mode": "raw", "soft_delete_column": None}
    pipeline = make_pipeline(
        session,
        source,
        warehouse,
        tables=(TableChoice("orders", "public", given), TableChoice("users", None, {})),
        load_mode="raw",
    )

    orders, users = pipeline.tables
    assert (orders.sync_mode, orders.watermark_column) == ("full_refresh", None)
    assert orders.soft_delete_column is None
    assert users.load_mode == "raw"


def test_a_watermark_alone_makes_a_table_incremental(session, source, warehouse):
    choice = TableChoice("users", None, {"watermark_column": "id"})

    (users,) = make_pipeline(session, source, warehouse, tables=(choice,)).tables

    assert (users.sync_mode, users.watermark_column) == ("incremental", "id")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"sync_mode": "incremental"}, "tables.1.watermark_column"),
        ({"watermark_column": "nowhere"}, "tables.1.watermark_column"),
        ({"soft_delete_column": "nowhere"}, "tables.1.soft_delete_column"),
        ({"soft_delete_column": "total"}, "tables.1.soft_delete_column"),
        ({"primary_key": ["id", "nowhere"]}, "tables.1.primary_key"),
    ],
)
def test_a_choice_that_the_columns_contradict_names_its_field(
    session, source, warehouse, values, field
):
    with pytest.raises(InvalidInputError) as caught:
        make_pipeline(
            session, source, warehouse, tables=(ORDERS, TableChoice("users", None, values))
        )

    assert caught.value.field == field


def test_unknown_tables_are_all_named(session, source, warehouse):
    with pytest.raises(UnknownTablesError, match=r"nope, other\.users") as caught:
        make_pipeline(
            session,
            source,
            warehouse,
            tables=(TableChoice("nope"), USERS, TableChoice("users", "other")),
        )

    assert caught.value.names == ("nope", "other.users")


def test_a_name_in_several_schemas_needs_the_schema(session, source, warehouse):
    with pytest.raises(InvalidInputError, match="archive, public") as caught:
        make_pipeline(session, source, warehouse, tables=(TableChoice("orders"),))

    assert caught.value.field == "tables.0.schema"


def test_a_table_listed_twice_is_refused(session, source, warehouse):
    with pytest.raises(InvalidInputError, match="twice"):
        make_pipeline(session, source, warehouse, tables=(USERS, TableChoice("users", "public")))


def test_targets_keep_the_sources_names_unless_they_clash(session, source, warehouse):
    archive = TableChoice("orders", "archive")
    first = make_pipeline(session, source, warehouse, "First", (ORDERS, archive))
    second = make_pipeline(session, source, warehouse, "Second", (ORDERS,))

    (plain, hashed), (again,) = first.tables, second.tables
    assert (plain.target_schema, plain.target_table) == ("analytics", "orders")
    assert (plain.raw_schema, plain.raw_table) == ("staging", "shop_orders_raw")
    assert hashed.target_table.startswith("orders_") and hashed.raw_table.endswith("_raw")
    names = {t.target_table for t in (plain, hashed, again)}
    assert len(names) == 3


def test_a_warehouse_reached_by_two_destinations_is_one_place(session, source, warehouse):
    alias = make_destination(session, "Alias", is_default=False, host="Warehouse.example.com")

    make_pipeline(session, source, warehouse, "First", (USERS,))
    (second,) = make_pipeline(session, source, alias, "Second", (USERS,)).tables

    assert second.target_table.startswith("users_")


def test_a_destination_is_not_moved_onto_anothers_tables(session, source, warehouse):
    elsewhere = make_destination(session, "Other", is_default=False, host="other.example.com")
    make_pipeline(session, source, warehouse, "First", (USERS,))
    second = make_pipeline(session, source, elsewhere, "Second", (USERS,))

    with pytest.raises(ConflictError, match=r"analytics\.users"), session.begin_nested():
        destinations.update(session, elsewhere, {"host": warehouse.host})
    destinations.update(session, elsewhere, {"host": "moved.example.com"})

    pipelines.delete(session, pipelines.get(session, second.id))
    destinations.update(session, elsewhere, {"host": warehouse.host})


def test_the_engines_own_tables_are_never_a_target(session, source):
    warehouse = make_destination(session, raw_schema="one", target_schema="one")
    sources.replace_tables(session, source, [shape("_arus_state"), shape("_dead_letters")])

    pipeline = make_pipeline(
        session,
        source,
        warehouse,
        tables=(TableChoice("_arus_state"), TableChoice("_dead_letters")),
    )

    assert {t.target_table for t in pipeline.tables}.isdisjoint({"_arus_state", "_dead_letters"})


def test_replaced_tables_keep_their_id_and_settings(session, source, warehouse):
    given = TableChoice("orders", "public", {"sync_mode": "full_refresh", "row_filter": "id > 1"})
    pipeline = make_pipeline(session, source, warehouse, tables=(given, USERS))
    orders_id = pipeline.tables[0].id

    pipeline = pipelines.update(
        session, pipeline, {}, [TableChoice("orders", "archive"), TableChoice("orders", "public")]
    )

    archive, orders = pipeline.tables
    assert (archive.schema, orders.schema) == ("archive", "public")
    assert orders.id == orders_id
    assert (orders.sync_mode, orders.row_filter) == ("full_refresh", "id > 1")
    assert orders.target_table == "orders"


def test_a_table_left_out_frees_its_name(session, source, warehouse):
    pipeline = make_pipeline(session, source, warehouse, tables=(USERS,))
    pipelines.update(session, pipeline, {}, [])

    (users,) = make_pipeline(session, source, warehouse, "Other", (USERS,)).tables

    assert users.target_table == "users"


def test_a_table_gone_from_the_source_can_still_be_switched_off(session, source, warehouse):
    pipeline = make_pipeline(session, source, warehouse, tables=(ORDERS,))
    sources.replace_tables(session, source, [])

    pipeline = pipelines.update(
        session, pipeline, {}, [TableChoice("orders", None, {"enabled": False})]
    )

    assert [t.enabled for t in pipeline.tables] == [False]


def test_a_new_target_schema_or_destination_moves_the_targets(session, source, warehouse):
    pipeline = make_pipeline(session, source, warehouse, tables=(USERS,))
    first_id = pipeline.tables[0].id

    pipeline = pipelines.update(session, pipeline, {"target_schema": "marts"})
    (users,) = pipeline.tables
    assert users.target_schema == "marts"
    assert users.id != first_id, "the former target's state says nothing about the new one"

    other = make_destination(session, "Other", is_default=False, raw_schema="raw", host="else")
    pipeline = pipelines.update(session, pipeline, {"destination_id": other.id})
    (users,) = pipeline.tables
    assert (pipeline.destination.name, users.destination_id) == ("Other", other.id)
    assert (users.raw_schema, users.target_table) == ("raw", "users")


def test_a_new_load_mode_is_taken_by_the_tables_that_followed_the_old(session, source, warehouse):
    raw = TableChoice("orders", "public", {"load_mode": "raw"})
    pipeline = make_pipeline(session, source, warehouse, tables=(raw, USERS))

    pipeline = pipelines.update(session, pipeline, {"load_mode": "raw"})
    assert [t.load_mode for t in pipeline.tables] == ["raw", "raw"]


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"schedule": "sometimes"}, "schedule"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"target_schema": "pg_catalog"}, "target_schema"),
    ],
)
def test_values_no_schedule_or_table_can_follow_are_refused(
    session, source, warehouse, values, field
):
    with pytest.raises(InvalidInputError) as created:
        make_pipeline(session, source, warehouse, **values)
    pipeline = make_pipeline(session, source, warehouse, "Fine")
    with pytest.raises(InvalidInputError) as updated:
        pipelines.update(session, pipeline, values)

    assert created.value.field == updated.value.field == field


def test_dependencies_never_close_a_cycle(session, source, warehouse):
    first = make_pipeline(session, source, warehouse, "First", ())
    second = make_pipeline(session, source, warehouse, "Second", (), depends_on=first.id)
    third = make_pipeline(session, source, warehouse, "Third", (), depends_on=second.id)

    for upstream in (first.id, second.id, third.id):
        with pytest.raises(InvalidInputError, match="cycle") as caught:
            pipelines.update(session, first, {"depends_on": upstream})
        assert caught.value.field == "depends_on"
    with pytest.raises(InvalidInputError, match="no pipeline"):
        pipelines.update(session, first, {"depends_on": source.id})

    pipelines.update(session, third, {"depends_on": None})
    assert pipelines.update(session, first, {"depends_on": third.id}).depends_on == third.id


def test_a_pipeline_others_wait_for_is_not_deleted(session, source, warehouse):
    first = make_pipeline(session, source, warehouse, "First", ())
    second = make_pipeline(session, source, warehouse, "Second", (), depends_on=first.id)

    with pytest.raises(ConflictError, match="Second"):
        pipelines.delete(session, first)

    pipelines.delete(session, second)
    pipelines.delete(session, pipelines.get(session, first.id))
    with pytest.raises(NotFoundError):
        pipelines.get(session, first.id)


def test_names_are_unique_ignoring_case_and_slugs_stay(session, source, warehouse):
    first = make_pipeline(session, source, warehouse, "Orders", ())
    second = make_pipeline(session, source, warehouse, "orders!", ())

    with pytest.raises(ConflictError, match="ORDERS"):
        make_pipeline(session, source, warehouse, "ORDERS", ())
    with pytest.raises(ConflictError, match="ORDERS!"):
        pipelines.update(session, first, {"name": "ORDERS!"})
    assert (first.slug, second.slug) == ("orders", "orders_2")
    assert pipelines.update(session, first, {"name": "Sales"}).slug == "orders"


def test_the_slug_of_a_deleted_pipeline_is_given_to_no_other(session, source, warehouse):
    first = make_pipeline(session, source, warehouse, "Orders", ())
    pipelines.delete(session, first)

    assert make_pipeline(session, source, warehouse, "Orders", ()).slug == "orders_2"


def test_definitions_change_only_by_what_they_are_made_of(session, source, warehouse):
    def changes(action) -> int:
        before = definitions_version.current(session)
        action()
        return definitions_version.current(session) - before

    pipeline = make_pipeline(session, source, warehouse, tables=(ORDERS,))

    def update(values=None, tables=None):
        return lambda: pipelines.update(
            session, pipelines.get(session, pipeline.id), values or {}, tables
        )

    assert changes(update()) == 0
    assert changes(update({"max_retries": 1, "initial_backoff": 1})) == 0
    assert changes(update({"name": pipeline.name})) == 0
    assert changes(update(tables=[ORDERS])) == 0
    assert changes(update(tables=[TableChoice("orders", "public", {"row_filter": "true"})])) == 0
    assert changes(update({"schedule": "@daily"})) == 1
    assert changes(update(tables=[TableChoice("orders", "public", {"enabled": False})])) == 1
    assert changes(update(tables=[])) == 1


def test_a_list_takes_the_same_number_of_queries_whatever_its_length(catalog):
    def queries() -> int:
        count = 0

        def counted(*_: object) -> None:
            nonlocal count
            count += 1

        with catalog.session() as session:
            event.listen(catalog.engine, "before_cursor_execute", counted)
            try:
                for pipeline in pipelines.page(session, limit=50, offset=0).items:
                    assert pipeline.source.name and pipeline.destination.name
                    assert len(pipeline.tables) == 1
            finally:
                event.remove(catalog.engine, "before_cursor_execute", counted)
        return count

    with catalog.session() as session:
        source, warehouse = make_source(session), make_destination(session)
        make_pipeline(session, source, warehouse, "P")
    one = queries()
    with catalog.session() as session:
        source = sources.get(session, source.id)
        warehouse = session.merge(warehouse)
        for n in range(10):
            make_pipeline(session, source, warehouse, f"P{n}")

    assert queries() == one


def test_thousands_of_tables_are_found_chosen_and_left_out_in_few_statements(
    session, source, warehouse, count_statements
):
    shapes = [shape(f"table_{number:04}", "updated_at") for number in range(2_000)]
    with count_statements(session) as counted:
        sources.replace_tables(session, source, shapes)
        found = sources.discovered_tables(session, source)
        choices = [TableChoice(s.table.name) for s in found]
        pipeline = make_pipeline(session, source, warehouse, tables=tuple(choices))
        counts = sources.table_counts(session, [source.id])[source.id]
        assert (counts.discovered, counts.enabled) == (2_000, 2_000)
        pipeline = pipelines.update(session, pipeline, {}, choices[:10])
    assert len(pipeline.tables) == 10
    assert {t.watermark_column for t in pipeline.tables} == {"updated_at"}
    # Rows go in by the hundreds; nothing asks once a table.
    assert counted.number < 100
