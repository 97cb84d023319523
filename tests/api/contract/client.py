"""A client that holds every answer to the contract.

Owns the check of status, content type and envelope, and of the answer against the description at
``/openapi.json``. Remembers which endpoints answered with which status.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.api.contract import reference

# A change of definitions is loaded by Dagster before the next trigger or pause is carried out.
TIMEOUT_SECONDS = 60


@dataclass
class Calls:
    """What was called and how it was answered: ``("GET /api/sources", 200)``."""

    made: set[tuple[str, int]] = field(default_factory=set)


class Login(httpx.Auth):
    """A user's token on every request that brings none; another one before it expires.

    Args:
        anonymous: who asks for it.
        email: the user's.
        password: the user's.
    """

    def __init__(self, anonymous: ContractClient, email: str, password: str) -> None:
        self._anonymous = anonymous
        self._credentials = {"email": email, "password": password}
        self._token = ""
        self._renew_at = 0.0

    @property
    def token(self) -> str:
        if time.monotonic() >= self._renew_at:
            answer = self._anonymous.call("POST /api/auth/login", json=self._credentials)
            self._token = answer["access_token"]
            self._renew_at = time.monotonic() + answer["expires_in"] / 2
        return self._token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers.setdefault("Authorization", f"Bearer {self.token}")
        yield request


class ContractClient:
    """A caller who is a user, or nobody.

    Args:
        base_url: of the API.
        description: of the API, as schemathesis loads it.
        calls: where calls are remembered.
        login: of the user.
    """

    def __init__(
        self, base_url: str, description: Any, calls: Calls, login: Login | None = None
    ) -> None:
        self.http = httpx.Client(base_url=base_url, auth=login, timeout=TIMEOUT_SECONDS)
        self._description = description
        self._calls = calls

    def close(self) -> None:
        self.http.close()

    def call(self, endpoint: str, *, status: int = 200, **options: Any) -> Any:
        """Call an endpoint and return the answer's ``data``, or its ``error``.

        Args:
            endpoint: name as in the reference.
            status: the HTTP status that must be answered.
            options: those of the path by name; the rest is httpx's.
        """
        return self.envelope(endpoint, status=status, **options).get(
            "data" if status < 400 else "error"
        )

    def page(self, endpoint: str, **options: Any) -> tuple[list[Any], dict[str, int]]:
        """Call an endpoint that lists, and return elements and ``meta``."""
        answer = self.envelope(endpoint, **options)
        assert isinstance(answer["data"], list), f"{endpoint} does not answer a list"
        assert set(answer["meta"]) == {"total", "limit", "offset"}
        assert len(answer["data"]) <= answer["meta"]["limit"]
        return answer["data"], answer["meta"]

    def envelope(self, endpoint: str, *, status: int = 200, **options: Any) -> dict[str, Any]:
        """Call an endpoint and return the whole answer, checked."""
        method, template = endpoint.split()
        path = template
        for name in [name for name in options if f"{{{name}}}" in template]:
            path = path.replace(f"{{{name}}}", str(options.pop(name)))
        response = self.http.request(method, path, **options)
        assert response.status_code == status, f"{endpoint}: {response.text}"
        assert response.headers["content-type"] == "application/json"
        answer: dict[str, Any] = response.json()
        if status < 400:
            assert answer["status"] == "ok"
            assert set(answer) <= {"status", "data", "meta"}
        else:
            assert set(answer) == {"status", "error"}
            assert answer["status"] == "error"
            assert isinstance(answer["error"]["message"], str)
            if status in reference.errors():
                assert answer["error"]["code"] == reference.errors()[status]
        self._description[template][method].validate_response(response)
        self._calls.made.add((endpoint, status))
        return answer


def assert_documented(sample: Any, actual: Any, place: str = "answer") -> None:
    """Every field of a sample stands in the answer, with a value of the same JSON type."""
    if isinstance(sample, dict):
        assert isinstance(actual, dict), f"{place} is no object"
        for key, value in sample.items():
            assert key in actual, f"{place} lacks the documented field {key}"
            assert_documented(value, actual[key], f"{place}.{key}")
    elif isinstance(sample, list):
        assert isinstance(actual, list), f"{place} is no list"
        for number, item in enumerate(actual if sample else ()):
            assert_documented(sample[0], item, f"{place}.{number}")
    elif isinstance(sample, bool) or sample is None:
        assert isinstance(actual, type(sample)), f"{place} is {actual!r}"
    elif isinstance(sample, int | float):
        assert isinstance(actual, int | float) and not isinstance(actual, bool), place
    else:
        assert isinstance(actual, str), f"{place} is {actual!r}"
