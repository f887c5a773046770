"""Members of groups without rights: for how long a reading serves, and what ends it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ram_operator.runtime.group_readings import GroupReadings
from ram_operator.runtime.rotation import Pace


def readings() -> GroupReadings:
    known = GroupReadings()
    known.paced("calm", Pace.HARMLESS)
    known.took("calm", {"ann", "ben"}, 100.0)
    known.took("rights", {"eve"}, 100.0)
    return known


def test_only_what_is_harmless_is_kept_and_only_for_so_long() -> None:
    known = readings()
    assert known.recent(100.0) == {"calm": {"ann", "ben"}}
    assert known.recent(100.1) == {}


def test_an_empty_group_is_empty() -> None:
    known = readings()
    known.took("calm", (), 200.0)
    assert known.recent(0.0) == {"calm": frozenset()}


@pytest.mark.parametrize(
    "end",
    [
        lambda known: known.paced("calm", Pace.USUAL),
        lambda known: known.paced("calm", Pace.DANGEROUS),
        lambda known: known.forget("other", "calm"),
        lambda known: known.doubt(),
        lambda known: known.keep({"rights"}),
    ],
    ids=["usual", "dangerous", "written", "doubted", "gone"],
)
def test_it_is_read_again(end: Callable[[GroupReadings], None]) -> None:
    known = readings()
    end(known)
    assert known.recent(0.0) == {}


def test_what_has_rights_by_now_is_not_kept_either() -> None:
    known = readings()
    known.paced("calm", Pace.DANGEROUS)
    known.took("calm", {"ann"}, 300.0)
    assert known.recent(0.0) == {}
    known.paced("calm", Pace.HARMLESS)
    known.forget("calm")
    known.took("calm", {"ann"}, 400.0)
    assert known.recent(0.0) == {"calm": {"ann"}}
