"""The description at ``/openapi.json``: whole, fit to generate clients from, and true.

That it is true is tried by schemathesis, on the real platform and a catalog of its own: whatever
is sent, no answer is an unexpected failure or outside its description.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import schemathesis
from cryptography.fernet import Fernet
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import settings as hypothesis_settings
from pydantic import SecretStr
from schemathesis.specs.openapi.checks import allow_header_conformance, unsupported_method

from arus_api.app import ROUTERS, create_app
from arus_api.deps import RoleRule
from arus_api.openapi import TAGS, api_routes, rule_of
from arus_dagster.settings import Settings
from tests.api.fuzzing import Playground, running
from tests.dagster_stack import DagsterStack
from tests.servers import PostgreSQLServer

MAX_EXAMPLES = 10


def _description() -> dict[str, Any]:
    """The API's description; nothing it would connect to is asked for it."""
    app = create_app(
        Settings(
            db_password=SecretStr("never connected"),
            jwt_secret=SecretStr("never used" * 4),
            encryption_key=SecretStr(Fernet.generate_key().decode()),
        )
    )
    return app.openapi()


DESCRIPTION = _description()
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, operations in DESCRIPTION["paths"].items()
    for method, operation in operations.items()
}
# These reach out to a source or a warehouse while somebody waits for the answer.
REACHING_OUT = {
    "POST /api/sources/{id}/test",
    "POST /api/sources/{id}/discover",
    "POST /api/sources/{id}/schemas",
    "PUT /api/sources/{id}/tables",
    "POST /api/destinations/{id}/test",
    "POST /api/pipelines",
    "PUT /api/pipelines/{id}",
    "GET /api/pipelines/{id}/dead-letters",
    "DELETE /api/pipelines/{id}/dead-letters",
    "POST /api/pipelines/{id}/dead-letters/replay",
    "POST /api/notifications/targets/{id}/test",
}

# Addresses that two of the described paths share, so that each has the other's methods too.
SHARED_PATHS = {
    "/api/pipelines/pause-all",
    "/api/pipelines/resume-all",
    "/api/notifications/links/{id}",
    "/api/notifications/links/{pipeline_id}",
}


def parts(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a JSON value."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from parts(item)
    elif isinstance(value, list):
        for item in value:
            yield from parts(item)


@pytest.mark.parametrize("path", ["/openapi.json", "/docs"])
def test_description_and_page_need_no_token(app: FastAPI, path: str) -> None:
    assert TestClient(app).get(path).status_code == 200


def test_the_page_loads_nothing_from_elsewhere(app: FastAPI) -> None:
    client = TestClient(app)
    page = client.get("/docs")

    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", page.text)
    for asset in re.findall(r"(?:src|href)=[\"'](/[^\"']+)", page.text):
        assert client.get(asset).status_code == 200, asset
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_names_of_operations_are_unique_and_fit_for_clients() -> None:
    names = [operation["operationId"] for operation in OPERATIONS.values()]

    assert sorted(set(names)) == sorted(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []


def test_names_of_schemas_are_fit_for_clients() -> None:
    schemas = DESCRIPTION["components"]["schemas"]

    assert [name for name in schemas if not re.fullmatch(r"[A-Z][A-Za-z]+", name)] == []


def test_every_reference_leads_to_a_schema() -> None:
    schemas = DESCRIPTION["components"]["schemas"]

    referred = {part["$ref"] for part in parts(DESCRIPTION) if "$ref" in part}
    assert referred == {f"#/components/schemas/{name}" for name in schemas}


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_described(name: str) -> None:
    operation = OPERATIONS[name]

    assert operation["summary"] and operation["description"]
    assert len(operation["tags"]) == 1 and operation["tags"][0] in TAGS
    for parameter in operation.get("parameters", ()):
        if parameter["in"] != "path":
            assert parameter["description"], parameter["name"]
    for status, response in operation["responses"].items():
        schema = response["content"]["application/json"]["schema"]
        if int(status) >= 400:
            assert schema["$ref"].endswith("/Failure")
        else:
            assert schema["$ref"].endswith(("Answer", "Page"))


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_declares_how_it_can_fail(name: str) -> None:
    operation = OPERATIONS[name]
    declared = {int(status) for status in operation["responses"]}
    expected = {500}
    if "{" in name:
        expected |= {404, 422}
    if "requestBody" in operation:
        expected |= {400, 422}
    if "x-required-role" in operation:
        expected |= {401, 403}
    if name in REACHING_OUT:
        expected.add(502)

    assert expected - declared == set()


def test_each_operation_names_role_and_token_as_they_are_enforced() -> None:
    for route in api_routes(ROUTERS):
        rule = rule_of(route)
        for method in route.methods or ():
            operation = OPERATIONS[f"{method} {route.path}"]
            if isinstance(rule, RoleRule):
                assert operation["x-required-role"] == rule.role
                assert f"`{rule.role}`" in operation["description"]
                assert operation["security"] == [{"AccessToken": []}]
            else:
                assert "x-required-role" not in operation
    assert OPERATIONS["POST /api/auth/refresh"]["security"] == [{"RefreshToken": []}]


@pytest.mark.parametrize(
    "name", [name for name, operation in OPERATIONS.items() if "requestBody" in operation]
)
def test_a_body_has_an_example_of_its_own_kind(name: str) -> None:
    schema = OPERATIONS[name]["requestBody"]["content"]["application/json"]["schema"]
    for choice in (schema, *schema.get("anyOf", ())):
        if "$ref" in choice:
            schema = DESCRIPTION["components"]["schemas"][choice["$ref"].split("/")[-1]]
    validator = jsonschema_rs.validator_for({**schema, "components": DESCRIPTION["components"]})

    assert isinstance(schema.get("example"), dict)
    assert [error.message for error in validator.iter_errors(schema["example"])] == []


@pytest.fixture(scope="module")
def playground(
    postgres_server: PostgreSQLServer, catalog_template: str, servers_directory: Path
) -> Iterator[Playground]:
    """The platform, with an admin's token and things to hit."""
    with (
        postgres_server.database(catalog_template) as catalog,
        postgres_server.database() as shop,
        postgres_server.database() as warehouse,
    ):
        settings = Settings(
            db_host=catalog.spec.host,
            db_port=catalog.spec.port,
            db_user=catalog.spec.username,
            db_password=SecretStr(catalog.spec.password),
            db_name=catalog.name,
            jwt_secret=SecretStr("for-tests-only-" + "x" * 32),
            encryption_key=SecretStr(Fernet.generate_key().decode()),
            admin_email="admin@example.com",
            admin_password=SecretStr("a long enough password"),
        )
        directory = servers_directory / "fuzzing"
        directory.mkdir()
        with running(DagsterStack(directory, settings), shop, warehouse) as playground:
            yield playground


schema = schemathesis.openapi.from_dict(DESCRIPTION)
schema.config.checks.not_a_server_error.expected_statuses = ["2xx", "3xx", "4xx", "502"]
# What a schema can't say (a cron expression, a name that is taken) is refused with 422 or 409.
schema.config.checks.positive_data_acceptance.enabled = False
# Whatever was made up for the token, and often for ids, is replaced by what works.
schema.config.checks.negative_data_rejection.enabled = False


@schema.parametrize()
@hypothesis_settings(max_examples=MAX_EXAMPLES, derandomize=True, deadline=None, database=None)
def test_no_answer_is_outside_the_description(
    case: schemathesis.Case, playground: Playground
) -> None:
    playground.prepare(case)
    about_methods = [unsupported_method, allow_header_conformance]

    case.call_and_validate(
        base_url=playground.url,
        headers=playground.headers,
        excluded_checks=about_methods if case.path in SHARED_PATHS else [],
    )
