"""The file's content: sources, destinations, notification targets, pipelines, settings.

Owns its form. Things are named, not numbered, so that a file fits any installation. Refuses
secrets: where one belongs, the name of an environment variable stands. Users and what runs have
measured are no configuration.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    model_validator,
)

from arus_dagster.catalog.field_types import (
    MOST_TABLES,
    BackoffSeconds,
    Credential,
    Description,
    Host,
    Identifier,
    KeyColumns,
    LoadMode,
    LookbackSeconds,
    Name,
    ParallelTables,
    Patterns,
    Pem,
    Port,
    Retries,
    RowFilter,
    Schedule,
    SchemaName,
    ScriptContent,
    SyncMode,
    TimeoutSeconds,
    Timezone,
)
from arus_dagster.dialects.base import SourceType, SslMode
from arus_dagster.dialects.detection import SyncMethod
from arus_dagster.engine.specs import DeleteDetection, SoftDelete
from arus_dagster.notify.channels import ChannelType
from arus_dagster.notify.message import Events

_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def variable_of(reference: str) -> str | None:
    """The environment variable that ``${NAME}`` means; None for any other text."""
    match = _REFERENCE.fullmatch(reference)
    return None if match is None else match[1]


def _check_reference(text: str) -> str:
    if variable_of(text) is None:
        raise ValueError("must name an environment variable, as ${NAME}; a file holds no secrets")
    return text


Reference = Annotated[str, AfterValidator(_check_reference)]


class Part(BaseModel):
    """A part of the file; unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, populate_by_name=True)


class Connection(Part):
    """How to reach a database; ``port`` left out is the database's usual one."""

    name: Name
    host: Host
    port: Port | None = None
    database: Credential
    username: Credential
    password: Reference | None = None
    ssl_mode: SslMode = "prefer"
    ssl_ca: Pem | None = None
    ssl_cert: Pem | None = None
    ssl_key: Reference | None = None


class SourcePart(Connection):
    """A source."""

    type: SourceType
    sync_method: SyncMethod = "auto"
    table_include: Patterns = Field(default_factory=list)
    table_exclude: Patterns = Field(default_factory=list)
    schema_include: Patterns = Field(default_factory=list)


class DestinationPart(Connection):
    """A destination."""

    type: Literal["postgresql"] = "postgresql"
    raw_schema: SchemaName = "staging"
    target_schema: SchemaName = "analytics"
    is_default: StrictBool = False


class TargetPart(Part):
    """A notification target; secret fields of ``config`` are references."""

    name: Name
    type: ChannelType
    active: StrictBool = True
    config: dict[str, Any]


class TablePart(Part):
    """A table of a pipeline.

    ``sync_mode``, ``watermark_column`` and ``load_mode`` left out stay as stored, and are chosen
    as for any new table where nothing is stored.
    """

    schema_name: Identifier | None = Field(default=None, alias="schema")
    name: Identifier
    sync_mode: SyncMode | None = None
    load_mode: LoadMode | None = None
    watermark_column: Identifier | None = None
    primary_key: KeyColumns = Field(default_factory=list)
    lookback_seconds: LookbackSeconds | None = None
    soft_delete_column: Identifier | None = None
    soft_delete: SoftDelete = "remove"
    delete_detection: DeleteDetection = "none"
    row_filter: RowFilter | None = None
    tinyint1_as_bool: StrictBool = False
    enabled: StrictBool = True

    def values(self) -> dict[str, Any]:
        """What is said about the table, besides which one it is."""
        kept = {"sync_mode", "load_mode", "watermark_column"} - self.model_fields_set
        return self.model_dump(exclude={"name", "schema_name", *kept})


class ScriptPart(Part):
    """A transform script; scripts run in the order of the file."""

    name: Name
    description: Description | None = None
    table: Identifier | None = None
    content: ScriptContent


class LinkPart(Part):
    """Which events of the pipeline go to a target."""

    target: Name
    events: Events
    active: StrictBool = True


class PipelinePart(Part):
    """A pipeline with all that belongs to it."""

    name: Name
    description: Description | None = None
    source: Name
    destination: Name
    schedule: Schedule | None = None
    timezone: Timezone | None = None
    depends_on: Name | None = None
    target_schema: SchemaName | None = None
    load_mode: LoadMode = "direct"
    max_retries: Retries | None = None
    initial_backoff: BackoffSeconds | None = None
    timeout_seconds: TimeoutSeconds | None = None
    parallel_tables: ParallelTables = 1
    from_selection: StrictBool = False
    tables: list[TablePart] = Field(default_factory=list, max_length=MOST_TABLES)
    scripts: list[ScriptPart] = Field(default_factory=list)
    notifications: list[LinkPart] = Field(default_factory=list)

    @model_validator(mode="after")
    def _named_once(self) -> PipelinePart:
        _refuse_twice("script", [script.name for script in self.scripts])
        _refuse_twice("notification of target", [link.target for link in self.notifications])
        return self


class Document(Part):
    """The whole file. What it does not name stays as it is."""

    version: Literal[1]
    settings: dict[str, str | bool | int | float] = Field(default_factory=dict)
    sources: list[SourcePart] = Field(default_factory=list)
    destinations: list[DestinationPart] = Field(default_factory=list)
    notification_targets: list[TargetPart] = Field(default_factory=list)
    pipelines: list[PipelinePart] = Field(default_factory=list)

    @model_validator(mode="after")
    def _named_once(self) -> Document:
        _refuse_twice("source", [source.name.lower() for source in self.sources])
        _refuse_twice("destination", [place.name.lower() for place in self.destinations])
        _refuse_twice("target", [target.name.lower() for target in self.notification_targets])
        _refuse_twice("pipeline", [pipeline.name.lower() for pipeline in self.pipelines])
        if sum(place.is_default for place in self.destinations) > 1:
            raise ValueError("only one destination can be the default one")
        return self


def _refuse_twice(noun: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"the {noun} {twice[0]!r} stands there twice")
