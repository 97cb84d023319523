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


def steps(document: str) -> list[tuple[str, str | None]]:
    """The ``sh`` blocks in order, each with the output shown right below it, if any."""
    text = (ROOT / document).read_text()
    found: list[tuple[str, str | None]] = []
    end = -1
    for fence in _FENCE.finditer(text):
        if fence[1] == "sh":
            found.append((fence[2], None))
            end = fence.end()
        elif fence[1] in ("text", "json") and text[end : fence.start()].strip() == "":
            found[-1] = (found[-1][0], fence[2])
    return found


def outputs(document: str, directory: Path) -> list[str]:
    """What each ``sh`` block prints, all run in one shell that stops at the first failure.

    Raises:
        AssertionError: one failed.
    """
    mark = "=== the next block ==="
    script = "\n".join(f"{block}\necho '{mark}'" for block, _ in steps(document))
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout.split(f"{mark}\n")[:-1]
