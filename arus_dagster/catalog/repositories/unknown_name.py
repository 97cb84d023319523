"""What a person is told who names a thing that is not there."""

from __future__ import annotations

from collections.abc import Iterable

from arus_dagster.errors import NotFoundError

# How many names are offered in its place.
NAMED = 20


def unknown_name(noun: str, name: str, known: Iterable[str]) -> NotFoundError:
    """The error, with some of the names that there are."""
    names = list(known)
    offered = f"There are: {', '.join(names)}" if names else f"There is no {noun} at all"
    return NotFoundError(f"There is no {noun} {name!r}. {offered}.")
