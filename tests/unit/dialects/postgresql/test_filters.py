from __future__ import annotations

import pytest

from arus_dagster.dialects.postgresql.filters import enclosed
from arus_dagster.errors import InvalidInputError


@pytest.mark.parametrize(
    "expression",
    [
        "id > 5",
        "a = 'x;y)' and (b or c)",
        '"odd;name)" is null',
        "note = E'it\\'s; (fine'",
        "note = $tag$ ; ) ' $tag$",
        "note = $$;$$",
        "a = 1 -- why; )\n and b = 2",
        "a = 1 /* ; ) /* ; */ ' */ and b",
        "a$b$ = 1 and c = 'd'",
        "id in (select id from t where x = 'a''b;')",
        "note = 'one'\n'two'",
        "note = U&'d\\0061t' and b",
    ],
)
def test_one_expression_is_put_into_parentheses(expression: str) -> None:
    assert enclosed(expression) == f"({expression}\n)"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("a\0", "control character 0"),
        ("a = 1 --\x0c", "control character 12"),
        ("a = 1 \x7f", "control character 127"),
        ("a = '\x85'", "control character 133"),
        ("1=1; drop table t", "semicolon"),
        ("1=1) or (1=1", "did not open"),
        ("(1=1", "parenthesis open"),
        ("a = 'x", "quote open"),
        ('"a = 1', "quote open"),
        ("$a$ x $b$", "quote open"),
        ("1=1 /* x", "comment open"),
        ("a = 'x\\' ; drop table t; --'", "semicolon"),
        ("-- x\r ; drop table t", "semicolon"),
        ("E'a'\n'\\' '; drop table t; --'", "continues"),
        ("E'a' -- c\n '\\' '; drop table t; --'", "continues"),
    ],
)
def test_what_could_leave_its_place_is_refused(expression: str, reason: str) -> None:
    with pytest.raises(InvalidInputError, match=reason) as caught:
        enclosed(expression)
    assert caught.value.field == "row_filter"
