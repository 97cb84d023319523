"""Managing destinations, and asking a warehouse whether it can be used.

Owns the test over the network; what a destination may be is the catalog's rule.
"""

from __future__ import annotations

import uuid

from sqlalchemy.orm import Session

from arus_api.connections import Connected, attempt, require_password
from arus_api.destinations.schemas import DestinationChanges, DestinationIn
from arus_dagster.catalog import Destination
from arus_dagster.catalog.repositories import destinations
from arus_dagster.catalog.session import Catalog
from arus_dagster.catalog.specs import connection_spec
from arus_dagster.dialects.base import ServerReport
from arus_dagster.dialects.postgresql.destination import PostgresDestination
from arus_dagster.dialects.registry import DIALECTS


def create(session: Session, new: DestinationIn) -> Destination:
    """Make a destination; it is not connected yet.

    Raises:
        ConflictError: the name is taken, ignoring case.
        InvalidInputError: a schema is not for data.
    """
    values = new.model_dump(exclude={"password", "ssl_key", "port"})
    port = new.port or DIALECTS[new.type].default_port
    made = destinations.NewDestination(**values, port=port, secrets=new.secrets())
    return destinations.create(session, made)


def update(session: Session, destination_id: uuid.UUID, changes: DestinationChanges) -> Destination:
    """Change the fields that were sent.

    Raises:
        NotFoundError: there is no such destination.
        ConflictError: the name is taken, or ``raw_schema`` would change under pipelines.
        InvalidInputError: a schema is not for data, or the password has to be entered again.
    """
    destination = destinations.get(session, destination_id)
    require_password(session, destination, changes)
    return destinations.update(session, destination, changes.values(), changes.secrets())


def delete(session: Session, destination_id: uuid.UUID) -> None:
    """Raises NotFoundError; ConflictError, naming the pipelines, if it is in use."""
    destinations.delete(session, destinations.get(session, destination_id))


def test(session: Session, side: Catalog, destination_id: uuid.UUID) -> Connected:
    """Connect, and store whether that worked.

    Raises:
        NotFoundError: there is no such destination.
        ConnectionFailedError, CredentialsError: the warehouse can't be used; the message says why.
        ConflictError: another destination is the same database, and pipelines of both write the
            same tables.
    """
    destination = destinations.get(session, destination_id)
    warehouse = PostgresDestination(connection_spec(session, destination))

    def record(own: Session, reason: str) -> None:
        destinations.record_test(own, destinations.get(own, destination_id), reason)

    def connect() -> ServerReport:
        report = warehouse.test()
        destinations.record_identity(session, destination, report.identity)
        return report

    report = attempt(connect, side, record)
    destinations.record_test(session, destination, None)
    return Connected(server_version=report.server_version, tls=report.tls)
