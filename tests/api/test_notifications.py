"""Notification targets and the pipelines' links to them."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from cryptography.fernet import Fernet
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx import Response

from arus_dagster.catalog import NotificationTarget
from arus_dagster.catalog.repositories import notification_deliveries, notification_targets
from arus_dagster.catalog.repositories import settings as stored_settings
from arus_dagster.crypto import Cipher
from arus_dagster.notify.delivery import deliver_due
from arus_dagster.notify.message import sample_message
from tests.integration.catalog.conftest import make_destination, make_pipeline, make_source
from tests.receivers import HttpReceiver, http_receiver

TARGETS = "/api/notifications/targets"
LINKS = "/api/notifications/links"
TELEGRAM = {
    "name": "Team Alerts",
    "type": "telegram",
    "config": {"bot_token": "123456:ABC-DEF", "chat_id": "-123456789"},
    "active": True,
}
CONFIGS: dict[str, tuple[dict[str, Any], str]] = {
    "telegram": ({"bot_token": "123456:ABC-DEF", "chat_id": -123456789}, "ABC-DEF"),
    "slack": ({"webhook_url": "https://hooks.slack.com/services/T0/B0/abc"}, "T0/B0/abc"),
    "discord": ({"webhook_url": "https://discord.com/api/webhooks/1/abc"}, "webhooks/1/abc"),
    "webhook": ({"url": "https://example.com/in-4711", "secret": "signing key"}, "in-4711"),
    "email": (
        {
            "smtp_host": "smtp.example.com",
            "smtp_username": "arus",
            "smtp_password": "hunter2!",
            "from_address": "arus@example.com",
            "to_addresses": ["team@example.com"],
        },
        "hunter2!",
    ),
}
MASK = "********"
NO_DELIVERIES = {
    "sent": 0,
    "pending": 0,
    "failed": 0,
    "last_error": None,
    "last_sent_at": None,
}


@pytest.fixture
def receiver(app: FastAPI) -> Iterator[HttpReceiver]:
    with app.state.catalog.session() as session:
        stored_settings.update(session, {"notify_allow_local": "true"})
    with http_receiver() as running:
        yield running


@pytest.fixture
def pipeline_id(app: FastAPI) -> str:
    with app.state.catalog.session() as session:
        pipeline = make_pipeline(session, make_source(session), make_destination(session))
        return str(pipeline.id)


@pytest.fixture
def create(editor: TestClient) -> Callable[..., dict[str, Any]]:
    def make(**changes: Any) -> dict[str, Any]:
        answer = editor.post(TARGETS, json={**TELEGRAM, **changes})
        assert answer.status_code == 201, answer.json()
        made: dict[str, Any] = answer.json()["data"]
        return made

    return make


def refused_fields(answer: Response) -> list[str]:
    """The fields that a 422 names."""
    assert answer.status_code == 422, answer.text
    return [problem["field"] for problem in answer.json()["error"]["fields"]]


def stored(app: FastAPI, target_id: str) -> dict[str, Any]:
    with app.state.catalog.session() as session:
        target = notification_targets.get(session, uuid.UUID(target_id))
        return notification_targets.config_of(session, target)


def test_a_target_of_every_type_is_stored_whole_and_shown_masked(
    app: FastAPI, viewer: TestClient, create: Callable[..., dict[str, Any]]
) -> None:
    for kind, (config, secret) in CONFIGS.items():
        made = create(name=kind, type=kind, config=config)
        listed = viewer.get(TARGETS)

        assert listed.json()["data"][0] == made
        assert secret not in listed.text
        assert MASK in made["config"].values()
        assert made["config"].keys() >= config.keys()
        assert made["destination"]
        assert made["error"] is None
        assert secret in str(stored(app, made["id"]))


def test_a_target_tells_how_it_went_with_its_messages(
    app: FastAPI,
    viewer: TestClient,
    create: Callable[..., dict[str, Any]],
    pipeline_id: str,
    receiver: HttpReceiver,
) -> None:
    quiet = create(name="Quiet")
    told = create(name="Told", type="webhook", config={"url": receiver.url, "secret": "s3cret-key"})
    assert told["deliveries"] == quiet["deliveries"] == NO_DELIVERIES
    receiver.answer(410, b"gone, s3cret-key")
    receiver.answer(503, b"busy")
    for number in range(3):
        with app.state.catalog.session() as session:
            made = notification_deliveries.enqueue(
                session,
                [uuid.UUID(told["id"])],
                event_key=f"run {number}",
                event="failure",
                payload=sample_message("Told").as_payload(),
            )
        assert made == 1
        deliver_due(app.state.catalog.session)

    listed = {target["name"]: target["deliveries"] for target in viewer.get(TARGETS).json()["data"]}

    assert listed["Quiet"] == NO_DELIVERIES
    sent_at = listed["Told"].pop("last_sent_at")
    assert listed["Told"] == {
        "sent": 1,
        "pending": 1,
        "failed": 1,
        "last_error": "127.0.0.1 answered 503: busy",
    }
    assert sent_at is not None


def test_a_field_of_the_configuration_that_is_not_acceptable_is_named(editor: TestClient) -> None:
    cases: list[tuple[str, dict[str, Any], str]] = [
        ("telegram", {"bot_token": "nonsense-token"}, "config.bot_token"),
        ("telegram", {"chat_id": None}, "config.chat_id"),
        ("slack", {"webhook_url": "ftp://example.com/nonsense"}, "config.webhook_url"),
        ("slack", {"webhook_url": MASK}, "config.webhook_url"),
        ("webhook", {"secret": MASK}, "config.secret"),
        ("webhook", {"colour": "red"}, "config.colour"),
        ("email", {"to_addresses": ["nobody"]}, "config.to_addresses.0"),
        ("email", {"smtp_port": "many"}, "config.smtp_port"),
        ("email", {"smtp_username": None}, "config"),
    ]
    for kind, changes, field in cases:
        config = {k: v for k, v in {**CONFIGS[kind][0], **changes}.items() if v is not None}

        answer = editor.post(TARGETS, json={"name": "T", "type": kind, "config": config})

        assert refused_fields(answer) == [field]
        assert "nonsense" not in answer.text


def test_a_field_that_is_not_acceptable_is_named(editor: TestClient) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"type": "pager"}, "type"),
        ({"name": ""}, "name"),
        ({"config": None}, "config"),
        ({"config": []}, "config"),
        ({"active": "maybe"}, "active"),
        ({"events": []}, "events"),
    ]
    for changes, field in cases:
        answer = editor.post(TARGETS, json={**TELEGRAM, **changes})

        assert refused_fields(answer) == [field]


def test_a_secret_left_out_or_masked_stays(
    app: FastAPI, editor: TestClient, create: Callable[..., dict[str, Any]]
) -> None:
    made = create()
    before = stored(app, made["id"])
    for config in ({}, {"bot_token": MASK}, {"bot_token": MASK, "chat_id": "-123456789"}):
        answer = editor.put(f"{TARGETS}/{made['id']}", json={"name": "Renamed", "config": config})

        assert answer.status_code == 200
        assert answer.json()["data"]["name"] == "Renamed"
        assert answer.json()["data"]["config"] == made["config"]
        assert stored(app, made["id"]) == before


def test_an_update_changes_single_fields_of_the_configuration(
    app: FastAPI, editor: TestClient, create: Callable[..., dict[str, Any]]
) -> None:
    made = create(type="webhook", config=CONFIGS["webhook"][0])
    path = f"{TARGETS}/{made['id']}"

    editor.put(path, json={"config": {"url": "https://example.com/new", "secret": "another"}})
    assert stored(app, made["id"]) == {"url": "https://example.com/new", "secret": "another"}
    editor.put(path, json={"config": {"secret": None}})
    assert stored(app, made["id"]) == {"url": "https://example.com/new"}
    answer = editor.put(path, json={"config": {"url": None}})
    assert refused_fields(answer) == ["config.url"]


@pytest.mark.parametrize(
    ("kind", "change", "secret"),
    [
        ("telegram", {"api_base": "https://evil.example.com"}, "bot_token"),
        ("email", {"smtp_host": "evil.example.com"}, "smtp_password"),
        ("email", {"smtp_port": 2525}, "smtp_password"),
        ("email", {"smtp_security": "ssl"}, "smtp_password"),
        ("webhook", {"url": "https://evil.example.com"}, "secret"),
    ],
)
def test_a_stored_secret_does_not_go_to_somebody_else(
    app: FastAPI,
    editor: TestClient,
    create: Callable[..., dict[str, Any]],
    kind: str,
    change: dict[str, Any],
    secret: str,
) -> None:
    config = CONFIGS[kind][0]
    made = create(name=kind, type=kind, config=config)
    path = f"{TARGETS}/{made['id']}"
    before = stored(app, made["id"])

    for again in ({}, {secret: MASK}):
        answer = editor.put(path, json={"config": change | again})
        assert refused_fields(answer) == [f"config.{secret}"]
        assert "entered again" in answer.json()["error"]["fields"][0]["message"]
    assert stored(app, made["id"]) == before

    answer = editor.put(path, json={"config": change | {secret: config[secret]}})
    assert answer.status_code == 200, answer.text


def test_another_type_needs_a_configuration_of_its_own(
    app: FastAPI, editor: TestClient, create: Callable[..., dict[str, Any]]
) -> None:
    made = create()
    path = f"{TARGETS}/{made['id']}"

    assert editor.put(path, json={"type": "slack"}).status_code == 422
    answer = editor.put(path, json={"type": "slack", "config": CONFIGS["slack"][0]})
    assert answer.status_code == 200
    assert answer.json()["data"]["type"] == "slack"
    assert stored(app, made["id"]) == CONFIGS["slack"][0]


def test_a_name_is_taken_ignoring_case(
    editor: TestClient, create: Callable[..., dict[str, Any]]
) -> None:
    create()
    other = create(name="Other")

    assert editor.post(TARGETS, json={**TELEGRAM, "name": "TEAM alerts"}).status_code == 409
    answer = editor.put(f"{TARGETS}/{other['id']}", json={"name": "team ALERTS"})
    assert answer.status_code == 409


def test_a_configuration_under_a_lost_key_says_so_and_can_be_entered_anew(
    app: FastAPI, editor: TestClient, create: Callable[..., dict[str, Any]]
) -> None:
    made = create()
    path = f"{TARGETS}/{made['id']}"
    with app.state.catalog.session() as session:
        target = session.get_one(NotificationTarget, uuid.UUID(made["id"]))
        target.config = Cipher(Fernet.generate_key().decode()).encrypt_json({"a": 1})

    (listed,) = editor.get(TARGETS).json()["data"]
    assert listed["config"] == {}
    assert "ARUS_ENCRYPTION_KEY" in listed["error"]
    assert editor.post(f"{path}/test").status_code == 422
    answer = editor.put(path, json={"config": TELEGRAM["config"]})
    assert answer.json()["data"]["error"] is None


def test_a_test_notification_really_arrives(
    editor: TestClient, create: Callable[..., dict[str, Any]], receiver: HttpReceiver
) -> None:
    config = {**TELEGRAM["config"], "api_base": receiver.url}  # type: ignore[dict-item]
    made = create(config=config, active=False)

    answer = editor.post(f"{TARGETS}/{made['id']}/test")

    assert answer.status_code == 200
    assert answer.json()["data"] == {"id": made["id"], "sent": True}
    (posted,) = receiver.received
    assert posted.path == "/bot123456:ABC-DEF/sendMessage"
    assert "Team Alerts" in posted.json["text"]


def test_a_test_that_fails_names_the_reason_and_no_secret(
    editor: TestClient, create: Callable[..., dict[str, Any]], receiver: HttpReceiver
) -> None:
    made = create(type="webhook", config={"url": f"{receiver.url}/in-4711", "secret": "s3cret"})
    receiver.answer(403, b"signature s3cret is wrong")

    answer = editor.post(f"{TARGETS}/{made['id']}/test")

    assert answer.status_code == 502
    error = answer.json()["error"]
    assert error["code"] == "CONNECTION_FAILED"
    assert error["message"] == "127.0.0.1 answered 403: signature ******** is wrong"


def test_a_target_on_this_machine_is_refused_by_default(
    editor: TestClient, create: Callable[..., dict[str, Any]]
) -> None:
    with http_receiver() as running:
        made = create(type="webhook", config={"url": running.url})
        answer = editor.post(f"{TARGETS}/{made['id']}/test")
        assert running.received == []

    assert answer.status_code == 502
    assert "notify_allow_local" in answer.json()["error"]["message"]


def test_a_deleted_target_takes_its_links_along(
    editor: TestClient, create: Callable[..., dict[str, Any]], pipeline_id: str
) -> None:
    made = create()
    link = {"pipeline_id": pipeline_id, "target_id": made["id"], "events": ["failure"]}
    assert editor.post(LINKS, json=link).status_code == 201

    assert editor.delete(f"{TARGETS}/{made['id']}").status_code == 200

    assert editor.get(f"{LINKS}/{pipeline_id}").json()["data"] == []
    assert editor.delete(f"{TARGETS}/{made['id']}").status_code == 404
    assert editor.put(f"{TARGETS}/{made['id']}", json={}).status_code == 404
    assert editor.post(f"{TARGETS}/{made['id']}/test").status_code == 404


def test_a_link_is_made_changed_listed_and_deleted(
    editor: TestClient,
    viewer: TestClient,
    create: Callable[..., dict[str, Any]],
    pipeline_id: str,
) -> None:
    target_id = create()["id"]
    body = {
        "pipeline_id": pipeline_id,
        "target_id": target_id,
        "events": ["failure", "dead_letter", "failure", "schema_drift"],
    }

    made = editor.post(LINKS, json=body).json()["data"]
    assert made["events"] == ["failure", "dead_letter", "schema_drift"]
    assert (made["pipeline_id"], made["target_id"]) == (pipeline_id, target_id)
    assert made["active"] is True

    path = f"{LINKS}/{made['id']}"
    changed = editor.put(path, json={"active": False}).json()["data"]
    assert (changed["active"], changed["events"]) == (False, made["events"])
    changed = editor.put(path, json={"events": ["quality_breach"]}).json()["data"]
    listed = viewer.get(f"{LINKS}/{pipeline_id}").json()
    assert listed["data"] == [changed]
    assert listed["meta"] == {"total": 1, "limit": 50, "offset": 0}

    assert editor.delete(path).status_code == 200
    assert editor.delete(path).status_code == 404
    assert editor.put(path, json={"active": True}).status_code == 404


def test_a_pipeline_is_linked_to_a_target_once(
    editor: TestClient, create: Callable[..., dict[str, Any]], pipeline_id: str
) -> None:
    link = {"pipeline_id": pipeline_id, "target_id": create()["id"], "events": ["success"]}
    assert editor.post(LINKS, json=link).status_code == 201

    assert editor.post(LINKS, json=link).status_code == 409


def test_a_link_that_is_not_acceptable_names_its_field(
    editor: TestClient, create: Callable[..., dict[str, Any]], pipeline_id: str
) -> None:
    link = {"pipeline_id": pipeline_id, "target_id": create()["id"], "events": ["failure"]}
    cases: list[tuple[dict[str, Any], str]] = [
        ({"pipeline_id": str(uuid.uuid4())}, "pipeline_id"),
        ({"target_id": str(uuid.uuid4())}, "target_id"),
        ({"target_id": "x"}, "target_id"),
        ({"events": []}, "events"),
        ({"events": ["boredom"]}, "events.0"),
        ({"events": None}, "events"),
    ]
    for changes, field in cases:
        assert refused_fields(editor.post(LINKS, json={**link, **changes})) == [field]


def test_links_of_a_pipeline_that_is_not_there_are_not_found(viewer: TestClient) -> None:
    assert viewer.get(f"{LINKS}/{uuid.uuid4()}").status_code == 404
