"""Names of what was never made: none that was added is ever missed, whatever becomes of the set."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.kinds import forgotten

KEY, OTHER = "0" * 32, "1f" * 16
NAMES = st.lists(st.text(min_size=1, max_size=20), max_size=30)


@given(NAMES, NAMES)
def test_what_was_added_is_found_for_ever(first: list[str], then: list[str]) -> None:
    text = forgotten.added(forgotten.added("", first, KEY), then, OTHER)
    assert all(forgotten.has(text, name) for name in (*first, *then))


def test_of_others_few_are_found() -> None:
    text = forgotten.added("", [f"RamRole/r{number}" for number in range(2_000)], KEY)
    assert len(text) == 10_957
    assert sum(forgotten.has(text, f"RamUser/u{number}") for number in range(10_000)) < 20
    assert not forgotten.has("", "RamRole/r1")


def test_nobody_knows_which_names_are_found_with_it() -> None:
    """Of two sets with the same names others are found, by a key that stands in the record."""
    names = [f"RamRole/r{number}" for number in range(6_000)]
    sets = [forgotten.added("", names, key) for key in (KEY, OTHER)]
    asked = [f"RamUser/u{number}" for number in range(5_000)]
    found = [{name for name in asked if forgotten.has(text, name)} for text in sets]
    assert all(found)
    assert len(found[0] & found[1]) < min(map(len, found)) / 4


@pytest.mark.parametrize(
    "text",
    [
        "?",
        "AAAA",
        base64.b64encode(b"x" * 9_000).decode(),
        base64.b64encode(bytes(8_192)).decode(),
        f"{'x' * 32}:{base64.b64encode(bytes(8_192)).decode()}",
        f":{base64.b64encode(bytes(8_192)).decode()}",
        f"{KEY}:?",
    ],
    ids=["no set", "too small", "too large", "no key", "no digits", "an empty key", "no bits"],
)
def test_a_set_that_cannot_be_read_has_every_name(text: str) -> None:
    assert forgotten.has(text, "RamRole/app")
    assert forgotten.has(forgotten.added(text, ["RamRole/web"], KEY), "RamRole/app")
