"""The rows of one table, between a snapshot of the source and a session of the warehouse.

Owns the order: preparation, rows, checks, state, one commit.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping

from arus_dagster import tracing
from arus_dagster.dialects.base import Column, HighWatermark, RejectedRow, SourceSnapshot
from arus_dagster.dialects.postgresql.bookkeeping import TableState, write_state
from arus_dagster.dialects.postgresql.connection import Apart, Connection
from arus_dagster.dialects.postgresql.dead_letters import DeadLetterSpool
from arus_dagster.engine import quality
from arus_dagster.engine.cancellation import CancelToken
from arus_dagster.engine.dead_letters import Rejections
from arus_dagster.engine.key_deletes import remove_missing
from arus_dagster.engine.load.job import LoadCounts
from arus_dagster.engine.load.staged import StagedLoad
from arus_dagster.engine.movement import Movement
from arus_dagster.engine.next_state import known_script_columns, next_state
from arus_dagster.engine.preparation import prepare
from arus_dagster.engine.progress import OnMessage, Progress
from arus_dagster.engine.replay import Replay
from arus_dagster.engine.result import Check, DriftEvent, SyncResult
from arus_dagster.engine.specs import SyncRequest
from arus_dagster.engine.transform.payload import row_payload
from arus_dagster.engine.transform.process import TransformProcess
from arus_dagster.engine.transit import Transit


class Transfer:
    """One load, ready to run.

    Args:
        connection: in the load's open transaction of the warehouse, alone with the table.
        apart: opens a short transaction beside it.
        snapshot: the source's.
        state: what the last sync left, or None.
    """

    def __init__(
        self,
        request: SyncRequest,
        connection: Connection,
        apart: Apart,
        snapshot: SourceSnapshot,
        state: TableState | None,
        on_message: OnMessage,
        cancel: CancelToken,
    ) -> None:
        self._tell = on_message
        progress = Progress(on_message)
        self._spool = DeadLetterSpool(connection, request.raw_schema)
        self._rejections = Rejections(self._spool, request.policy)
        self._prepared = prepare(request, snapshot, connection, apart, state, self._refuse)
        self._load = self._prepared.load()
        self._transit = Transit(
            request=request,
            connection=connection,
            snapshot=snapshot,
            state=state,
            prepared=self._prepared,
            load=self._load,
            spool=self._spool,
            rejections=self._rejections,
            progress=progress,
            tell=on_message,
            cancel=cancel,
        )
        self._movement = Movement(self._transit, self._transform)

    def run(self) -> SyncResult:
        """Move the rows and commit; see ``sync_table``."""
        plan = self._prepared.plan
        for event in self._prepared.drift:
            self._tell("WARNING", f"schema drift: {event.message}")
        read = plan.watermark_read(self._prepared.shape)
        high = self._transit.snapshot.high_watermark(read) if read else HighWatermark(None)
        self._tell("INFO", self._announcement())
        self._load.begin()
        # As text the faulty rows of a table are found while it is read; where there were any, the
        # attempt without would be in vain.
        binary = not self._spool.any_known(self._transit.request.table.id)
        with contextlib.ExitStack() as counting:
            with tracing.span("extract"):
                source_count = counting.enter_context(self._movement.run(binary=binary))
            self._rejections.judge(self._movement.extracted, full=plan.full)
            with tracing.span("load"):
                replay = self._read_letters()
                counts = self._load.settle()
            expected = source_count()
        # The target may have refused some more.
        self._rejections.judge(self._movement.extracted, full=plan.full)
        drift = (*self._prepared.drift, *self._left_out())
        self._put_letters(replay, counts)
        removed = remove_missing(
            self._transit.request,
            self._prepared,
            self._transit.connection,
            self._transit.snapshot,
            self._load.loaded_rows(),
        )
        with tracing.span("checks"):
            row_count, checks = self._check(counts, removed, expected)
        after = next_state(self._transit, high, row_count)
        self._account(after)
        self._transit.cancel.check()
        with tracing.span("commit"):
            self._transit.connection.execute("COMMIT")
        result = SyncResult(
            rows_extracted=self._movement.extracted,
            rows_loaded_raw=counts.raw,
            rows_loaded=counts.loaded,
            rows_deleted=counts.deleted,
            rows_dropped=self._movement.dropped + counts.dropped,
            rows_failed=self._rejections.count,
            rows_removed=removed,
            row_count=row_count,
            bytes=self._transit.progress.bytes,
            duration_ms=self._transit.progress.milliseconds,
            watermark_before=self._transit.state.watermark if self._transit.state else None,
            watermark_after=after.watermark,
            window_lower=plan.window.lower if plan.window else None,
            full=plan.full,
            warnings=dict(self._movement.warnings),
            drift=drift,
            checks=checks,
            columns=counts.columns,
            origins=self._origins(counts.columns),
        )
        self._conclude(result, counts.unchanged)
        return result

    def _origins(self, columns: Iterable[Column]) -> dict[str, tuple[str, ...]]:
        prepared = self._prepared
        read = tuple(column.name for column in prepared.shape.columns)
        if prepared.scripts:
            return {column.name: read for column in columns}
        sources = dict(zip((c.name for c in prepared.columns), read, strict=True))
        return {column.name: (sources[column.name],) for column in columns}

    def _refuse(self, reason: str, line: bytes) -> None:
        text = line.removesuffix(b"\n").decode("utf-8", "surrogateescape")
        payload = row_payload(text, self._prepared.shape.columns)
        self._rejections.add(RejectedRow("load", reason, payload))

    @contextlib.contextmanager
    def _transform(self) -> Iterator[TransformProcess | None]:
        if not self._prepared.scripts:
            yield None
            return
        process = TransformProcess(
            self._prepared.scripts,
            self._prepared.shape.columns,
            on_print=lambda line: self._tell("INFO", f"script: {line}"),
            known=known_script_columns(self._transit),
        )
        with process, self._transit.cancel.telling(process.cancel):
            yield process

    def _read_letters(self) -> Replay:
        """Make rows of the letters that are marked for it, as if they had been read now."""
        replay = Replay(self._transit, self._transform)
        if not self._prepared.plan.full:  # else they are met by the read itself
            replay.read(self._transit.request.table.id)
            if isinstance(self._load, StagedLoad) and replay.script_columns:
                self._load.take_columns(replay.script_columns)
        return replay

    def _put_letters(self, replay: Replay, counts: LoadCounts) -> None:
        replay.merge()
        done = replay.done
        if done.tried:
            self._tell(
                "INFO", f"{done.tried:,} dead letters tried again, {done.loaded:,} of them loaded"
            )
        self._movement.extracted += done.tried
        self._movement.dropped += done.dropped
        counts.raw += done.raw
        counts.loaded += done.loaded
        counts.deleted += done.deleted
        counts.growth += done.growth

    def _left_out(self) -> tuple[DriftEvent, ...]:
        """Tell of columns that the target may not be given; the drift in those of scripts."""
        left_out = self._load.left_out if isinstance(self._load, StagedLoad) else ()
        names = [*self._prepared.unread, *(column.name for column in left_out)]
        if names:
            self._tell(
                "WARNING",
                f"left out, for the target lacks them and auto_alter_schema is off:"
                f" {', '.join(names)}",
            )
        if not self._transit.request.policy.schema_drift_detection:
            return ()
        state = self._transit.state
        known = {column.name for column in state.script_columns} if state else set()
        return tuple(
            DriftEvent(
                "column_added",
                column.name,
                None,
                column.target_type,
                f"scripts add column {column.name} ({column.target_type}), which is left out:"
                " auto_alter_schema is off",
            )
            for column in left_out
            if column.name not in known
        )

    def _check(
        self, counts: LoadCounts, removed: int, expected: int | None
    ) -> tuple[int, tuple[Check, ...]]:
        """The target's rows now, and the findings.

        Args:
            expected: the source's rows by its server's own count, if all were read.
        """
        prepared = self._prepared
        dropped = self._movement.dropped + counts.dropped
        failed = self._rejections.count
        checks = [
            quality.row_balance(
                self._movement.extracted, counts.loaded, counts.deleted, dropped, failed
            )
        ]
        required = prepared.job.required
        loaded = counts.loaded
        nulls: Mapping[str, int] = {}
        if not counts.exact and (prepared.plan.full or required):
            rows = self._load.loaded_rows()
            loaded, nulls = quality.count_rows(self._transit.connection, rows, required)
        if expected is not None:
            row_count = loaded
            threshold = self._transit.request.policy.quality_check_threshold
            expected -= counts.deleted + dropped + failed
            checks.append(quality.row_count(expected, row_count, threshold))
        else:
            before = self._transit.state.row_count if self._transit.state else 0
            row_count = before + counts.growth - removed
        checks.append(quality.not_null(nulls, required, self._movement.warnings))
        return row_count, tuple(checks)

    def _account(self, after: TableState) -> None:
        """Put all that is kept about this load beside its rows."""
        request = self._transit.request
        table, run_id = request.table, request.run.id
        self._spool.store(request.pipeline_id, table.id, str(table.source), run_id)
        if self._prepared.plan.full:
            self._spool.forget_unseen(table.id, run_id)
        if self._prepared.job.raw is not None:
            policy = request.policy
            self._prepared.job.raw.retain(
                run_id, policy.raw_retention_runs, policy.raw_retention_days
            )
        write_state(self._transit.connection, request.raw_schema, table.id, run_id, after)

    def _announcement(self) -> str:
        plan, table = self._prepared.plan, self._transit.request.table
        if plan.window is None:
            return f"reading all of {table.source} into {table.target} ({plan.reason})"
        window = plan.window
        bounds = f"{window.column} from {window.lower}"
        if window.upper is not None:
            bounds += f" to {window.upper}"
        if window.lookback_seconds:
            bounds += f", less {window.lookback_seconds} s"
        return f"reading {table.source} into {table.target}: {bounds} ({plan.reason})"

    def _conclude(self, result: SyncResult, unchanged: int) -> None:
        parts = [f"{result.rows_loaded:,} rows loaded"]
        for number, what in (
            (unchanged, "of them unchanged"),
            (result.rows_loaded_raw, "kept raw"),
            (result.rows_deleted, "soft-deleted"),
            (result.rows_removed, "gone from the source removed"),
            (result.rows_dropped, "dropped"),
        ):
            if number:
                parts.append(f"{number:,} {what}")
        seconds = max(result.duration_ms, 1) / 1000
        rate = result.rows_extracted / seconds
        self._tell("INFO", f"{', '.join(parts)} in {seconds:.1f} s ({rate:,.0f} rows/s)")
        for kind, number in result.warnings.items():
            self._tell("WARNING", f"{number:,} values changed by rule: {kind}")
        for check in result.checks:
            if not check.passed:
                self._tell("WARNING", f"quality check {check.name}: {check.message}")
        if result.rows_failed:
            self._tell(
                "WARNING",
                f"{result.rows_failed:,} rows in the dead letters: {self._rejections.reasons}",
            )
