"""Contract: login, refresh, the present user, logout."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from arus_dagster.settings import Settings
from tests.api.contract import reference
from tests.api.contract.claims import documents
from tests.api.contract.client import ContractClient, assert_documented
from tests.api.contract.fields import USER, assert_fields


def credentials(settings: Settings) -> dict[str, str]:
    sample = reference.endpoints()["POST /api/auth/login"].request
    values = {
        "email": settings.admin_email,
        "password": settings.admin_password.get_secret_value(),
    }
    assert sample.keys() == values.keys()
    return values


@documents("POST /api/auth/login")
def test_login_answers_tokens(anonymous_api: ContractClient, stack_settings: Settings) -> None:
    answer = anonymous_api.envelope("POST /api/auth/login", json=credentials(stack_settings))

    assert_documented(reference.endpoints()["POST /api/auth/login"].response, answer)
    data = answer["data"]
    assert (data["expires_in"], data["refresh_expires_in"]) == (900, 604800)
    assert data["user"]["role"] == "admin"
    left = datetime.fromisoformat(data["expires_at"]) - datetime.now(UTC)
    assert timedelta(seconds=0) < left <= timedelta(seconds=900)


@documents("POST /api/auth/refresh")
def test_refresh_answers_what_login_does(
    anonymous_api: ContractClient, stack_settings: Settings
) -> None:
    login = anonymous_api.call("POST /api/auth/login", json=credentials(stack_settings))

    again = anonymous_api.call(
        "POST /api/auth/refresh", headers={"X-Refresh-Token": login["refresh_token"]}
    )

    assert again.keys() == login.keys()
    anonymous_api.call(
        "GET /api/auth/me", headers={"Authorization": f"Bearer {again['access_token']}"}
    )


@documents("GET /api/auth/me")
def test_me_is_the_user_of_the_token(viewer_api: ContractClient) -> None:
    me = viewer_api.call("GET /api/auth/me")

    assert_fields(USER, me)
    assert me["role"] == "viewer"


@documents("POST /api/auth/logout")
def test_logout_is_stateless(viewer_api: ContractClient) -> None:
    viewer_api.call("POST /api/auth/logout")

    viewer_api.call("GET /api/auth/me")
