"""``arus export`` and ``arus import``: all configuration as one file.

Owns the reading and writing of the file, and how a plan is shown. What a file may say and what it
does is ``arus_dagster.configuration``'s.
"""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from arus_dagster.cli.console import InstallationHome, console, reported
from arus_dagster.cli.installation import audited, reached
from arus_dagster.cli.reload import reload_definitions
from arus_dagster.configuration import yaml_file
from arus_dagster.configuration.apply import apply
from arus_dagster.configuration.changes import SECRET, Change
from arus_dagster.configuration.export import export
from arus_dagster.errors import InvalidInputError

_LONGEST_VALUE = 40
_MOST_FIELDS = 12


def export_command(
    file: Annotated[
        Path | None, typer.Argument(help="Where to write; left out, on standard output.")
    ] = None,
    home: InstallationHome = None,
) -> None:
    """Write all configuration as YAML, without secrets."""
    with reported():
        with reached(home) as catalog, catalog.session() as session:
            text = yaml_file.write(export(session))
        if file is None:
            typer.echo(text, nl=False)
            return
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise InvalidInputError(f"{file} can't be written: {error.strerror}") from None
    console.print(f"Wrote {file}.", highlight=False, markup=False)


def import_command(
    file: Annotated[Path, typer.Argument(help="A file of 'arus export'; - is standard input.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")
    ] = False,
    home: InstallationHome = None,
) -> None:
    """Bring the configuration to what a file says; the same file again changes nothing.

    Secrets are taken from the environment variables that the file names. What the file doesn't
    name stays.
    """
    with reported(), reached(home) as catalog:
        document = yaml_file.read(_text(file))
        if dry_run:
            with catalog.session() as session:
                tried = session.begin_nested()
                changes = apply(session, document, os.environ)
                tried.rollback()
        else:
            with audited(catalog, "import", "configuration") as session:
                changes = apply(session, document, os.environ)
        _show(changes)
        if dry_run:
            console.print("Nothing was changed: this was a dry run.")
        elif changes:
            reload_definitions(catalog)


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInputError(f"{file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise InvalidInputError(f"{file} is not text in UTF-8") from None


def _show(changes: list[Change]) -> None:
    for change in changes:
        sign = "[green]+[/]" if change.action == "create" else "[yellow]~[/]"
        console.print(f"{sign} {change.noun} {escape(change.name)}".rstrip(), highlight=False)
        for name, before, after in change.fields[:_MOST_FIELDS]:
            values = "changed" if before == SECRET else f"{_value(before)} → {_value(after)}"
            console.print(f"    {escape(name)}: {escape(values)}", highlight=False, soft_wrap=True)
        if len(change.fields) > _MOST_FIELDS:
            console.print(f"    and {len(change.fields) - _MOST_FIELDS} more", highlight=False)
    counts = Counter(change.action for change in changes)
    console.print(
        f"{counts['create']} created, {counts['update']} changed."
        if changes
        else "Everything is as the file says.",
        highlight=False,
    )


def _value(value: Any) -> str:
    if value is None:
        return "none"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    text = text.replace("\n", "⏎")
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
