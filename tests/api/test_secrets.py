"""A source's password connects, however odd it is, and stands nowhere in clear."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote, quote_plus

from arus_dagster.orchestration.models import RunStatus
from tests.api.platform import Platform
from tests.database_server import has_ipv6
from tests.servers import HOST, PASSWORD, PostgreSQLServer


def test_an_odd_password_connects_by_ipv6_and_is_in_no_log_answer_or_event(
    platform: Platform, postgres_server: PostgreSQLServer
) -> None:
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
    succeeded = platform.run(made)
    platform.shop.execute("ALTER TABLE guarded RENAME TO hidden")
    gone = platform.run(made)
    # A password that has become wrong is part of a connection that fails.
    wrong = "wrong" + PASSWORD
    path = f"/api/sources/{source['id']}"
    answers.append(platform.editor.put(path, json={"password": wrong}))
    refused = platform.run(made)
    answers.append(platform.editor.post(f"{path}/test"))
    assert [run.status for run in (succeeded, gone, refused)] == [
        RunStatus.SUCCESS,
        RunStatus.FAILURE,
        RunStatus.FAILURE,
    ]
    assert answers[-1].status_code == 502
    for run in (succeeded, gone, refused):
        answers += [platform.editor.get(f"/api/runs/{run.id}{part}") for part in ("", "/logs")]
    answers += [platform.editor.get(where) for where in (path, f"/api/pipelines/{made['id']}")]
    assert all(answer.status_code in (200, 201, 502) for answer in answers)

    searched = {f"answer {n}": answer.text for n, answer in enumerate(answers)}
    searched |= _files(platform.stack.home.directory)
    for database in (platform.stack.settings.db_name, platform.warehouse.name):
        searched |= _tables(postgres_server, database)

    assert {"Guarded" in text for text in searched.values()} == {True, False}
    for place, text in searched.items():
        assert not [form for form in _forms(PASSWORD) if form in text], place


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
