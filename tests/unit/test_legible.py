"""What other people's texts look like once they reach people."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ram_operator import legible
from tests.unit.profiles import examples

thorough = examples(500)
ODD: Final = (
    *(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))),
    *"\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    *"\u200b\u200c\u200d\u2060\ufeff\u00ad\u180e\u034f\u115f\u3164\uffa0\u2800\ufe0f",
    *"\u2028\u2029",
    *("\ud800", "\udfff", "\ue000", "\ufff9", "\U000e0001", "\U000e0041", "\U000e0100"),
)
"""Each kind of character that moves, hides, turns around or ends something."""
texts = st.text(
    st.one_of(st.characters(), st.sampled_from(ODD), st.sampled_from('%{}\\"a1')), max_size=40
)
SPELLED: Final = re.compile(r"\\(?:u[0-9a-f]{4}|[nrtbf])")


def harmless(text: str) -> bool:
    """By the categories of Unicode, and by its list of what is ignored, no code of ours."""
    return all(
        unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
        and char not in ODD
        for char in text
    )


@pytest.mark.parametrize("char", ODD, ids=ascii)
def test_each_odd_character_is_spelled_out(char: str) -> None:
    shown = legible.line(f"a{char}b")
    assert harmless(shown)
    assert SPELLED.search(shown)
    assert json.loads(f'"{shown}"') == f"a{char}b", "as JSON spells it"


@thorough
@given(texts)
def test_nothing_hidden_is_left_and_twice_is_once(text: str) -> None:
    shown = legible.line(text)
    assert harmless(shown)
    assert len(shown.splitlines()) <= 1
    assert legible.line(shown) == shown
    if harmless(text):
        assert shown == text, "any script is left as it is"


@thorough
@given(texts)
def test_lines_keep_their_ends_and_nothing_else(text: str) -> None:
    shown = legible.lines(text)
    assert shown.count("\n") == text.count("\n")
    assert all(map(harmless, shown.split("\n")))


@thorough
@given(st.recursive(texts, lambda inner: st.dictionaries(texts, inner, max_size=3), max_leaves=6))
def test_a_text_in_json_means_the_same(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert json.loads(legible.line(text)) == json.loads(text)


def test_a_document_is_spelled_out_in_all_its_parts() -> None:
    found = legible.tree({"a\n": ["\u202e", ("b",)], "n": 1, "none": None})
    assert found == {"a\\n": ["\\u202e", ["b"]], "n": 1, "none": None}


@thorough
@given(texts, texts)
@example("%{41}", "A")
@example("a%{25}{", "a%{")
def test_what_is_compared_is_masked_and_told_apart(one: str, other: str) -> None:
    hidden = legible.masked(one)
    assert harmless(hidden)
    assert legible.unmasked(hidden) == one
    assert (hidden == legible.masked(other)) == (one == other)


@given(texts)
def test_what_an_older_version_wrote_is_read_as_it_is(text: str) -> None:
    if "%{" not in text:
        assert legible.unmasked(text) == text


def test_what_an_older_version_wrote_unmasked_ends_no_pass() -> None:
    assert legible.unmasked("%{ffffff}") == "%{ffffff}"
    assert legible.unmasked(legible.masked("%{ffffff}")) == "%{ffffff}"
