"""Names of steps and assets: unique, readable, and read back."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from arus_dagster import names

ID = "3f2a9c1e-0000-4000-8000-000000000000"
PARTS = st.text(min_size=1, max_size=30)


def test_a_plain_table_gives_a_step_that_spells_it() -> None:
    step = names.step_name(ID, "public", "order_items")

    assert step == "public__order_items"
    assert names.table_of_step(step) == "public.order_items"


def test_tables_whose_names_could_be_confused_have_steps_of_their_own() -> None:
    first = names.step_name("11111111-0000", "a__b", "c")
    second = names.step_name("22222222-0000", "a", "b__c")

    assert first != second
    assert names.table_of_step(first) is None
    assert names.table_mark(first) == names.table_mark("11111111-0000")


@given(PARTS, PARTS)
def test_any_table_has_a_step_that_dagster_accepts(schema: str, table: str) -> None:
    step = names.step_name(ID, schema, table)

    assert re.fullmatch(r"[A-Za-z0-9_]+", step)
    told = names.table_of_step(step)
    assert told == f"{schema}.{table}" if told else names.table_mark(step) == ID[:8]


@given(st.tuples(PARTS, PARTS), st.tuples(PARTS, PARTS))
def test_two_tables_never_share_an_asset_key(one: tuple[str, str], other: tuple[str, str]) -> None:
    ids = [names.asset_id(names.target_path("wh", *table)) for table in (one, other)]

    assert (ids[0] == ids[1]) == (one == other)


def test_a_slash_in_a_name_does_not_split_its_key() -> None:
    assert names.source_path("shop", "a/b", "50%") == ("source", "shop", "a%2Fb", "50%25")
