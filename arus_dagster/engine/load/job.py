"""What a load needs to know, and what it answers.

Owns the vocabulary of the load strategies; all column names here are the target's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

from arus_dagster.dialects.base import Chunk, Column, Window
from arus_dagster.dialects.postgresql.connection import Apart, Connection
from arus_dagster.dialects.postgresql.raw_table import RawTable
from arus_dagster.dialects.postgresql.target_table import TargetShape, TargetTable
from arus_dagster.engine.transform.process import TransformedChunk

# Told why the warehouse refused a row, and the row's line as the source gave it.
Reject = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class LoadJob:
    """One load of one table.

    Args:
        connection: in the load's transaction.
        apart: opens a transaction of its own for changes of columns.
        shape: the target as it is, or None if it is made by this load.
        columns: the source's columns, in the order of the lines.
        key: the primary key; empty means none.
        window: None replaces the whole target.
        watermark: the watermark column, or None.
        deleted_condition: SQL on a staged row: it leaves the target. None where no such rows come.
        may_repeat: whether two rows of one key can come.
        raw: where source rows are kept, or None.
        may_alter: whether columns that scripts add may be added to the target.
        reject: told of each row that the warehouse refused.
        source_columns: ``columns`` under their names in the source.
        rename: source or script name to target name.
    """

    connection: Connection
    apart: Apart
    target: TargetTable
    shape: TargetShape | None
    columns: tuple[Column, ...]
    source_columns: tuple[Column, ...]
    rename: Callable[[str], str]
    key: tuple[str, ...]
    window: Window | None
    watermark: Column | None
    deleted_condition: str | None
    may_repeat: bool
    raw: RawTable | None
    run_id: str
    may_alter: bool
    comment: str | None
    reject: Reject

    @property
    def full(self) -> bool:
        return self.window is None

    @property
    def same_types(self) -> bool:
        """Whether the target's columns have the very types of the rows that come."""
        shape = self.shape
        return shape is None or all(shape.types.get(c.name) == c.target_type for c in self.columns)

    @property
    def required(self) -> tuple[Column, ...]:
        """The columns that are NOT NULL in the source; those of the key are so in the target."""
        return tuple(c for c in self.columns if not c.nullable and c.name not in self.key)

    @property
    def loose_key(self) -> tuple[str, ...]:
        """The key's columns whose values the source may spell in several ways."""
        return tuple(c.name for c in self.columns if c.loose and c.name in self.key)


@dataclass(slots=True)
class LoadCounts:
    """What a load did, by the warehouse's own count.

    Args:
        loaded: rows that are in the target now as they came.
        deleted: rows that take a row out of the target.
        dropped: rows superseded by another of the same key.
        raw: rows put into the raw table.
        growth: by how many rows the target grew; negative if it shrank.
        unchanged: those of the loaded rows that the target held already, to the last bit.
        columns: the target's columns that were written.
        exact: the target was made by this load and refused NULL where none may be, so that it
            holds just the rows counted here.
    """

    loaded: int = 0
    deleted: int = 0
    dropped: int = 0
    raw: int = 0
    growth: int = 0
    unchanged: int = 0
    columns: tuple[Column, ...] = field(default=())
    exact: bool = False


class Load(Protocol):
    """A way of loading, within the open transaction of its job."""

    def begin(self) -> None:
        """Make ready for the first rows."""

    def add(self, chunk: Chunk | TransformedChunk) -> None:
        """Take some rows."""

    def takes_binary(self) -> bool:
        """Whether ``add_binary`` may be called, before any row was added."""

    @property
    def stamp(self) -> str | None:
        """What must stand behind each row in binary form; see ``BinarySnapshot``."""

    def add_binary(self, parts: Iterator[bytes]) -> int:
        """Take all rows as one binary stream; how many they were.

        Raises:
            UnfitForBinaryError: a row is at fault. None was taken, and all can be added otherwise.
        """

    def settle(self) -> LoadCounts:
        """Bring all rows into the target."""

    def loaded_rows(self) -> str:
        """SQL of a FROM item (an alias included) with the target's rows that this load wrote."""
