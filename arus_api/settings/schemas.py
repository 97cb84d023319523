"""Runtime settings as a map of strings, described from the catalog's own list of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import WithJsonSchema

from arus_dagster.catalog.runtime_settings import RuntimeSettings, meanings


def _schema(*, complete: bool) -> dict[str, Any]:
    defaults = RuntimeSettings().as_strings()
    properties = {
        key: {"type": "string", "description": f"{meaning} Default: `{defaults[key]}`."}
        for key, meaning in meanings().items()
    }
    schema = {
        "title": "Settings" if complete else "SettingsChanges",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return schema | ({"required": list(properties)} if complete else {})


SettingsOut = Annotated[dict[str, str], WithJsonSchema(_schema(complete=True))]
"""Every setting with its value in force."""

SettingsIn = Annotated[
    dict[str, str],
    WithJsonSchema(
        _schema(complete=False)
        | {"example": {"pipeline_name_prefix": "arus-prod-", "max_retries": "3"}}
    ),
]
"""The settings to change; those left out stay."""
