"""Which scripts may be saved."""

from __future__ import annotations

import pytest

from arus_dagster.engine.transform.check import check_script
from arus_dagster.errors import InvalidInputError

GOOD = [
    "def transform(row):\n    return row",
    "def transform(row):\n    return {'a': row['amount'] * 2}",
    "def transform(row, extra=None):\n    return None",
    "transform = lambda row: row",
    "import re\nclass T:\n    def __call__(self, row):\n        return row\ntransform = T()",
    "def transform(row):\n    raise RuntimeError('only for real rows')",
    "def transform(row):\n    import sys\n    sys.exit(1)",
]
BAD = [
    ("def transform(row)\n    return row", "line 1: SyntaxError"),
    ("def transform(row):\nreturn row", "line 2: IndentationError"),
    ("", "line 1: no function transform"),
    ("x = 1", "line 1: no function transform"),
    ("transform = 5", "line 1: transform is not a function"),
    ("\ndef transform():\n    return {}", "line 2: transform must accept exactly one argument"),
    ("def transform(row, other):\n    return row", "line 1: transform must accept exactly one"),
    ("async def transform(row):\n    return row", "line 1: transform must be a plain function"),
    ("def transform(row):\n    yield row", "line 1: transform must return, not yield"),
    ("import pandas\ndef transform(row): return row", "line 1: ModuleNotFoundError: No module"),
    ("def transform(row): return row\nraise SystemExit", "line 2: SystemExit"),
    ("x = 'a\0b'", "null byte"),
    ("def transform(row): return row\nx = 'x' * (1 << 40)", "MB of memory"),
    ("import os\nos._exit(0)", "ended with code 0"),
]


@pytest.mark.parametrize("content", GOOD)
def test_a_good_script_passes_whatever_a_sample_row_lacks(content: str) -> None:
    check_script(content)


@pytest.mark.parametrize(("content", "reason"), BAD)
def test_a_bad_script_is_refused_with_its_line_and_reason(content: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_script(content)
    assert reason in caught.value.message
    assert caught.value.field == "content"


@pytest.mark.parametrize(
    "content",
    [
        "def transform(row): return row\nwhile True: pass",
        "def transform(row):\n    while True: pass",
    ],
)
def test_a_script_that_never_comes_back_is_refused(content: str) -> None:
    with pytest.raises(InvalidInputError, match="took longer than 1 s to load"):
        check_script(content, seconds=1)
