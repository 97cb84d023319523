"""The one shape of every answer.

Owns success (``Ok``), lists (``Page``) and failure (``Failure``). Refuses bare bodies: a route
that answers anything else is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, Field, WithJsonSchema

T = TypeVar("T")


def _name(content: Any) -> str:
    for note in getattr(content, "__metadata__", ()):
        if isinstance(note, WithJsonSchema) and note.json_schema:
            return str(note.json_schema["title"])
    if get_origin(content) is list:
        return f"{_name(get_args(content)[0])}List"
    return str(content.__name__)


class Ok(BaseModel, Generic[T]):
    """A success."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """The title in the description, e.g. ``UserOutAnswer``."""
        return f"{_name(params[0])}Answer"

    status: Literal["ok"] = "ok"
    data: T


class Meta(BaseModel):
    """Where a page stands in its list."""

    total: int = Field(ge=0, description="How many elements the whole list has.")
    limit: int = Field(ge=1, description="The greatest number of elements asked for.")
    offset: int = Field(ge=0, description="How many elements come before this page.")


class Page(BaseModel, Generic[T]):
    """One page of a list, newest first."""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """The title in the description, e.g. ``UserOutPage``."""
        return f"{_name(params[0])}Page"

    status: Literal["ok"] = "ok"
    data: list[T]
    meta: Meta


class FieldProblem(BaseModel):
    """What is wrong with one field of the request."""

    field: str = Field(description="Dotted path, e.g. `tables.0.name`.")
    message: str


class ErrorBody(BaseModel):
    """Why a request failed."""

    code: str = Field(description="For programs, e.g. `VALIDATION_ERROR`.")
    message: str = Field(description="For people.")
    fields: list[FieldProblem] | None = Field(
        default=None, description="The fields at fault, where there are any."
    )
    details: dict[str, Any] | None = Field(
        default=None, description="Facts a program may act on, e.g. the `run_id` of an active run."
    )
    request_id: str | None = Field(
        default=None, description="Names the request in the server's log."
    )


class Failure(BaseModel):
    """A failure."""

    status: Literal["error"] = "error"
    error: ErrorBody


def ok(data: T) -> Ok[T]:
    """Wrap a result."""
    return Ok(data=data)


def page(items: Iterable[T], *, total: int, limit: int, offset: int) -> Page[T]:
    """Wrap one page of a list; ``total`` counts the whole list."""
    return Page(data=list(items), meta=Meta(total=total, limit=limit, offset=offset))
