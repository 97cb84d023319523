"""A discovered table's shape as JSON, and back.

Owns the form kept in ``source_tables.shape``, which serves people and checks; a run describes its
tables anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from arus_dagster.dialects.base import Column, TableRef, TableShape


def shape_to_json(shape: TableShape) -> dict[str, Any]:
    """All of the shape but its schema and name, which are columns of their own."""
    return {
        "kind": shape.kind,
        "row_count_estimate": shape.row_count_estimate,
        "comment": shape.comment,
        "columns": [
            {
                "name": column.name,
                "source_type": column.source_type,
                "target_type": column.target_type,
                "nullable": column.nullable,
                "key_position": column.key_position,
                "generated": column.generated,
                "comment": column.comment,
                "loose": column.loose,
                "attributes": dict(column.attributes),
            }
            for column in shape.columns
        ],
    }


def shape_from_json(table: TableRef, stored: Mapping[str, Any]) -> TableShape:
    """The shape that ``shape_to_json`` was given."""
    return TableShape(
        table=table,
        kind=stored["kind"],
        columns=tuple(Column(**column) for column in stored["columns"]),
        row_count_estimate=stored["row_count_estimate"],
        comment=stored["comment"],
    )
