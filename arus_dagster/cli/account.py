"""The unprivileged account that a server runs under when the caller is root.

Owns choosing the account and a directory that it can reach. Refuses to open up anybody's
directories for it: where root's own bar the way, the state moves to a place that is open.
"""

from __future__ import annotations

import os
import pwd
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from arus_dagster.errors import FatalError

# Where state goes that an unprivileged account could not reach where it was asked for.
SHARED_STATE = Path("/var/lib/arus")


class AccountError(FatalError):
    """No account or no directory for a server that can't run as root."""


@dataclass(frozen=True)
class Account:
    """An account by name and number."""

    name: str
    uid: int
    gid: int


def unprivileged_account() -> Account | None:
    """The account for a server that refuses to run as root; None when we aren't root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise AccountError(
        "PostgreSQL doesn't run as root, and this machine has neither an account 'postgres' nor "
        "'nobody'. Run arus as another user."
    )


def reachable_directory(directory: Path, account: Account | None) -> Path:
    """``directory``, made and owned by the account; or a link there to a place it can reach.

    Root's home is usually closed to others. A cluster asked for inside it lives in
    ``/var/lib/arus``, with a link where it was asked for.
    """
    if directory.is_symlink():
        place = directory.resolve()
        if not place.exists():
            raise AccountError(f"{directory} points to {place}, which is gone.")
        return place
    if account is None:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        return directory
    directory.parent.mkdir(parents=True, exist_ok=True)
    if _may_enter(directory.parent, account):
        place = directory
    else:
        place = SHARED_STATE / secrets.token_hex(8)
        SHARED_STATE.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not _may_enter(SHARED_STATE, account):
            raise AccountError(f"The account {account.name} can't reach {SHARED_STATE}.")
        directory.symlink_to(place)
    place.mkdir(mode=0o700, exist_ok=True)
    os.chown(place, account.uid, account.gid)
    return place


def _may_enter(directory: Path, account: Account) -> bool:
    return _as_account(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(directory)], account)


def may_run(program: Path, account: Account) -> bool:
    return _as_account([str(program), "--version"], account)


def _as_account(argv: list[str], account: Account) -> bool:
    try:
        result = subprocess.run(
            argv,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
        )
    except PermissionError:
        return False
    return result.returncode == 0
