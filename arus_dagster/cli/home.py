"""The state directory of the embedded default.

Owns what lies in it: ``arus.env`` with the generated secrets and the addresses, readable by its
owner alone, Dagster's home, the logs and the database cluster. Refuses to make new secrets beside
an existing cluster: the ones it was made with would be lost for good.
"""

from __future__ import annotations

import importlib.resources
import os
import re
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from arus_dagster.crypto import generate_key
from arus_dagster.errors import ConfigurationError
from arus_dagster.settings import Settings

DATABASE = "arus"
WAREHOUSE = "arus_warehouse"
LOOPBACK = "127.0.0.1"
ENV_FILE = "arus.env"
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
# Written when the state directory is made, and never taken out.
_NEEDED = frozenset(
    {
        "ARUS_EMBEDDED",
        "ARUS_DB_NAME",
        "ARUS_DB_USER",
        "ARUS_DB_PASSWORD",
        "ARUS_JWT_SECRET",
        "ARUS_ENCRYPTION_KEY",
    }
)


@dataclass(frozen=True)
class Ports:
    """Where the embedded default listens, all on loopback."""

    api: int = 8081
    dagster: int = 3000
    code_server: int = 13030
    postgres: int = 15432


class Home:
    """One state directory.

    Args:
        directory: made when missing.

    Raises:
        ConfigurationError: the directory holds a database, but not the secrets it was made with,
            or they are damaged.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory.absolute()
        self.directory.mkdir(parents=True, exist_ok=True)
        # Others may pass through to what is theirs (the database's account does), not list it.
        self.directory.chmod(0o711)
        self.postgres_directory = self.directory / "postgres"
        self.dagster_home = self.directory / "dagster"
        self.env_file = self.directory / ENV_FILE
        if self.env_file.exists():
            _ = self.variables  # damage is better told now than midway
        else:
            self._generate()

    @property
    def created(self) -> bool:
        """Whether the database cluster was made already."""
        return self.postgres_directory.exists()

    @property
    def variables(self) -> dict[str, str]:
        """The content of ``arus.env``.

        Raises:
            ConfigurationError: it can't be read as such, or lacks what was written into it.
        """
        try:
            lines = self.env_file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise self._damaged(f"it can't be read ({type(error).__name__})") from None
        found: dict[str, str] = {}
        for number, line in enumerate(lines, start=1):
            if not line.strip() or line.startswith("#"):
                continue
            name, equals, value = line.partition("=")
            if not equals or not _VARIABLE.fullmatch(name) or not value.isprintable():
                # The line itself may hold a secret.
                raise self._damaged(f"line {number} is not of the form NAME=value")
            found[name] = value
        missing = sorted(_NEEDED - found.keys())
        if missing:
            raise self._damaged(f"it lacks {', '.join(missing)}")
        return found

    def _damaged(self, how: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self.env_file} is damaged: {how}. It holds the database's password and the keys: "
            "put a copy of it back. Without a copy what was stored is lost; move the directory "
            "away to start afresh."
        )

    def update(self, changes: Mapping[str, str]) -> None:
        """Change variables of ``arus.env``, all or none."""
        _write_private(self.env_file, {**self.variables, **changes})

    def set_ports(self, ports: Ports) -> None:
        """Write down where the platform listens this time."""
        self.update(
            {
                "ARUS_DB_HOST": LOOPBACK,
                "ARUS_DB_PORT": str(ports.postgres),
                "ARUS_API_HOST": LOOPBACK,
                "ARUS_API_PORT": str(ports.api),
                "ARUS_DAGSTER_URL": f"http://{LOOPBACK}:{ports.dagster}",
                "ARUS_CODE_SERVER_HOST": LOOPBACK,
                "ARUS_CODE_SERVER_PORT": str(ports.code_server),
            }
        )

    def environment(self) -> dict[str, str]:
        """The environment of the platform's processes: ours, with the state directory's on top."""
        return {
            **os.environ,
            **self.variables,
            "ARUS_HOME": str(self.directory),
            "DAGSTER_HOME": str(self.dagster_home),
        }

    def settings(self) -> Settings:
        """The same as the processes read from their environment, whatever ours says."""
        values = {
            name.removeprefix("ARUS_").lower(): value for name, value in self.variables.items()
        }
        return Settings.model_validate({**values, "home": self.directory})

    def secret(self, name: str) -> str:
        """A secret kept under ``name``, made at the first call."""
        kept = self.variables.get(name)
        if kept is None:
            kept = secrets.token_urlsafe(18)
            self.update({name: kept})
        return kept

    def prepare_dagster(self) -> None:
        """Give Dagster a home with this version's ``dagster.yaml``."""
        self.dagster_home.mkdir(exist_ok=True)
        shutil.copyfile(deployment_file("dagster.yaml"), self.dagster_home / "dagster.yaml")

    def log(self, name: str) -> Path:
        """The log file of a program."""
        return self.directory / "logs" / f"{name}.log"

    def _generate(self) -> None:
        if self.created:
            raise ConfigurationError(
                f"{self.directory} holds a database, but not {ENV_FILE} with its password and "
                "keys. Put that file back, or move the directory away to start afresh."
            )
        _write_private(
            self.env_file,
            {
                "ARUS_EMBEDDED": "true",
                "ARUS_DB_NAME": DATABASE,
                "ARUS_DB_USER": "arus",
                **new_secrets(),
            },
        )


def new_secrets() -> dict[str, str]:
    """Fresh secrets for an installation, by variable."""
    return {
        "ARUS_DB_PASSWORD": secrets.token_urlsafe(24),
        "ARUS_JWT_SECRET": secrets.token_urlsafe(48),
        "ARUS_ENCRYPTION_KEY": generate_key(),
    }


def _write_private(path: Path, variables: Mapping[str, str]) -> None:
    """Replace a file of variables in one step, readable by its owner alone."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write("# Made by arus. It holds secrets: keep it to yourself, and keep a copy.\n")
        file.writelines(f"{name}={value}\n" for name, value in variables.items())
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def deployment_file(name: str) -> Path:
    """A deployment file of this version: inside the installed package, or at a checkout's top.

    Raises:
        ConfigurationError: the installation is incomplete.
    """
    package = Path(str(importlib.resources.files("arus_dagster")))
    for place in (package / "deployment" / name, package.parent / name):
        if place.exists():
            return place
    raise ConfigurationError(f"{name} is missing from this installation of arus.")
