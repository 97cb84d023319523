"""The documented mapping of PostgreSQL's types, and of raw values, is the one in force."""

from __future__ import annotations

import re
from pathlib import Path

from arus_dagster.dialects.postgresql.raw_table import AS_THEMSELVES, FLOATS
from arus_dagster.dialects.postgresql.types import PORTABLE_TYPES, TypeRow, target_type

DOCUMENT = Path(__file__).parents[4] / "docs" / "types.md"


def _rows(section: str) -> list[tuple[str, str]]:
    """First and second cell of each row of a section's table."""
    text = DOCUMENT.read_text().split(f"## {section}")[1].split("\n## ")[0]
    return re.findall(r"^\| (?!source|target|-)(.+?) \| (.+?) \|$", text, re.MULTILINE)


def _builtin(name: str, *, kind: str = "b") -> TypeRow:
    return TypeRow(1, name, True, kind, False, 0, 0, None)


def test_the_document_lists_the_types_that_stay_themselves() -> None:
    listed = [
        name
        for source, target in _rows("PostgreSQL")
        if source.startswith("`") and target != "`text`"
        for name in re.findall(r"`(\w+)`", source)
    ]
    assert sorted(listed) == sorted(PORTABLE_TYPES)


def test_types_documented_as_texts_are_texts() -> None:
    (last, target) = _rows("PostgreSQL")[-1]
    assert target == "`text`"
    for name in re.findall(r"`(\w+)`", last):
        assert target_type(1, name, {1: _builtin(name)}) == "text"


def test_an_extensions_type_of_a_known_name_is_a_text() -> None:
    row = TypeRow(1, "uuid", False, "b", False, 0, 0, None)
    assert target_type(1, "other.uuid", {1: row}) == "text"
    assert target_type(1, "uuid", {1: _builtin("uuid")}) == "uuid"


def test_the_document_lists_the_values_that_stand_as_themselves_in_raw_tables() -> None:
    listed = {
        name: form
        for target, form in _rows("In the raw table")
        for name in re.findall(r"`([a-z ]+)`", target)
    }
    assert listed.keys() == AS_THEMSELVES | set(FLOATS)
    assert all("zero" in listed[name] for name in FLOATS)
