"""What a server's error number means: reached, refused, passing, or neither.

Owns the translation to this project's errors. Refuses to let a secret through: the password is
taken out of every message.
"""

from __future__ import annotations

from arus_dagster.dialects.base import ConnectionSpec
from arus_dagster.errors import (
    ArusError,
    ConnectionFailedError,
    CredentialsError,
    FatalError,
    RetriableError,
)

MASK = "********"
TLS_UNAVAILABLE = 2026

_REFUSED = frozenset(
    {
        1044,  # no access to the database
        1045,  # wrong user or password
        1049,  # no such database
        1130,  # host not allowed
        1142,  # no privilege on the table
        1143,  # no privilege on the column
        1227,  # no such privilege
        1251,  # authentication protocol not supported
        1370,  # no privilege on the routine
        1396,
        1410,
        1524,  # authentication plugin not loaded
        1698,  # no login by this plugin
        1820,  # the password must be changed first
        1862,  # the password has expired
        2059,  # authentication plugin unknown to the driver
        3118,  # the account is locked
        3159,  # the server takes only TLS connections
        4151,  # the account is locked (MariaDB)
    }
)
_BROKEN = frozenset(
    {
        1040,  # too many connections
        1053,  # the server is shutting down
        1129,  # host blocked after errors
        1152,
        1158,
        1159,
        1160,
        1161,
        1184,
        1203,  # too many connections of this user
        1226,  # too many connections an hour
        1927,  # the connection was killed
        2003,
        2006,
        2013,
        2026,
        2055,
        4031,  # disconnected for being idle
    }
)
_PASSING = frozenset(
    {
        1205,  # lock wait timeout
        1213,  # deadlock
        1317,  # the query was interrupted
        1412,  # the table's definition changed since the snapshot
        1637,  # too many transactions
        1969,  # statement time limit (MariaDB)
        3024,  # statement time limit (MySQL)
    }
)


def without_secrets(text: str, spec: ConnectionSpec) -> str:
    """The text with the connection's password masked."""
    return text.replace(spec.password, MASK) if spec.password else text


def server_error(code: int, message: str, spec: ConnectionSpec) -> ArusError:
    """What an error of the server or the driver means.

    Args:
        code: the error number; 2000 to 2999 are the driver's own.
    """
    reason = without_secrets(message.strip() or f"error {code}", spec)
    if code in _REFUSED:
        return CredentialsError(reason)
    if code in _BROKEN:
        return ConnectionFailedError(reason)
    if code in _PASSING:
        return RetriableError(reason)
    return FatalError(reason)
