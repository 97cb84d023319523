"""Staged rows that the target itself refuses: found one by one, while the others go on.

Owns the search. A target may hold more than this project gave it (constraints, unique indexes and
triggers of its owner), and then a statement over all rows fails for the sake of one. Refuses to
guess: a row is given up only after it failed alone.
"""

from __future__ import annotations

from collections.abc import Callable

from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.driver_errors import RowFaultError
from arus_dagster.dialects.postgresql.merge import Merged
from arus_dagster.dialects.postgresql.stage import Stage

# Puts the staged rows that fulfil a condition, or all, into the target.
Put = Callable[[str | None], Merged]
# Told the reason, and which staged row it is, as a condition.
Refuse = Callable[[str, str], None]


def put_with_refusals(connection: Connection, stage: Stage, put: Put, refuse: Refuse) -> Merged:
    """Put a stage's rows into the target; those it refuses are taken out of the stage.

    Where all go at once this costs a savepoint. Otherwise the stage is halved, down to its pages
    and then to single rows, as often as rows are refused.

    Returns:
        what became of the rows that were not refused.
    """
    try:
        return _attempt(connection, put, None)
    except RowFaultError:
        pass
    rows = fresh = 0
    waiting = [(0, stage.pages())]
    while waiting:
        first, end = waiting.pop()
        if first == end:
            continue
        try:
            merged = _attempt(connection, put, _pages(first, end))
        except RowFaultError:
            if end - first > 1:
                middle = (first + end) // 2
                waiting += [(middle, end), (first, middle)]
                continue
            merged = _singly(connection, stage, put, refuse, _pages(first, end))
        rows += merged.rows
        fresh += merged.fresh
    return Merged(rows, fresh)


def _singly(connection: Connection, stage: Stage, put: Put, refuse: Refuse, among: str) -> Merged:
    rows = fresh = 0
    for (place,) in connection.rows(f"SELECT ctid::text FROM {stage.sql} WHERE {among}"):
        row = f"(ctid = '{place}'::tid)"
        try:
            merged = _attempt(connection, put, row)
        except RowFaultError as fault:
            refuse(fault.message, row)
            connection.execute(f"DELETE FROM {stage.sql} WHERE {row}")
            continue
        rows += merged.rows
        fresh += merged.fresh
    return Merged(rows, fresh)


def _pages(first: int, end: int) -> str:
    return f"(ctid >= '({first},0)'::tid AND ctid < '({end},0)'::tid)"


def _attempt(connection: Connection, put: Put, condition: str | None) -> Merged:
    connection.execute("SAVEPOINT arus_part")
    try:
        merged = put(condition)
    except RowFaultError:
        connection.execute("ROLLBACK TO SAVEPOINT arus_part")
        raise  # any other failure ends the transaction, which is its opener's to do
    connection.execute("RELEASE SAVEPOINT arus_part")
    return merged
