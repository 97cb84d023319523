"""A source's password connects, however odd it is, and stands nowhere in clear; no secret does."""

from __future__ import annotations

import io
import json
import re
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from fastapi.testclient import TestClient

from arus_api.app import ROUTERS
from arus_api.openapi import api_routes
from arus_dagster.catalog.repositories import settings as stored_settings
from arus_dagster.logging import configure_logging
from arus_dagster.orchestration.models import RunStatus
from tests.api.bodies import connection_body
from tests.api.conftest import ROLES, ClientFor
from tests.api.platform import Platform
from tests.database_server import has_ipv6
from tests.receivers import http_receiver
from tests.servers import HOST, PASSWORD, PostgreSQLServer

CANARIES = ("canary-of-a-bot", "canary-of-a-webhook", "canary-of-a-login", "canary-of-a-key")

# Whoever wrote this wants to see what a script can: the error goes to logs, events and answers.
NOSY = """
import os, sys

def transform(row):
    seen = [dict(os.environ), sys.argv, sorted(globals().items(), key=str)]
    frame = sys._getframe()
    while frame:
        seen += [frame.f_locals, list(frame.f_globals.items())]
        frame = frame.f_back
    raise SystemError(repr(seen)[:200_000])
"""


@pytest.mark.parametrize("role", [None, *ROLES])
def test_no_route_repeats_a_secret_that_is_sent_to_it(
    client_for: ClientFor, role: str | None
) -> None:
    canary = "canary-71-ö"
    log = io.StringIO()
    configure_logging("DEBUG", log)
    client = client_for(role)
    config = {"bot_token": canary, "url": canary, "webhook_url": canary, "smtp_password": canary}
    bodies = (
        json.dumps({"password": canary, "ssl_key": canary, "config": config}),
        json.dumps({"password": [canary], "ssl_key": {"a": canary}, "config": [canary]}),
        '{"password": "canary-71-',
    )
    headers = {"Content-Type": "application/json", "X-Refresh-Token": "canary-71"}
    if role is None:
        headers["Authorization"] = "Bearer canary-71"
    for route in api_routes(ROUTERS):
        path = re.sub(r"{\w+}", str(uuid.uuid4()), route.path)
        for method in route.methods or ():
            for body in bodies:
                answer = client.request(
                    method, f"{path}?token=canary-71", content=body.encode(), headers=headers
                )
                assert "canary-71" not in answer.text, (method, path)
                assert answer.status_code != 500, (method, path)
    assert "canary-71" not in log.getvalue()


@pytest.mark.timeout(600)
def test_an_odd_password_connects_by_ipv6_and_is_in_no_log_answer_or_event(
    platform: Platform, postgres_server: PostgreSQLServer
) -> None:
    with _watched_processes() as commands, http_receiver() as receiver:
        receiver.answer(500, b"no")
        with _local_notifications(platform):
            _check_that_no_secret_shows(platform, postgres_server, receiver.port)
    assert len(receiver.received) >= 2
    assert any("arus_dagster" in command for command in commands)
    for secret in (PASSWORD, *CANARIES):
        assert not [command for command in commands if secret in command]


def _check_that_no_secret_shows(
    platform: Platform, postgres_server: PostgreSQLServer, port: int
) -> None:
    log = io.StringIO()
    configure_logging("DEBUG", log)
    platform.shop.execute("CREATE TABLE guarded (id int PRIMARY KEY)")
    body = {
        "name": "Guarded",
        "type": "postgresql",
        "host": "::1" if has_ipv6() else HOST,
        "port": platform.shop.spec.port,
        "database": platform.shop.name,
        "username": platform.shop.spec.username,
        "password": PASSWORD,
    }
    answers = [platform.editor.post("/api/sources", json=body)]
    source = answers[0].json()["data"]
    answers += [
        platform.editor.post(f"/api/sources/{source['id']}/{action}")
        for action in ("test", "discover")
    ]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    made = platform.make("guarded", source_id=source["id"], max_retries=0)
    platform.shop.execute("INSERT INTO guarded VALUES (1)")
    script = {"name": "nosy", "content": NOSY}
    answers.append(platform.editor.post(f"/api/pipelines/{made['id']}/scripts", json=script))
    answers += _send_canaries(platform, made["id"], port)
    nosy = platform.run(made)
    scripts = f"/api/pipelines/{made['id']}/scripts/{answers[3].json()['data']['id']}"
    answers.append(platform.editor.delete(scripts))
    succeeded = platform.run(made)
    # A password that has become wrong is part of a connection that fails.
    wrong = "wrong" + PASSWORD
    path = f"/api/sources/{source['id']}"
    answers.append(platform.editor.put(path, json={"password": wrong}))
    refused = platform.run(made)
    answers.append(platform.editor.post(f"{path}/test"))
    assert [run.status for run in (nosy, succeeded, refused)] == [
        RunStatus.FAILURE,
        RunStatus.SUCCESS,
        RunStatus.FAILURE,
    ]
    assert answers[-1].status_code == 502
    for run in (nosy, succeeded, refused):
        answers += [platform.editor.get(f"/api/runs/{run.id}{part}") for part in ("", "/logs")]
    answers += [platform.editor.get(where) for where in (path, f"/api/pipelines/{made['id']}")]
    searched = {f"answer {n}": answer.text for n, answer in enumerate(answers)}
    searched["log of the API"] = log.getvalue()
    searched |= _files(platform.stack.home.directory)
    for database in (platform.stack.settings.db_name, platform.warehouse.name):
        searched |= _tables(postgres_server, database)

    assert {"Guarded" in text for text in searched.values()} == {True, False}
    for place, text in searched.items():
        for secret in (PASSWORD, *CANARIES):
            assert not [form for form in _forms(secret) if form in text], (place, secret)


def _send_canaries(platform: Platform, pipeline_id: str, port: int) -> list[Any]:
    """Secrets of every other kind, in use: targets that fail, a key, a login."""
    bot, webhook, login, key = CANARIES
    base = f"http://127.0.0.1:{port}"
    targets = [
        ("telegram", {"bot_token": f"123456:{bot}", "chat_id": "-1", "api_base": base}),
        ("webhook", {"url": f"{base}/{webhook}", "secret": webhook}),
    ]
    answers = []
    for kind, config in targets:
        body = {"name": f"Canary {kind}", "type": kind, "config": config}
        made = platform.editor.post("/api/notifications/targets", json=body)
        target = made.json()["data"]["id"]
        link = {"pipeline_id": pipeline_id, "target_id": target, "events": ["failure", "success"]}
        answers += [
            made,
            platform.editor.post("/api/notifications/links", json=link),
            platform.editor.post(f"/api/notifications/targets/{target}/test"),
        ]
    anonymous = TestClient(platform.app)
    answers.append(
        anonymous.post("/api/auth/login", json={"email": "platform-editor@x", "password": login})
    )
    body = {"ssl_mode": "require", "ssl_cert": "none", "ssl_key": key, "password": PASSWORD}
    place = connection_body(platform.shop.spec, "Keyed", **body)
    keyed = platform.editor.post("/api/sources", json=place)
    path = f"/api/sources/{keyed.json()['data']['id']}"
    answers += [keyed, platform.editor.post(f"{path}/test"), platform.editor.delete(path)]
    return answers


@contextmanager
def _local_notifications(platform: Platform) -> Iterator[None]:
    """Lets targets on this machine be reached; those of the block are gone at its end."""

    def permit(value: str) -> None:
        with platform.app.state.catalog.session() as session:
            stored_settings.update(session, {"notify_allow_local": value})

    permit("true")
    try:
        yield
    finally:
        permit("false")
        for target in platform.ok("GET", "/api/notifications/targets?limit=500"):
            if target["name"].startswith("Canary"):
                platform.ok("DELETE", f"/api/notifications/targets/{target['id']}")


@contextmanager
def _watched_processes() -> Iterator[set[str]]:
    """The command lines of all processes that were seen during the block."""
    seen: set[str] = set()
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.5):
            for process in Path("/proc").glob("[0-9]*/cmdline"):
                try:
                    seen.add(process.read_bytes().decode("utf-8", "replace"))
                except OSError:  # it has ended
                    continue

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        yield seen
    finally:
        done.set()
        watcher.join()


def _forms(secret: str) -> set[str]:
    """The secret as it is, and as URLs, JSON and Python write it."""
    return {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        json.dumps(json.dumps(secret))[3:-3],
        repr(secret.encode())[2:-1],
    }


def _files(directory: Path) -> dict[str, str]:
    """Logs of all processes, and what runs wrote to their own; not the file of settings."""
    return {
        str(path): path.read_bytes().decode("utf-8", "replace")
        for path in directory.rglob("*")
        if path.is_file() and "log" in str(path.relative_to(directory)).lower()
    }


def _tables(server: PostgreSQLServer, database: str) -> dict[str, str]:
    """Every table as text: Dagster's storage, the catalog, or what a warehouse keeps account of."""
    found = {}
    connection = server.connect(database)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables"
            " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        for (name,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {name} t")
            found[f"{database}: {name}"] = "\n".join(row[0] for row in cursor.fetchall())
    connection.close()
    return found
