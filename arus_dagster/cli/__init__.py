"""The command line: everything a person runs, from the demo to the rotation of keys."""

from __future__ import annotations


def app() -> None:
    """Run the command ``arus``.

    The commands are imported here, so that a module of this package can be used without them.
    """
    from arus_dagster.cli.app import app as commands

    commands()
