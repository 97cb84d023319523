"""JSON values keep their exact numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arus_dagster.engine.transform.exact_json import dumps, loads


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_of_any_length_keeps_its_value(number: Decimal) -> None:
    value = loads(f"[{number}]")[0]
    assert Decimal(str(value)) == number
    assert Decimal(dumps([value])[1:-1]) == number


@pytest.mark.parametrize(("text", "kind"), [("1.5", float), ("0.1", float), ("1e2", float)])
def test_an_ordinary_number_is_a_float(text: str, kind: type) -> None:
    assert type(loads(text)) is kind


@pytest.mark.parametrize("text", ["1e400", "12345678901234567890.123", "0.30000000000000000001"])
def test_a_number_past_a_float_is_a_decimal(text: str) -> None:
    assert loads(text) == Decimal(text)
    assert isinstance(loads(text), Decimal)


def test_a_string_that_looks_like_a_number_stays_a_string() -> None:
    assert dumps({"a": "1.5", "b": Decimal("1.50")}) == '{"a": "1.5", "b": 1.50}'


def test_times_and_uuids_are_written_in_their_usual_form() -> None:
    moment = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    unique = UUID(int=1)
    assert loads(dumps([moment, unique])) == ["2024-01-02T03:04:05+00:00", str(unique)]


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), Decimal("NaN"), b"x", {1, 2}, "a\0b", {"k": "\0"}]
)
def test_what_has_no_json_form_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        dumps(value)


def test_the_text_of_a_nul_escape_is_no_nul() -> None:
    assert loads(dumps("a\\u0000b")) == "a\\u0000b"
