"""What routes depend on: the catalog's session, the user, the role a route asks for.

Owns the rule that every route names who may use it. A route without one is found by a test that
walks them all. Refuses to trust a token for more than identity: whether the user is active and
which role they have is read at each request.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session

from arus_api.audit import trail
from arus_api.auth import tokens
from arus_api.errors import AuthenticationError, ForbiddenError
from arus_api.idempotency import claim
from arus_dagster.catalog import User
from arus_dagster.catalog.session import Catalog
from arus_dagster.orchestration.client import DagsterClient
from arus_dagster.orchestration.definitions import DefinitionsReloader
from arus_dagster.settings import Settings

Role = Literal["viewer", "editor", "admin"]
RANKS: dict[str, int] = {"viewer": 1, "editor": 2, "admin": 3}

bearer = HTTPBearer(
    scheme_name="AccessToken",
    auto_error=False,
    bearerFormat="JWT",
    description="The `access_token` of a login.",
)
refresh_token = APIKeyHeader(
    name="X-Refresh-Token",
    scheme_name="RefreshToken",
    auto_error=False,
    description="The `refresh_token` of a login or refresh.",
)


def settings(request: Request) -> Settings:
    """The environment's settings."""
    value: Settings = request.app.state.settings
    return value


def session(request: Request) -> Iterator[Session]:
    """The request's one transaction: committed before the response is sent, or rolled back."""
    catalog: Catalog = request.app.state.catalog
    with catalog.session() as opened:
        trail.follow(request, opened)
        yield opened
        attempt = trail.conclude(request, opened)
    if attempt is not None:
        attempt.told = True
    if request.method not in trail.SAFE_METHODS:
        # Whether definitions changed is the catalog's version to tell; asking is cheap.
        request.app.state.definitions.nudge()


def dagster(request: Request) -> DagsterClient:
    """The client of Dagster's GraphQL."""
    value: DagsterClient = request.app.state.dagster
    return value


def definitions(request: Request) -> DefinitionsReloader:
    """What keeps Dagster's loaded definitions in step with the catalog."""
    value: DefinitionsReloader = request.app.state.definitions
    return value


DagsterDep = Annotated[DagsterClient, Depends(dagster)]
DefinitionsDep = Annotated[DefinitionsReloader, Depends(definitions)]
SettingsDep = Annotated[Settings, Depends(settings)]
# "function": the commit happens before the answer leaves, so whoever reads the answer finds
# what it says in the catalog, and a failed commit is answered as a failure.
SessionDep = Annotated[Session, Depends(session, scope="function")]


def user_of(session: Session, token: str, kind: tokens.TokenType, secret: str) -> User:
    """The active user behind a token.

    Raises:
        AuthenticationError: the token is not valid, or the user is gone, inactive, or has
            another password since.
    """
    claims = tokens.read(token, kind, secret)
    user = session.get(User, claims.user_id)
    if user is None or not user.is_active:
        raise AuthenticationError("The user is no longer active")
    expected = tokens.password_digest(user, secret)
    if not hmac.compare_digest(claims.password_digest.encode(), expected.encode()):
        raise AuthenticationError("The password has changed: log in again")
    return user


def current_user(
    session: SessionDep,
    settings: SettingsDep,
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> User:
    """The user who makes the request, as the catalog knows them now."""
    if credentials is None:
        raise AuthenticationError("This needs an access token: Authorization: Bearer <token>")
    secret = settings.jwt_secret.get_secret_value()
    return user_of(session, credentials.credentials, "access", secret)


CurrentUser = Annotated[User, Depends(current_user)]


class RoleRule:
    """Lets users of a role, and of those above it, use a route."""

    def __init__(self, role: Role) -> None:
        self.role = role

    def __call__(self, request: Request, user: CurrentUser) -> User:
        request.state.user_id = str(user.id)  # for the request's log line
        if attempt := trail.begin(request):
            attempt.by(user)
        if RANKS.get(user.role, 0) < RANKS[self.role]:
            raise ForbiddenError(f"This needs the role {self.role}; yours is {user.role}")
        # After the role is checked: a kept answer is shown to nobody who may not ask any more.
        claim(request, user.id)
        return user


class PublicRule:
    """Lets anybody use a route; the route itself says in its documentation why."""

    def __call__(self) -> None:
        return None


_RULES: dict[Role, RoleRule] = {role: RoleRule(role) for role in ("viewer", "editor", "admin")}
public = PublicRule()


def require_role(role: Role) -> RoleRule:
    """The rule of a route, for ``dependencies=[Depends(require_role("viewer"))]``."""
    return _RULES[role]
