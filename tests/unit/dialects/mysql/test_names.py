"""Names and texts can't leave their quotes."""

from __future__ import annotations

import pytest

from arus_dagster.dialects.base import TableRef
from arus_dagster.dialects.mysql.names import binary_literal, identifier, literal, qualified


def test_names() -> None:
    assert identifier("order") == "`order`"
    assert identifier("a`b``") == "`a``b`````"
    assert identifier("x\\") == "`x\\`"
    assert qualified(TableRef("my-s", "a.b")) == "`my-s`.`a.b`"


@pytest.mark.parametrize("name", ["", "a\0b"])
def test_what_no_server_takes_for_a_name(name: str) -> None:
    with pytest.raises(ValueError, match="identifier"):
        identifier(name)


def test_literals() -> None:
    assert literal("'\\é") == "_utf8mb4 X'275cc3a9'"
    assert literal("") == "_utf8mb4 X''"
    assert binary_literal(b"\xff'") == "X'ff27'"
