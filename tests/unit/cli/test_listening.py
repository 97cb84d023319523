"""Where the programs of the embedded default listen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from arus_dagster.cli import stack
from arus_dagster.cli.home import Home, Ports
from arus_dagster.cli.process import Program


@pytest.mark.parametrize("make", [stack.code_server, stack.webserver, stack.api])
def test_every_program_that_listens_does_so_on_loopback(
    make: Callable[[Home, Ports], Program], tmp_path: Path
) -> None:
    program = make(Home(tmp_path), Ports())

    assert program.ports
    assert program.argv[program.argv.index("--host") + 1] == "127.0.0.1"
    assert not [word for word in program.argv if "0.0.0.0" in word]
