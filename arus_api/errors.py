"""What each error means over HTTP, in the one envelope.

Owns the table from exceptions to status and code, and the errors that only HTTP knows. Refuses
to let anything unexpected out: such a failure is logged whole and answered with a request id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg2.errorcodes
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException

from arus_api.envelope import ErrorBody, Failure, FieldProblem
from arus_dagster.errors import (
    RETRY_AFTER_SECONDS,
    ArusError,
    ConfigurationError,
    ConflictError,
    ConnectionFailedError,
    CredentialsError,
    InvalidInputError,
    NotFoundError,
    TransformError,
    UnavailableError,
)
from arus_dagster.logging import get_logger

log = get_logger(__name__)

DESCRIPTIONS: Mapping[int, str] = {
    400: "The body is not JSON.",
    401: "No valid token.",
    403: "The user's role does not allow this.",
    404: "There is no such thing.",
    405: "The path has no such method.",
    408: "The body did not arrive in time.",
    409: "The request contradicts the present state.",
    413: "The body is too large.",
    422: "A field is not acceptable; `error.fields` names it.",
    429: "Too many attempts; `Retry-After` says when to try again.",
    500: "Unexpected; `error.request_id` names the request in the server's log.",
    502: "A source or warehouse can't be reached; the message holds its reason.",
    503: "The catalog or Dagster is away for the moment; `Retry-After` says when to try again.",
}
CODES: Mapping[int, str] = {
    400: "VALIDATION_ERROR",
    401: "AUTH_FAILED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    422: "VALIDATION_ERROR",
    429: "TOO_MANY_REQUESTS",
    500: "INTERNAL_ERROR",
    502: "CONNECTION_FAILED",
    503: "UNAVAILABLE",
}


class AuthenticationError(ArusError):
    """Nobody known stands behind the request."""


class ForbiddenError(ArusError):
    """The user's role does not allow the request."""


class TooManyRequestsError(ArusError):
    """The caller must wait.

    Args:
        retry_after: seconds.
    """

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


_STATUSES: tuple[tuple[type[ArusError], int], ...] = (
    (AuthenticationError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (InvalidInputError, 422),
    (TransformError, 422),
    (ConfigurationError, 422),
    (TooManyRequestsError, 429),
    (ConnectionFailedError, 502),
    (CredentialsError, 502),
    (UnavailableError, 503),
)


def failure(
    status: int,
    message: str,
    *,
    fields: Sequence[FieldProblem] | None = None,
    details: dict[str, Any] | None = None,
    request_id: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """A failure's response; the code follows from the status."""
    body = Failure(
        error=ErrorBody(
            code=CODES.get(status, "INTERNAL_ERROR" if status >= 500 else "VALIDATION_ERROR"),
            message=message,
            fields=list(fields) if fields else None,
            details=details,
            request_id=request_id,
        )
    )
    return JSONResponse(
        body.model_dump(mode="json", exclude_none=True),
        status_code=status,
        headers=dict(headers) if headers else None,
    )


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The ``responses=`` of a route: which failures it has of its own.

    Those that any route has (401, 403, 422, 500, 503) are described for all of them at once.
    """
    return {
        status: {"model": Failure, "description": DESCRIPTIONS[status]}
        for status in sorted(statuses)
    }


def _of_arus_error(request: Request, error: ArusError) -> JSONResponse:
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), None)
    if status is None:
        return internal_error(request, error)
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if retry_after := getattr(error, "retry_after", None):
        headers["Retry-After"] = str(retry_after)
    fields = None
    if isinstance(error, InvalidInputError) and error.field:
        fields = [FieldProblem(field=error.field, message=error.message)]
    return failure(
        status,
        error.message,
        fields=fields,
        details=getattr(error, "details", None),
        headers=headers,
    )


def _of_validation(request: Request, error: RequestValidationError) -> JSONResponse:
    problems = error.errors()
    if any(problem["type"] == "json_invalid" for problem in problems):
        return failure(400, "The body is not valid JSON")
    fields = [
        FieldProblem(field=_dotted(problem["loc"]), message=problem["msg"]) for problem in problems
    ]
    named = ", ".join(dict.fromkeys(field.field for field in fields[:10]))
    return failure(422, f"Not acceptable: {named}", fields=fields)


def _dotted(place: Sequence[str | int]) -> str:
    # The first part says where the field stood (body, query, path, header), which its name tells.
    parts = [str(part) for part in place[1:]] or [str(place[0])]
    return ".".join(parts).encode("utf-8", "replace").decode()


def _of_http_exception(request: Request, error: HTTPException) -> JSONResponse:
    if error.status_code == 405:
        # Starlette names the methods of one route; a path may have several.
        allowed = {
            method
            for route in request.app.state.routes
            if route.path_regex.match(request.scope["path"])
            for method in route.methods
        }
        headers = {"Allow": ", ".join(sorted(allowed))} if allowed else error.headers
        return failure(405, DESCRIPTIONS[405], headers=headers)
    message = DESCRIPTIONS[404] if error.status_code == 404 else str(error.detail)
    return failure(error.status_code, message, headers=error.headers)


def _of_integrity_error(request: Request, error: IntegrityError) -> JSONResponse:
    # A race that no check before can exclude: two requests made the same thing, or one deleted
    # what the other refers to. The database decided; the loser is told.
    state = getattr(error.orig, "pgcode", None)
    if state == psycopg2.errorcodes.UNIQUE_VIOLATION:
        return failure(409, "Something of the same name or target has just been made")
    if state == psycopg2.errorcodes.FOREIGN_KEY_VIOLATION:
        return failure(409, "Something this refers to has just been deleted, or is in use")
    return internal_error(request, error)


def _of_catalog_error(request: Request, error: Exception) -> JSONResponse:
    log.warning("catalog_unavailable", error=type(error).__name__)
    return failure(
        503,
        "The catalog database is away or overloaded; try again in a moment",
        headers={"Retry-After": str(RETRY_AFTER_SECONDS)},
    )


def _of_dbapi_error(request: Request, error: DBAPIError) -> JSONResponse:
    if error.connection_invalidated or isinstance(error, OperationalError | InterfaceError):
        return _of_catalog_error(request, error)
    return internal_error(request, error)


def internal_error(request: Request, error: Exception) -> JSONResponse:
    """Log an unexpected error whole, and answer with nothing but the request's id."""
    request_id: str = request.state.request_id
    log.error("unexpected_error", exc_info=error)
    return failure(500, "Unexpected error", request_id=request_id)


def install_error_handlers(app: FastAPI) -> None:
    """Answer every exception in the envelope."""
    handlers: dict[type[Exception], Any] = {
        ArusError: _of_arus_error,
        RequestValidationError: _of_validation,
        HTTPException: _of_http_exception,
        IntegrityError: _of_integrity_error,
        DBAPIError: _of_dbapi_error,
        PoolTimeoutError: _of_catalog_error,
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)
