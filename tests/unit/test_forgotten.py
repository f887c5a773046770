"""Names of what was never made: none that was added is ever missed, whatever becomes of the set."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.kinds import forgotten

NAMES = st.lists(st.text(min_size=1, max_size=20), max_size=30)


@given(NAMES, NAMES)
def test_what_was_added_is_found_for_ever(first: list[str], then: list[str]) -> None:
    text = forgotten.added(forgotten.added("", first), then)
    assert all(forgotten.has(text, name) for name in (*first, *then))


def test_of_others_few_are_found() -> None:
    text = forgotten.added("", [f"RamRole/r{number}" for number in range(2_000)])
    assert len(text) == 10_924
    assert sum(forgotten.has(text, f"RamUser/u{number}") for number in range(10_000)) < 20
    assert not forgotten.has("", "RamRole/r1")


@pytest.mark.parametrize("text", ["?", "AAAA", base64.b64encode(b"x" * 9_000).decode()])
def test_a_set_that_cannot_be_read_has_every_name(text: str) -> None:
    assert forgotten.has(text, "RamRole/app")
    assert forgotten.has(forgotten.added(text, ["RamRole/web"]), "RamRole/app")
