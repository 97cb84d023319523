"""Every test that the guarantees and the threat model name is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# The documents, with the heading from which on no promise is made any more.
DOCUMENTS = {
    "guarantees.md": "## What is not promised",
    "security.md": "## What is not defended",
}
TEXTS = {name: (ROOT / "docs" / name).read_text().split(end)[0] for name, end in DOCUMENTS.items()}
NAMED = sorted({named for text in TEXTS.values() for named in re.findall(r"`(tests/[^`]+)`", text)})


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_promise_names_a_test(document: str) -> None:
    tables = re.findall(
        r"^\| [^|]+ \| held by \|\n\|---\|---\|\n((?:\|.*\n)+)", TEXTS[document], re.MULTILINE
    )
    rows = [re.fullmatch(r"\| (.+?) \| (.+) \|", row) for t in tables for row in t.splitlines()]
    assert rows
    named: set[str] = set()
    for row in rows:
        assert row is not None
        assert re.fullmatch(r"`tests/[^`]+`(, `tests/[^`]+`)*", row[2]), row[1]
        named |= set(row[2].strip("`").split("`, `"))
    assert named == set(re.findall(r"`(tests/[^`]+)`", TEXTS[document]))


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_exists(named: str) -> None:
    path, _, name = named.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    # The hook of a conftest holds what it holds for every test beneath it.
    tests = {f for f in functions if f.startswith(("test_", "pytest_runtest_call"))}
    assert tests
    assert not name or name in tests
