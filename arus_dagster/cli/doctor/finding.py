"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about the installation.

    Args:
        state: ``bad`` is what keeps something from working.
        subject: what was looked at.
        detail: what was found; never a secret.
        remedy: what to do, where something is to be done.
    """

    state: Literal["good", "doubtful", "bad"]
    subject: str
    detail: str
    remedy: str = ""


def good(subject: str, detail: str) -> Finding:
    return Finding("good", subject, detail)


def doubtful(subject: str, detail: str, remedy: str) -> Finding:
    return Finding("doubtful", subject, detail, remedy)


def bad(subject: str, detail: str, remedy: str) -> Finding:
    return Finding("bad", subject, detail, remedy)
