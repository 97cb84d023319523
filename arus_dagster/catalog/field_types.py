"""What the fields of configuration may hold, wherever it comes in: by the API or as a file.

Owns the lengths and bounds of single fields, and what any text must satisfy to be stored. Refuses
to look at the catalog: rules between fields and rows are the repositories'.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Description = Annotated[str, StringConstraints(max_length=2000)]

# Connections
Host = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=255, pattern=r"^[^\s/,\\@]+$")
]
Port = Annotated[int, Field(ge=1, le=65535)]
Credential = Annotated[str, StringConstraints(min_length=1, max_length=255)]
Pem = Annotated[str, StringConstraints(min_length=1, max_length=100_000)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=600)]
Patterns = Annotated[list[Pattern], Field(max_length=1000)]

# Pipelines and their tables
SyncMode = Literal["incremental", "full_refresh"]
LoadMode = Literal["direct", "raw"]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=255)]
KeyColumns = Annotated[list[Identifier], Field(max_length=32)]
SchemaName = Annotated[str, StringConstraints(min_length=1, max_length=63)]
Schedule = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Timezone = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Retries = Annotated[int, Field(ge=0, le=100)]
BackoffSeconds = Annotated[int, Field(ge=0, le=3600)]
ParallelTables = Annotated[int, Field(ge=1, le=16)]
TimeoutSeconds = Annotated[int, Field(ge=1, le=30 * 86_400)]
LookbackSeconds = Annotated[int, Field(ge=0, le=366 * 86_400)]
RowFilter = Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
MOST_TABLES = 10_000

# Scripts
ScriptContent = Annotated[str, StringConstraints(min_length=1, max_length=200_000)]


def unstorable(root: Any, place: str) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Values, at any depth, that a PostgreSQL text or JSON can't hold: where, and why not."""
    # A stack of its own: a body may be nested deeper than Python's calls may be.
    pending: list[tuple[tuple[str | int, ...], Any]] = [((place,), root)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            for key, item in value.items():
                if fault := _fault(key):
                    yield path, fault  # the key itself can't be repeated in the answer
                else:
                    pending.append(((*path, key), item))
        elif isinstance(value, list):
            pending.extend(((*path, index), item) for index, item in enumerate(value))
        elif fault := _fault(value):
            yield path, fault


def _fault(value: Any) -> str | None:
    if isinstance(value, str):
        if "\x00" in value:
            return "Text must not hold NUL characters"
        if any("\ud800" <= char <= "\udfff" for char in value):
            return "Text must not hold unpaired surrogates"
    elif isinstance(value, float) and not math.isfinite(value):
        return "Numbers must be finite"
    return None
