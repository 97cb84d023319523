"""The documented mapping of MySQL's types is the one in force."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from arus_dagster.dialects.base import Column
from arus_dagster.dialects.mysql.types import Family, family, target_type

DOCUMENT = Path(__file__).parents[4] / "docs" / "types.md"


def documented() -> list[tuple[str, str, str]]:
    """(source type, the server it is of if only one, target type)."""
    section = DOCUMENT.read_text().split("## MySQL and MariaDB")[1].split("###")[0]
    return re.findall(r"^\| `([^`]+)`(?: \((\w+)\))? \| `([^`]+)` \|", section, re.MULTILINE)


@pytest.mark.parametrize(("declared", "server", "target"), documented())
def test_a_documented_type(declared: str, server: str, target: str) -> None:
    for mariadb in {"MySQL": (False,), "MariaDB": (True,)}.get(server, (False, True)):
        assert target_type(declared, mariadb=mariadb) == target
        assert target_type(declared.upper(), mariadb=mariadb) == target


def test_the_document_names_every_family() -> None:
    named = {family(Column("c", declared, "?")) for declared, _, _ in documented()}
    assert named == set(Family)


def test_tinyint1_is_boolean_where_told() -> None:
    def told(declared: str) -> str:
        return target_type(declared, mariadb=True, tinyint1_as_bool=True)

    assert told("tinyint(1)") == "boolean"
    assert told("tinyint(4)") == "smallint"
    assert told("tinyint") == "smallint"
    assert told("tinyint(1) unsigned") == "boolean"
    assert told("int(1)") == "integer"


def test_an_unknown_type_is_a_text() -> None:
    assert target_type("xmltype", mariadb=True) == "text"
    assert target_type("", mariadb=True) == "text"


def test_display_widths_and_comments_do_not_matter() -> None:
    assert target_type("int(10) unsigned", mariadb=True) == "bigint"
    assert target_type("bigint(20)", mariadb=True) == "bigint"
    assert target_type("double(10,2)", mariadb=True) == "double precision"
    assert target_type("datetime /* mariadb-5.3 */", mariadb=True).startswith("timestamp without")
    assert target_type("enum('unsigned','int')", mariadb=True) == "text"
