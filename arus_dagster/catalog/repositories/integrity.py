"""Telling a caller which rule of the database a change broke.

Owns the way from a constraint's name to a ``ConflictError``. The database is asked, not only a
query before it, so that the answer is right when two requests race.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from arus_dagster.errors import ConflictError


@contextmanager
def conflicts(session: Session, messages: Mapping[str, str]) -> Iterator[None]:
    """Make the changes of the block, under a savepoint, and flush them.

    Args:
        messages: constraint or unique index to what a caller is told when it is violated.

    Raises:
        ConflictError: one of the named constraints is violated; the block's changes are undone
            and the session stays usable.
    """
    try:
        with session.begin_nested():
            yield
            session.flush()
    except IntegrityError as error:
        constraint = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
        message = messages.get(str(constraint))
        if message is not None:
            raise ConflictError(message) from None
        raise
