"""Changing some of the secrets that a row keeps, and putting all under a new key."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_dagster.catalog.destination import Destination
from arus_dagster.catalog.notification import NotificationTarget
from arus_dagster.catalog.session import cipher_of
from arus_dagster.catalog.source import Source


def merged(session: Session, stored: bytes, changes: Mapping[str, str | None]) -> bytes:
    """Secrets with some of them replaced, or forgotten where None.

    Raises:
        ConfigurationError: what is stored can't be decrypted.
    """
    cipher = cipher_of(session)
    secrets = {**cipher.decrypt_json(stored), **changes}
    return cipher.encrypt_json({k: v for k, v in secrets.items() if v is not None})


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
