"""Where the tables of a pipeline land: one target and one raw name each, shared by nobody.

Owns the choice of a name within a warehouse: the source's own where it fits and is free, else a
short one with a hash that stays the same for this table of this pipeline. Refuses names that the
engine keeps for itself. The database's unique constraints hold what is chosen here.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_dagster.catalog.destination import Destination
from arus_dagster.catalog.pipeline import PipelineTable
from arus_dagster.catalog.session import advisory_lock
from arus_dagster.dialects.postgresql.bookkeeping import (
    DEAD_LETTERS_TABLE,
    RAW_RUNS_TABLE,
    STATE_TABLE,
)
from arus_dagster.dialects.postgresql.names import MAX_IDENTIFIER_BYTES, target_name
from arus_dagster.errors import ConflictError, InvalidInputError

# Tables that the engine keeps beside the raw ones.
OWN_TABLES = (STATE_TABLE, RAW_RUNS_TABLE, DEAD_LETTERS_TABLE)
_SYSTEM_SCHEMAS = frozenset({"information_schema", "arus_config"})
_HASH_DIGITS = 10
_LOCAL_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})


def check_schema(name: str, field_name: str) -> None:
    """Raises InvalidInputError unless Arus may write tables into a schema of this name."""
    if not name or "\0" in name or len(name.encode()) > MAX_IDENTIFIER_BYTES:
        raise InvalidInputError(
            f"{field_name} must hold 1 to {MAX_IDENTIFIER_BYTES} bytes", field=field_name
        )
    if name in _SYSTEM_SCHEMAS or name.startswith("pg_"):
        raise InvalidInputError(f"{field_name} can't be {name}: it is not for data", field_name)


@dataclass(slots=True)
class WarehouseNames:
    """The names taken in one warehouse; those given out are added.

    Args:
        taken: schema and table.
    """

    taken: set[tuple[str, str]] = field(default_factory=set)

    def give(self, schema: str, name: str, identity: str, suffix: str = "") -> str:
        """A name free in the schema.

        Args:
            identity: what the hash is of, where one is needed; the same for the same table.
            suffix: kept whole at the end.
        """
        plain = f"{name}{suffix}"
        chosen = plain if self._free(schema, plain) else _hashed(name, identity, suffix)
        attempt = 2
        while not self._free(schema, chosen):
            chosen = _hashed(name, f"{identity}#{attempt}", suffix)
            attempt += 1
        self.taken.add((schema, chosen))
        return chosen

    def _free(self, schema: str, name: str) -> bool:
        return target_name(name) == name and (schema, name) not in self.taken


def address(destination: Destination) -> tuple[str, int, str]:
    """Host, port and database, with one spelling for what is one host for certain."""
    host = destination.host.lower().rstrip(".").strip("[]")
    try:
        number = ipaddress.ip_address(host)
    except ValueError:
        return ("localhost" if host in _LOCAL_NAMES else host), *_rest(destination)
    mapped = getattr(number, "ipv4_mapped", None) or number
    return ("localhost" if mapped.is_loopback else str(mapped)), *_rest(destination)


def _rest(destination: Destination) -> tuple[int, str]:
    return destination.port, destination.database


def same_warehouse(one: Destination, other: Destination) -> bool:
    """Whether two destinations are one database, as far as is known.

    By address, or by what the server says of itself: one server may have several names. A server
    that is a physical copy of another one says the same and counts as the same; then tables of
    the second get names of their own where the first has those, which harms nobody.
    """
    if address(one) == address(other):
        return True
    return one.identity is not None and one.identity == other.identity


def may_be_same(session: Session, destination: Destination) -> Sequence[Destination]:
    """Other destinations that could be the same database, if only they were asked."""
    others = session.scalars(
        select(Destination).where(
            Destination.id != destination.id, Destination.database == destination.database
        )
    ).all()
    return [other for other in others if address(other) != address(destination)]


def refuse_clash(session: Session, destination: Destination) -> None:
    """Look whether a destination has tables that another's pipelines write in the same database.

    Raises:
        ConflictError: it has; the tables are named.
    """
    own = session.scalars(
        select(PipelineTable).where(PipelineTable.destination_id == destination.id)
    ).all()
    taken = names_taken(session, destination, besides=own).taken
    places = {(t.target_schema, t.target_table) for t in own}
    places |= {(t.raw_schema, t.raw_table) for t in own}
    clashing = sorted(f"{schema}.{name}" for schema, name in places & taken)
    if clashing:
        raise ConflictError(
            "Pipelines of another destination write the same tables in that database: "
            + ", ".join(clashing)
        )


def _hashed(name: str, identity: str, suffix: str) -> str:
    digest = hashlib.sha256(identity.encode()).hexdigest()[:_HASH_DIGITS]
    tail = f"_{digest}{suffix}"
    # Cutting may split a character, so the torn rest of it is left out.
    head = name.encode()[: MAX_IDENTIFIER_BYTES - len(tail.encode())].decode(errors="ignore")
    return f"{head}{tail}"


def names_taken(
    session: Session, destination: Destination, besides: Iterable[PipelineTable] = ()
) -> WarehouseNames:
    """The names taken in a destination's database, by whichever destination it is reached.

    Holds the warehouse's lock until the transaction ends, so that two pipelines made at once
    don't choose the same name.

    Args:
        besides: tables whose names are about to be given anew.
    """
    advisory_lock(session, f"warehouse {destination.database}")
    siblings = [
        other
        for other in session.scalars(
            select(Destination).where(Destination.database == destination.database)
        )
        if same_warehouse(destination, other)
    ]
    left_out = [table.id for table in besides]
    rows = session.execute(
        select(
            PipelineTable.target_schema,
            PipelineTable.target_table,
            PipelineTable.raw_schema,
            PipelineTable.raw_table,
        ).where(
            PipelineTable.destination_id.in_([sibling.id for sibling in siblings]),
            PipelineTable.id.not_in(left_out),
        )
    ).all()
    taken = {(s.raw_schema, own) for s in (destination, *siblings) for own in OWN_TABLES}
    for target_schema, target_table, raw_schema, raw_table in rows:
        taken.add((target_schema, target_table))
        taken.add((raw_schema, raw_table))
    return WarehouseNames(taken)
