"""Every test that the guarantees name is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "guarantees.md"
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", DOCUMENT.read_text())))


def test_every_promise_names_a_test() -> None:
    promised = DOCUMENT.read_text().split("## What is not promised")[0]
    rows = re.findall(r"^\| (?!promise|---)(.+?) \| (.+) \|$", promised, re.MULTILINE)
    assert rows
    for promise, held_by in rows:
        assert re.fullmatch(r"`tests/[^`]+`(, `tests/[^`]+`)*", held_by), promise
    assert {name for _, held_by in rows for name in held_by.strip("`").split("`, `")} == set(NAMED)


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_exists(named: str) -> None:
    path, _, name = named.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    tests = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    assert tests
    assert not name or name in tests
