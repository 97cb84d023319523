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
_FAILURE = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}}
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
        description=app.description,
        routes=app.routes,
    )
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    failure = Failure.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= failure.pop("$defs", {})
    schemas["Failure"] = failure
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for route in api_routes(routers):
        for method in route.methods or ():
            _describe(schema["paths"][route.path][method.lower()], route, method)
    return schema


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
    operation["responses"] = dict(sorted(responses.items()))
