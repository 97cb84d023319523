"""Columns as Dagster's UI shows them: schemas and lineage.

Owns what is said of a column. Refuses to guess where values come from; the engine tells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import dagster as dg

from arus_dagster.dialects.base import Column
from arus_dagster.dialects.postgresql.names import RUN_ID_COLUMN, SYNCED_AT_COLUMN
from arus_dagster.dialects.postgresql.raw_table import DATA_COLUMN, RAW_COLUMNS

_OWN_OF_TARGET = (
    dg.TableColumn(RUN_ID_COLUMN, "uuid", "The run that wrote the row last."),
    dg.TableColumn(SYNCED_AT_COLUMN, "timestamp with time zone", "When the row was written last."),
)


def source_schema(columns: Iterable[Column]) -> dg.TableSchema:
    """A source table's columns, with the types that the source declares."""
    return dg.TableSchema(columns=_shown(columns, lambda column: column.source_type))


def target_schema(columns: Iterable[Column]) -> dg.TableSchema:
    """A target's columns, the two that Arus adds included."""
    shown = _shown(columns, lambda column: column.target_type)
    return dg.TableSchema(columns=[*shown, *_OWN_OF_TARGET])


def raw_schema() -> dg.TableSchema:
    """The columns that every raw table has."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name, kind, description, dg.TableColumnConstraints(nullable=False))
            for name, kind, description in RAW_COLUMNS
        ]
    )


def target_lineage(
    origins: Mapping[str, Sequence[str]], raw: dg.AssetKey | None, source: dg.AssetKey
) -> dg.TableColumnLineage:
    """Where each of a target's columns comes from: its raw rows, or the source's columns.

    Args:
        origins: target columns to source columns.
    """
    return dg.TableColumnLineage(
        deps_by_column={
            column: [dg.TableColumnDep(raw, DATA_COLUMN)] if raw else _deps(source, names)
            for column, names in origins.items()
        }
    )


def raw_lineage(origins: Mapping[str, Sequence[str]], source: dg.AssetKey) -> dg.TableColumnLineage:
    """Raw rows hold all columns that are read."""
    names = dict.fromkeys(name for of_column in origins.values() for name in of_column)
    return dg.TableColumnLineage(deps_by_column={DATA_COLUMN: _deps(source, list(names))})


def _deps(asset: dg.AssetKey, names: Sequence[str]) -> list[dg.TableColumnDep]:
    return [dg.TableColumnDep(asset_key=asset, column_name=name) for name in names]


def _shown(columns: Iterable[Column], kind: Callable[[Column], str]) -> list[dg.TableColumn]:
    return [
        dg.TableColumn(
            name=column.name,
            type=kind(column),
            description=column.comment,
            constraints=dg.TableColumnConstraints(
                nullable=column.nullable,
                other=["primary key"] if column.key_position is not None else [],
            ),
        )
        for column in columns
    ]
