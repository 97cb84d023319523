"""Field types and base models that all request and response schemas share.

Owns what any text that comes in must satisfy. Refuses values that a PostgreSQL text can't hold
(NUL, lone surrogates) and numbers that JSON can't (NaN, infinity), wherever in a body they stand.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from arus_dagster.catalog.field_types import unstorable

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, max_length=320, pattern=r"^[^@\s]+@[^@\s]+$"
    ),
]
NewPassword = Annotated[SecretStr, Field(min_length=8, max_length=1024)]
"""Bounded above because hashing takes its time with every byte."""


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


UtcDatetime = Annotated[datetime, AfterValidator(_utc)]
"""A time that goes out as RFC 3339 in UTC, e.g. ``2026-01-01T00:00:00Z``."""


class Input(BaseModel):
    """A request body. Unknown fields are refused: taking them silently would lose a value."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Changes(Input):
    """The body of a partial update: a field left out stays as it is.

    ``nullable`` names the fields that may be set to null; for all others null is refused, since
    it means neither "leave" nor a value. Read with ``model_dump(exclude_unset=True)``.
    """

    nullable: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_null(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.field_name not in cls.nullable:
            raise ValueError("Must not be null; leave the field out to keep its value")
        return value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler.resolve_ref_schema(handler(core_schema))
        for name, field in schema.get("properties", {}).items():
            field.pop("default", None)
            choices = [c for c in field.get("anyOf", ()) if c != {"type": "null"}]
            if name not in cls.nullable and len(choices) == 1:
                del field["anyOf"]
                field.update({**choices[0], **field})
            elif name not in cls.nullable and choices:
                field["anyOf"] = choices
        return schema


class Output(BaseModel):
    """A part of a response, readable from a catalog model's attributes."""

    model_config = ConfigDict(from_attributes=True)


async def refuse_unstorable(request: Request) -> None:
    """Refuse text and numbers that can't be stored, in the query and in a JSON body.

    Raises:
        RequestValidationError: naming each field.
    """
    problems = [
        *(
            problem
            for key, value in request.query_params.multi_items()
            for problem in unstorable({key: value}, "query")
        ),
        *unstorable(dict(request.path_params), "path"),
    ]
    route = request.scope.get("route")
    # Only where a route reads its body: an action without one ignores what is sent with it. The
    # parsed body is kept by the request, so it isn't parsed twice.
    if getattr(route, "body_field", None) is not None and await request.body():
        content_type = request.headers.get("content-type", "")
        if "json" in content_type.lower():
            problems += unstorable(await request.json(), "body")
    if problems:
        raise RequestValidationError(
            [{"type": "unstorable", "loc": loc, "msg": message} for loc, message in problems]
        )
