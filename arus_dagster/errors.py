"""The tree of errors: what each means for a retry and for a caller.

Owns the meaning (fatal, retriable, rejected, not found, conflict). Refuses secrets: a message
built here may be shown to a user, logged and stored as a Dagster event as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RETRY_AFTER_SECONDS = 5


class ArusError(Exception):
    """Anything this project raises on purpose; ``str()`` of it is fit to be shown."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class FatalError(ArusError):
    """Trying again changes nothing: configuration, schema or data must change first."""


class RetriableError(ArusError):
    """A passing condition: the same call may succeed later."""


class ConnectionFailedError(RetriableError):
    """A source or destination can't be reached, or the connection broke midway."""


class ConfigurationError(FatalError):
    """The configuration contradicts itself or what the database holds."""


class CredentialsError(FatalError):
    """The server answered and refused the login or a privilege."""


class SchemaDriftError(FatalError):
    """The source's columns changed in a way that can't be carried over without loss."""


class DataError(FatalError):
    """Data as a whole can't be loaded: too many rejected rows, or a count that does not add up."""


class DeadLetterLimitError(DataError):
    """More rows were rejected than the limit allows."""


class BalanceError(DataError):
    """Rows extracted differ from rows loaded, deleted, dropped and rejected together."""


class TransformError(FatalError):
    """A script as a whole fails: it doesn't compile, loops, or eats memory."""


class CancelledError(ArusError):
    """The work was stopped on request; nothing of it was kept."""


class NotFoundError(ArusError):
    """A thing named by a caller does not exist."""


class ConflictError(ArusError):
    """The request contradicts the present state."""


class DetailedConflictError(ConflictError):
    """A conflict a program can act on.

    Args:
        details: facts about it, JSON-compatible.
        retry_after: seconds after which the conflict may be over, if time alone ends it.
    """

    def __init__(
        self, message: str, details: Mapping[str, Any], retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.details = dict(details)
        self.retry_after = retry_after


class UnavailableError(ArusError):
    """Something of our own (the catalog, Dagster) is away for the moment.

    Args:
        retry_after: seconds.
    """

    def __init__(self, message: str, retry_after: int = RETRY_AFTER_SECONDS) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvalidInputError(ArusError):
    """A value given by a caller is not acceptable.

    Args:
        message: what is wrong and what to do.
        field: dotted path of the field, when there is one.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field
