"""Row filters: a user's boolean SQL expression, kept inside its parentheses.

Owns the check that an expression can't leave the place it is put in: no second statement, no
closing of a parenthesis it did not open, no unfinished quote or comment, and none of the comments
that MySQL runs as code. Together with read-only transactions on every source, a filter can't
write. Refuses to judge what the expression means: the server does that.
"""

from __future__ import annotations

import re

from arus_dagster.errors import InvalidInputError

# Two dashes are a comment only before a blank or a control character: ``5--3`` is 8.
_LINE_COMMENT = re.compile(r"(?:#|--(?=[\x00-\x20]|\Z))[^\n]*")
_EXECUTED_COMMENT = re.compile(r"/\*(?:M?!|\+)")


def enclosed(expression: str) -> str:
    """The expression in parentheses, safe to stand in a WHERE clause.

    Raises:
        InvalidInputError: it could end the clause or the statement; the message says why.
    """
    _check(expression)
    # A line comment at the end must not swallow the closing parenthesis.
    return f"({expression}\n)"


def _check(text: str) -> None:
    if not text.strip():
        raise _refused("is empty")
    if "\0" in text:
        raise _refused("holds a zero character")
    depth = 0
    position = 0
    while position < len(text):
        character = text[position]
        if character == ";":
            raise _refused("must be one expression, without a semicolon")
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth < 0:
                raise _refused("closes a parenthesis that it did not open")
        position = _after(text, position)
    if depth:
        raise _refused("leaves a parenthesis open")


def _after(text: str, position: int) -> int:
    """Where the token that starts at ``position`` ends."""
    if comment := _LINE_COMMENT.match(text, position):
        return comment.end()
    if text.startswith("/*", position):
        if _EXECUTED_COMMENT.match(text, position):
            raise _refused("holds a comment that the server would run")
        end = text.find("*/", position + 2)
        if end < 0:
            raise _refused("leaves a comment open")
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
    raise _refused("leaves a quote open")


def _refused(reason: str) -> InvalidInputError:
    return InvalidInputError(f"the row filter {reason}", "row_filter")
