"""Stored runtime settings."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from arus_dagster.catalog.changes import Change, note
from arus_dagster.catalog.repositories import definitions_version
from arus_dagster.catalog.runtime_settings import (
    DEFINITION_KEYS,
    RuntimeSettings,
    from_stored,
    parse_setting,
)
from arus_dagster.catalog.setting import Setting


def load(session: Session) -> RuntimeSettings:
    """The settings in force."""
    rows = session.execute(select(Setting.key, Setting.value)).all()
    return from_stored((key, value) for key, value in rows)


def update(session: Session, values: Mapping[str, str]) -> RuntimeSettings:
    """Store some settings, all or none; answers the settings then in force.

    Raises:
        InvalidInputError: an unknown key or a value that does not parse.
    """
    parsed = {key: parse_setting(key, value) for key, value in values.items()}
    before = load(session).as_strings()
    changed = {key: value for key, value in parsed.items() if before[key] != value}
    if changed:
        # In key order, so that two updates at once wait for each other and never both.
        rows = [{"key": key, "value": changed[key]} for key in sorted(changed)]
        statement = insert(Setting).values(rows)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=[Setting.key],
                set_={"value": statement.excluded.value, "updated_at": func.now()},
            )
        )
        for key in sorted(changed):
            note(session, Change("setting", "updated", name=key))
        if DEFINITION_KEYS & changed.keys():
            definitions_version.bump(session)
    return load(session)
