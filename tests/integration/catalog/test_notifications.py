from datetime import timedelta

import pytest

from arus_dagster.catalog.repositories import notification_deliveries as deliveries
from arus_dagster.catalog.repositories import notification_links as links
from arus_dagster.catalog.repositories import notification_targets as targets
from arus_dagster.errors import ConflictError, NotFoundError
from tests.integration.catalog.conftest import make_destination, make_pipeline, make_source

LEASE = timedelta(minutes=5)


@pytest.fixture
def pipeline(session):
    return make_pipeline(session, make_source(session), make_destination(session))


@pytest.fixture
def target(session):
    return make_target(session)


def make_target(session, name="Team", active=True):
    config = {"url": "https://example.com/secret-path"}
    return targets.create(session, name=name, kind="webhook", config=config, active=active)


def test_a_configuration_is_stored_encrypted(session, target):
    assert b"secret-path" not in target.config
    assert targets.config_of(session, target) == {"url": "https://example.com/secret-path"}

    targets.update(session, target, {"name": "Renamed"})
    assert targets.config_of(session, target)["url"].endswith("secret-path")
    targets.update(session, target, {}, {"url": "https://example.com/other"})
    assert targets.config_of(session, target) == {"url": "https://example.com/other"}


def test_a_target_name_is_taken_ignoring_case(session, target):
    with pytest.raises(ConflictError, match="TEAM"):
        make_target(session, "TEAM")


def test_events_go_to_active_targets_by_active_links(session, pipeline, target):
    silent, off = make_target(session, "Silent", active=False), make_target(session, "Off")
    for linked, active in ((target, True), (silent, True), (off, False)):
        links.create(
            session,
            pipeline_id=pipeline.id,
            target_id=linked.id,
            events=["failure", "dead_letter"],
            active=active,
        )

    assert links.targets_for(session, pipeline.id, "failure") == [target]
    assert links.targets_for(session, pipeline.id, "fail") == []
    assert len(links.of_pipeline(session, pipeline.id)) == 3


def test_a_pipeline_is_linked_to_a_target_once(session, pipeline, target):
    link = links.create(session, pipeline_id=pipeline.id, target_id=target.id, events=["success"])

    with pytest.raises(ConflictError, match="already"):
        links.create(session, pipeline_id=pipeline.id, target_id=target.id, events=["failure"])

    assert links.update(session, link, {"events": ["failure"], "active": False}).active is False
    link_id = link.id
    targets.delete(session, target)
    session.expunge_all()
    with pytest.raises(NotFoundError):
        links.get(session, link_id)


def test_an_event_is_queued_once_for_each_target(session, target):
    other = make_target(session, "Other")

    def enqueue(ids):
        return deliveries.enqueue(
            session, ids, event_key="r1/failure", event="failure", payload={"run": "r1"}
        )

    assert enqueue([target.id]) == 1
    assert enqueue([target.id, other.id]) == 1
    assert enqueue([]) == 0


def test_a_delivery_is_claimed_by_one_sender_and_comes_back_after_its_lease(catalog):
    with catalog.session() as session:
        target = make_target(session)
        deliveries.enqueue(session, [target.id], event_key="k", event="failure", payload={})

    with catalog.session() as first:
        (claimed,) = deliveries.claim_due(first, limit=10, lease=timedelta(0))
        assert claimed.attempts == 1
        with catalog.session() as second:
            assert deliveries.claim_due(second, limit=10, lease=LEASE) == []
    with catalog.session() as third:
        (again,) = deliveries.claim_due(third, limit=10, lease=LEASE)
        assert again.attempts == 2
    with catalog.session() as fourth:
        assert deliveries.claim_due(fourth, limit=10, lease=LEASE) == []


def test_a_delivery_ends_sent_or_given_up(session, target):
    for key in ("a", "b", "c"):
        deliveries.enqueue(session, [target.id], event_key=key, event="failure", payload={})
    sent, failed, again = deliveries.claim_due(session, limit=10, lease=LEASE)

    deliveries.mark_sent(session, sent.id)
    deliveries.mark_failed(session, failed.id, "410 Gone")
    deliveries.mark_for_retry(session, again.id, "503", timedelta(0))

    due = deliveries.claim_due(session, limit=10, lease=LEASE)
    assert [d.id for d in due] == [again.id]
    session.refresh(sent)
    session.refresh(failed)
    assert sent.status == "sent" and sent.sent_at is not None
    assert (failed.status, failed.last_error) == ("failed", "410 Gone")
    assert deliveries.prune(session, timedelta(0)) == 0  # this transaction's own are not older
