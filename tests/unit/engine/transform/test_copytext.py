"""COPY escapes, both ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arus_dagster.engine.transform.copytext import escape, unescape

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))


@given(TEXT)
def test_escaped_text_comes_back_and_fits_a_line(text: str) -> None:
    field = escape(text)
    assert unescape(field) == text
    assert "\t" not in field
    assert "\n" not in field
    assert field not in ("\\N", "\\.")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("\\b\\f\\n\\r\\t\\v\\\\", "\b\f\n\r\t\v\\"),
        ("\\x41\\x0a", "A\n"),
        ("\\101", "A"),
        ("\\xc3\\xa9", "é"),
        ("\\303\\251", "é"),
        ("\\q", "q"),
        ("\\\\N", "\\N"),
    ],
)
def test_every_escape_that_postgresql_reads_is_read(field: str, text: str) -> None:
    assert unescape(field) == text


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_postgresql_cannot_store_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"NUL|surrogate"):
        escape(text)
