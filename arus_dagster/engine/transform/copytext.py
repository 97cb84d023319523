"""Values in PostgreSQL's COPY text format: escaping and its reverse.

Owns the escapes of a single value. Refuses types: a value here is text or NULL. Standard library
alone: the worker imports it.
"""

from __future__ import annotations

import re

NULL = "\\N"

_ESCAPED = re.compile(r"\\(?:x([0-9A-Fa-f]{1,2})|([0-7]{1,3})|(.))", re.DOTALL)
_SINGLE = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_SPECIAL = re.compile(r"[\\\t\n\r]")
_ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}


def _plain(match: re.Match[str]) -> str:
    hexadecimal, octal, single = match.groups()
    if single is not None:
        return _SINGLE.get(single, single)
    code = int(hexadecimal, 16) if hexadecimal is not None else int(octal, 8) & 0xFF
    # A numeric escape names a byte, which may be a part of a character: kept as a surrogate
    # until the bytes are put together again.
    return chr(code) if code < 0x80 else chr(0xDC00 + code)


def unescape(field: str) -> str:
    """The text of a field that is not NULL."""
    if "\\" not in field:
        return field
    text = _ESCAPED.sub(_plain, field)
    if text.isascii():
        return text
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def escape(text: str) -> str:
    """The field that stands for ``text``.

    Raises:
        ValueError: the text holds a NUL or half a surrogate pair, which PostgreSQL can't store.
    """
    if text.isprintable() and "\\" not in text:
        return text
    if "\x00" in text:
        raise ValueError("text holds a NUL character (0x00), which PostgreSQL can't store")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ValueError("text holds half a surrogate pair, which is no character") from None
    return _SPECIAL.sub(lambda match: _ESCAPES[match.group()], text)
