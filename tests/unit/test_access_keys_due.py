"""What of access keys is due to be taken away, told without a look at the cloud."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ram_operator.model.key_state import NO_KEYS, Ending, Intent
from ram_operator.planning import key_steps
from ram_operator.planning.key_steps import decide
from ram_operator.planning.key_view import (
    Disable,
    Issue,
    LiveKey,
    Note,
    Release,
    Rest,
    Sight,
    Wait,
)
from tests.unit.test_access_keys import HAS, MINE, NOW, ON, REST, ago, view


@pytest.mark.parametrize(
    ("ending", "ends", "expected"),
    [
        (Ending("LTAI-old"), False, True),
        (Ending("LTAI-old", ago(REST - 1)), True, False),
        (Ending("LTAI-old", ago(REST)), False, True),
        (Ending("LTAI-old", ago(REST - 1), active=True), False, False),
        (Ending("LTAI-old", ago(REST), active=True), False, True),
        (Ending("LTAI-old", ago(1), active=True), True, True),
        (Ending("LTAI-old", "nonsense"), False, False),
    ],
)
def test_what_is_due_is_known_without_a_look(ending: Ending, ends: bool, expected: bool) -> None:
    assert key_steps.due(replace(NO_KEYS, ending=(ending,)), NOW, REST, ends=ends) is expected


def test_a_use_is_not_asked_for_before_the_cloud_can_tell_of_it() -> None:
    late = replace(NO_KEYS, ending=(Ending("LTAI-old", ago(10_799), active=True),))
    assert not key_steps.due(late, NOW, 1.0, ends=False)
    assert key_steps.due(late, NOW + 1, 1.0, ends=False)
    assert key_steps.due(HAS, NOW, REST, ends=True)
    assert not key_steps.due(HAS, NOW, REST, ends=False)


@pytest.mark.parametrize(
    ("asked", "rotates"),
    [("mine", True), ("LTAI-mine", True), ("ine", False), ("", False), ("past", False)],
)
def test_a_key_that_somebody_names_is_replaced_once(asked: str, rotates: bool) -> None:
    seen = view(HAS, live=MINE, sight=Sight.INTACT, asked=asked)
    found = decide(seen)
    assert isinstance(found, Issue if rotates else Rest)
    if not isinstance(found, Issue):
        return
    assert found.announced.unplanned == "", "it takes nothing from what nobody planned"
    done = key_steps.issued(found.announced, "LTAI-next", ago(0))
    both = {**MINE, "LTAI-next": LiveKey(True, ago(0))}
    later = replace(seen, state=done, live=both)
    assert isinstance(decide(later), Rest)
    # Not either once there is room: it names the one before.
    alone = replace(seen, state=replace(done, ending=()), live={"LTAI-next": ON})
    assert isinstance(decide(alone), Rest)


def test_whoever_names_one_key_after_the_other_waits_until_each_is_gone() -> None:
    old = replace(HAS, ending=(Ending("LTAI-past", ago(5), active=True),))
    both = {**MINE, "LTAI-past": ON}
    assert isinstance(decide(view(old, live=both, sight=Sight.INTACT, asked="mine")), Rest)
    off = replace(HAS, ending=(Ending("LTAI-past", ago(5)),))
    gone = view(off, live=MINE, sight=Sight.INTACT, asked="mine")
    assert isinstance(decide(gone), Rest)


def test_a_key_that_is_to_stay_is_left_with_its_secret() -> None:
    seen = view(HAS, live=MINE, wanted="", keeps=True)
    release = decide(seen)
    assert isinstance(release, Release)
    assert (release.then.current, release.then.secret_uid, release.then.ending) == ("", "", ())
    assert not release.then.opens
    assert isinstance(decide(replace(seen, state=release.then)), Rest)


def test_with_it_nothing_stays_that_nobody_would_look_after() -> None:
    """One that was replaced, and one whose answer was lost, let nobody in."""
    old = replace(HAS, ending=(Ending("LTAI-past", ago(5), active=True),))
    both = {**MINE, "LTAI-past": ON}
    off = decide(view(old, live=both, wanted="", keeps=True))
    assert isinstance(off, Disable)
    assert off.key_id == "LTAI-past"
    lost = replace(HAS, intent=Intent(ago(4), ago(4)))
    assert isinstance(decide(view(lost, live=MINE, wanted="", keeps=True)), Wait)
    stray = {**MINE, "LTAI-lost": LiveKey(True, ago(3))}
    assert isinstance(decide(view(lost, live=stray, wanted="", keeps=True)), Note)


def test_two_that_are_announced_within_a_second_are_two() -> None:
    """The answer of the first was lost, and that of the second is known."""
    lost = replace(HAS, intent=Intent(ago(0), ago(0)))
    again = decide(view(lost, live=MINE, sight=Sight.CHANGED, settle=0.0))
    assert isinstance(again, Issue)
    done = key_steps.issued(again.announced, "LTAI-new", ago(0))
    assert done.intent is not None
    late = {**MINE, "LTAI-new": ON, "LTAI-lost": LiveKey(True, ago(0))}
    noted = decide(view(done, live=late, sight=Sight.INTACT))
    assert isinstance(noted, Note)
    assert "LTAI-lost" in noted.then.ids
