"""PostgreSQL's COPY text format, line by line.

Owns the escaping. Used where single rows are looked at (rejections, scripts, replays); the bulk
of the rows passes through as bytes and never comes here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

NULL = b"\\N"
_ESCAPE = re.compile(rb"\\(x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_NAMED = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match.group(1)
    if code in _NAMED:
        return _NAMED[code]
    if code[:1] == b"x" and len(code) > 1:
        return bytes((int(code[1:], 16),))
    if code.isdigit() and code[:1] < b"8":
        return bytes((int(code, 8) & 0xFF,))
    return code


def decode_field(field: bytes) -> bytes | None:
    """The field's value as bytes, or None for NULL."""
    if field == NULL:
        return None
    return _ESCAPE.sub(_unescape, field) if b"\\" in field else field


def decode_line(line: bytes) -> list[str | None]:
    """The values of a line (with or without its newline).

    Bytes that are no UTF-8 come out as ``\\xNN``, so that a faulty row can still be shown.
    """
    values = (decode_field(field) for field in line.rstrip(b"\n").split(b"\t"))
    return [None if v is None else v.decode("utf-8", "backslashreplace") for v in values]


def encode_field(value: str | None) -> bytes:
    """The value in COPY text form."""
    if value is None:
        return NULL
    return (
        value.replace("\\", "\\\\")
        .replace("\n", "\\n")
        .replace("\r", "\\r")
        .replace("\t", "\\t")
        .encode("utf-8", "surrogatepass")
    )


def encode_line(values: Iterable[str | None]) -> bytes:
    """The values as one line with its newline."""
    return b"\t".join(encode_field(value) for value in values) + b"\n"


def split_lines(data: bytes) -> list[bytes]:
    """The lines of a chunk, each with its newline.

    Only a newline ends a line: a carriage return or another separator may stand in a value.
    """
    lines = data.split(b"\n")
    if lines[-1]:
        return [line + b"\n" for line in lines[:-1]] + [lines[-1]]
    return [line + b"\n" for line in lines[:-1]]
