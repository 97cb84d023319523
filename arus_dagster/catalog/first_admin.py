"""The admin that a new catalog starts with.

Owns the decision whether a default password is admissible: on the embedded default alone, and
said loudly. Refuses to start an installation that is reachable by others on one.
"""

from __future__ import annotations

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from arus_dagster.catalog.repositories import users
from arus_dagster.catalog.session import advisory_lock
from arus_dagster.catalog.user import User
from arus_dagster.crypto import hash_password
from arus_dagster.errors import ConfigurationError
from arus_dagster.settings import DEFAULT_ADMIN_PASSWORD, PLACEHOLDERS, Settings

logger = logging.getLogger(__name__)

LEAST_PASSWORD_LENGTH = 8


def ensure_admin(session: Session, settings: Settings) -> User | None:
    """Create the admin if the catalog has no user yet.

    Returns:
        The new admin, or None where users exist.

    Raises:
        ConfigurationError: outside the embedded default, the admin's password is missing, short
            or a default.
    """
    advisory_lock(session, "first admin")
    if session.scalar(select(User.id).limit(1)) is not None:
        return None
    password = settings.admin_password.get_secret_value()
    if settings.embedded and not password:
        password = DEFAULT_ADMIN_PASSWORD
    if password == DEFAULT_ADMIN_PASSWORD and settings.embedded:
        logger.warning(
            "Created %s with the DEFAULT password of the documentation. Change it before "
            "anybody else can reach this machine.",
            settings.admin_email,
        )
    elif password == DEFAULT_ADMIN_PASSWORD or password.lower() in PLACEHOLDERS:
        raise ConfigurationError(
            "ARUS_ADMIN_PASSWORD must be set to a password of your own for the first start"
        )
    elif len(password) < LEAST_PASSWORD_LENGTH:
        raise ConfigurationError(
            f"ARUS_ADMIN_PASSWORD must hold at least {LEAST_PASSWORD_LENGTH} characters"
        )
    return users.create(
        session,
        email=settings.admin_email,
        name="Arus Admin",
        password_hash=hash_password(password),
        role=users.ADMIN,
    )
