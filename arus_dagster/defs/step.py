"""The step that syncs one table: from the catalog's spec to Dagster's events.

Owns when a step skips, fails for good or is tried again, and what it tells Dagster. The spec is
read when the step starts, so a changed password or filter holds from the next run without a
reload. Refuses stack traces for errors that explain themselves.
"""

# No deferred annotations here: Dagster reads the step's own as they stand.

import logging
import multiprocessing
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import dagster as dg
import structlog

from arus_dagster import names, tracing
from arus_dagster.catalog.session import session_scope
from arus_dagster.catalog.specs import sync_request
from arus_dagster.defs.checks import check_results
from arus_dagster.defs.links import run_link
from arus_dagster.defs.measurements import raw_metadata, target_metadata
from arus_dagster.defs.outcomes import record, record_failure
from arus_dagster.defs.pipelines import PipelineDefinition, TableDefinition
from arus_dagster.defs.retries import Pause, RetryPolicy, retry_policy
from arus_dagster.defs.runs import overlapped_run
from arus_dagster.defs.storage import keep_connections
from arus_dagster.defs.worker import Worker
from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.progress import Level
from arus_dagster.engine.result import SyncResult
from arus_dagster.engine.specs import RunKind, RunSpec, SyncRequest
from arus_dagster.engine.sync import sync_table
from arus_dagster.errors import ArusError, CancelledError, FatalError, NotFoundError, RetriableError
from arus_dagster.logging import get_logger
from arus_dagster.settings import get_settings

log = get_logger(__name__)

# Runs that a run just before makes needless, where both were asked for at the same moment. One
# that was launched in Dagster's UI carries no trigger and was queued on purpose.
_SKIPPABLE = frozenset({"scheduled", "manual"})


@dataclass(frozen=True, slots=True)
class Keys:
    """The asset keys of one table; ``raw`` is None in ``direct`` load mode."""

    source: dg.AssetKey
    raw: dg.AssetKey | None
    target: dg.AssetKey


def sync_op(
    pipeline: PipelineDefinition, table: TableDefinition, keys: Keys, outputs: Sequence[str]
) -> dg.OpDefinition:
    """The op of one table.

    Args:
        outputs: names of its outputs; none is required, since a skipped run makes none.
    """
    pause = Pause()
    wanted = _run_lives if pipeline.parallel_tables > 1 else _always

    def compute(context: dg.OpExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            run_id=context.run_id,
            pipeline_id=pipeline.id,
            pipeline=pipeline.slug,
            table=f"{table.schema}.{table.name}",
        )
        keep_connections(context.instance)
        if _skips(context):
            return
        if context.retry_number:
            _wait(context, pipeline.id, pause)
        spec = _read_spec(context, pipeline.id, table.id)
        if spec is None:
            return
        request, retries = spec
        result = _sync(context, request, retries, pause, wanted)
        link = run_link(get_settings().console_links, context.run_id)
        if keys.raw is not None:
            yield dg.MaterializeResult(
                asset_key=keys.raw, metadata={**raw_metadata(result, keys.source), **link}
            )
        yield dg.MaterializeResult(
            asset_key=keys.target,
            metadata={**target_metadata(result, keys.raw, keys.source), **link},
            check_results=list(check_results(keys.target, result.checks, outputs)),
        )

    return dg.op(
        name=names.step_name(table.id, table.schema, table.name),
        description=f"Syncs {table.schema}.{table.name} of {pipeline.source_name}.",
        # A limit on what one source is asked for at once, over all pipelines.
        pool=names.source_pool(pipeline.source_slug),
        ins={"source": dg.In(dg.Nothing)},
        out={name: dg.Out(dg.Nothing, is_required=False) for name in outputs},
    )(compute)


def _skips(context: dg.OpExecutionContext) -> bool:
    if context.run.tags.get(names.TRIGGER) not in _SKIPPABLE:
        return False
    other = overlapped_run(context.instance, context.run_id)
    if other is None:
        return False
    reason = f"Run {other} of this pipeline was at work when this one was asked for."
    context.instance.add_run_tags(
        context.run_id, {names.OUTCOME: names.SKIPPED, names.SKIP_REASON: reason}
    )
    context.log.info(f"Skipped: {reason}")
    return True


def _run_lives() -> bool:
    """Whether the run's process, which started this step's own, is still there."""
    run = multiprocessing.parent_process()
    return run is None or run.is_alive()


def _always() -> bool:
    return True


def _wait(context: dg.OpExecutionContext, pipeline_id: str, pause: Pause) -> None:
    with session_scope() as session:
        retries = retry_policy(session, uuid.UUID(pipeline_id))
    pause.finish(retries.pause(context.retry_number - 1), context.log.info)


def _read_spec(
    context: dg.OpExecutionContext, pipeline_id: str, table_id: str
) -> tuple[SyncRequest, RetryPolicy] | None:
    """What to do, or None where the table was taken out since the run was asked for."""
    tags = context.run.tags
    run = RunSpec(
        id=context.run_id,
        kind=cast(RunKind, tags.get(names.MODE, "sync")),
        from_date=tags.get(names.FROM_DATE),
        to_date=tags.get(names.TO_DATE),
    )
    try:
        with session_scope() as session:
            request = sync_request(session, uuid.UUID(pipeline_id), uuid.UUID(table_id), run)
            return request, retry_policy(session, uuid.UUID(pipeline_id))
    except NotFoundError as error:
        context.log.warning(f"Skipped: {error.message}.")
        return None
    except ArusError as error:
        raise dg.Failure(error.message, allow_retries=False) from None


def _run_span(context: dg.OpExecutionContext) -> str | None:
    """The run's span, from wherever the run's own process has left it."""
    if not tracing.wanted(os.environ):
        return None
    tracing.start("arus-run")
    run = context.instance.get_run_by_id(context.run_id)
    return run.tags.get(names.TRACEPARENT) if run else None


def _sync(
    context: dg.OpExecutionContext,
    request: SyncRequest,
    retries: RetryPolicy,
    pause: Pause,
    wanted: Callable[[], bool],
) -> SyncResult:
    run_span = _run_span(context)

    def work(tell: Callable[[tuple[Level, str]], None]) -> SyncResult:
        with tracing.span(
            f"table {request.table.source}",
            parent=run_span,
            arus__run_id=request.run.id,
            arus__pipeline=request.pipeline_name,
            arus__attempt=context.retry_number + 1,
        ) as opened:
            result = sync_table(
                request, on_message=lambda level, text: tell((level, text)), cancel=cancel
            )
            if opened is not None:
                opened.set_attributes(
                    {
                        "arus.rows_extracted": result.rows_extracted,
                        "arus.rows_loaded": result.rows_loaded,
                        "arus.rows_failed": result.rows_failed,
                        "arus.bytes": result.bytes,
                    }
                )
            return result

    def deliver(message: tuple[Level, str]) -> None:
        level, text = message
        context.log.log(logging.getLevelNamesMapping()[level], text)

    cancel = CancelToken()
    try:
        result = Worker(work, cancel.cancel, wanted).run(deliver)
    except ArusError as error:
        record_failure(request, error)
        log.warning("table_not_synced", attempt=context.retry_number + 1, error=error.message)
        if isinstance(error, CancelledError) or not isinstance(error, RetriableError):
            raise dg.Failure(error.message, allow_retries=False) from None
        attempt = context.retry_number
        if attempt >= retries.max_retries:
            raise dg.Failure(error.message, allow_retries=False) from None
        seconds = retries.pause(attempt)
        context.log.warning(
            f"{error.message} (attempt {attempt + 1} of {retries.max_retries + 1}; "
            f"the next follows in {seconds} s)"
        )
        pause.start(seconds)
        raise dg.RetryRequested(max_retries=retries.max_retries) from None
    except Exception as error:
        record_failure(
            request, FatalError(f"Unexpected {type(error).__name__}; the run's log has more.")
        )
        raise
    finally:
        tracing.flush_in_child()
    if not record(request, result):
        context.log.warning(
            "The rows are loaded, but the catalog could not be told: this run's counts are shown"
            " here alone."
        )
    log.info(
        "table_synced",
        rows_extracted=result.rows_extracted,
        rows_loaded=result.rows_loaded,
        rows_failed=result.rows_failed,
        bytes=result.bytes,
        duration_ms=result.duration_ms,
    )
    return result
