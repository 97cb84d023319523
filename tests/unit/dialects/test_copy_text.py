from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from arus_dagster.dialects.copy_text import decode_line, encode_line, split_lines

VALUES = st.lists(
    st.none() | st.text(st.characters(exclude_characters="\0", codec="utf-8")), min_size=1
)


@given(VALUES)
def test_values_come_back_as_they_were(values: list[str | None]) -> None:
    line = encode_line(values)
    assert line.count(b"\n") == 1
    assert decode_line(line) == values


def test_every_escape_is_read() -> None:
    assert decode_line(b"\\b\\f\\n\\r\\t\\v\\\\\\x41\\101\\q\t\\N\t\n") == [
        "\b\f\n\r\t\v\\AAq",
        None,
        "",
    ]


def test_bytes_that_are_no_text_can_be_shown() -> None:
    assert decode_line(b"a\xffb\n") == ["a\\xffb"]


@given(st.lists(st.binary().map(lambda b: b.replace(b"\n", b""))))
def test_only_a_newline_ends_a_line(lines: list[bytes]) -> None:
    whole = [line + b"\n" for line in lines]
    assert split_lines(b"".join(whole)) == whole


def test_an_unfinished_last_line_is_kept() -> None:
    assert split_lines(b"a\nb") == [b"a\n", b"b"]
