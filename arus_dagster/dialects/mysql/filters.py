"""What a quote and a comment are to MySQL, so that a row filter can't hide its end in one.

Refuses the comments that MySQL runs as code; the walk itself is ``enclosure``'s.
"""

from __future__ import annotations

import re

from arus_dagster.dialects.enclosure import enclose, refused

# Two dashes are a comment only before a blank or a control character: ``5--3`` is 8.
_LINE_COMMENT = re.compile(r"(?:#|--(?=[\x00-\x20]|\Z))[^\n]*")
_EXECUTED_COMMENT = re.compile(r"/\*(?:M?!|\+)")


def enclosed(expression: str) -> str:
    """The expression in parentheses, safe to stand in a WHERE clause.

    Raises:
        InvalidInputError: it could end the clause or the statement; the message says why.
    """
    return enclose(expression, _after)


def _after(text: str, position: int) -> int:
    """Where the token that starts at ``position`` ends."""
    if comment := _LINE_COMMENT.match(text, position):
        return comment.end()
    if text.startswith("/*", position):
        if _EXECUTED_COMMENT.match(text, position):
            raise refused("holds a comment that the server would run")
        end = text.find("*/", position + 2)
        if end < 0:
            raise refused("leaves a comment open")
        return end + 2
    character = text[position]
    if character in "'\"`":
        return _after_quote(text, position, character)
    return position + 1


def _after_quote(text: str, position: int, quote: str) -> int:
    # Sessions run without NO_BACKSLASH_ESCAPES; in an identifier a backslash is only itself.
    position += 1
    while position < len(text):
        if text[position] == "\\" and quote != "`":
            position += 2
        elif text[position] != quote:
            position += 1
        elif text.startswith(quote * 2, position):
            position += 2
        else:
            return position + 1
    raise refused("leaves a quote open")
