"""The lazy row behaves as a dict, whatever a script does with it."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arus_dagster.engine.transform.decoders import decoder
from arus_dagster.engine.transform.row import Row, row_class

NAMES = ("a", "b", "c", "d")
FIELDS = ("1", "\\N", "x\\ty", "4")
PLAIN = {"a": 1, "b": None, "c": "x\ty", "d": 4}


def make_row() -> Row:
    kinds = [decoder("integer"), decoder("text"), decoder("text"), decoder("integer")]
    return row_class(NAMES, kinds).of(list(FIELDS))


KEYS = st.sampled_from([*NAMES, "new", "other", 7])
STEPS = st.one_of(
    st.tuples(st.just("get item"), KEYS),
    st.tuples(st.just("get"), KEYS),
    st.tuples(st.just("set"), KEYS, st.integers()),
    st.tuples(st.just("delete"), KEYS),
    st.tuples(st.just("pop"), KEYS),
    st.tuples(st.just("pop default"), KEYS),
    st.tuples(st.just("setdefault"), KEYS, st.integers()),
    st.tuples(st.just("contains"), KEYS),
    st.tuples(st.just("update"), KEYS, st.integers()),
    st.tuples(st.just("merge in place"), KEYS, st.integers()),
    st.tuples(st.just("merge"), KEYS, st.integers()),
    st.tuples(st.just("merged into"), KEYS, st.integers()),
    st.tuples(st.sampled_from(["length", "truth", "keys", "values", "items", "popitem", "clear"])),
    st.tuples(st.sampled_from(["dict", "unpack", "copy", "repr", "reversed", "iterate", "equal"])),
)
ACTIONS: dict[str, Callable[..., Any]] = {
    "get item": lambda d, k: d[k],
    "get": lambda d, k: d.get(k, "default"),
    "set": lambda d, k, v: d.__setitem__(k, v),
    "delete": lambda d, k: d.__delitem__(k),
    "pop": lambda d, k: d.pop(k),
    "pop default": lambda d, k: d.pop(k, "default"),
    "setdefault": lambda d, k, v: d.setdefault(k, v),
    "contains": lambda d, k: k in d,
    "update": lambda d, k, v: d.update({k: v}),
    "merge in place": lambda d, k, v: d.__ior__({k: v}) is d,
    "merge": lambda d, k, v: d | {k: v},
    "merged into": lambda d, k, v: {k: v} | d,
    "length": len,
    "truth": bool,
    "keys": lambda d: list(d.keys()),
    "values": lambda d: list(d.values()),
    "items": lambda d: list(d.items()),
    "popitem": lambda d: d.popitem(),
    "clear": lambda d: d.clear(),
    "dict": lambda d: list(dict(d).items()),
    "unpack": lambda d: list({**d}.items()),
    "copy": lambda d: list(d.copy().items()),
    "repr": repr,
    "reversed": lambda d: list(reversed(d)),
    "iterate": list,
    "equal": lambda d: d == PLAIN,
}


def outcome(target: dict[Any, Any], step: tuple[Any, ...]) -> Any:
    action, *arguments = step
    try:
        return ACTIONS[action](target, *arguments)
    except KeyError as error:
        return ("KeyError", error.args)


@given(st.lists(STEPS, max_size=12))
def test_any_sequence_of_operations_gives_what_a_dict_gives(steps: list[tuple[Any, ...]]) -> None:
    row, plain = make_row(), dict(PLAIN)
    for step in steps:
        assert outcome(row, step) == outcome(plain, step), step
    assert list(row.items()) == list(plain.items())


@pytest.mark.parametrize(
    "read",
    [
        json.dumps,
        lambda row: json.dumps(row, sort_keys=True, indent=1),
        lambda row: (lambda **names: names)(**row),
        lambda row: dict(**row),
        lambda row: "{a} {c}".format_map(row),
        lambda row: "%(a)s %(c)s" % row,  # noqa: UP031
        lambda row: {}.update(row) or sorted(row),
        lambda row: copy.copy(row),
        lambda row: copy.deepcopy(row),
        lambda row: pickle.loads(pickle.dumps(row)),
        lambda row: list(zip(row, row.values(), strict=True)),
        lambda row: row != PLAIN,
        lambda row: sorted(set(row)),
        lambda row: isinstance(row, dict),
    ],
)
def test_code_that_reads_a_dict_past_its_methods_sees_every_column(
    read: Callable[[dict[str, Any]], Any],
) -> None:
    assert read(make_row()) == read(dict(PLAIN))


def test_a_mapping_pattern_matches_an_undecoded_row() -> None:
    match make_row():
        case {"c": text, **rest}:
            assert text == "x\ty"
            assert rest == {"a": 1, "b": None, "d": 4}
        case _:
            pytest.fail("no match")


def test_only_what_is_looked_at_is_decoded() -> None:
    decoded: list[str] = []

    def watched(field: str) -> str:
        decoded.append(field)
        return field

    row = row_class(NAMES, [watched] * 4).of(list(FIELDS))
    assert row["d"] == "4"
    assert row.get("c") == "x\\ty"
    assert decoded == ["1", "4", "x\\ty"]


def test_a_dict_made_by_the_rows_class_is_an_ordinary_one() -> None:
    other = type(make_row())(z=1)
    assert other == {"z": 1}
    assert "a" not in other
    assert len(other) == 1
