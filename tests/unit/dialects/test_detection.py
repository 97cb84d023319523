"""Detection takes a watermark only where its name and the table leave little doubt."""

from __future__ import annotations

from typing import Any

import pytest

from arus_dagster.dialects.base import Column, TableRef, TableShape
from arus_dagster.dialects.detection import detect

TIMESTAMP = "timestamp without time zone"


def table(name: str, key: str | None = "id", **columns: Any) -> TableShape:
    """A table whose ``id`` the server counts up; ``columns`` are names to target types."""
    given = {"id": "bigint", **columns}
    return TableShape(
        table=TableRef("public", name),
        kind="table",
        columns=tuple(
            Column(
                column,
                "?",
                target_type,
                key_position=1 if column == key else None,
                attributes={"auto_increment": True} if column == "id" else {},
            )
            for column, target_type in given.items()
        ),
    )


@pytest.mark.parametrize(
    "name",
    [
        "updated_at", "updatedAt", "UpdatedAt", "UPDATED_AT", "updated", "update_time",
        "modified_at", "modified", "last_modified", "lastModified", "LastModifiedDate",
        "last_update", "last_updated_at", "changed_at", "date_modified", "date_updated",
        "row_updated_at", "gmt_modified", "write_date", "Updated At",
    ],
)  # fmt: skip
def test_a_modification_time_is_a_watermark(name: str) -> None:
    found = detect(table("orders", created_at=TIMESTAMP, **{name: "timestamp(3) with time zone"}))
    assert (found.sync_mode, found.watermark_column) == ("incremental", name)
    assert found.watermark_candidates == (name, "id", "created_at")


@pytest.mark.parametrize(
    "name",
    [
        "deleted_at", "created_at", "password_changed_at", "email_updated_at", "next_update_at",
        "update_count", "published_at", "last_login", "valid_from", "updated_by", "unchanged",
    ],
)  # fmt: skip
def test_other_times_are_not(name: str) -> None:
    found = detect(table("orders", **{name: TIMESTAMP}))
    assert (found.sync_mode, found.watermark_column) == ("full_refresh", None)


@pytest.mark.parametrize("target_type", ["text", "bigint", "date", "boolean", "timestamp[]"])
def test_a_good_name_of_another_type_is_not(target_type: str) -> None:
    assert detect(table("orders", updated_at=target_type)).sync_mode == "full_refresh"


def test_the_better_name_wins_whatever_the_order() -> None:
    shape = table("orders", write_date=TIMESTAMP, last_modified=TIMESTAMP, updated_at=TIMESTAMP)
    assert detect(shape).watermark_column == "updated_at"
    assert detect(shape).watermark_candidates == (
        "updated_at",
        "last_modified",
        "write_date",
        "id",
    )


def test_without_a_key_a_changed_row_could_not_be_found() -> None:
    found = detect(table("orders", key=None, updated_at=TIMESTAMP))
    assert found.sync_mode == "full_refresh"
    assert found.watermark_candidates == ("updated_at",)


def test_a_growing_key_serves_only_tables_that_look_append_only() -> None:
    assert detect(table("audit_log", created_at=TIMESTAMP)).watermark_column == "id"
    assert detect(table("PageViews", created_at=TIMESTAMP)).watermark_column == "id"
    assert detect(table("customers", created_at=TIMESTAMP)).watermark_column is None
    assert detect(table("catalog", created_at=TIMESTAMP)).watermark_column is None
    assert detect(table("events", status="text")).watermark_column is None
    assert detect(table("events", deleted_at=TIMESTAMP)).watermark_column is None
    assert detect(table("events", update_reason="text")).watermark_column is None


def test_a_key_that_is_not_counted_up_never_serves() -> None:
    found = detect(table("event_log", key="code", code="integer"))
    assert found.watermark_column is None


def test_a_source_set_to_one_method_gets_it() -> None:
    shape = table("customers", created_at=TIMESTAMP)
    assert detect(shape, "incremental").watermark_column == "id"
    assert detect(table("codes", key=None, v="text"), "incremental").sync_mode == "full_refresh"
    with_watermark = table("orders", updated_at=TIMESTAMP)
    assert detect(with_watermark, "full_refresh").sync_mode == "full_refresh"
    assert detect(with_watermark, "full_refresh").watermark_column is None
    assert detect(with_watermark, "full_refresh").watermark_candidates[0] == "updated_at"


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"deleted_at": TIMESTAMP}, "deleted_at"),
        ({"deletedAt": TIMESTAMP}, "deletedAt"),
        ({"is_deleted": "boolean"}, "is_deleted"),
        ({"deleted": "smallint", "deleted_on": "date"}, "deleted_on"),
        ({"deleted_by": "bigint"}, None),
        ({"deleted": "text"}, None),
        ({"undeleted_at": TIMESTAMP}, None),
    ],
)
def test_soft_deletes(columns: dict[str, str], expected: str | None) -> None:
    found = detect(table("orders", **columns))
    assert found.soft_delete_column == expected
    assert expected not in found.watermark_candidates
