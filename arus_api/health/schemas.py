"""What the health check tells."""

from __future__ import annotations

from typing import Literal

from arus_api.fields import Output


class Health(Output):
    """Whether the parts are there."""

    version: str
    database: Literal["connected", "disconnected"]
    scheduler: Literal["running", "stopped", "unreachable"]
