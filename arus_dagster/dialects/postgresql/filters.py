"""What a quote and a comment are to PostgreSQL, so that a row filter can't hide its end in one.

Owns dollar quotes, escape strings and nested comments; the walk itself is ``enclosure``'s.
"""

from __future__ import annotations

import re

from arus_dagster.dialects.enclosure import called, enclose, refused

_DOLLAR_TAG = re.compile(r"\$(?:[A-Za-z_\u0080-\U0010ffff][\w\u0080-\U0010ffff]*)?\$")
_WORD = re.compile(r"[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*")
# Found within a text too, where it does no harm; nobody needs it in a filter.
_CODED_NAME = re.compile(r"[Uu]&[\"']")
_LINE_COMMENT = re.compile(r"--[^\r\n]*")
_CONTINUATION = re.compile(r"(?:\s|--[^\r\n]*)*'")


def enclosed(expression: str) -> str:
    """The expression in parentheses, safe to stand in a WHERE clause.

    Raises:
        InvalidInputError: it could end the clause or the statement; the message says why.
    """
    return enclose(expression, _after)


def functions(expression: str) -> frozenset[str]:
    """The names of functions that the expression calls.

    Raises:
        InvalidInputError: a name is spelled by code points, which hides it.
    """
    if _CODED_NAME.search(expression):
        raise refused("spells a name or text by code points (U&)")
    return called(expression, _after, '"')


def _after(text: str, position: int) -> int:
    """Where the token that starts at ``position`` ends."""
    if comment := _LINE_COMMENT.match(text, position):
        return comment.end()
    if text.startswith("/*", position):
        return _after_comment(text, position)
    character = text[position]
    if character == "'":
        return _after_quote(text, position, "'", escapes=False)
    if character == '"':
        return _after_quote(text, position, '"', escapes=False)
    if character == "$" and (tag := _DOLLAR_TAG.match(text, position)):
        end = text.find(tag.group(), tag.end())
        if end < 0:
            raise refused("leaves a quote open")
        return end + len(tag.group())
    if word := _WORD.match(text, position):
        if word.group() not in ("e", "E") or not text.startswith("'", word.end()):
            return word.end()
        end = _after_quote(text, word.end(), "'", escapes=True)
        # On a later line such a string goes on with the same escapes, which reads too easily
        # as a new string without them.
        if _CONTINUATION.match(text, end):
            raise refused("continues a quote that has escapes")
        return end
    return position + 1


def _after_quote(text: str, position: int, quote: str, *, escapes: bool) -> int:
    position += 1
    while position < len(text):
        if escapes and text[position] == "\\":
            position += 2
        elif text[position] != quote:
            position += 1
        elif text.startswith(quote * 2, position):
            position += 2
        else:
            return position + 1
    raise refused("leaves a quote open")


def _after_comment(text: str, position: int) -> int:
    depth = 0
    while position < len(text):
        if text.startswith("/*", position):
            depth += 1
            position += 2
        elif text.startswith("*/", position):
            depth -= 1
            position += 2
            if depth == 0:
                return position
        else:
            position += 1
    raise refused("leaves a comment open")
