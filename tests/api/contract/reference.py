"""The API reference as data: endpoints, sample bodies and error codes, read from its text.

Owns the reading of ``docs/api-reference.txt``. Refuses to hold a second list of endpoints: one
that is added to the text is known here, and asked for by the tests, without a change.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

TEXT = Path(__file__).parents[3] / "docs" / "api-reference.txt"

_HEADING = re.compile(r"^(?:GET|POST|PUT|PATCH|DELETE) /api/\S+$")
_ERROR = re.compile(r"^(\d{3})([A-Z_]+)([A-Z][a-z].*)$")

# Sentences of the reference that stand there without a heading.
UNNAMED = {
    "Get notification links for a pipeline.": "GET /api/notifications/links/{pipeline_id}",
    "Update notification link.": "PUT /api/notifications/links/{id}",
    "Delete notification link.": "DELETE /api/notifications/links/{id}",
}

# What the reference does not have and the API offers beside it.
ADDITIONS = frozenset(
    {
        "POST /api/pipelines/{id}/dead-letters/replay",
        "DELETE /api/pipelines/{id}/dead-letters",
        "GET /api/audit",
        "GET /api/health/ready",
    }
)


@dataclass(frozen=True)
class Endpoint:
    """One endpoint of the reference.

    Args:
        name: method and path, e.g. ``GET /api/sources/{id}``.
        request: the sample of the body, or None where there is none.
        response: the sample of the answer, or None where there is none.
    """

    name: str
    request: Any
    response: Any


@lru_cache
def endpoints() -> dict[str, Endpoint]:
    """Every endpoint by name."""
    found: dict[str, Endpoint] = {}
    for name, body in _sections():
        samples = dict(_samples(body))
        found[name] = Endpoint(name, samples.get("request"), samples.get("response"))
    return found


@lru_cache
def errors() -> dict[int, str]:
    """The code of each documented status."""
    matches = (_ERROR.match(line) for line in TEXT.read_text().splitlines())
    return {int(match[1]): match[2] for match in matches if match}


def _sections() -> list[tuple[str, list[str]]]:
    sections: list[tuple[str, list[str]]] = []
    for line in TEXT.read_text().splitlines():
        if _HEADING.match(line):
            sections.append((line, []))
        elif line in UNNAMED:
            sections.append((UNNAMED[line], []))
        elif sections:
            sections[-1][1].append(line)
    return sections


def _samples(lines: list[str]) -> list[tuple[str, Any]]:
    """The samples of a section; one without a title is a request."""
    found = []
    title = "request"
    for number, line in enumerate(lines):
        if line in ("Request:", "Response:"):
            title = line.rstrip(":").lower()
        elif line == "json":
            text = "\n".join(lines[number + 1 :]).lstrip().replace("[...]", "[]")
            sample, _ = json.JSONDecoder().raw_decode(text)
            found.append((title, sample))
    return found
