"""Request bodies for databases that tests really run."""

from __future__ import annotations

from typing import Any

from arus_dagster.dialects.base import ConnectionSpec


def connection_body(spec: ConnectionSpec, name: str, **changes: Any) -> dict[str, Any]:
    """The fields of a source or destination that reach ``spec``."""
    return {
        "name": name,
        "type": spec.type,
        "host": spec.host,
        "port": spec.port,
        "database": spec.database,
        "username": spec.username,
        "password": spec.password,
        **changes,
    }
