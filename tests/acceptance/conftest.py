"""One embedded default for all acceptance tests that only use it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.platform import Platform


@pytest.fixture(scope="session")
def shared_platform() -> Iterator[Platform]:
    platform = Platform()
    yield platform
    platform.remove()


@pytest.fixture
def platform(shared_platform: Platform) -> Platform:
    """``arus up --sample``, running: started again where the test before has stopped it."""
    if not shared_platform.running:
        shared_platform.start("--sample")
    return shared_platform
