"""What a driver's error means: reached, refused, passing, or about one row.

Owns the translation from psycopg2 to this project's errors. Refuses to let a secret through:
the password is taken out of every message.
"""

from __future__ import annotations

import re

import psycopg2

from arus_dagster.dialects.base import ConnectionSpec
from arus_dagster.errors import (
    ArusError,
    ConnectionFailedError,
    CredentialsError,
    FatalError,
    RetriableError,
)

MASK = "********"

# Classes of SQLSTATE that speak of the data of a row: data exception, integrity violation, and
# a program limit (a value too large for an index).
_ROW_FAULT_CLASSES = ("22", "23", "54")
# A trigger or function of the table's owner refuses the row.
_RAISED = "P0001"
# Of class 55 what is held by somebody else; the rest is a state that does not pass by itself.
_RETRIABLE_CODES = ("40", "53", "55006", "55P03")
_CONNECTION_CLASSES = ("08", "57")
_QUERY_CANCELED = "57014"
_REFUSED_CODES = ("28000", "28P01", "42501", "3D000")

# While connecting the driver knows no SQLSTATE, only a text; a FATAL is the server's own answer.
_PASSING_REFUSALS = re.compile(
    r"too many (clients|connections)|connection slots|starting up|shutting down|"
    r"not yet accepting|recovery",
    re.IGNORECASE,
)
_LINE = re.compile(r"^COPY .*?, \D*(\d+)", re.DOTALL)
_COLUMN = re.compile(r"^COPY .*, column (.+?)(?::|$)", re.DOTALL)


class RowFaultError(FatalError):
    """The server refused a statement because of the data of a row.

    Args:
        line: 1-based line of the COPY at which the server stopped, if it said so.
    """

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(message)
        self.line = line


def without_secrets(text: str, spec: ConnectionSpec) -> str:
    """The text with the connection's password masked."""
    return text.replace(spec.password, MASK) if spec.password else text


def connect_error(error: psycopg2.Error, spec: ConnectionSpec) -> ArusError:
    """What a failure to connect means."""
    reason = without_secrets(" ".join(str(error).split()), spec) or type(error).__name__
    if "FATAL" in reason and not _PASSING_REFUSALS.search(reason):
        return CredentialsError(reason)
    return ConnectionFailedError(reason)


def statement_error(error: psycopg2.Error, spec: ConnectionSpec) -> ArusError:
    """What a failed statement means."""
    code = error.pgcode or ""
    reason = without_secrets(_reason(error), spec)
    if not code and isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        return ConnectionFailedError(reason)
    if code.startswith(_ROW_FAULT_CLASSES) or code == _RAISED:
        return RowFaultError(reason, _line(error))
    if code in _REFUSED_CODES:
        return CredentialsError(reason)
    if code == _QUERY_CANCELED or code.startswith(_RETRIABLE_CODES):
        return RetriableError(reason)
    if code.startswith(_CONNECTION_CLASSES):
        return ConnectionFailedError(reason)
    # The driver reports a connection lost in the middle of a COPY as a plain DatabaseError.
    if not code and type(error) is psycopg2.DatabaseError:
        return ConnectionFailedError(reason)
    return FatalError(reason)


def _reason(error: psycopg2.Error) -> str:
    primary = error.diag.message_primary
    if not primary:
        return " ".join(str(error).split()) or type(error).__name__
    column = _COLUMN.match(error.diag.context or "")
    detail = error.diag.message_detail
    reason = primary
    if column:
        reason += f" (column {column.group(1)})"
    # A constraint's detail repeats values of the row; the dead letter holds those already.
    if detail and not (error.pgcode or "").startswith("23"):
        reason += f": {detail}"
    return reason


def _line(error: psycopg2.Error) -> int | None:
    match = _LINE.match(error.diag.context or "")
    return int(match.group(1)) if match else None
