"""A user's boolean SQL expression, kept inside its parentheses.

Owns the walk over an expression that must not leave the place it is put in: no second statement,
no closing of a parenthesis it did not open, none left open. What a quote or a comment is differs
by database, so each dialect says where a token ends. Refuses to judge what the expression means:
the server does that.
"""

from __future__ import annotations

from collections.abc import Callable

from arus_dagster.errors import InvalidInputError

EndOfToken = Callable[[str, int], int]


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


def refused(reason: str) -> InvalidInputError:
    """The error for a filter that ``reason``, e.g. ``is empty``."""
    return InvalidInputError(f"the row filter {reason}", "row_filter")


def _check(text: str, end_of_token: EndOfToken) -> None:
    if not text.strip():
        raise refused("is empty")
    if "\0" in text:
        raise refused("holds a zero character")
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
