"""Who may use which route: every route, every role, and no token."""

from __future__ import annotations

import re
import uuid

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from arus_api.app import ROUTERS
from arus_api.console.site import ASSETS, FILES, digest
from arus_api.deps import RANKS, PublicRule, RoleRule
from arus_api.openapi import api_routes, rule_of
from tests.api.conftest import ROLES, ClientFor

PUBLIC = {
    "POST /api/auth/login",
    "POST /api/auth/refresh",
    "GET /api/health",
    "GET /api/health/ready",
}
CONSOLE = {"/", "/console", "/console/{page:path}", f"{ASSETS}/{digest(FILES)}"}
# Beside the API: pages and files that hold nothing of the installation, and what has a rule of its
# own.
OUTSIDE = {"/openapi.json", "/docs", "/docs-assets", "/metrics", *CONSOLE}
ANY_ROLE = {"POST /api/auth/logout"}
ADMIN_ONLY = ("/api/auth/users", "/api/settings", "/api/audit")

ROUTES = {
    f"{method} {route.path}": route
    for route in api_routes(ROUTERS)
    for method in route.methods or ()
}


def expected_role(name: str) -> str | None:
    """The least role that semantics gives the route; None where anybody may use it."""
    method, path = name.split()
    if name in PUBLIC:
        return None
    if path.startswith(ADMIN_ONLY):
        return "admin"
    return "viewer" if method == "GET" or name in ANY_ROLE else "editor"


def test_every_route_of_the_application_is_among_those_walked(app: FastAPI) -> None:
    served = {
        f"{method.upper()} {path}"
        for path, operations in app.openapi()["paths"].items()
        for method in operations
    }

    assert served == ROUTES.keys()


def test_whatever_else_is_served_is_named_here(app: FastAPI) -> None:
    outside = {path for route in app.routes if (path := getattr(route, "path", None)) is not None}

    assert outside == OUTSIDE


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_declares_the_rule_of_its_kind(name: str) -> None:
    rule = rule_of(ROUTES[name])

    assert rule is not None, f"{name} says nobody who may use it"
    if isinstance(rule, RoleRule):
        assert rule.role == expected_role(name)
    else:
        assert isinstance(rule, PublicRule)
        assert expected_role(name) is None


def test_a_route_without_a_rule_is_found() -> None:
    async def endpoint() -> None: ...

    assert rule_of(APIRoute("/api/forgotten", endpoint)) is None


def test_each_route_holds_to_its_rule(app: FastAPI, client_for: ClientFor) -> None:
    for caller in (None, *ROLES):
        client = client_for(caller)
        for name in ROUTES:
            method, template = name.split()
            path = re.sub(r"{\w+}", str(uuid.uuid4()), template)
            needed = expected_role(name)
            answer = client.request(method, path, json={})
            error = answer.json().get("error", {})
            code = error.get("code")
            assert (answer.status_code == 403) == (code == "FORBIDDEN"), (caller, name)
            assert (answer.status_code == 401) == (code == "AUTH_FAILED"), (caller, name)
            if needed is None:
                # Login and refresh lack what they ask for here; no role is asked of anybody.
                assert error.get("code") != "FORBIDDEN", (caller, name)
            elif caller is None:
                assert error.get("code") == "AUTH_FAILED", (caller, name)
            elif RANKS[caller] < RANKS[needed]:
                assert error.get("code") == "FORBIDDEN", (caller, name)
            else:
                assert error.get("code") not in ("AUTH_FAILED", "FORBIDDEN"), (caller, name)
                assert error.get("code") != "INTERNAL_ERROR", (caller, name)
