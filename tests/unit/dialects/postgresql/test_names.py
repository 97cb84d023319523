from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arus_dagster.dialects.base import TableRef
from arus_dagster.dialects.postgresql.names import (
    MAX_IDENTIFIER_BYTES,
    RESERVED_COLUMNS,
    identifier,
    literal,
    qualified,
    target_columns,
    target_name,
)


def test_quotes_inside_names_and_texts_are_doubled() -> None:
    assert identifier('x"y') == '"x""y"'
    assert literal("it's \\ fine") == "'it''s \\ fine'"
    assert qualified(TableRef("a.b", "c")) == '"a.b"."c"'


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_a_name_that_no_identifier_can_be_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        identifier(name)


def test_a_text_with_a_zero_character_is_refused() -> None:
    with pytest.raises(ValueError, match="zero character"):
        literal("a\0b")


@given(st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=200))
def test_a_target_name_fits_and_depends_on_the_name_alone(name: str) -> None:
    made = target_name(name)
    assert len(made.encode()) <= MAX_IDENTIFIER_BYTES
    assert made == target_name(name)
    if len(name.encode()) <= MAX_IDENTIFIER_BYTES:
        assert made == name


def test_names_that_agree_in_their_beginning_stay_apart() -> None:
    long = "é" * 40
    assert target_name(long + "a") != target_name(long + "b")
    assert target_name(long).startswith("é" * 20)


def test_a_taken_name_gets_a_hash() -> None:
    assert target_name("orders", {"orders"}).startswith("orders_")
    assert target_name("orders", {"Orders"}) == "orders"


def test_columns_never_take_a_reserved_name() -> None:
    names = target_columns(["id", "xmin", "_arus_run_id"])
    assert names["id"] == "id"
    assert not set(names.values()) & RESERVED_COLUMNS
