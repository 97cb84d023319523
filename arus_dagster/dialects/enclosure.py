"""A user's boolean SQL expression, kept inside its parentheses.

Owns the walk over an expression that must not leave the place it is put in: no second statement,
no closing of a parenthesis it did not open, none left open. What a quote or a comment is differs
by database, so each dialect says where a token ends. Refuses to judge what the expression means:
the server does that.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from arus_dagster.errors import InvalidInputError

EndOfToken = Callable[[str, int], int]

_WORD = re.compile(r"[^\W\d][\w$]*")
# All but tabs and ends of lines.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f]")


def enclose(expression: str, end_of_token: EndOfToken) -> str:
    """The expression in parentheses, safe to stand in a WHERE clause.

    Args:
        end_of_token: given a text and a position, where the token that starts there ends; raises
            InvalidInputError for one that does not end.

    Raises:
        InvalidInputError: it could end the clause or the statement; the message says why.
    """
    _check(expression, end_of_token)
    # A line comment at the end must not swallow the closing parenthesis.
    return f"({expression}\n)"


def called(expression: str, end_of_token: EndOfToken, quote: str) -> frozenset[str]:
    """The names of functions that an expression calls: whatever stands before a parenthesis.

    Args:
        quote: what quotes a name; a quoted one is answered as it is spelled, any other in lower
            case.
    """
    names: set[str] = set()
    before: str | None = None
    position = 0
    while position < len(expression):
        end = end_of_token(expression, position)
        word = _WORD.match(expression, position)
        if word is not None:
            # A token that goes on after the word is a text with a prefix, such as E'…'.
            end = max(end, word.end())
            before = word.group().lower() if end == word.end() else None
        elif expression[position] == quote:
            before = expression[position + 1 : end - 1].replace(quote * 2, quote)
        elif expression[position] == "(":
            names |= {before} if before is not None else set()
            before = None
        elif not expression[position].isspace() and not _is_comment(expression, position, end):
            before = None
        position = end
    return frozenset(names)


def bare(expression: str, end_of_token: EndOfToken) -> str:
    """The expression in lower case, with a blank for each quoted part and each comment."""
    parts = []
    position = 0
    while position < len(expression):
        end = end_of_token(expression, position)
        token = expression[position:end]
        parts.append(token.lower() if len(token) == 1 or _WORD.fullmatch(token) else " ")
        position = end
    return "".join(parts)


def refused(reason: str) -> InvalidInputError:
    """The error for a filter that ``reason``, e.g. ``is empty``."""
    return InvalidInputError(f"the row filter {reason}", "row_filter")


def _check(text: str, end_of_token: EndOfToken) -> None:
    if not text.strip():
        raise refused("is empty")
    # Databases differ in what of these parts words or begins a comment, and nobody needs them.
    if found := _CONTROL.search(text):
        raise refused(f"holds the control character {ord(found.group())}")
    depth = 0
    position = 0
    while position < len(text):
        character = text[position]
        if character == ";":
            raise refused("must be one expression, without a semicolon")
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth < 0:
                raise refused("closes a parenthesis that it did not open")
        position = end_of_token(text, position)
    if depth:
        raise refused("leaves a parenthesis open")


def _is_comment(text: str, start: int, end: int) -> bool:
    return end - start > 1 and text.startswith(("--", "/*", "#"), start)
