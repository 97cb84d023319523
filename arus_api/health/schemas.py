"""What the health check tells."""

from __future__ import annotations

from typing import Literal

from arus_api.fields import Output


class Readiness(Output):
    """Whether requests can be served; each part is ``ok`` or says what is the matter."""

    version: str
    database: str
    migrations: str
    dagster: str
    definitions: str


class Health(Output):
    """Whether the parts are there."""

    version: str
    database: Literal["connected", "disconnected"]
    scheduler: Literal["running", "stopped", "unreachable"]
