"""What a column can serve as, by its type."""

from __future__ import annotations

import pytest

from arus_dagster.dialects.base import Column
from arus_dagster.dialects.roles import can_be_key, can_be_watermark, can_mark_deleted


def _column(source_type: str, target_type: str | None = None) -> Column:
    return Column("c", source_type, target_type or source_type)


@pytest.mark.parametrize(
    ("column", "fits"),
    [
        (_column("timestamp(6) with time zone"), True),
        (_column("numeric(20,0)"), True),
        (_column("character varying(10)"), True),
        (_column("shop.mood", "text"), True),
        (_column("inet"), True),
        (_column("boolean"), False),
        (_column("json"), False),
        (_column("uuid"), False),
        (_column("bytea"), False),
        (_column("bit(3)"), False),
        (_column("uuid[]"), True),
        (_column("json[]"), False),
        (_column("tstzrange"), False),
        (_column("int4multirange"), False),
        (_column("point"), False),
        (_column("xml", "text"), False),
        (_column("public.hstore", "text"), False),
    ],
)
def test_watermarks_of_postgresql_have_a_greatest_value(column: Column, fits: bool) -> None:
    assert can_be_watermark(column, "postgresql") is fits


@pytest.mark.parametrize(
    ("column", "fits"),
    [
        (_column("datetime(3)", "timestamp(3) without time zone"), True),
        (_column("bigint(20) unsigned", "numeric(20,0)"), True),
        (_column("varchar(10)", "text"), True),
        (_column("binary(16)", "bytea"), True),
        (_column("bit(1)", "boolean"), False),
        (_column("tinyint(1)", "boolean"), False),
        (_column("json", "jsonb"), False),
        (_column("point", "bytea"), False),
        (_column("inet6", "inet"), False),
    ],
)
def test_watermarks_of_mysql_have_an_order(column: Column, fits: bool) -> None:
    assert can_be_watermark(column, "mariadb") is fits


@pytest.mark.parametrize(
    ("target_type", "fits"),
    [
        ("timestamp without time zone", True),
        ("date", True),
        ("boolean", True),
        ("smallint", True),
        ("numeric(3,0)", True),
        ("text", False),
        ("character(1)", False),
        ("bytea", False),
        ("interval", False),
    ],
)
def test_only_times_flags_and_numbers_mark_deleted_rows(target_type: str, fits: bool) -> None:
    assert can_mark_deleted(_column(target_type)) is fits


@pytest.mark.parametrize(
    ("target_type", "fits"),
    [("text", True), ("uuid", True), ("jsonb", True), ("json", False), ("point[]", False)],
)
def test_keys_are_of_types_with_equality(target_type: str, fits: bool) -> None:
    assert can_be_key(_column(target_type)) is fits
