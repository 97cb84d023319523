"""What becomes of a run before its first table, on Dagster's own instance and job."""

from __future__ import annotations

import dagster as dg
import pytest

from arus_dagster.defs import executor as module
from arus_dagster.defs.executor import executor

_worked: list[str] = []


@dg.op
def work() -> None:
    _worked.append("worked")


def cancelled_at_its_start() -> dg.ExecutorDefinition:
    """As when a queued run is cancelled at the moment the daemon starts it."""
    ours = executor(1)

    def create(context: dg.InitExecutorContext) -> dg.Executor:
        (run,) = context.instance.get_runs()
        context.instance.report_run_canceled(run)
        assert ours.executor_creation_fn is not None
        return ours.executor_creation_fn(context)

    return dg.ExecutorDefinition(
        name="cancelled", config_schema=ours.config_schema, executor_creation_fn=create
    )


@dg.job(executor_def=cancelled_at_its_start())
def cancelled_job() -> None:
    work()


@dg.job(executor_def=executor(1))
def job() -> None:
    work()


@pytest.fixture(autouse=True)
def _without_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """It lasts as long as its process, and this one has other tests to do."""
    monkeypatch.setattr(module, "show_life", lambda run_id: None)


def _status_of(ran: dg.JobDefinition) -> dg.DagsterRunStatus:
    _worked.clear()
    with dg.DagsterInstance.ephemeral() as instance:
        dg.execute_job(dg.reconstructable(globals()[ran.name]), instance)
        (run,) = instance.get_runs()
    return run.status


def test_a_run_cancelled_while_it_was_being_started_does_nothing() -> None:
    assert _status_of(cancelled_job) == dg.DagsterRunStatus.CANCELED
    assert _worked == []


def test_a_run_that_nobody_cancelled_works() -> None:
    assert _status_of(job) == dg.DagsterRunStatus.SUCCESS
    assert _worked == ["worked"]
