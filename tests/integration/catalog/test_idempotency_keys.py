import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, update

from arus_dagster.catalog import IdempotencyKey
from arus_dagster.catalog.repositories import idempotency_keys
from arus_dagster.errors import ConflictError

USER = uuid.uuid4()


def begin(session, key="k", fingerprint="f", user=USER):
    return idempotency_keys.begin(session, user, key, fingerprint)


def test_the_first_answer_is_given_again(session):
    assert begin(session) is None
    idempotency_keys.finish(session, USER, "k", 201, {"data": 1})

    kept = begin(session)

    assert (kept.status, kept.response) == (201, {"data": 1})


def test_another_request_with_the_key_is_a_conflict(session):
    begin(session)
    idempotency_keys.finish(session, USER, "k", 201, {"data": 1})

    with pytest.raises(ConflictError, match="another request"):
        begin(session, fingerprint="g")
    assert begin(session, user=uuid.uuid4(), fingerprint="g") is None


def test_a_request_still_being_answered_is_a_conflict(session):
    begin(session)

    with pytest.raises(idempotency_keys.InFlightError):
        begin(session)

    idempotency_keys.forget(session, USER, "k")
    assert begin(session) is None


def test_answers_are_kept_for_a_day(session):
    begin(session)
    idempotency_keys.finish(session, USER, "k", 201, {"data": 1})
    session.execute(update(IdempotencyKey).values(created_at=func.now() - timedelta(hours=25)))

    assert begin(session, fingerprint="g") is None
