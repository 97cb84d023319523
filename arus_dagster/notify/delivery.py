"""Sending what is due.

Owns attempts, pauses between them and giving up. A channel's fault is written down at its delivery
with secrets taken out, and goes no further. Refuses a clock of its own: somebody calls
``deliver_due`` now and then, from as many processes as they like.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError
from sqlalchemy.orm import Session

from arus_dagster.catalog.notification import NotificationDelivery, NotificationTarget
from arus_dagster.catalog.repositories import (
    notification_deliveries,
    notification_targets,
    settings,
)
from arus_dagster.errors import ArusError
from arus_dagster.logging import get_logger
from arus_dagster.notify.channels import CHANNELS
from arus_dagster.notify.config import ChannelConfig
from arus_dagster.notify.failures import (
    DeliveryFailedError,
    DeliveryRefusedError,
    without_secrets,
)
from arus_dagster.notify.message import Message, sample_message
from arus_dagster.notify.network import SEND_SECONDS

log = get_logger(__name__)

MAX_ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)
# Longer than any attempt takes, so that nobody takes up a delivery that is being sent.
LEASE = timedelta(seconds=4 * SEND_SECONDS)
KEPT = timedelta(days=30)

_BATCH = 20
_THREADS = 8

OpenSession = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one call did."""

    sent: int = 0
    postponed: int = 0
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class _Attempt:
    delivery_id: uuid.UUID
    number: int
    kind: str
    config: ChannelConfig | None  # None where there is a reason not to send
    message: Message
    allow_local: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Outcome:
    attempt: _Attempt
    error: str | None = None
    again: bool = False
    retry_after: int | None = None


def pause_after(attempts: int, retry_after: int | None = None) -> timedelta:
    """How long to wait after that many attempts: doubled each time, at least what the channel
    asks for (seconds), at most an hour."""
    doubled = FIRST_PAUSE * (1 << min(attempts - 1, 20))
    return min(max(doubled, timedelta(seconds=retry_after or 0)), LONGEST_PAUSE)


def deliver_due(open_session: OpenSession) -> Delivered:
    """Try what is due once, at most a batch, and write down how it went.

    Args:
        open_session: gives a session and its transaction, as ``Catalog.session``.

    Returns:
        Counts; a channel's failure raises nothing.
    """
    with open_session() as session:
        notification_deliveries.prune(session, KEPT)
        due = notification_deliveries.claim_due(session, limit=_BATCH, lease=LEASE)
        attempts = _prepare(session, due)
    if not attempts:
        return Delivered()
    with ThreadPoolExecutor(min(_THREADS, len(attempts))) as pool:
        outcomes = list(pool.map(_try, attempts))
    with open_session() as session:
        for outcome in outcomes:
            _record(session, outcome)
    return Delivered(
        sent=sum(outcome.error is None for outcome in outcomes),
        postponed=sum(outcome.again for outcome in outcomes),
        given_up=sum(outcome.error is not None and not outcome.again for outcome in outcomes),
    )


def send_test(kind: str, config: ChannelConfig, target: str, *, allow_local: bool) -> None:
    """Send a target a message to see that it works.

    Raises:
        ConnectionFailedError: it does not; the message says why, without secrets.
    """
    try:
        CHANNELS[kind].send(config, sample_message(target), allow_local=allow_local)
    except (DeliveryFailedError, DeliveryRefusedError) as error:
        raise type(error)(without_secrets(error.message, config.secrets())) from None


def _prepare(session: Session, due: Sequence[NotificationDelivery]) -> list[_Attempt]:
    allow_local = settings.load(session).notify_allow_local
    return [_attempt(session, delivery, allow_local) for delivery in due]


def _attempt(session: Session, delivery: NotificationDelivery, allow_local: bool) -> _Attempt:
    target = notification_targets.get(session, delivery.target_id)
    config, reason = _config(session, target)
    if delivery.attempts > MAX_ATTEMPTS:
        config, reason = None, "The last attempt was broken off"
    return _Attempt(
        delivery_id=delivery.id,
        number=delivery.attempts,
        kind=target.type,
        config=config,
        message=Message.from_payload(delivery.payload),
        allow_local=allow_local,
        reason=reason,
    )


def _config(session: Session, target: NotificationTarget) -> tuple[ChannelConfig | None, str]:
    if not target.active:
        return None, "The target is not active"
    try:
        stored = notification_targets.config_of(session, target)
        return CHANNELS[target.type].config.model_validate(stored), ""
    except ArusError as error:
        return None, error.message
    except ValidationError as error:
        faulty = ", ".join(".".join(map(str, problem["loc"])) for problem in error.errors())
        return None, f"The target's configuration is not acceptable any more: {faulty}"


def _try(attempt: _Attempt) -> _Outcome:
    if attempt.config is None:
        return _Outcome(attempt, attempt.reason)
    secrets = attempt.config.secrets()
    try:
        CHANNELS[attempt.kind].send(
            attempt.config, attempt.message, allow_local=attempt.allow_local
        )
    except DeliveryFailedError as error:
        text = without_secrets(error.message, secrets)
        return _Outcome(attempt, text, attempt.number < MAX_ATTEMPTS, error.retry_after)
    except DeliveryRefusedError as error:
        return _Outcome(attempt, without_secrets(error.message, secrets))
    except Exception as error:  # noqa: BLE001 - one channel's fault must not keep others waiting
        # Its text is unknown and may hold anything.
        log.error(
            "notification_failed_unexpectedly", channel=attempt.kind, error=type(error).__name__
        )
        return _Outcome(
            attempt, f"Unexpected {type(error).__name__}", attempt.number < MAX_ATTEMPTS
        )
    return _Outcome(attempt)


def _record(session: Session, outcome: _Outcome) -> None:
    attempt = outcome.attempt
    if outcome.error is None:
        notification_deliveries.mark_sent(session, attempt.delivery_id)
        return
    log.warning(
        "notification_not_delivered",
        delivery=str(attempt.delivery_id),
        channel=attempt.kind,
        attempt=attempt.number,
        given_up=not outcome.again,
        reason=outcome.error,
    )
    if outcome.again:
        pause = pause_after(attempt.number, outcome.retry_after)
        notification_deliveries.mark_for_retry(session, attempt.delivery_id, outcome.error, pause)
    else:
        notification_deliveries.mark_failed(session, attempt.delivery_id, outcome.error)
