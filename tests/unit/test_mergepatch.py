"""The patch between two values, judged by an applier that is written from RFC 7386 alone."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.reporting import mergepatch
from tests.unit.profiles import examples

Json = Any


def apply(target: Json, patch: Json) -> Json:
    """MergePatch(Target, Patch) of RFC 7386, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = apply(result.get(name), value)
    return result


_LEAVES = st.booleans() | st.integers(0, 2) | st.sampled_from(["", "x", "y"])
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)
_OBJECTS = st.dictionaries(st.sampled_from("abcd"), _VALUES)

CASES: list[tuple[str, Json, Json, Json]] = [
    ("equal values need none", {"a": {"b": [1]}}, {"a": {"b": [1]}}, {}),
    ("what is gone is null", {"a": 1, "b": 2}, {"b": 2}, {"a": None}),
    ("what is new is set", {}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ("only the part that differs", {"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"c": None}}),
    ("lists are replaced whole", {"a": [1, 2]}, {"a": [1]}, {"a": [1]}),
    ("an object in place of a text", {"a": "x"}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ("a text in place of an object", {"a": {"b": 1}}, {"a": "x"}, {"a": "x"}),
    ("an object becomes empty", {"a": {"b": 1}}, {"a": {}}, {"a": {"b": None}}),
]


@pytest.mark.parametrize(("old", "new", "patch"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_the_patch_is(old: Json, new: Json, patch: Json) -> None:
    assert mergepatch.between(old, new) == patch


@examples(300)
@given(_OBJECTS, _OBJECTS)
def test_applied_to_the_old_value_it_gives_the_new_one(old: Json, new: Json) -> None:
    kept = copy.deepcopy((old, new))
    patch = mergepatch.between(old, new)
    assert apply(old, patch) == new
    assert (old, new) == kept


@examples(200)
@given(_OBJECTS, _OBJECTS)
def test_it_is_empty_exactly_for_equal_values_and_holds_no_more_than_needed(
    old: Json, new: Json
) -> None:
    patch = mergepatch.between(old, new)
    assert (patch == {}) == (old == new)
    for key in patch:
        assert apply(old, {k: v for k, v in patch.items() if k != key}) != new
