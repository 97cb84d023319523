"""Work on the catalog from the command line: migrations, users, keys.

Refuses to put secrets under a new key while processes that know only the former one run on that
state directory.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

from arus_dagster.catalog.first_admin import LEAST_PASSWORD_LENGTH
from arus_dagster.catalog.repositories import secrets as stored_secrets
from arus_dagster.catalog.repositories import users
from arus_dagster.cli.binaries import find_binaries
from arus_dagster.cli.installation import (
    audited,
    embedded,
    environment_settings,
    open_catalog,
    reached,
    state_directory,
)
from arus_dagster.cli.stack import migrate_all, migrate_catalog, migrate_dagster
from arus_dagster.crypto import generate_key, hash_password
from arus_dagster.errors import ConfigurationError, InvalidInputError, NotFoundError
from arus_dagster.settings import Settings


def migrate_installation(home: Path | None, *, catalog_only: bool) -> None:
    """Bring the catalog and Dagster's storage to this version, and make the first admin.

    Args:
        home: a state directory; None takes the installation that the environment names.
        catalog_only: leave Dagster's storage as it is.

    Raises:
        ConfigurationError: the environment is incomplete.
        InUseError: the platform runs on ``home``.
        StartError: Dagster's migration failed.
    """
    if home is not None:
        with embedded(home) as state:
            if catalog_only:
                migrate_catalog(state.settings())
                return
            state.prepare_dagster()
            migrate_all(state)
        return
    settings = environment_settings()
    if not catalog_only and not os.environ.get("DAGSTER_HOME"):
        raise ConfigurationError(
            "DAGSTER_HOME must name the directory that holds dagster.yaml, as for Dagster itself. "
            "--catalog-only leaves Dagster's storage as it is."
        )
    migrate_catalog(settings)
    if not catalog_only:
        migrate_dagster(dict(os.environ))


def create_user(home: Path | None, email: str, name: str, role: str, password: str) -> None:
    """Make a user.

    Raises:
        ConflictError: the e-mail address is taken.
        InvalidInputError: the password is too short.
    """
    _check_password(password)
    with reached(home) as catalog, audited(catalog, "create_user", "users") as session:
        users.create(
            session, email=email, name=name, password_hash=hash_password(password), role=role
        )


def reset_password(home: Path | None, email: str, password: str) -> None:
    """Give a user another password, and let them in again if they were deactivated.

    Raises:
        NotFoundError: there is no such user.
        InvalidInputError: the password is too short.
    """
    _check_password(password)
    with reached(home) as catalog, audited(catalog, "reset_password", "users") as session:
        user = users.find_by_email(session, email)
        if user is None:
            raise NotFoundError(f"There is no user {email}.")
        changes = {"password_hash": hash_password(password), "is_active": True}
        users.update(session, user, changes)


def rotate_key(home: Path | None) -> int:
    """Put every stored secret under a new key.

    On a state directory the new key is made and stored here. Elsewhere the environment must
    name the new one before the former one, since only the operator can hand it to all processes.

    Returns:
        How many stored secrets were rewritten.

    Raises:
        ConfigurationError: the environment names one key alone, or a secret can't be decrypted.
        InUseError: the platform runs on ``home``.
    """
    if home is None:
        settings = environment_settings()
        if "," not in settings.encryption_key.get_secret_value():
            raise ConfigurationError(
                "ARUS_ENCRYPTION_KEY must hold the new key, a comma and the former key. "
                "'arus secrets' makes new ones."
            )
        return _rotate(settings)
    with embedded(home) as state:
        new = generate_key()
        former = state.variables["ARUS_ENCRYPTION_KEY"]
        # Both are on disk while secrets are rewritten, so that a crash midway loses none.
        state.update({"ARUS_ENCRYPTION_KEY": f"{new},{former}"})
        count = _rotate(state.settings())
        state.update({"ARUS_ENCRYPTION_KEY": new})
        return count


def open_psql(home: Path, database: str, command: str | None) -> NoReturn:
    """Become ``psql``, connected to the server of a state directory.

    Args:
        command: SQL to run; None opens the interactive shell.

    Raises:
        ConfigurationError: there is no such state directory.
        BinariesError: PostgreSQL's programs are missing.
    """
    variables = state_directory(home).variables
    program = str(find_binaries() / "psql")
    environment = {
        **os.environ,
        "PGHOST": variables["ARUS_DB_HOST"],
        "PGPORT": variables["ARUS_DB_PORT"],
        "PGUSER": variables["ARUS_DB_USER"],
        "PGPASSWORD": variables["ARUS_DB_PASSWORD"],
        "PGDATABASE": database,
    }
    arguments = [] if command is None else ["--command", command]
    os.execve(program, [program, "--no-psqlrc", *arguments], environment)


def _rotate(settings: Settings) -> int:
    with open_catalog(settings) as catalog, audited(catalog, "rotate_key", "keys") as session:
        return stored_secrets.rotate_all(session)


def _check_password(password: str) -> None:
    if len(password) < LEAST_PASSWORD_LENGTH:
        raise InvalidInputError(
            f"The password must hold at least {LEAST_PASSWORD_LENGTH} characters.", "password"
        )
