"""Placeholder until the client lands."""

from __future__ import annotations

from arus_api.errors import UnavailableError


class DagsterClient:
    def __init__(self, url: str) -> None:
        self.url = url

    def loaded_definitions_version(self) -> int | None:
        raise UnavailableError("Dagster is not reachable")

    def reload_location(self) -> None:
        raise UnavailableError("Dagster is not reachable")

    def close(self) -> None:
        pass
