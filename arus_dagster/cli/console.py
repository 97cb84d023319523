"""What all commands share: where they print, how they fail, which installation they mean."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from arus_dagster.cli.home import ENV_FILE
from arus_dagster.cli.supervisor import Stopped
from arus_dagster.errors import ArusError

console = Console()
errors = Console(stderr=True)

EMBEDDED = Path(".arus")


def _located(home: Path | None) -> Path | None:
    """The state directory of this directory, where neither it nor the environment names one."""
    if home is None and "ARUS_DB_HOST" not in os.environ and (EMBEDDED / ENV_FILE).exists():
        return EMBEDDED
    return home


InstallationHome = Annotated[
    Path | None,
    typer.Option(
        "--home",
        callback=_located,
        help="A state directory of 'arus up'. Left out, the installation is the one that the "
        "ARUS_* environment names, else .arus in this directory.",
    ),
]


@contextmanager
def reported() -> Iterator[None]:
    """Show an expected error as one message, and end with the exit code that fits."""
    try:
        yield
    except ArusError as error:
        errors.print(f"[bold red]Error:[/] {escape(str(error))}", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from None
    except (Stopped, KeyboardInterrupt) as stopped:
        number = stopped.number if isinstance(stopped, Stopped) else signal.SIGINT
        errors.print("Stopped before the end.")
        raise typer.Exit(128 + number) from None
