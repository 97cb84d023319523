from __future__ import annotations

import pytest

from arus_dagster.dialects.postgresql.widening import widens


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("smallint", "integer"),
        ("integer", "bigint"),
        ("integer", "numeric"),
        ("bigint", "numeric(19,0)"),
        ("integer", "double precision"),
        ("numeric(5,2)", "numeric(6,2)"),
        ("numeric(5,2)", "numeric"),
        ("numeric(5,2)", "numeric(8,4)"),
        ("real", "double precision"),
        ("character varying(5)", "character varying(6)"),
        ("character varying(5)", "character varying"),
        ("character varying(5)", "text"),
        ("text", "character varying"),
        ("character(5)", "text"),
        ("character(5)", "character varying(5)"),
        ("bit varying(3)", "bit varying(4)"),
        ("timestamp(3) without time zone", "timestamp without time zone"),
        ("timestamp(3) with time zone", "timestamp(6) with time zone"),
        ("time(0) without time zone", "time(3) without time zone"),
        ("date", "timestamp without time zone"),
        ("integer[]", "bigint[]"),
        ("uuid", "uuid"),
    ],
)
def test_a_widening_keeps_every_value(before: str, after: str) -> None:
    assert widens(before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("bigint", "integer"),
        ("bigint", "double precision"),
        ("bigint", "numeric(18,0)"),
        ("integer", "numeric(10,1)"),
        ("integer", "text"),
        ("text", "integer"),
        ("numeric", "numeric(1000,500)"),
        ("numeric(5,2)", "numeric(6,4)"),
        ("numeric(5,2)", "numeric(6,1)"),
        ("text", "character varying(5)"),
        ("character varying", "character varying(5)"),
        ("bit(3)", "bit(4)"),
        ("timestamp without time zone", "timestamp with time zone"),
        ("timestamp without time zone", "timestamp(3) without time zone"),
        ("date", "timestamp with time zone"),
        ("json", "jsonb"),
        ("boolean", "integer"),
        ("integer", "integer[]"),
        ("integer[]", "integer"),
        ("time without time zone", "timestamp without time zone"),
    ],
)
def test_any_other_change_is_none(before: str, after: str) -> None:
    assert not widens(before, after)
