"""One page of a list, newest first, with the total beside it.

Owns the order every list has: by time of creation, then by id, so that rows of one moment don't
change places between two pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Rows of a page, and how many there are on all pages."""

    items: Sequence[T]
    total: int


def fetch_page(
    session: Session, query: Select[T], model: Any, *, limit: int, offset: int
) -> Page[T]:
    """Run ``query`` for one page.

    Args:
        query: selects whole rows of ``model``; filters and loader options are kept.
        model: a class with ``created_at`` and ``id``.
    """
    total = session.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    newest_first = query.order_by(model.created_at.desc(), model.id.desc())
    items = session.scalars(newest_first.limit(limit).offset(offset)).all()
    return Page(items=items, total=total or 0)
