"""Deliveries: sent once, tried again with pauses, given up with a reason."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import text

from arus_dagster.catalog import NotificationDelivery, Pipeline
from arus_dagster.catalog.repositories import notification_deliveries, notification_targets
from arus_dagster.catalog.repositories import settings as stored_settings
from arus_dagster.catalog.session import Catalog
from arus_dagster.notify.delivery import (
    LEASE,
    MAX_ATTEMPTS,
    Delivered,
    deliver_due,
    pause_after,
)
from arus_dagster.notify.events import on_run_finished
from tests.integration.notify.conftest import LINKS, AddTarget, deliveries
from tests.receivers import HttpReceiver

NOTHING = Delivered()


def tell(catalog: Catalog, pipeline: Pipeline, run_id: str = "run-1") -> None:
    with catalog.session() as session:
        on_run_finished(session, pipeline.id, run_id, "failure", "broken", dagster_links=LINKS)


def pass_time(catalog: Catalog, by: timedelta) -> None:
    """Let the database's deliveries be that much older."""
    with catalog.session() as session:
        session.execute(
            text(
                "UPDATE arus_config.notification_deliveries SET "
                "next_attempt_at = next_attempt_at - :by, created_at = created_at - :by"
            ),
            {"by": by},
        )


def one(catalog: Catalog) -> NotificationDelivery:
    (delivery,) = deliveries(catalog)
    return delivery


def test_a_due_delivery_is_sent_and_never_again(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget, receiver: HttpReceiver
) -> None:
    add_target()
    tell(catalog, pipeline)
    assert deliver_due(catalog.session) == Delivered(sent=1)
    assert deliver_due(catalog.session) == NOTHING
    pass_time(catalog, timedelta(hours=2))
    assert deliver_due(catalog.session) == NOTHING
    assert len(receiver.received) == 1
    assert receiver.received[0].json["title"] == "Orders failed"
    delivery = one(catalog)
    assert (delivery.status, delivery.attempts, delivery.last_error) == ("sent", 1, None)
    assert delivery.sent_at is not None


def test_a_failed_delivery_is_tried_again_after_growing_pauses_then_given_up(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget, receiver: HttpReceiver
) -> None:
    add_target()
    tell(catalog, pipeline)
    for attempt in range(1, MAX_ATTEMPTS):
        receiver.answer(500, b"secret s3cret-key told")
        assert deliver_due(catalog.session) == Delivered(postponed=1)
        pause = pause_after(attempt)
        pass_time(catalog, pause - timedelta(seconds=2))
        assert deliver_due(catalog.session) == NOTHING
        pass_time(catalog, timedelta(seconds=2))
        assert one(catalog).attempts == attempt
    receiver.answer(500, b"no")
    assert deliver_due(catalog.session) == Delivered(given_up=1)
    pass_time(catalog, timedelta(hours=2))
    assert deliver_due(catalog.session) == NOTHING
    delivery = one(catalog)
    assert (delivery.status, delivery.attempts) == ("failed", MAX_ATTEMPTS)
    assert delivery.last_error == "127.0.0.1 answered 500: no"
    assert len(receiver.received) == MAX_ATTEMPTS


def test_a_delivery_that_recovers_is_sent_once(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget, receiver: HttpReceiver
) -> None:
    add_target()
    tell(catalog, pipeline)
    receiver.answer(503, b"hello s3cret-key", Retry_After="300")
    assert deliver_due(catalog.session) == Delivered(postponed=1)
    assert one(catalog).last_error == "127.0.0.1 answered 503: hello ********"
    pass_time(catalog, timedelta(seconds=298))
    assert deliver_due(catalog.session) == NOTHING
    pass_time(catalog, timedelta(seconds=2))
    assert deliver_due(catalog.session) == Delivered(sent=1)
    first, second = receiver.received
    assert first.headers["X-Arus-Delivery"] == second.headers["X-Arus-Delivery"]


def test_a_refused_delivery_is_given_up_at_once(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget, receiver: HttpReceiver
) -> None:
    add_target()
    tell(catalog, pipeline)
    receiver.answer(410, b"gone")
    assert deliver_due(catalog.session) == Delivered(given_up=1)
    assert one(catalog).last_error == "127.0.0.1 answered 410: gone"


def test_one_broken_channel_keeps_no_other_waiting(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget, receiver: HttpReceiver
) -> None:
    add_target("Unresolvable", config={"url": "http://nowhere.invalid/"})
    add_target("Odd", kind="slack", config={"webhook_url": "ftp://example.com"})
    add_target("Good")
    tell(catalog, pipeline)
    assert deliver_due(catalog.session) == Delivered(sent=1, postponed=1, given_up=1)
    assert len(receiver.received) == 1
    errors = sorted(d.last_error or "" for d in deliveries(catalog))
    assert errors[1].startswith("The target's configuration is not acceptable any more: webhook")
    assert errors[2].startswith("nowhere.invalid can't be resolved")


def test_a_target_that_was_silenced_meanwhile_gets_nothing(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget, receiver: HttpReceiver
) -> None:
    target = add_target()
    tell(catalog, pipeline)
    with catalog.session() as session:
        stored = notification_targets.get(session, target.id)
        notification_targets.update(session, stored, {"active": False})
    assert deliver_due(catalog.session) == Delivered(given_up=1)
    assert receiver.received == []


def test_local_addresses_are_refused_unless_the_setting_permits_them(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget, receiver: HttpReceiver
) -> None:
    add_target()
    tell(catalog, pipeline)
    with catalog.session() as session:
        stored_settings.update(session, {"notify_allow_local": "false"})
    assert deliver_due(catalog.session) == Delivered(given_up=1)
    assert receiver.received == []
    assert "notify_allow_local" in (one(catalog).last_error or "")


def test_senders_at_once_send_each_event_once(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget, receiver: HttpReceiver
) -> None:
    for number in range(6):
        add_target(f"Target {number}")
    runs = [f"run-{number}" for number in range(5)]
    barrier = threading.Barrier(8)

    def race(_: int) -> int:
        barrier.wait()
        for run_id in runs:
            tell(catalog, pipeline, run_id)
        sent = 0
        for _ in range(20):
            sent += deliver_due(catalog.session).sent
        return sent

    with ThreadPoolExecutor(8) as pool:
        sent = sum(pool.map(race, range(8)))
    assert sent == len(receiver.received) == 30
    assert {delivery.attempts for delivery in deliveries(catalog)} == {1}


def test_an_attempt_that_reported_nothing_is_taken_up_after_its_lease(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget, receiver: HttpReceiver
) -> None:
    add_target()
    tell(catalog, pipeline)
    with catalog.session() as session:
        assert len(notification_deliveries.claim_due(session, limit=5, lease=LEASE)) == 1
    assert deliver_due(catalog.session) == NOTHING
    pass_time(catalog, LEASE)
    assert deliver_due(catalog.session) == Delivered(sent=1)


def test_what_was_settled_long_ago_is_forgotten(
    catalog: Catalog, pipeline: Pipeline, add_target: AddTarget
) -> None:
    add_target()
    tell(catalog, pipeline)
    deliver_due(catalog.session)
    pass_time(catalog, timedelta(days=31))
    deliver_due(catalog.session)
    assert deliveries(catalog) == []


@pytest.mark.parametrize(
    ("attempts", "retry_after", "seconds"),
    [(1, None, 10), (2, None, 20), (5, None, 160), (100, None, 3600), (1, 60, 60), (3, 5, 40)],
)
def test_pauses_double_and_heed_the_channel(
    attempts: int, retry_after: int | None, seconds: int
) -> None:
    assert pause_after(attempts, retry_after) == timedelta(seconds=seconds)
