"""The picture of who imports whom is the code's present one."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_the_picture_is_current() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "architecture.py"))
    text = (ROOT / "docs" / "architecture.md").read_text()
    assert text == script["drawn"](text), "run: python scripts/architecture.py"
