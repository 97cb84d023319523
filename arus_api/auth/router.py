"""Routes of login, refresh, the present user and logout."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from arus_api.audit import trail
from arus_api.auth import service
from arus_api.auth.schemas import LoggedOut, Login, Me, Tokens
from arus_api.auth.throttle import LoginThrottle
from arus_api.deps import CurrentUser, SessionDep, SettingsDep, public, refresh_token, require_role
from arus_api.envelope import Ok, ok
from arus_api.errors import AuthenticationError, errors

router = APIRouter(prefix="/api/auth", tags=["auth"])


def _throttle(request: Request) -> LoginThrottle:
    throttle: LoginThrottle = request.app.state.login_throttle
    return throttle


@router.post(
    "/login",
    dependencies=[Depends(public)],
    responses=errors(401, 429),
    summary="Log in",
)
def login(
    body: Login,
    request: Request,
    session: SessionDep,
    settings: SettingsDep,
    throttle: Annotated[LoginThrottle, Depends(_throttle)],
) -> Ok[Tokens]:
    """Exchange e-mail and password for an access and a refresh token."""
    attempt = trail.begin(request)
    assert attempt is not None  # a login is no reading
    return ok(
        service.login(
            session,
            throttle,
            settings.jwt_secret.get_secret_value(),
            attempt,
            email=body.email,
            password=body.password.get_secret_value(),
        )
    )


@router.post(
    "/refresh",
    dependencies=[Depends(public)],
    responses=errors(401),
    summary="Get new tokens",
)
def refresh(
    session: SessionDep,
    settings: SettingsDep,
    token: Annotated[str | None, Depends(refresh_token)],
) -> Ok[Tokens]:
    """Exchange a refresh token for new tokens; the access token may have run out."""
    if token is None:
        raise AuthenticationError("This needs a refresh token: X-Refresh-Token: <token>")
    return ok(service.refresh(session, settings.jwt_secret.get_secret_value(), token))


@router.get("/me", dependencies=[Depends(require_role("viewer"))], summary="Who am I")
def me(user: CurrentUser) -> Ok[Me]:
    """The user behind the access token."""
    return ok(Me.model_validate(user))


@router.post("/logout", dependencies=[Depends(require_role("viewer"))], summary="Log out")
def logout() -> Ok[LoggedOut]:
    """Stateless: the client forgets its tokens, which run out by themselves."""
    return ok(LoggedOut())
