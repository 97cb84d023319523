"""A run in this API's words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from arus_api.runs.status import STATUSES, attempt_of, failure_of, mode_of, status_of, trigger_of
from arus_dagster import names
from arus_dagster.orchestration.models import DagsterRun, RunStatus

START = datetime(2024, 1, 1, tzinfo=UTC)


def run(status: RunStatus, tags: dict[str, str] | None = None, **changes: Any) -> DagsterRun:
    values: dict[str, Any] = {
        "id": "0a000000-0000-4000-8000-000000000001",
        "status": status,
        "job_name": "p",
        "parent_id": None,
        "created": START,
        "started": START,
        "ended": START + timedelta(seconds=5),
        "updated": None,
        "tags": tags or {},
    }
    return DagsterRun(**(values | changes))


@pytest.mark.parametrize("status", RunStatus)
def test_every_state_of_dagster_has_a_name_and_is_found_by_it(status: RunStatus) -> None:
    assert status in STATUSES[status_of(run(status))]


def test_a_success_that_did_nothing_is_skipped() -> None:
    tags = {names.OUTCOME: names.SKIPPED}

    assert status_of(run(RunStatus.SUCCESS, tags)) == "skipped"
    assert status_of(run(RunStatus.FAILURE, tags)) == "failed"


def test_a_run_from_dagsters_ui_is_a_manual_sync() -> None:
    plain = run(RunStatus.SUCCESS)

    assert (trigger_of(plain), mode_of(plain), attempt_of(plain)) == ("manual", "sync", 1)


def test_a_reexecution_is_a_retry_whatever_its_parent_was_started_by() -> None:
    again = run(RunStatus.SUCCESS, {names.TRIGGER: "scheduled"}, parent_id="x")

    assert (trigger_of(again), attempt_of(again)) == ("retry", 2)


def test_tags_that_are_not_ours_to_know_are_not_shown() -> None:
    odd = run(
        RunStatus.SUCCESS, {names.TRIGGER: "cosmic ray", names.MODE: "?", names.ATTEMPT: "-1"}
    )

    assert (trigger_of(odd), mode_of(odd), attempt_of(odd)) == ("manual", "sync", 1)


def test_a_failure_names_its_tables() -> None:
    errors = [f"public.t{n}: away" for n in range(5)]

    assert failure_of(run(RunStatus.FAILURE), errors[:1]) == "public.t0: away"
    assert failure_of(run(RunStatus.FAILURE), errors) == (
        "public.t0: away; public.t1: away; public.t2: away; and 2 more"
    )


def test_only_a_failed_run_has_a_failure() -> None:
    assert failure_of(run(RunStatus.SUCCESS), []) is None
    assert failure_of(run(RunStatus.CANCELED), ["public.t: cancelled"]) is None


def test_a_failure_without_a_table_is_explained() -> None:
    late = run(RunStatus.FAILURE, {names.MAX_RUNTIME: "5"})
    lost = run(RunStatus.FAILURE, {names.MAX_RUNTIME: "60"})

    assert "timeout_seconds (5 s)" in str(failure_of(late, []))
    assert "ended unexpectedly" in str(failure_of(lost, []))
