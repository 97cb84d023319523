"""The description at ``/openapi.json``: what routes declare, and what holds for all of them.

Owns the permissions, the failures any route may answer, and the ``Idempotency-Key`` header in the
description. Derived from each route's own rule, so that it can't say something else than what
is enforced.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from arus_api.deps import PublicRule, RoleRule
from arus_api.envelope import Failure
from arus_api.errors import DESCRIPTIONS
from arus_api.idempotency import HEADER, MAX_LENGTH

SUMMARY = "Data replication, orchestrated by Dagster."
DESCRIPTION = """
Every answer has one shape: `{"status": "ok", "data": …}`, or
`{"status": "error", "error": {"code": …, "message": …}}`. Lists carry
`"meta": {"total", "limit", "offset"}` beside `data` and are in a stable order, newest first.
Ids are UUIDs, times are RFC 3339 in UTC.

Log in at `/api/auth/login` and send `Authorization: Bearer <access_token>`. Each operation names
the role it needs, in words and as `x-required-role`; `admin` may do what `editor` may, and
`editor` what `viewer` may.
"""
TAGS = {
    "auth": "Logging in, staying logged in, and who one is.",
    "users": "Who may use the platform, and in which role.",
    "sources": "Databases to read from, their tables, and which of these are synced.",
    "destinations": "Warehouses to write to.",
    "pipelines": "What is copied from a source to a destination, when and how; rejected rows.",
    "runs": "Single executions of a pipeline, their logs and statistics.",
    "dashboard": "The installation at a glance.",
    "dag": "Lineage: from source to raw to target, and between pipelines.",
    "scripts": "Python that transforms a pipeline's rows on their way.",
    "notifications": "Where messages about pipelines go, and about what.",
    "settings": "What holds for the whole installation.",
    "audit": "Who changed what, and when.",
    "health": "Whether the parts are there.",
}
_SCHEMAS = "#/components/schemas/"
_FAILURE = {"content": {"application/json": {"schema": {"$ref": f"{_SCHEMAS}Failure"}}}}
_RETRY_AFTER = {
    "Retry-After": {
        "description": "Seconds after which to try again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
    }
}
_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": (
        "Any text of your own. The same request sent again with the same key gets the first "
        "answer again and is not carried out twice; another request with that key is refused."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": MAX_LENGTH, "pattern": "^[ -~]+$"},
}


def api_routes(routers: Iterable[APIRouter]) -> Iterator[APIRoute]:
    """The routes of the resources' routers."""
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                yield route


def operation_id(route: APIRoute) -> str:
    """The name that generated clients give the call; a test holds them unique."""
    return route.name


def rule_of(route: APIRoute) -> RoleRule | PublicRule | None:
    """The rule that a route declares, or None where it declares none."""

    def search(dependant: Dependant) -> RoleRule | PublicRule | None:
        if isinstance(dependant.call, RoleRule | PublicRule):
            return dependant.call
        return next((rule for d in dependant.dependencies if (rule := search(d))), None)

    return search(route.dependant)


def describe(app: FastAPI, routers: Iterable[APIRouter]) -> dict[str, Any]:
    """The OpenAPI description of the whole API."""
    schema = get_openapi(
        title="Arus",
        version=app.version,
        summary=SUMMARY,
        description=DESCRIPTION.strip(),
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    failure = Failure.model_json_schema(ref_template=_SCHEMAS + "{model}")
    schemas |= failure.pop("$defs", {})
    schemas["Failure"] = failure
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for route in api_routes(routers):
        for method in route.methods or ():
            _describe(schema["paths"][route.path][method.lower()], route, method)
    return _answers_by_title(schema)


def _answers_by_title(schema: dict[str, Any]) -> dict[str, Any]:
    """Name the schemas of whole answers by their titles: clients are generated with these names."""
    schemas: dict[str, Any] = schema["components"]["schemas"]
    names = {name: schemas[name]["title"] for name in schemas if name.endswith("_")}
    schema["components"]["schemas"] = {
        names.get(name, name): schemas[name] for name in sorted(schemas)
    }

    def renamed(part: Any) -> Any:
        if isinstance(part, dict):
            return {
                key: _SCHEMAS
                + names.get(value.removeprefix(_SCHEMAS), value.removeprefix(_SCHEMAS))
                if key == "$ref"
                else renamed(value)
                for key, value in part.items()
            }
        return [renamed(item) for item in part] if isinstance(part, list) else part

    result: dict[str, Any] = renamed(schema)
    return result


def _describe(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    responses = operation["responses"]
    statuses = {500, 503}
    rule = rule_of(route)
    if isinstance(rule, RoleRule):
        statuses |= {401, 403}
        operation["x-required-role"] = rule.role
        role = f"Needs the role `{rule.role}`."
        operation["description"] = "\n\n".join(filter(None, (operation.get("description"), role)))
        if method == "POST":
            operation.setdefault("parameters", []).append(_KEY)
            statuses |= {409, 422}
    if "requestBody" in operation:
        statuses |= {400, 413}
    if "requestBody" in operation or operation.get("parameters"):
        statuses.add(422)
    responses.pop("422", None) if 422 not in statuses else None
    for status in sorted(statuses):
        documented = responses.get(str(status))
        if documented is None or status == 422:
            responses[str(status)] = {"description": DESCRIPTIONS[status], **_FAILURE}
    for name in ("429", "503"):
        if name in responses:
            responses[name]["headers"] = _RETRY_AFTER
    operation["responses"] = dict(sorted(responses.items()))
