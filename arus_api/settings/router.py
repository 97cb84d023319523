"""Routes of the runtime settings, for admins."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from arus_api.deps import SessionDep, require_role
from arus_api.envelope import Ok, ok
from arus_api.settings.schemas import SettingsIn, SettingsOut
from arus_dagster.catalog.repositories import settings

router = APIRouter(prefix="/api/settings", tags=["settings"])
ADMIN = [Depends(require_role("admin"))]


@router.get("", dependencies=ADMIN, summary="Get all settings")
def get_settings(session: SessionDep) -> Ok[SettingsOut]:
    """Every setting, as strings, defaults included."""
    return ok(settings.load(session).as_strings())


@router.put("", dependencies=ADMIN, summary="Update settings")
def update_settings(body: SettingsIn, session: SessionDep) -> Ok[SettingsOut]:
    """All or none of the values are stored; keys left out stay. Answers all settings."""
    return ok(settings.update(session, body).as_strings())
