import pytest
from hypothesis import given
from hypothesis import strategies as st

from arus_dagster.catalog.warehouse_names import WarehouseNames, check_schema
from arus_dagster.errors import InvalidInputError


def test_a_name_that_fits_and_is_free_stays():
    assert WarehouseNames().give("analytics", 'x"y é', "p/s/t") == 'x"y é'


def test_a_taken_name_gets_a_hash_that_is_the_same_every_time():
    def second() -> str:
        return WarehouseNames({("analytics", "orders")}).give("analytics", "orders", "p2/s/orders")

    assert second() == second()
    assert second().startswith("orders_")
    assert second() != WarehouseNames({("analytics", "orders")}).give(
        "analytics", "orders", "p3/s/orders"
    )


def test_the_same_name_is_free_in_another_schema():
    assert WarehouseNames({("a", "orders")}).give("b", "orders", "p/s/orders") == "orders"


def test_names_are_measured_in_bytes_and_cut_between_characters():
    fits, exceeds = "é" * 31, "é" * 32

    assert WarehouseNames().give("a", fits, "i") == fits
    short = WarehouseNames().give("a", exceeds, "i")
    assert short.startswith("é" * 20) and len(short.encode()) <= 63


def test_a_suffix_stays_whole():
    names = WarehouseNames()

    given = names.give("staging", "shop_" + "t" * 80, "i", suffix="_raw")

    assert given.endswith("_raw") and len(given.encode()) <= 63
    assert names.give("staging", "shop_t", "i", suffix="_raw") == "shop_t_raw"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text("xé😀", min_size=1, max_size=90))))
def test_no_two_tables_share_a_name(tables):
    names = WarehouseNames()

    given = [(schema, names.give(schema, name, f"{i}")) for i, (schema, name) in enumerate(tables)]

    assert len(set(given)) == len(given)
    assert all(0 < len(name.encode()) <= 63 for _, name in given)


@pytest.mark.parametrize(
    "schema", ["", "a" * 64, "é" * 32, "pg_catalog", "information_schema", "arus_config", "a\0b"]
)
def test_schemas_that_are_not_for_data_are_refused(schema):
    with pytest.raises(InvalidInputError) as caught:
        check_schema(schema, "target_schema")

    assert caught.value.field == "target_schema"


def test_schemas_for_data_are_accepted():
    for schema in ("analytics", "my-s", 'x"y', "é" * 31):
        check_schema(schema, "target_schema")
