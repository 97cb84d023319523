"""Checks of a load before it commits.

Owns what is counted and what a difference means. The balance of rows must hold, or the table
fails; the other checks are findings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from arus_dagster.dialects.base import Column
from arus_dagster.dialects.postgresql.connection import Connection
from arus_dagster.dialects.postgresql.names import identifier
from arus_dagster.engine.result import Check
from arus_dagster.errors import BalanceError

ZERO_DATE_WARNING = "zero_date"


def row_balance(extracted: int, loaded: int, deleted: int, dropped: int, failed: int) -> Check:
    """Every row that was read is accounted for.

    Raises:
        BalanceError: one is not.
    """
    accounted = loaded + deleted + dropped + failed
    message = (
        f"{extracted} extracted = {loaded} loaded + {deleted} deleted + {dropped} dropped"
        f" + {failed} failed"
    )
    if accounted != extracted:
        raise BalanceError(
            f"the rows do not add up, nothing was kept: {message} ({accounted}). A trigger or rule"
            " on the target that leaves rows out would do this"
        )
    return Check("row_balance", True, message, expected=extracted, actual=accounted)


def row_count(expected: int, actual: int, threshold: int) -> Check:
    """The target holds as many rows as the source says.

    Args:
        expected: rows in the source, without those deleted, dropped or failed.
        threshold: by how many rows the two may differ.
    """
    return Check(
        "row_count",
        abs(expected - actual) <= threshold,
        f"{expected} rows expected from the source's count, {actual} in the target",
        expected=expected,
        actual=actual,
    )


def count_rows(
    connection: Connection, rows_sql: str, required: Sequence[Column]
) -> tuple[int, Mapping[str, int]]:
    """How many rows there are, and how many NULLs in each of some columns, in one reading.

    Args:
        rows_sql: a FROM item.
        required: the columns, named as in the target.
    """
    nulls = [f"count(*) - count({identifier(column.name)})" for column in required]
    counts = connection.row(f"SELECT {', '.join(['count(*)', *nulls])} FROM {rows_sql}")
    assert counts is not None  # an aggregate yields one row
    return counts[0], {c.name: n for c, n in zip(required, counts[1:], strict=True)}


def not_null(
    nulls: Mapping[str, int], required: Sequence[Column], warnings: Mapping[str, int]
) -> Check:
    """Columns that are NOT NULL in the source hold no NULL.

    Args:
        nulls: how many there are in each of the columns; one that is left out has none.
        required: the columns, named as in the target.
        warnings: a date that is none becomes NULL by rule and is no fault here.
    """
    if not required:
        return Check("not_null", True, "no column is NOT NULL in the source", 0, 0)
    found = {name: n for name, n in nulls.items() if n}
    total = sum(found.values())
    by_rule = min(total, warnings.get(ZERO_DATE_WARNING, 0))
    if not total:
        message = f"no NULL in {len(required)} columns"
    else:
        message = "NULL in " + ", ".join(f"{name} ({n})" for name, n in found.items())
        if by_rule:
            message += f"; {by_rule} of them stand for dates that are none"
    return Check("not_null", total == by_rule, message, expected=by_rule, actual=total)
