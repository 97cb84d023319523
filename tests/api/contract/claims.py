"""Which endpoint or error code of the reference a test stands for."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from typing import TypeVar

import tests.api.contract as package

Test = TypeVar("Test", bound=Callable[..., None])

_ATTRIBUTE = "contract_claim"


def documents(claim: str | int) -> Callable[[Test], Test]:
    """Say what a test stands for.

    Args:
        claim: an endpoint's name, or the status of a documented error.
    """

    def mark(test: Test) -> Test:
        setattr(test, _ATTRIBUTE, claim)
        return test

    return mark


def claim_of(test: Callable[..., None]) -> str | int | None:
    """What a test stands for, if anything."""
    claim: str | int | None = getattr(test, _ATTRIBUTE, None)
    return claim


def all_claims() -> Iterator[tuple[str | int, str]]:
    """What the tests of this package stand for, each with its test's name."""
    for info in pkgutil.iter_modules(package.__path__):
        if info.name.startswith("test_"):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            for name, value in vars(module).items():
                if name.startswith("test_") and (claim := claim_of(value)) is not None:
                    yield claim, f"{info.name}::{name}"
