"""Destinations as they go in and come out."""

from __future__ import annotations

import uuid
from typing import Literal

from pydantic import ConfigDict, Field

from arus_api.connections import ConnectionChanges, ConnectionIn, ConnectionOut
from arus_api.fields import Output
from arus_dagster.catalog.field_types import SchemaName

_RAW = "Where rows of the raw load mode, the state of loads and dead letters are kept."
_TARGET = "Where target tables of new pipelines go, unless they name a schema of their own."
_DEFAULT = "Whether a source's selection makes its pipeline here. At most one destination is it."


class DestinationIn(ConnectionIn):
    """A new destination."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "name": "Warehouse",
                "type": "postgresql",
                "host": "arus-db",
                "port": 5432,
                "database": "arus_warehouse",
                "username": "arus",
                "password": "arus_secret",
                "raw_schema": "staging",
                "target_schema": "analytics",
                "is_default": True,
            }
        }
    )

    type: Literal["postgresql"] = "postgresql"
    raw_schema: SchemaName = Field(default="staging", description=_RAW)
    target_schema: SchemaName = Field(default="analytics", description=_TARGET)
    is_default: bool = Field(default=False, description=_DEFAULT)


class DestinationChanges(ConnectionChanges):
    """What to change of a destination; a field left out stays."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"name": "Main Warehouse", "is_default": True}}
    )

    type: Literal["postgresql"] | None = None
    raw_schema: SchemaName | None = Field(default=None, description=_RAW)
    target_schema: SchemaName | None = Field(default=None, description=_TARGET)
    is_default: bool | None = Field(default=None, description=_DEFAULT)


class DestinationOut(ConnectionOut):
    """A destination."""

    id: uuid.UUID
    slug: str = Field(description="Its name in Dagster's asset keys; kept through renames.")
    type: Literal["postgresql"]
    raw_schema: str = Field(description=_RAW)
    target_schema: str = Field(description=_TARGET)
    is_default: bool = Field(description=_DEFAULT)


class DestinationDeleted(Output):
    """Which destination is gone; what was loaded stays in the warehouse."""

    id: uuid.UUID
    deleted: bool = True
