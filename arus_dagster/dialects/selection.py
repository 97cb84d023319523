"""Which of a source's tables a user means by globs.

Owns the matching. ``*``, ``?`` and ``[...]`` are special, everything else, ``_`` and ``%``
included, stands for itself, and case counts. Refuses to know where patterns are stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from arus_dagster.dialects.base import TableRef


@dataclass(frozen=True, slots=True)
class Selection:
    """Globs that include and exclude tables.

    A pattern may start with ``+`` or ``-``, which changes nothing: the list it stands in decides.
    A pattern without a dot is matched against the table's name in any schema; one with a dot
    against schema and name, or against a name that itself holds the dot.

    Args:
        include: tables to take; empty takes all.
        exclude: tables to leave out, even if included.
        schemas: globs of schemas to look into; empty looks into all.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    schemas: Sequence[str] = ()

    def admits(self, table: TableRef) -> bool:
        """Whether the table is selected."""
        if self.schemas and not any(fnmatchcase(table.schema, glob) for glob in self.schemas):
            return False
        if any(matches(pattern, table) for pattern in self.exclude):
            return False
        return not self.include or any(matches(pattern, table) for pattern in self.include)


def matches(pattern: str, table: TableRef) -> bool:
    """Whether a pattern, with or without its sign, means the table."""
    glob = pattern[1:] if pattern.startswith(("+", "-")) else pattern
    if fnmatchcase(table.name, glob):
        return True
    return any(
        fnmatchcase(table.schema, schema) and fnmatchcase(table.name, name)
        for schema, name in _splits(glob)
    )


def _splits(glob: str) -> Iterator[tuple[str, str]]:
    """Every way to read the pattern as ``schema.table``: either name may hold dots itself."""
    dot = glob.find(".")
    while dot >= 0:
        yield glob[:dot], glob[dot + 1 :]
        dot = glob.find(".", dot + 1)
