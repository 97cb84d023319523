"""Asking warehouses who they are.

Owns when that is asked: only where it tells whether two destinations are one database.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from arus_dagster.catalog.destination import Destination
from arus_dagster.catalog.repositories import destinations
from arus_dagster.catalog.specs import connection_spec
from arus_dagster.catalog.warehouse_names import may_be_same
from arus_dagster.dialects.postgresql.destination import PostgresDestination
from arus_dagster.errors import ArusError
from arus_dagster.logging import get_logger

log = get_logger(__name__)


def identify(session: Session, destination: Destination) -> None:
    """Ask warehouses who they are, where that tells whether two destinations are one database.

    One that can't be asked now counts as what its address says.

    Raises:
        ConflictError: one is the same database as another, and pipelines of both write the same
            tables.
    """
    others = may_be_same(session, destination)
    for place in (destination, *others) if others else ():
        if place.identity is not None:
            continue
        try:
            identity = PostgresDestination(connection_spec(session, place)).identity()
        except ArusError as error:
            log.warning("warehouse_not_identified", destination=place.name, reason=error.message)
            continue
        destinations.record_identity(session, place, identity)
