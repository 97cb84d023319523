"""One embedded default for all acceptance tests that only use it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.platform import Platform


@pytest.fixture(scope="session")
def platform() -> Iterator[Platform]:
    """``arus up --sample``, running; tests stop and start it only to leave it running again."""
    platform = Platform()
    try:
        platform.start("--sample")
        yield platform
    finally:
        platform.remove()
