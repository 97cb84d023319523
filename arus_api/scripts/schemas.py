"""Transform scripts as they go in and come out."""

from __future__ import annotations

import uuid
from typing import ClassVar

from pydantic import ConfigDict, Field, JsonValue

from arus_api.fields import Changes, Input, Output, UtcDatetime
from arus_dagster.catalog.field_types import Description, Identifier, Name, ScriptContent

_CONTENT = (
    "Python that defines `transform(row)`: it gets a dict and returns one, or None to drop the "
    "row. Only the standard library can be imported."
)
_TABLE = "The source table to which the script is limited; null applies it to all."
_EXAMPLE: dict[str, JsonValue] = {
    "name": "clean_orders",
    "description": "Cleans order data",
    "content": (
        "def transform(row):\n"
        "    row['email_domain'] = row['email'].split('@')[1] if row.get('email') else None\n"
        "    return row"
    ),
}


class ScriptIn(Input):
    """A new script."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    name: Name
    description: Description | None = None
    content: ScriptContent = Field(description=_CONTENT)
    table: Identifier | None = Field(default=None, description=_TABLE)


class ScriptChanges(Changes):
    """What to change of a script; a field left out stays."""

    nullable: ClassVar[frozenset[str]] = frozenset({"description", "table"})
    model_config = ConfigDict(json_schema_extra={"example": {"description": "Cleans orders"}})

    name: Name | None = None
    description: Description | None = None
    content: ScriptContent | None = Field(default=None, description=_CONTENT)
    table: Identifier | None = Field(default=None, description=_TABLE)


class ScriptOut(Output):
    """A script."""

    id: uuid.UUID
    pipeline_id: uuid.UUID
    name: str
    description: str | None
    content: str
    table: str | None
    created_at: UtcDatetime
    updated_at: UtcDatetime


class ScriptDeleted(Output):
    """Which script is gone."""

    id: uuid.UUID
    deleted: bool = True
