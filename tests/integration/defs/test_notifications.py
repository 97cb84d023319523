"""The ends of runs on their way to those who want to know."""

from __future__ import annotations

from sqlalchemy import select

from arus_dagster.catalog import NotificationDelivery
from arus_dagster.catalog.repositories import notification_links, notification_targets
from arus_dagster.orchestration.models import RunStatus
from tests.dagster_stack import wait_for
from tests.integration.defs.conftest import Installation


def test_a_success_and_a_failure_are_told_once_each(installation: Installation) -> None:
    pipeline = installation.pipeline("hidden_later", max_retries=0)
    with installation.session() as session:
        target = notification_targets.create(
            session,
            name=f"Hook of {pipeline.slug}",
            kind="webhook",
            config={"url": "http://127.0.0.1:9/nobody"},
            active=True,
        )
        notification_links.create(
            session,
            pipeline_id=pipeline.id,
            target_id=target.id,
            events=["success", "failure"],
        )
    installation.shop.execute("ALTER TABLE hidden_later RENAME TO hidden_now")
    failed = installation.run(pipeline)
    installation.shop.execute("ALTER TABLE hidden_now RENAME TO hidden_later")
    succeeded = installation.run(pipeline)

    def told() -> list[tuple[str, str]] | None:
        with installation.session() as session:
            rows = session.scalars(
                select(NotificationDelivery).where(NotificationDelivery.target_id == target.id)
            ).all()
        found = sorted((row.event, row.payload["run_id"]) for row in rows)
        return found if len(found) >= 2 else None

    assert (failed.status, succeeded.status) == (RunStatus.FAILURE, RunStatus.SUCCESS)
    assert wait_for(told, "both runs to be told") == [
        ("failure", failed.id),
        ("success", succeeded.id),
    ]
