"""The counter that tells loaded definitions from the catalog's present ones.

``bump`` holds the counter's row until the transaction ends, so changes of definitions commit in
the order of their numbers: whoever sees a number sees every change up to it.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from arus_dagster.catalog.definitions_version import DefinitionsVersion

_ROW = 1


def current(session: Session) -> int:
    """The number of the last committed change; 0 before the first."""
    version = session.scalar(
        select(DefinitionsVersion.version).where(DefinitionsVersion.id == _ROW)
    )
    return version or 0


def bump(session: Session) -> int:
    """Count one change of the definitions; called in the transaction that makes it."""
    statement = (
        insert(DefinitionsVersion)
        .values(id=_ROW, version=1)
        .on_conflict_do_update(
            index_elements=[DefinitionsVersion.id],
            set_={"version": DefinitionsVersion.version + 1},
        )
        .returning(DefinitionsVersion.version)
    )
    return session.execute(statement).scalar_one()
