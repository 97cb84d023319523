"""The file as YAML text.

Owns reading and writing. Refuses a key that stands twice in one mapping, of which YAML would keep
the last and lose the first, and text that PostgreSQL can't hold.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from pydantic import ValidationError

from arus_dagster.catalog.field_types import unstorable
from arus_dagster.configuration.document import Document
from arus_dagster.errors import InvalidInputError

_VARIABLE = re.compile(r"^ *(?:- )?\w+: '?(\$\{\w+\})'?$", re.MULTILINE)
_MOST_FAULTS = 20


def read(text: str) -> Document:
    """The content of a file.

    Raises:
        InvalidInputError: it is not YAML, or not such a file; the message says where and why.
    """
    try:
        # Its loader is safe: it makes plain values alone.
        content = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark is not None else ""
        reason = getattr(error, "problem", None) or "it can't be read"
        raise InvalidInputError(f"The file is no YAML{place}: {reason}") from None
    except RecursionError:
        raise InvalidInputError("The file is nested too deeply") from None
    faults = [f"{_dotted(place[1:])}: {reason}" for place, reason in unstorable(content, "file")]
    if faults:
        raise InvalidInputError("\n".join(faults[:_MOST_FAULTS]))
    try:
        return Document.model_validate(content)
    except ValidationError as error:
        faults = [f"{_dotted(fault['loc'])}: {fault['msg']}" for fault in error.errors()]
        more = len(faults) - _MOST_FAULTS
        shown = faults[:_MOST_FAULTS] + ([f"and {more} more"] if more > 0 else [])
        raise InvalidInputError("The file is not acceptable:\n" + "\n".join(shown)) from None


def write(document: Document) -> str:
    """A file with this content; ``read`` gives it back."""
    content = document.model_dump(by_alias=True, exclude_defaults=True, mode="json")
    text = yaml.dump(
        {"version": document.version, **content},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=100,
    )
    heading = ["# Configuration of Arus, for 'arus import'."]
    variables = sorted(set(_VARIABLE.findall(text)))
    if variables:
        heading.append("# It holds no secrets; those are taken from the environment:")
        heading += [f"#   {variable[2:-1]}" for variable in variables]
    return "\n".join([*heading, text])


def _dotted(place: tuple[str | int, ...]) -> str:
    return ".".join(str(part) for part in place) or "the file"


class _Loader(yaml.SafeLoader):
    """Refuses keys that stand twice."""


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as it reads."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        return super().increase_indent(flow, False)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for key, _ in node.value:
        if key.value in seen:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {key.value!r} stands there twice", key.start_mark
            )
        seen.add(key.value)
    return loader.construct_mapping(node, deep=True)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)
_Dumper.add_representer(str, _text)
