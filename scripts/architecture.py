"""Draw who imports whom into docs/architecture.md, from the code itself.

    python scripts/architecture.py

A test holds the picture against the code.
"""

from __future__ import annotations

import re
from pathlib import Path

import grimp

DOCUMENT = Path(__file__).parents[1] / "docs" / "architecture.md"
PACKAGES = ("arus_dagster", "arus_api")
# Modules that everything stands on, drawn as one.
BASE = "settings, errors, crypto, logging, names"
_PICTURE = re.compile(r"```mermaid\n.*?```\n", re.DOTALL)

Edges = set[tuple[str, str]]


def part_of(module: str) -> str:
    """The part of the picture that a module belongs to."""
    names = module.split(".")
    if names[0] == "arus_api":
        return "arus_api"
    first = names[1] if len(names) > 1 else ""
    return "base" if first in ("", *BASE.split(", ")) else first


def edges() -> Edges:
    """Which part imports which, without what follows from the other arrows."""
    graph = grimp.build_graph(*PACKAGES)
    found = {
        (part_of(importer), part_of(imported))
        for importer in graph.modules
        for imported in graph.find_modules_directly_imported_by(importer)
    }
    found = {(importer, imported) for importer, imported in found if importer != imported}
    return {edge for edge in found if not _follows(edge, found - {edge})}


def _follows(edge: tuple[str, str], others: Edges) -> bool:
    start, end = edge
    seen, pending = set(), [start]
    while pending:
        part = pending.pop()
        if part == end:
            return True
        if part not in seen:
            seen.add(part)
            pending += [imported for importer, imported in others if importer == part]
    return False


def picture() -> str:
    """The picture as a block of Mermaid."""
    arrows = [f"  {importer} --> {imported}" for importer, imported in sorted(edges())]
    return "\n".join(["```mermaid", "flowchart BT", f'  base["{BASE}"]', *arrows, "```", ""])


def drawn(text: str) -> str:
    """A document with the present picture in the place of the one in it."""
    return _PICTURE.sub(lambda _: picture(), text, count=1)


if __name__ == "__main__":
    DOCUMENT.write_text(drawn(DOCUMENT.read_text()))
