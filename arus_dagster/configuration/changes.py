"""What an import changes: the difference between the configuration before and after.

Owns the comparison, thing by thing and field by field. Refuses values of secrets, which stand in
neither: that one differs is told by whoever compared them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from arus_dagster.configuration.document import Document

_NOUNS = {
    "sources": "source",
    "destinations": "destination",
    "notification_targets": "notification target",
    "pipelines": "pipeline",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is made or altered.

    Args:
        noun: what kind of thing it is.
        fields: what differs, each with its value before and after; of a new thing, nothing.
    """

    action: Literal["create", "update"]
    noun: str
    name: str
    fields: tuple[tuple[str, Any, Any], ...] = ()


SECRET = "(secret)"


def compare(
    before: Document, after: Document, secrets: Mapping[tuple[str, str], set[str]]
) -> list[Change]:
    """The changes in the order in which they were made.

    Args:
        secrets: noun and name of a thing to the names of its secrets that differ.
    """
    changes = []
    fields = tuple(_differences(before.settings, after.settings))
    if fields:
        changes.append(Change("update", "settings", "", fields))
    for part, noun in _NOUNS.items():
        known = {thing.name.lower(): thing for thing in getattr(before, part)}
        for thing in getattr(after, part):
            earlier = known.get(thing.name.lower())
            if earlier is None:
                changes.append(Change("create", noun, thing.name))
                continue
            fields = tuple(_differences(_flat(earlier.model_dump()), _flat(thing.model_dump())))
            changed = sorted(secrets.get((noun, thing.name.lower()), ()))
            fields += tuple((name, SECRET, SECRET) for name in changed)
            if fields:
                changes.append(Change("update", noun, thing.name, fields))
    return changes


def _differences(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[str, Any, Any]]:
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def _flat(values: Mapping[str, Any], place: str = "") -> dict[str, Any]:
    """Fields by their path; things in lists go by their names, and their order by these."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        path = f"{place}{name}"
        if isinstance(value, dict):
            flat |= _flat(value, f"{path}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            keys = [_key(item) for item in value]
            flat[path] = keys
            for key, item in zip(keys, value, strict=True):
                flat |= _flat(item, f"{path}.{key}.")
        else:
            flat[path] = value
    return flat


def _key(item: Mapping[str, Any]) -> str:
    schema = item.get("schema_name")
    name = item.get("name") or item.get("target")
    return f"{schema}.{name}" if schema else str(name)
