"""JSON without loss: numbers that a float can't hold exactly stay exact.

Owns parsing and writing of json and jsonb values. A number is an int or a float where that holds
its exact value and a ``Decimal`` where it doesn't. Standard library alone: the worker imports it.
"""

from __future__ import annotations

import json
import re
import secrets
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

# ``json`` has no way to write a Decimal as a number, so it is written as a string between marks
# that no data can guess, and the quotes are taken off afterwards.
_MARK = secrets.token_hex(16)
_MARKED = re.compile(f'"{_MARK}([^"]*)"')
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_SAFE_FLOAT_DIGITS = 15


def _number(text: str) -> float | Decimal:
    value = float(text)
    if len(text) <= _SAFE_FLOAT_DIGITS and "e" not in text and "E" not in text:
        return value
    exact = Decimal(text)
    if value in (float("inf"), float("-inf")) or Decimal(repr(value)) != exact:
        return exact
    return value


def _other(value: object) -> str:
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} is no JSON number")
        return f"{_MARK}{value}"
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise ValueError(f"a {type(value).__name__} has no JSON form")


_DECODER = json.JSONDecoder(parse_float=_number)
# In the form jsonb itself writes, so that most values that nobody changed are seen as unchanged
# at once.
_ENCODER = json.JSONEncoder(default=_other, allow_nan=False, ensure_ascii=False)
_ASCII_ENCODER = json.JSONEncoder(default=_other, allow_nan=False)


def loads(text: str) -> Any:
    """Parse.

    Raises:
        ValueError: the text is no JSON.
        RecursionError: it is nested too deeply.
    """
    return _DECODER.decode(text)


def dumps(value: Any) -> str:
    """Write.

    Raises:
        ValueError: the value, or one within it, has no JSON form, or holds a NUL character, which
            PostgreSQL can't store.
    """
    try:
        text = _ENCODER.encode(value)
        if not text.isascii() and not text.isprintable():
            try:
                text.encode("utf-8")
            except UnicodeEncodeError:  # half a surrogate pair, which only an escape can hold
                text = _ASCII_ENCODER.encode(value)
    except TypeError as error:
        raise ValueError(str(error)) from None
    if _MARK in text:
        text = _MARKED.sub(r"\1", text)
    if "\\u0000" in text and _NUL.search(text):
        raise ValueError("JSON text holds a NUL character (0x00), which PostgreSQL can't store")
    return text
