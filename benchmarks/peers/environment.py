"""The virtual environment of the peers, made when it is first needed.

Owns what is installed and at which version. Refuses the project's environment: a peer's
dependencies would change what is measured.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

LIMIT_SECONDS = 240
DIRECTORY = Path(__file__).parents[1] / ".peers"
# The newest of Sling whose program is in a package: later ones download it when they are started.
SLING = "sling-linux-amd64==1.4.11"
DLT = (
    "dlt[postgres]==1.31.0",
    "sqlalchemy==2.0.44",  # what dlt calls its extra sql_database
    "pyarrow==26.0.1",
    "pymysql",
    "psycopg2-binary",
    "adbc-driver-manager==1.13.0",  # Arrow straight into COPY
    "adbc-driver-postgresql==1.13.0",
)


class UnavailableError(Exception):
    """A peer can't be had here; the text says why."""


class PeerError(Exception):
    """A peer failed at its task; the text's first line is short, the rest is its own report."""


def run_peer(
    argv: Sequence[str], env: Mapping[str, str], home: Path, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a peer's program.

    Args:
        text: its input.

    Raises:
        PeerError: it failed, or did not end in time.
    """
    try:
        return subprocess.run(
            argv,
            env=dict(env),
            cwd=home,
            input=text,
            capture_output=True,
            text=True,
            check=True,
            timeout=LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise PeerError(f"did not end within {LIMIT_SECONDS} s") from None
    except subprocess.CalledProcessError as error:
        report = f"{error.stdout}{error.stderr}"[-3000:]
        raise PeerError(f"failed (exit code {error.returncode})\n{report}") from None


class PeerEnvironment:
    """The environment, and what could be installed into it.

    Args:
        directory: kept from one run to the next.
    """

    def __init__(self, directory: Path = DIRECTORY) -> None:
        self.directory = directory
        self._missing: dict[str, str] = {}

    @cached_property
    def python(self) -> Path:
        """The environment's own interpreter."""
        python = self.directory / "bin" / "python"
        if not python.exists():
            print(f"  making the peers' environment in {self.directory}", flush=True)
            subprocess.run([sys.executable, "-m", "venv", str(self.directory)], check=True)
        return python

    def require(self, *requirements: str) -> None:
        """Install packages, unless they are there.

        Raises:
            UnavailableError: they can't be installed.
        """
        name = requirements[0]
        if name not in self._missing:
            self._missing[name] = self._install(requirements)
        if self._missing[name]:
            raise UnavailableError(self._missing[name])

    def directory_of(self, module: str) -> Path:
        """Where an installed module is."""
        code = f"import importlib.util as u; print(u.find_spec({module!r}).origin)"
        found = subprocess.run(
            [str(self.python), "-c", code], check=True, capture_output=True, text=True
        )
        return Path(found.stdout.strip()).parent

    def _install(self, requirements: tuple[str, ...]) -> str:
        stamp = self.directory / f"{requirements[0].split('=')[0]}.stamp"
        wanted = "\n".join(requirements)
        if self.python.exists() and stamp.exists() and stamp.read_text() == wanted:
            return ""
        print(f"  installing {' '.join(requirements)}", flush=True)
        done = subprocess.run(
            [str(self.python), "-m", "pip", "install", "--quiet", *requirements],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            return f"pip can't install {requirements[0]}: {(lines or ['no reason given'])[-1]}"
        stamp.write_text(wanted)
        return ""
