"""Changing some of the secrets that a row keeps, and putting all under a new key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_dagster.catalog.destination import Destination
from arus_dagster.catalog.notification import NotificationTarget
from arus_dagster.catalog.session import cipher_of
from arus_dagster.catalog.source import Source
from arus_dagster.errors import ConfigurationError, InvalidInputError


def merged(session: Session, row: Source | Destination, changes: Mapping[str, str | None]) -> bytes:
    """The row's secrets with some of them replaced, or forgotten where None.

    Where the key of the stored ones is lost, so are they, and all are to be entered anew.

    Raises:
        InvalidInputError: naming the secret that is missing then.
    """
    stored = readable(session, row.secrets)
    if stored is None:
        needed = ("password", "ssl_key") if row.ssl_cert else ("password",)
        for name in needed:
            if name not in changes:
                raise InvalidInputError(
                    f"Enter {name} too: what is stored can't be decrypted, since "
                    "ARUS_ENCRYPTION_KEY differs from the key it was stored with",
                    field=name,
                )
    secrets = {**(stored or {}), **changes}
    return cipher_of(session).encrypt_json({k: v for k, v in secrets.items() if v is not None})


def readable(session: Session, stored: bytes) -> dict[str, Any] | None:
    """What was encrypted; None where no key fits, so that it is lost until it is entered anew."""
    try:
        return cipher_of(session).decrypt_json(stored)
    except ConfigurationError:
        return None


def rotate_all(session: Session) -> int:
    """Put every stored secret under the first key of ``ARUS_ENCRYPTION_KEY``.

    Returns:
        How many rows were rewritten.

    Raises:
        ConfigurationError: a value can't be decrypted with any of the keys.
    """
    rotate = cipher_of(session).rotate
    sources = session.scalars(select(Source).with_for_update()).all()
    destinations = session.scalars(select(Destination).with_for_update()).all()
    targets = session.scalars(select(NotificationTarget).with_for_update()).all()
    for source in sources:
        source.secrets = rotate(source.secrets)
    for destination in destinations:
        destination.secrets = rotate(destination.secrets)
    for target in targets:
        target.config = rotate(target.config)
    session.flush()
    return len(sources) + len(destinations) + len(targets)
