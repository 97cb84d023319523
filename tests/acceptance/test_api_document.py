"""The session by curl in docs/api.md does what it says, and prints what is shown."""

from __future__ import annotations

import pytest

from tests.acceptance.documents import outputs, steps
from tests.acceptance.platform import Platform

DOCUMENT = "docs/api.md"


@pytest.mark.timeout(600)
def test_the_session_by_curl_prints_what_is_shown(platform: Platform) -> None:
    shown = [expected for _, expected in steps(DOCUMENT)]
    assert len([expected for expected in shown if expected]) > 15

    printed = outputs(DOCUMENT, platform.directory)

    assert [text for text, expected in zip(printed, shown, strict=True) if expected] == [
        expected for expected in shown if expected
    ]
