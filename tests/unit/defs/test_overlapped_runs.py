"""Which run makes another one needless."""

import uuid
from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import pytest
import time_machine

from arus_dagster import names
from arus_dagster.defs.runs import overlapped_run

NOON = "2026-03-01 12:00Z"
TAGS = {names.PIPELINE_ID: str(uuid.uuid4())}


@dg.op
def nothing() -> None:
    pass


@dg.job
def job() -> None:
    nothing()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp() as instance:
        yield instance


def test_a_run_that_ended_before_another_was_made_leaves_that_one_its_work(
    instance: dg.DagsterInstance,
) -> None:
    job.execute_in_process(instance=instance, tags=TAGS)
    second = job.execute_in_process(instance=instance, tags=TAGS)
    assert overlapped_run(instance, second.run_id) is None


def test_a_run_at_work_when_another_was_made_makes_that_one_needless(
    instance: dg.DagsterInstance,
) -> None:
    inner: list[str] = []

    @dg.op
    def make_another() -> None:
        inner.append(job.execute_in_process(instance=instance, tags=TAGS).run_id)

    @dg.job
    def outer() -> None:
        make_another()

    first = outer.execute_in_process(instance=instance, tags=TAGS)
    assert overlapped_run(instance, inner[0]) == first.run_id


def test_a_clock_that_was_set_back_makes_no_run_needless(instance: dg.DagsterInstance) -> None:
    """By its times the earlier run ended after the later one was made."""
    with time_machine.travel(NOON, tick=True):
        job.execute_in_process(instance=instance, tags=TAGS)
    with time_machine.travel(NOON, tick=True) as clock:
        clock.shift(-timedelta(hours=1))
        second = job.execute_in_process(instance=instance, tags=TAGS)
        assert overlapped_run(instance, second.run_id) is None
