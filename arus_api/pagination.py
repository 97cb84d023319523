"""Paging of lists: ``limit`` and ``offset``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_OFFSET = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Paging:
    """Which part of a list is asked for, in elements."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0


def paging(
    limit: Annotated[
        int, Query(ge=1, le=MAX_LIMIT, description="The greatest number of elements to answer.")
    ] = DEFAULT_LIMIT,
    offset: Annotated[
        int, Query(ge=0, le=MAX_OFFSET, description="How many elements to leave out before.")
    ] = 0,
) -> Paging:
    """The page that the query parameters ask for."""
    return Paging(limit, offset)


PagingDep = Annotated[Paging, Depends(paging)]
