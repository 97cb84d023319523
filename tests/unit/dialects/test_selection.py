"""Globs mean what a shell user expects, and nothing else."""

from __future__ import annotations

import pytest

from arus_dagster.dialects.base import TableRef
from arus_dagster.dialects.selection import Selection, matches


@pytest.mark.parametrize(
    ("pattern", "table", "expected"),
    [
        ("orders", ("public", "orders"), True),
        ("orders", ("public", "Orders"), False),
        ("orders*", ("public", "orders_2024"), True),
        ("+orders*", ("public", "orders_2024"), True),
        ("-audit_*", ("public", "audit_x"), True),
        ("audit_*", ("public", "auditXx"), False),  # an underscore is only an underscore
        ("a%", ("public", "abc"), False),
        ("a%", ("public", "a%"), True),
        ("a.c", ("public", "abc"), False),
        ("(x|y)+", ("public", "x"), False),
        ("order?", ("public", "orders"), True),
        ("order?", ("public", "order"), False),
        ("t[0-9]", ("public", "t7"), True),
        ("t[!0-9]", ("public", "t7"), False),
        ("t[", ("public", "t["), True),
        ("public.orders", ("public", "orders"), True),
        ("public.orders", ("sales", "orders"), False),
        ("sales.*", ("sales", "orders"), True),
        ("*.orders", ("sales", "orders"), True),
        ("s*.o*", ("sales", "orders"), True),
        ("s*orders", ("sales", "orders"), False),  # without a dot only the name counts
        ("a.b", ("public", "a.b"), True),
        ("public.a.b", ("public", "a.b"), True),
        ("my.schema.t", ("my.schema", "t"), True),
        ("--x", ("public", "-x"), True),
        ("Order Items", ("public", "Order Items"), True),
        ("naïve", ("public", "naïve"), True),
        ("", ("public", "orders"), False),
    ],
)
def test_a_pattern(pattern: str, table: tuple[str, str], expected: bool) -> None:
    assert matches(pattern, TableRef(*table)) is expected


def names(selection: Selection) -> list[str]:
    tables = [
        TableRef(schema, name)
        for schema in ("public", "sales")
        for name in ("orders", "orders_old", "users")
    ]
    return [str(table) for table in tables if selection.admits(table)]


def test_nothing_included_means_all() -> None:
    assert len(names(Selection())) == 6


def test_exclusion_wins() -> None:
    assert names(Selection(include=["+orders*"], exclude=["-*_old", "sales.*"])) == [
        "public.orders"
    ]
    assert names(Selection(include=["orders"], exclude=["orders"])) == []


def test_schemas_bound_what_is_looked_at() -> None:
    assert names(Selection(include=["users"], schemas=["sales"])) == ["sales.users"]
    assert names(Selection(include=["public.users"], schemas=["s*"])) == []
