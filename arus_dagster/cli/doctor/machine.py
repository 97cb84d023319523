"""Checks of this machine and of the environment: versions, secrets, disk, ports."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shutil
import socket
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from arus_dagster import __version__
from arus_dagster.catalog.first_admin import LEAST_PASSWORD_LENGTH
from arus_dagster.cli.doctor.finding import Finding, bad, doubtful, good
from arus_dagster.cli.home import Home
from arus_dagster.crypto import Cipher
from arus_dagster.errors import ConfigurationError
from arus_dagster.settings import DEFAULT_ADMIN_PASSWORD, Settings

_LEAST_BYTES = 1_000_000_000
_FEW_BYTES = 5_000_000_000
_PINNED = re.compile(r"(dagster[\w-]*)==([\w.]+)")


def versions() -> Iterator[Finding]:
    """Python, and Dagster's packages as the matched set that this version is made for."""
    python = sys.version.split()[0]
    yield good("Arus", f"{__version__} on Python {python}")
    for requirement in importlib.metadata.requires("arus") or ():
        pinned = _PINNED.match(requirement)
        if pinned is None:
            continue
        name, wanted = pinned.groups()
        try:
            found = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found = "missing"
        if found == wanted:
            yield good(name, found)
        else:
            yield bad(
                name,
                f"{found}, but this version of Arus is made for {wanted}",
                "Install from the lock file: pip install --require-hashes -r requirements.lock",
            )


def secrets(settings: Settings, home: Home | None) -> Iterator[Finding]:
    """Whether keys are usable, secrets are one's own, and the file with them is private."""
    try:
        Cipher(settings.encryption_key.get_secret_value())
    except ConfigurationError as error:
        yield bad("Encryption key", error.message, "'arus secrets' prints a fresh one.")
    else:
        yield good("Encryption key", "usable")
    if settings.embedded and settings.admin_password.get_secret_value() in (
        "",
        DEFAULT_ADMIN_PASSWORD,
    ):
        yield doubtful(
            "First administrator",
            f"{settings.admin_email} was made with the well-known password",
            "Unless it was changed: arus user password, of at least "
            f"{LEAST_PASSWORD_LENGTH} characters. Everything listens on this machine alone.",
        )
    if home is None:
        return
    mode = stat.S_IMODE(home.env_file.stat().st_mode)
    if mode & 0o077:
        yield bad(
            "Secrets' file",
            f"{home.env_file} can be read by others",
            f"chmod 600 {home.env_file}",
        )
    else:
        yield good("Secrets' file", f"{home.env_file} is its owner's alone")


def disk(places: list[tuple[str, Path]]) -> Iterator[Finding]:
    """Free space where the installation writes."""
    for subject, place in places:
        if not place.exists():
            yield bad(subject, f"{place} is not there", "Make it, or name another one.")
            continue
        if not os.access(place, os.W_OK):
            yield bad(subject, f"{place} can't be written", "Give it to the user that runs Arus.")
            continue
        free = shutil.disk_usage(place).free
        detail = f"{free / 1e9:,.1f} GB free in {place}"
        if free < _LEAST_BYTES:
            yield bad(subject, detail, "Free some space: databases and logs stop without it.")
        elif free < _FEW_BYTES:
            yield doubtful(subject, detail, "Free some space before it runs out.")
        else:
            yield good(subject, detail)


def free_ports(ports: list[tuple[str, str, int]]) -> Iterator[Finding]:
    """Whether the ports of a platform that is down are free for it.

    Args:
        ports: what listens there, the option that moves it, and the number.
    """
    for subject, option, number in ports:
        with socket.socket() as probe:
            probe.settimeout(2)
            taken = probe.connect_ex(("127.0.0.1", number)) == 0
        if taken:
            yield bad(
                f"Port of {subject}",
                f"something listens on {number}",
                f"Stop it, or start with {option} and another number.",
            )
        else:
            yield good(f"Port of {subject}", f"{number} is free")
