"""The demo's view of the REST API: what any client could do, and nothing else.

Owns the envelope and the access token. Refuses to go on after an answer that is not a success.
"""

from __future__ import annotations

from types import TracebackType
from typing import Any, Self

import httpx

from arus_dagster.errors import FatalError


class ApiError(FatalError):
    """The API answered with an error.

    Args:
        status: HTTP status code.
        code: the error code of the envelope.
        message: the envelope's message.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(f"The API answered {status} {code}: {message}")
        self.status = status
        self.code = code


class Api:
    """A logged-in client.

    Args:
        base: like ``http://127.0.0.1:8081``.

    Raises:
        ApiError: from every method, for every answer but a success.
    """

    def __init__(self, base: str) -> None:
        # A first request after a change may wait for Dagster to load the new definitions.
        self._client = httpx.Client(base_url=base, timeout=120)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def login(self, email: str, password: str) -> None:
        """Log in; later requests carry the access token."""
        answer = self.post("/api/auth/login", {"email": email, "password": password})
        self._client.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def get(self, path: str) -> Any:
        """The ``data`` of a GET."""
        return self._request("GET", path, None)

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """The ``data`` of a POST."""
        return self._request("POST", path, body)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """The ``data`` of a PUT."""
        return self._request("PUT", path, body)

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        response = self._client.request(method, path, json=body)
        try:
            answer = response.json()
        except ValueError:
            raise ApiError(response.status_code, "NO_JSON", response.text[:200]) from None
        if answer.get("status") != "ok":
            error = answer.get("error", {})
            raise ApiError(
                response.status_code, error.get("code", "UNKNOWN"), error.get("message", "")
            )
        return answer["data"]
