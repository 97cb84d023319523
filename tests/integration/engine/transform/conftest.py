"""One way to run scripts over values in a real worker."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import pytest

from arus_dagster.dialects.base import Column
from arus_dagster.engine.specs import Script
from arus_dagster.engine.transform.process import TransformProcess

OpenProcess = Callable[..., AbstractContextManager[TransformProcess]]


@pytest.fixture
def printed() -> list[str]:
    """What scripts printed."""
    return []


@pytest.fixture
def open_process(printed: list[str]) -> OpenProcess:
    """Opens a worker: ``open_process(body, …)`` wraps a body as ``transform``; text that defines
    ``transform`` itself is taken as it is."""

    def open_(
        *contents: str, columns: Sequence[tuple[str, str]] = (("id", "bigint"),), **options: Any
    ) -> TransformProcess:
        scripts = []
        for number, content in enumerate(contents, 1):
            text = textwrap.dedent(content)
            if "def transform" not in text:
                text = "def transform(row):\n" + textwrap.indent(text, "    ")
            scripts.append(Script(name=f"s{number}", content=text))
        return TransformProcess(
            scripts,
            [Column(name, target_type, target_type) for name, target_type in columns],
            on_print=printed.append,
            **options,
        )

    return open_
