"""The commands that our documents tell people to run."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(document: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    text = (ROOT / document).read_text()
    return [body for name, body in _FENCE.findall(text) if name == language]


def run_blocks(document: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a document's ``sh`` blocks in one shell that stops at the first failure."""
    script = "\n".join(blocks(document, "sh"))
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
