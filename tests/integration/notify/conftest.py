"""A catalog with a pipeline, and servers that notifications go to."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from arus_dagster.catalog import NotificationDelivery, NotificationTarget, Pipeline
from arus_dagster.catalog.repositories import notification_links, notification_targets
from arus_dagster.catalog.repositories import settings as stored_settings
from arus_dagster.catalog.session import Catalog
from arus_dagster.notify.message import EVENTS
from arus_dagster.settings import Settings
from tests.certificates import Certificates
from tests.integration.catalog.conftest import make_destination, make_pipeline, make_source
from tests.receivers import HttpReceiver, http_receiver

LINKS = "http://dagster.example.com"
AddTarget = Callable[..., NotificationTarget]


@pytest.fixture
def catalog(catalog_settings: Settings) -> Iterator[Catalog]:
    opened = Catalog(catalog_settings, "arus tests")
    with opened.session() as session:
        stored_settings.update(session, {"notify_allow_local": "true"})
    yield opened
    opened.dispose()


@pytest.fixture
def pipeline(catalog: Catalog) -> Pipeline:
    with catalog.session() as session:
        return make_pipeline(session, make_source(session), make_destination(session))


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with http_receiver() as running:
        yield running


@pytest.fixture
def add_target(catalog: Catalog, pipeline: Pipeline, receiver: HttpReceiver) -> AddTarget:
    """Makes a target linked to the pipeline; a webhook at ``receiver`` by default."""

    def add(
        name: str = "Team",
        kind: str = "webhook",
        config: dict[str, Any] | None = None,
        events: tuple[str, ...] = EVENTS,
        **values: Any,
    ) -> NotificationTarget:
        config = config or {"url": receiver.url + "/hook-4711", "secret": "s3cret-key"}
        with catalog.session() as session:
            target = notification_targets.create(
                session, name=name, kind=kind, config=config, active=values.pop("active", True)
            )
            notification_links.create(
                session, pipeline_id=pipeline.id, target_id=target.id, events=events, **values
            )
            return target

    return add


def deliveries(catalog: Catalog) -> list[NotificationDelivery]:
    """All deliveries, oldest first."""
    with catalog.session() as session:
        return (
            session.query(NotificationDelivery)
            .order_by(NotificationDelivery.created_at, NotificationDelivery.id)
            .all()
        )


def server_context(certificates: Certificates, directory: Path) -> ssl.SSLContext:
    """TLS for a server at 127.0.0.1 and localhost."""
    certificate, key = directory / "server.crt", directory / "server.key"
    certificate.write_text(certificates.server_certificate)
    key.write_text(certificates.server_key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
