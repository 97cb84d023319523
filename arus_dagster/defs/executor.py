"""How a run goes through its tables: one after the other, or several side by side.

One after the other they share the run's process; side by side each has a process of its own, which
costs more than most syncs take. Owns the choice between Dagster's executors, and that a run shows
that its process lives for as long as either is at work, while it waits for a place in a concurrency
pool too. Refuses a run that was cancelled at the moment Dagster took it from the queue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import dagster as dg

from arus_dagster import names, tracing
from arus_dagster.defs import step
from arus_dagster.defs.lost_runs import show_life
from arus_dagster.defs.storage import keep_connections
from arus_dagster.engine import sync


def executor(parallel_tables: int) -> dg.ExecutorDefinition:
    """Dagster's executor for so many tables at the same time; at least 1."""
    if parallel_tables == 1:
        return _shown_alive(dg.in_process_executor)
    # Forked from a process that has imported everything, which saves each step a second or two.
    forkserver = {"forkserver": {"preload_modules": [sync.__name__, step.__name__]}}
    return _shown_alive(
        dg.multiprocess_executor, dg.multiple_process_executor_requirements()
    ).configured({"max_concurrent": parallel_tables, "start_method": forkserver})


def _shown_alive(
    inner: dg.ExecutorDefinition, requirements: Sequence[dg.ExecutorRequirement] | None = None
) -> dg.ExecutorDefinition:
    def create(context: dg.InitExecutorContext) -> dg.Executor:
        assert inner.executor_creation_fn is not None  # Dagster's own have one
        return _ShownAlive(inner.executor_creation_fn(context))

    return dg.ExecutorDefinition(
        name=inner.name,
        config_schema=cast(Any, inner.config_schema),  # resolved, which its type does not tell
        requirements=requirements,
        executor_creation_fn=create,
        description=inner.description,
    )


class _ShownAlive(dg.Executor):
    def __init__(self, inner: dg.Executor) -> None:
        self._inner = inner

    @property
    def retries(self) -> Any:
        return self._inner.retries

    def execute(self, plan_context: Any, execution_plan: Any) -> Iterator[dg.DagsterEvent]:
        run: dg.DagsterRun = plan_context.dagster_run
        keep_connections(plan_context.instance)
        show_life(run.run_id)
        _refuse_cancelled(plan_context.instance, run.run_id)
        tracing.start("arus-run")
        with tracing.span(
            f"run {run.job_name}", parent=run.tags.get(names.TRACEPARENT), arus__run_id=run.run_id
        ) as span:
            if (own := tracing.traceparent()) is not None:
                # Where the steps find it, in whatever process they are.
                plan_context.instance.add_run_tags(run.run_id, {names.TRACEPARENT: own})
            for event in self._inner.execute(plan_context, execution_plan):
                if event.is_step_failure:
                    tracing.fail(span, "a table failed")
                yield event


def _refuse_cancelled(instance: dg.DagsterInstance, run_id: str) -> None:
    """End a run that is cancelled already.

    Dagster cancels a queued run without asking whether it is being started, and the start of the
    run then overwrites that it was cancelled: its log alone still tells.

    Raises:
        DagsterExecutionInterruptedError: it was; Dagster ends it as cancelled.
    """
    if instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_CANCELED):
        run = instance.get_run_by_id(run_id)
        assert run is not None  # it is ours
        instance.report_run_canceling(run, "The run was cancelled while it was being started.")
        raise dg.DagsterExecutionInterruptedError
