"""An account for programs that are not ours: those read a password from an address or a file.

Owns a user with a plain password on each server, the addresses made of it, and the environment in
which such programs run: none of the caller's own settings.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.servers import HOST, Database

USER = "peer"
PASSWORD = "peer-of-the-benchmarks"


def allow(database: Database) -> None:
    """Let the account do everything in a database; once for each."""
    if database.spec.type == "postgresql":
        if not database.value(f"SELECT count(*) FROM pg_roles WHERE rolname = '{USER}'"):
            database.execute(
                f"CREATE ROLE {USER} SUPERUSER LOGIN PASSWORD '{PASSWORD}'", admin=True
            )
    else:
        database.execute(
            f"GRANT ALL PRIVILEGES ON `{database.name}`.* TO '{USER}'@'%'"
            f" IDENTIFIED BY '{PASSWORD}'",
            admin=True,
        )


def url(database: Database, scheme: str | None = None, query: str = "") -> str:
    """The database's address with the account's name and password."""
    scheme = scheme or ("postgresql" if database.spec.type == "postgresql" else "mysql")
    return f"{scheme}://{USER}:{PASSWORD}@{HOST}:{database.spec.port}/{database.name}{query}"


def environment(home: Path) -> dict[str, str]:
    """What a program is told.

    Args:
        home: a directory of its own for whatever it keeps.
    """
    home.mkdir(exist_ok=True)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PGPASSWORD": PASSWORD,
        "MYSQL_PWD": PASSWORD,
        "PGTZ": "UTC",
    }


def program(*names: str) -> str | None:
    """The path of the first of these that is installed."""
    return next((path for name in names if (path := shutil.which(name))), None)
