"""What in a run is worth telling, and to whom.

Owns the way from an outcome to deliveries: the links of the pipeline, the settings that hold
messages back, and the key that makes an event go out once to each target. Refuses to send: that
takes time and may fail, and a run must not wait for it.
"""

from __future__ import annotations

import uuid
from typing import Literal

from sqlalchemy.orm import Session

from arus_dagster.catalog.pipeline import Pipeline
from arus_dagster.catalog.repositories import (
    notification_deliveries,
    notification_links,
    settings,
    table_results,
)
from arus_dagster.catalog.runtime_settings import RuntimeSettings
from arus_dagster.engine.drift import IncompatibleDriftError
from arus_dagster.engine.result import SyncResult
from arus_dagster.errors import ArusError, BalanceError, DeadLetterLimitError, SchemaDriftError
from arus_dagster.notify.message import Event, Message, cut, now

RunOutcome = Literal["success", "failure"]

_MOST_LINES = 20


class RunNews:
    """What is told of one run of a pipeline.

    Args:
        session: deliveries are put on their way in its transaction.
        run_id: the Dagster run.
        dagster_links: the base of links into Dagster's UI.
    """

    def __init__(
        self, session: Session, pipeline_id: uuid.UUID, run_id: str, dagster_links: str
    ) -> None:
        self._session = session
        self._pipeline_id = pipeline_id
        self._run_id = run_id
        self._link = f"{dagster_links}/runs/{run_id}"
        self._pipeline = session.get(Pipeline, pipeline_id)

    def tell(
        self,
        event: Event,
        title: str,
        text: str = "",
        fields: tuple[tuple[str, str], ...] = (),
        table: str | None = None,
    ) -> int:
        """Put an event on its way; the same event of a run, and table, goes out once.

        Args:
            title: follows the pipeline's name.

        Returns:
            For how many targets it was new; 0 where the pipeline is gone or nobody listens.
        """
        if self._pipeline is None or not _wanted(settings.load(self._session), event):
            return 0
        targets = notification_links.targets_for(self._session, self._pipeline_id, event)
        if not targets:
            return 0
        key = ":".join([self._run_id, event, *([table] if table is not None else [])])
        name = " ".join(self._pipeline.name.split())
        message = Message(
            id=str(uuid.uuid5(self._pipeline_id, key)),
            event=event,
            title=f"{name} {title}",
            text=cut(text),
            fields=(*fields, ("Run", self._run_id)),
            link=self._link,
            pipeline_id=str(self._pipeline_id),
            pipeline_name=self._pipeline.name,
            run_id=self._run_id,
            table=table,
            occurred_at=now(),
        )
        return notification_deliveries.enqueue(
            self._session,
            [target.id for target in targets],
            # A table's name may be longer than a key; the id made of it is not.
            event_key=f"{self._run_id}:{event}:{message.id}",
            event=event,
            payload=message.as_payload(),
        )


def _wanted(policy: RuntimeSettings, event: Event) -> bool:
    match event:
        case "failure":
            return policy.notify_pipeline_failures
        case "schema_drift":
            return policy.notify_schema_drift
        case "dead_letter":
            return policy.notify_dead_letter
    return True


def _rows(count: int) -> str:
    return f"{count:,} row" + ("" if count == 1 else "s")


def on_run_finished(
    session: Session,
    pipeline_id: uuid.UUID,
    run_id: str,
    outcome: RunOutcome,
    error: str | None = None,
    *,
    dagster_links: str,
) -> int:
    """A run of the pipeline ended; call it for successes and failures, not for cancelled runs.

    Args:
        error: why it failed; fit to be shown.

    Returns:
        For how many targets the event was new.
    """
    news = RunNews(session, pipeline_id, run_id, dagster_links)
    results = table_results.of_run(session, run_id)
    if outcome == "success":
        loaded = sum(result.rows_loaded for result in results)
        fields = (("Rows", f"{loaded:,}"), ("Tables", str(len(results))))
        return news.tell("success", "succeeded", fields=fields)
    failed = [result for result in results if result.error_message]
    lines = [f"{result.table_name}: {result.error_message}" for result in failed[:_MOST_LINES]]
    text = "\n".join(lines) or error or "The run's log tells why."
    return news.tell("failure", "failed", text, (("Tables failed", str(len(failed))),))


def on_sync_findings(
    session: Session,
    pipeline_id: uuid.UUID,
    run_id: str,
    table: str,
    result: SyncResult,
    *,
    dagster_links: str,
) -> int:
    """A table was synced: tell of rejected rows, schema drift and failed checks.

    Args:
        table: the source table, ``schema.name``.

    Returns:
        How many deliveries were new.
    """
    news = RunNews(session, pipeline_id, run_id, dagster_links)
    told = 0
    where = (("Table", table),)
    if result.rows_failed:
        told += news.tell(
            "dead_letter",
            f"rejected {_rows(result.rows_failed)} of {table}",
            "They are in the dead letters; the other rows were loaded.",
            (
                *where,
                ("Rejected", f"{result.rows_failed:,}"),
                ("Loaded", f"{result.rows_loaded:,}"),
            ),
            table,
        )
    if result.drift:
        told += news.tell(
            "schema_drift",
            f"saw the columns of {table} change",
            "\n".join(event.message for event in result.drift[:_MOST_LINES]),
            where,
            table,
        )
    breached = [check for check in result.checks if not check.passed]
    if breached:
        told += news.tell(
            "quality_breach",
            f"failed a quality check on {table}",
            "\n".join(f"{check.name}: {check.message}" for check in breached),
            where,
            table,
        )
    return told


def on_sync_failed(
    session: Session,
    pipeline_id: uuid.UUID,
    run_id: str,
    table: str,
    error: ArusError,
    *,
    dagster_links: str,
) -> int:
    """A table failed: tell of the finding behind it, where it is one. That the run failed is told
    by ``on_run_finished``.

    Args:
        table: the source table, ``schema.name``.

    Returns:
        How many deliveries were new.
    """
    news = RunNews(session, pipeline_id, run_id, dagster_links)
    where = (("Table", table),)
    match error:
        case SchemaDriftError():
            events = error.events if isinstance(error, IncompatibleDriftError) else ()
            lines = [event.message for event in events[:_MOST_LINES]]
            return news.tell(
                "schema_drift",
                f"can't carry on with the changed columns of {table}",
                "\n".join(lines) or error.message,
                where,
                table,
            )
        case DeadLetterLimitError():
            title = f"rejected too many rows of {table}"
            return news.tell("dead_letter", title, error.message, where, table)
        case BalanceError():
            title = f"failed a quality check on {table}"
            return news.tell("quality_breach", title, error.message, where, table)
    return 0
