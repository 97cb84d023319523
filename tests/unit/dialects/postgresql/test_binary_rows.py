"""Which columns may cross in binary form, and what stops a stream of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest

from arus_dagster.dialects.base import Column, UnfitForBinaryError
from arus_dagster.dialects.postgresql.binary_rows import BinaryCopyOut, binary_select
from arus_dagster.dialects.postgresql.copy_stream import CopyOut
from arus_dagster.dialects.postgresql.types import TypeRow, binary_form

V15, V16, V17 = 150003, 160001, 170000


def _plain(kind: str, declared: str | None = None) -> Column:
    return Column("c", declared or kind, kind, attributes={"binary": "plain"})


def _cast(kind: str, declared: str = "a_domain") -> Column:
    return Column("c", declared, kind, attributes={"binary": "cast"})


def _type(oid: int, name: str, **changes: object) -> TypeRow:
    given = {
        "oid": oid,
        "name": name,
        "builtin": True,
        "kind": "b",
        "is_array": False,
        "element": 0,
        "base": 0,
        "base_declared": None,
    }
    return TypeRow(**{**given, **changes})  # type: ignore[arg-type]


TYPES = {
    row.oid: row
    for row in (
        _type(1, "int4"),
        _type(2, "_int4", is_array=True, element=1),
        _type(3, "mood", builtin=False, kind="e"),
        _type(4, "_mood", builtin=False, is_array=True, element=3),
        _type(5, "price", builtin=False, kind="d", base=1, base_declared="integer"),
        _type(6, "_price", builtin=False, is_array=True, element=5),
        _type(7, "prices", builtin=False, kind="d", base=2, base_declared="integer[]"),
        _type(8, "_prices", builtin=False, is_array=True, element=7),
        _type(9, "hstore", builtin=False),
        _type(10, "_hstore", builtin=False, is_array=True, element=9),
        _type(11, "floats", builtin=False, kind="r"),
        _type(12, "int4range", kind="r"),
        _type(13, "int4", builtin=False),
        _type(14, "xml"),
        _type(15, "sure_price", builtin=False, kind="d", base=5, base_declared="price"),
        _type(16, "moods", builtin=False, kind="d", base=4, base_declared="mood[]"),
    )
}


@pytest.mark.parametrize(
    ("oid", "form"),
    [
        (1, "plain"),
        (2, "plain"),
        (3, "cast"),
        (4, None),  # elements would name an oid of the source's catalog
        (5, "cast"),
        (6, "cast"),
        (7, "cast"),
        (8, None),
        (9, None),
        (10, None),
        (11, None),
        (12, "plain"),
        (13, None),  # a type of a known name, but not the known one
        (14, None),
        (15, "cast"),
        (16, None),
        (99, None),  # a composite
    ],
)
def test_what_a_servers_own_catalog_must_explain_has_no_binary_form(
    oid: int, form: str | None
) -> None:
    assert binary_form(oid, TYPES) == form


def test_a_column_of_exactly_its_target_type_is_sent_as_it_is() -> None:
    assert binary_select([_plain("numeric(10,2)")], V15, V15) == ['"c"']


@pytest.mark.parametrize(
    ("declared", "target"),
    [
        ("timestamp without time zone", "timestamp with time zone"),
        ("numeric(10,2)", "numeric(12,2)"),
        ("integer", "bigint"),
        ("integer[]", "bigint[]"),
    ],
)
def test_any_other_type_would_be_misread(declared: str, target: str) -> None:
    assert binary_select([_plain("text"), _plain(target, declared)], V15, V15) is None


def test_a_cast_never_cuts_a_value() -> None:
    assert binary_select([_cast("character varying(40)")], V15, V15) == ['"c"::character varying']
    assert binary_select([_cast("numeric(10,2)[]")], V15, V15) == ['"c"::numeric[]']
    assert binary_select([_cast("text", "mood")], V15, V15) == ['"c"::text']
    # Without a length these mean a length of one, or only some of the fields.
    for kind in ("character(5)", "character(5)[]", "bit(3)", "interval day to second(3)"):
        assert binary_select([_cast(kind)], V15, V15) is None


def test_forms_that_changed_between_versions_stay_within_one() -> None:
    """An infinite interval of version 17 is a very long one to version 16."""
    for kind in ("interval", "interval(3)", "interval[]", "tsvector", "int4range"):
        assert binary_select([_plain(kind)], V17, V17) is not None
        assert binary_select([_plain(kind)], V17, V16) is None
        assert binary_select([_plain(kind)], V16, V17) is None
    for kind in ("numeric(6,2)", "text[]", "jsonb", "timestamp(3) without time zone"):
        assert binary_select([_plain(kind)], V17, V15) is not None


def test_servers_that_may_hold_times_as_floating_point_numbers_get_text() -> None:
    assert binary_select([_plain("integer")], 90600, V15) is None
    assert binary_select([_plain("integer")], V15, 90600) is None


class _Out:
    rows = 0

    def __init__(self, parts: list[bytes]) -> None:
        self._parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._parts)


@pytest.mark.parametrize("cut", range(7))
def test_an_escaped_zero_character_is_seen_wherever_a_part_ends(cut: int) -> None:
    value = b"\\u0000"
    parts = [part for part in (b"x" + value[:cut], value[cut:] + b"y") if part]
    with pytest.raises(UnfitForBinaryError):
        list(BinaryCopyOut(cast(CopyOut, _Out(parts)), holds_json=True))
    single = [bytes((byte,)) for byte in b"".join(parts)]
    with pytest.raises(UnfitForBinaryError):
        list(BinaryCopyOut(cast(CopyOut, _Out(single)), holds_json=True))
    assert list(BinaryCopyOut(cast(CopyOut, _Out(parts)), holds_json=False)) == parts
