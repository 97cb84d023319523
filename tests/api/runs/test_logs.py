"""A run's log: levels, tables, reasons, pages of any length."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.platform import Platform

MANY = 100_000


def page(platform: Platform, run_id: str, **params: int) -> tuple[list[dict[str, Any]], int]:
    answer = platform.viewer.get(f"/api/runs/{run_id}/logs", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"], answer.json()["meta"]["total"]


@pytest.fixture(scope="module")
def failed_run(platform: Platform) -> str:
    """A run of which one table fails and one has a row that can't be loaded."""
    platform.shop.execute('CREATE TABLE "odd name" (id int PRIMARY KEY)')
    platform.ok("POST", f"/api/sources/{platform.source['id']}/discover")
    pipeline = platform.make("notes", "odd name", max_retries=0)
    platform.shop.execute('DROP TABLE "odd name"')
    return platform.run(pipeline).id


def test_the_engines_messages_carry_level_and_table(platform: Platform, failed_run: str) -> None:
    lines, total = page(platform, failed_run, limit=500)

    assert total == len(lines)
    warnings = [line for line in lines if line["level"] == "WARNING"]
    assert [line["table"] for line in warnings] == ["public.notes"]
    assert "dead letters" in warnings[0]["message"]
    assert any(
        line["level"] == "INFO" and line["table"] == "public.notes" and "loaded" in line["message"]
        for line in lines
    )
    assert {line["level"] for line in lines} <= {"DEBUG", "INFO", "WARNING", "ERROR"}


def test_a_failure_gives_its_reason_without_a_stack_trace(
    platform: Platform, failed_run: str
) -> None:
    lines, _ = page(platform, failed_run, limit=500)
    run = platform.ok("GET", f"/api/runs/{failed_run}")
    (failed,) = [t for t in run["tables"] if t["error_message"]]

    reasons = [line for line in lines if line["level"] == "ERROR" and line["table"]]

    assert [line["table"] for line in reasons] == ["public.odd name"]
    assert failed["error_message"] in reasons[0]["message"]
    assert not any("Traceback" in line["message"] or 'File "' in line["message"] for line in lines)


def test_steps_start_and_end_in_order(platform: Platform, failed_run: str) -> None:
    lines, _ = page(platform, failed_run, limit=500)
    messages = [line["message"] for line in lines if line["table"] == "public.notes"]

    start = next(i for i, m in enumerate(messages) if m.startswith("Started execution of step"))
    end = next(i for i, m in enumerate(messages) if m.startswith("Finished execution of step"))
    assert start < end
    assert messages[0] and all(messages)


def test_pages_make_up_the_whole_log(platform: Platform, failed_run: str) -> None:
    whole, total = page(platform, failed_run, limit=500)

    pages = []
    for offset in range(0, total + 7, 7):
        lines, page_total = page(platform, failed_run, limit=7, offset=offset)
        assert page_total == total
        pages += lines

    assert pages == whole


def test_a_log_of_a_hundred_thousand_lines_is_paged_like_any(platform: Platform) -> None:
    run = platform.run(platform.make("customers"))
    lines, total = page(platform, run.id, limit=500)
    columns = "run_id, event, dagster_event_type, timestamp, step_key, asset_key, partition"
    with platform.stack.catalog.engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT INTO event_logs ({columns}) SELECT {columns} FROM"
            " (SELECT * FROM event_logs WHERE run_id = %s AND dagster_event_type IS NULL"
            f" ORDER BY id LIMIT 1) line, generate_series(1, {MANY})",
            (run.id,),
        )
    grown = total + MANY

    assert page(platform, run.id, limit=3) == (lines[:3], grown)
    last, last_total = page(platform, run.id, limit=50, offset=grown - 2)
    assert (len(last), last_total) == (2, grown)
    assert last[0]["table"] == "public.customers"
    assert page(platform, run.id, offset=grown) == ([], grown)
    assert page(platform, run.id, offset=10 * grown) == ([], grown)
