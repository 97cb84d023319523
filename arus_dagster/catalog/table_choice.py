"""What a caller says about a table of a pipeline, and what it comes to.

Owns the merge of what is given, what is stored and what discovery detects, and the check of the
outcome against the table's columns. Refuses to read a database or the catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from arus_dagster.catalog.pipeline import PipelineTable
from arus_dagster.dialects.base import Column, SourceType, TableRef, TableShape
from arus_dagster.dialects.detection import Detection, SyncMethod, detect
from arus_dagster.dialects.roles import can_be_key, can_be_watermark, can_mark_deleted
from arus_dagster.errors import InvalidInputError

# What may be said about a table, besides which one it is.
FIELDS = frozenset(
    {
        "sync_mode",
        "load_mode",
        "primary_key",
        "watermark_column",
        "lookback_seconds",
        "soft_delete_column",
        "soft_delete",
        "delete_detection",
        "row_filter",
        "tinyint1_as_bool",
        "enabled",
    }
)


@dataclass(frozen=True, slots=True)
class TableChoice:
    """A table that a pipeline is to have.

    Args:
        schema: may be left out where only one table has the name.
        values: some of ``FIELDS``; what is left out keeps what is stored, or is detected.
    """

    name: str
    schema: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


def locate(
    choices: Sequence[TableChoice], known: Iterable[TableRef]
) -> tuple[list[TableRef], list[str]]:
    """Which table each choice means, and the names of those that mean none.

    Raises:
        InvalidInputError: a name without schema fits several tables, or a table is chosen twice.
    """
    by_name: dict[str, list[TableRef]] = {}
    refs = set(known)
    for ref in refs:
        by_name.setdefault(ref.name, []).append(ref)
    found: list[TableRef] = []
    unknown: list[str] = []
    seen: set[TableRef] = set()
    for index, choice in enumerate(choices):
        if choice.schema is not None:
            ref = TableRef(choice.schema, choice.name)
            candidates = [ref] if ref in refs else []
        else:
            candidates = by_name.get(choice.name, [])
        if not candidates:
            unknown.append(f"{choice.schema}.{choice.name}" if choice.schema else choice.name)
            continue
        if len(candidates) > 1:
            schemas = ", ".join(sorted(ref.schema for ref in candidates))
            raise InvalidInputError(
                f"Several tables are named {choice.name}: add the schema, one of {schemas}",
                field=f"tables.{index}.schema",
            )
        if candidates[0] in seen:
            raise InvalidInputError(
                f"The table {candidates[0]} is listed twice", field=f"tables.{index}.name"
            )
        seen.add(candidates[0])
        found.append(candidates[0])
    return found, unknown


def settle(
    choice: TableChoice,
    stored: PipelineTable | None,
    shape: TableShape | None,
    *,
    source_type: SourceType,
    sync_method: SyncMethod,
    load_mode: str,
    place: str,
) -> dict[str, Any]:
    """The values that the table then has.

    Args:
        stored: the table as the pipeline has it already.
        shape: the table as it was discovered; None for one that is gone from the source.
        source_type: the source's kind of database.
        sync_method: the source's way of choosing a sync mode.
        load_mode: the pipeline's.
        place: where the choice stands in the request, e.g. ``tables.0``.

    Raises:
        InvalidInputError: a column does not exist or can't be what it is named for, or an
            incremental sync has no watermark.
    """
    given = choice.values
    unknown = given.keys() - FIELDS
    if unknown:
        raise ValueError(f"not fields of a pipeline's table: {sorted(unknown)}")
    if stored is not None:
        values: dict[str, Any] = {name: getattr(stored, name) for name in FIELDS}
    else:
        values = {
            "sync_mode": None,
            "load_mode": load_mode,
            "primary_key": [],
            "watermark_column": None,
            "lookback_seconds": None,
            "soft_delete_column": None,
            "soft_delete": "remove",
            "delete_detection": "none",
            "row_filter": None,
            "tinyint1_as_bool": False,
            "enabled": True,
        }
    values.update(given)
    if shape is not None:
        _fill(values, given, is_new=stored is None, detection=detect(shape, sync_method))
        _check_columns(values, shape, source_type, place)
    if values["sync_mode"] == "incremental" and not values["watermark_column"]:
        raise InvalidInputError(
            f"{choice.name} has no column that could serve as watermark: name one, or use "
            "full_refresh",
            field=f"{place}.watermark_column",
        )
    return values


def _fill(
    values: dict[str, Any], given: Mapping[str, Any], *, is_new: bool, detection: Detection
) -> None:
    if values["sync_mode"] is None:
        named = values["watermark_column"] is not None
        values["sync_mode"] = "incremental" if named else detection.sync_mode
    if (
        values["sync_mode"] == "incremental"
        and values["watermark_column"] is None
        and "watermark_column" not in given
    ):
        best = next(iter(detection.watermark_candidates), None)
        values["watermark_column"] = detection.watermark_column or best
    if is_new and "soft_delete_column" not in given:
        values["soft_delete_column"] = detection.soft_delete_column


def _check_columns(
    values: Mapping[str, Any], shape: TableShape, source_type: SourceType, place: str
) -> None:
    checks: list[tuple[str, str | None, Callable[[Column], bool], str]] = [
        (
            "watermark_column",
            values["watermark_column"],
            lambda column: can_be_watermark(column, source_type),
            "has no order to go by; a watermark is a time, a number or a text",
        ),
        (
            "soft_delete_column",
            values["soft_delete_column"],
            can_mark_deleted,
            "can't tell deleted rows; a row is marked as deleted by a time, a boolean or a number",
        ),
    ]
    checks += [
        ("primary_key", name, can_be_key, "has no equality that a key could go by")
        for name in values["primary_key"]
    ]
    for name, chosen, fits, problem in checks:
        if chosen is None:
            continue
        column = shape.column(chosen)
        if column is None:
            raise InvalidInputError(
                f"{shape.table} has no column {chosen!r}", field=f"{place}.{name}"
            )
        if values["tinyint1_as_bool"] and column.source_type.lower().startswith("tinyint(1)"):
            column = replace(column, target_type="boolean")
        if not fits(column):
            raise InvalidInputError(
                f"The column {chosen!r} of {shape.table} is {column.source_type} and {problem}",
                field=f"{place}.{name}",
            )
