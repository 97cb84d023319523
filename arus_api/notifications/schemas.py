"""Notification targets and links as they go in and come out."""

from __future__ import annotations

import uuid
from typing import Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from arus_api.fields import Changes, Input, Output, UtcDatetime
from arus_dagster.catalog.field_types import Name
from arus_dagster.notify.channels import CHANNELS, ChannelType
from arus_dagster.notify.failures import MASK
from arus_dagster.notify.message import Event, Events

_CONFIG_OUT = f"As configured; secrets are `{MASK}`."


class TargetIn(Input):
    """A new target; what ``config`` holds depends on ``type``."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Team Alerts",
                "type": "telegram",
                "config": {"bot_token": "123456:ABC-DEF", "chat_id": "-123456789"},
                "active": True,
            }
        }
    )

    name: Name
    type: ChannelType
    config: dict[str, Any]
    active: bool = True

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """One alternative a channel, so that a client sees which fields go together."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        shared = {name: schema["properties"].pop(name) for name in list(schema["properties"])}
        example = schema.pop("example", None)
        schema.clear()
        schema.update(
            title=cls.__name__,
            description=cls.__doc__,
            oneOf=[
                {
                    "type": "object",
                    "title": f"{kind.title()} target",
                    "properties": {
                        **shared,
                        "type": {"const": kind, "type": "string"},
                        "config": _inline(channel.config),
                    },
                    "required": ["name", "type", "config"],
                    "additionalProperties": False,
                }
                for kind, channel in CHANNELS.items()
            ],
            example=example,
        )
        return schema


class TargetChanges(Changes):
    """What to change of a target; a field left out stays, within ``config`` too.

    A secret that is sent back as its mask stays; null forgets an optional field of ``config``.
    With another ``type``, ``config`` is given whole.
    """

    model_config = ConfigDict(
        json_schema_extra={"example": {"config": {"chat_id": "-987654321"}, "active": False}}
    )

    name: Name | None = None
    type: ChannelType | None = None
    config: dict[str, Any] | None = None
    active: bool | None = None


class DeliveriesOut(Output):
    """How it went with the messages of the last thirty days."""

    sent: int
    pending: int = Field(description="To be sent, or to be tried again.")
    failed: int = Field(description="Given up.")
    last_error: str | None = Field(
        description="Why the latest of those that were not sent was not, without secrets."
    )
    last_sent_at: UtcDatetime | None


class TargetOut(Output):
    """A target."""

    id: uuid.UUID
    name: str
    type: ChannelType
    config: dict[str, Any] = Field(description=_CONFIG_OUT)
    destination: str = Field(description="Where messages go, in words that hold no secret.")
    error: str | None = Field(description="Why the stored configuration can't be used.")
    active: bool
    deliveries: DeliveriesOut
    created_at: UtcDatetime
    updated_at: UtcDatetime


class TargetDeleted(Output):
    """Which target is gone."""

    id: uuid.UUID
    deleted: bool = True


class TargetTested(Output):
    """A test notification that was taken."""

    id: uuid.UUID
    sent: bool = True


class LinkIn(Input):
    """Which events of a pipeline go to a target."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "pipeline_id": "0b0e7ac4-6b6e-4f0e-9d0b-0d7f2f3c5a11",
                "target_id": "6f0f3f3e-3a35-4c63-9a0c-6f5f7f1d5a12",
                "events": ["failure", "dead_letter", "schema_drift"],
            }
        }
    )

    pipeline_id: uuid.UUID
    target_id: uuid.UUID
    events: Events
    active: bool = True


class LinkChanges(Changes):
    """What to change of a link; a field left out stays."""

    model_config = ConfigDict(json_schema_extra={"example": {"events": ["failure", "success"]}})

    events: Events | None = None
    active: bool | None = None


class LinkOut(Output):
    """A link."""

    id: uuid.UUID
    pipeline_id: uuid.UUID
    target_id: uuid.UUID
    events: list[Event]
    active: bool
    created_at: UtcDatetime
    updated_at: UtcDatetime


class LinkDeleted(Output):
    """Which link is gone."""

    id: uuid.UUID
    deleted: bool = True


def _inline(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    if "$defs" in schema:
        raise TypeError(f"{model.__name__} must be flat to stand within another description")
    return schema


def config_problems(error: ValidationError) -> list[dict[str, Any]]:
    """The faults of a channel's configuration as those of the request's ``config``."""
    return [
        {**problem, "loc": ("body", "config", *problem["loc"])}
        for problem in error.errors(include_url=False, include_context=False, include_input=False)
    ]
