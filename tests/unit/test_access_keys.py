"""What is done next about an access key, as a table and for any order of events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator import times
from ram_operator.constants import Reason
from ram_operator.model.key_state import NO_KEYS, Ending, Intent, KeyState
from ram_operator.planning import key_shown, key_steps
from ram_operator.planning.key_steps import decide
from ram_operator.planning.key_view import (
    Clear,
    Delete,
    Disable,
    Issue,
    LiveKey,
    Look,
    Note,
    Reserve,
    Rest,
    Sight,
    Stop,
    View,
    Wait,
    Withdraw,
)

NOW: Final = 1_900_000_000.0
REST: Final = 86_400.0
ON, OFF = LiveKey(True), LiveKey(False)
HAS: Final = KeyState("kept", "", "uid-1", "LTAI-mine", "2020-01-01T00:00:00Z")


def ago(seconds: float) -> str:
    return times.stamp(NOW - seconds)


def view(state: KeyState = NO_KEYS, **more: Any) -> View:
    found = View(state, {}, Sight.ABSENT, "kept", NOW, 10.0, REST)
    return replace(found, **more)


MINE: Final = {"LTAI-mine": ON}


def test_a_first_key_needs_its_secret_first_and_is_announced() -> None:
    reserve = decide(view())
    assert isinstance(reserve, Reserve)
    assert reserve.then.secret == "kept"
    issue = decide(view(replace(reserve.then, secret_uid="uid-1"), sight=Sight.EMPTY))
    assert isinstance(issue, Issue)
    assert issue.announced.intent == Intent(ago(0), ago(0))
    assert issue.announced.unplanned == ""
    done = key_steps.issued(issue.announced, "LTAI-mine", ago(0))
    assert (done.current, done.intent, done.ending) == ("LTAI-mine", None, ())
    assert decide(view(done, live=MINE, sight=Sight.INTACT)) == Rest()


def test_keys_of_others_are_noted_before_one_is_made() -> None:
    state = replace(NO_KEYS, secret="kept", secret_uid="uid-1")
    issue = decide(view(state, live={"LTAI-other": ON}, sight=Sight.EMPTY))
    assert isinstance(issue, Issue)
    assert issue.announced.intent is not None
    assert issue.announced.intent.before == ("LTAI-other",)


@pytest.mark.parametrize(
    ("sight", "reason", "says"),
    [
        (Sight.FOREIGN, Reason.CONFLICT, "was not made for this user"),
        (Sight.LOCKED, Reason.CONFLICT, "immutable"),
    ],
)
@pytest.mark.parametrize("state", [NO_KEYS, HAS])
def test_a_secret_that_may_not_be_written_stops_it(
    state: KeyState, sight: Sight, reason: Reason, says: str
) -> None:
    live = MINE if state.current else {}
    found = decide(view(state, live=live, sight=sight))
    assert isinstance(found, Stop)
    assert found.reason is reason
    assert says in found.text


def test_what_a_process_left_goes_before_it_is_made_anew() -> None:
    assert decide(view(sight=Sight.LEFT)) == Clear("kept")


def test_another_name_takes_none_first() -> None:
    found = decide(view(HAS, live=MINE, wanted="other", sight=Sight.ABSENT))
    assert isinstance(found, Stop)
    assert found.reason is Reason.INVALID_SPEC


@pytest.mark.parametrize("sight", [Sight.EMPTY, Sight.CHANGED])
def test_a_secret_that_was_edited_means_a_new_key(sight: Sight) -> None:
    issue = decide(view(HAS, live=MINE, sight=sight))
    assert isinstance(issue, Issue)
    assert issue.announced.unplanned == ago(0)
    done = key_steps.issued(issue.announced, "LTAI-new", ago(0))
    assert done.ending == (Ending("LTAI-mine", ago(0), active=True),)
    both = {**MINE, "LTAI-new": ON}
    # Not before its rest is over, and inactive for as long again.
    assert decide(view(done, live=both, sight=Sight.INTACT)) == Rest(REST)
    later = view(done, live=both, sight=Sight.INTACT, now=NOW + REST)
    assert decide(later) == Look("LTAI-mine")
    later = replace(later, used={"LTAI-mine": 0.0})
    off = decide(later)
    assert isinstance(off, Disable)
    assert off.key_id == "LTAI-mine"
    rests = replace(later, state=off.then, live={"LTAI-mine": OFF, "LTAI-new": ON})
    assert decide(rests) == Rest(REST)
    gone = decide(replace(rests, now=NOW + 2 * REST))
    assert isinstance(gone, Delete)
    assert (gone.key_id, gone.then.ending) == ("LTAI-mine", ())


@pytest.mark.parametrize("sight", [Sight.ABSENT, Sight.EMPTY, Sight.CHANGED])
def test_one_unplanned_key_an_hour(sight: Sight) -> None:
    recent = replace(HAS, unplanned=ago(3599))
    found = decide(view(recent, live=MINE, sight=sight))
    assert isinstance(found, Stop)
    assert found.reason is Reason.CONFLICT
    older = replace(HAS, unplanned=ago(3600))
    assert isinstance(decide(view(older, live=MINE, sight=sight)), Issue | Reserve)


def test_two_places_taken_stop_it_and_say_by_whom() -> None:
    old = replace(HAS, ending=(Ending("LTAI-gone", ago(1), active=True),), unplanned="")
    found = decide(view(old, live={**MINE, "LTAI-gone": ON}, sight=Sight.CHANGED))
    assert isinstance(found, Stop)
    assert found.reason is Reason.QUOTA_EXCEEDED
    assert "…mine (the one to replace), …gone (about to go)" in found.text
    found = decide(view(live={"LTAI-a": ON, "LTAI-b": OFF}))
    assert isinstance(found, Stop)
    assert "not made by the operator" in found.text


@pytest.mark.parametrize(("live", "says"), [({}, "deleted"), ({"LTAI-mine": OFF}, "inactive")])
@pytest.mark.parametrize("sight", list(Sight))
def test_what_somebody_took_away_is_not_given_back(
    live: dict[str, LiveKey], says: str, sight: Sight
) -> None:
    found = decide(view(HAS, live=live, sight=sight))
    assert isinstance(found, Stop)
    assert found.reason is Reason.DRIFTED
    assert says in found.text


def test_a_key_that_is_not_listed_yet_is_no_key_that_was_deleted() -> None:
    new = replace(HAS, issued=ago(5))
    assert decide(view(new, sight=Sight.INTACT)) == Rest()


@pytest.mark.parametrize("made", [0, 5, 59])
def test_a_key_whose_answer_was_lost_goes(made: int) -> None:
    lost = replace(NO_KEYS, intent=Intent(ago(60), ago(60), ("LTAI-other",)))
    live = {"LTAI-other": ON, "LTAI-stray": LiveKey(True, ago(made))}
    noted = decide(view(lost, live=live))
    assert isinstance(noted, Note)
    assert noted.then.ending == (Ending("LTAI-stray"),)
    off = decide(view(noted.then, live=live))
    assert isinstance(off, Disable)
    assert off.key_id == "LTAI-stray"
    assert off.then.ending == (Ending("LTAI-stray", ago(0)),)


@pytest.mark.parametrize("made", [ago(7200), "", "nonsense"])
def test_a_key_of_another_time_is_somebody_elses(made: str) -> None:
    lost = replace(NO_KEYS, intent=Intent(ago(60), ago(60)))
    found = decide(view(lost, live={"LTAI-other": LiveKey(True, made)}))
    assert isinstance(found, Reserve)


def test_an_answer_that_is_not_known_is_waited_for_and_then_asked_again() -> None:
    lost = KeyState("kept", "", "uid-1", intent=Intent(ago(4), ago(4), ("LTAI-a",)))
    assert decide(view(lost, sight=Sight.EMPTY)) == Wait(
        "whether the access key was made is looked at", 6.0
    )
    again = decide(view(lost, sight=Sight.EMPTY, now=NOW + 6))
    assert isinstance(again, Issue)
    assert again.announced.intent == Intent(ago(4), ago(-6), ("LTAI-a",))
    # The first one may still come.
    done = key_steps.issued(again.announced, "LTAI-b", ago(-6))
    assert done.intent == Intent(ago(4), ago(-6), ("LTAI-a",), open=False)
    late = {"LTAI-b": ON, "LTAI-late": LiveKey(True, ago(-3))}
    assert isinstance(decide(view(done, live=late, sight=Sight.INTACT)), Note)


def test_what_may_come_to_light_late_is_looked_for() -> None:
    done = replace(HAS, intent=Intent(ago(90), ago(40), open=False))
    assert decide(view(done, live=MINE, sight=Sight.INTACT)) == Rest(40)
    new = replace(HAS, intent=Intent(ago(90), ago(4), open=False))
    assert decide(view(new, live=MINE, sight=Sight.INTACT)) == Rest(10)
    over = replace(HAS, intent=Intent(ago(9000), ago(901), open=False))
    assert decide(view(over, live=MINE, sight=Sight.INTACT)) == Rest()


def test_a_refusal_leaves_nothing_open() -> None:
    assert key_steps.refused(replace(HAS, intent=Intent(ago(1), ago(1)))) == HAS
    assert key_steps.refused(HAS) == HAS
    old = replace(HAS, intent=Intent(ago(9000), ago(9000), open=False))
    found = decide(view(old, live=MINE, sight=Sight.CHANGED))
    assert isinstance(found, Issue)
    assert found.announced.intent == Intent(ago(0), ago(0))


def test_none_ends_the_key_then_the_secret_then_after_a_while_deletes_it() -> None:
    ends = view(HAS, live=MINE, wanted="")
    noted = decide(ends)
    assert isinstance(noted, Note)
    assert noted.then == replace(HAS, current="", ending=(Ending("LTAI-mine"),))
    off = decide(replace(ends, state=noted.then))
    assert isinstance(off, Disable)
    assert off.key_id == "LTAI-mine"
    withdraw = decide(replace(ends, state=off.then, live={"LTAI-mine": OFF}))
    assert isinstance(withdraw, Withdraw)
    assert withdraw.then == KeyState(issued=HAS.issued, ending=(Ending("LTAI-mine", ago(0)),))
    rests = view(withdraw.then, live={"LTAI-mine": OFF}, wanted="")
    assert decide(rests) == Rest(REST)
    assert isinstance(decide(replace(rests, now=NOW + REST)), Delete)
    assert decide(view(wanted="")) == Rest()


def test_none_waits_for_what_may_still_come() -> None:
    lost = KeyState("kept", "", "uid-1", intent=Intent(ago(4), ago(4)))
    assert isinstance(decide(view(lost, wanted="")), Wait)
    closed = decide(view(lost, wanted="", now=NOW + 10))
    assert isinstance(closed, Note)
    assert isinstance(decide(view(closed.then, wanted="", now=NOW + 10)), Withdraw)
    # An old answer keeps no key alive.
    noted = decide(view(HAS, wanted=""))
    assert isinstance(noted, Note)
    assert isinstance(decide(view(noted.then, wanted="")), Disable)


def test_whoever_asks_again_before_the_key_is_inactive_keeps_it() -> None:
    noted = decide(view(HAS, live=MINE, wanted=""))
    assert isinstance(noted, Note)
    there = {"sight": Sight.CHANGED, "holds": "LTAI-mine"}
    kept = decide(view(noted.then, live=MINE, **there))
    assert isinstance(kept, Note)
    assert (kept.then.current, kept.then.ending) == ("LTAI-mine", ())
    # Who does not ask for it has it made inactive, whatever the Secret holds.
    assert isinstance(decide(view(noted.then, live=MINE, wanted="", **there)), Disable)


@pytest.mark.parametrize(
    ("ending", "key", "expected"),
    [
        (Ending("LTAI-old", ago(1000)), None, Note),
        (Ending("LTAI-old", ago(5)), None, Rest),
        (Ending("LTAI-old", "nonsense"), None, Rest),
        (Ending("LTAI-old", ago(5)), ON, Disable),
        (Ending("LTAI-old"), OFF, Note),
        (Ending("LTAI-old", ago(5), active=True), OFF, Note),
        (Ending("LTAI-old", ago(5), active=True), ON, Disable),
        (Ending("LTAI-old", ago(5), active=True), None, Disable),
        (Ending("LTAI-old", ago(1000), active=True), None, Disable),
        (Ending("LTAI-old"), None, Disable),
        (Ending("LTAI-old", ago(5)), OFF, Rest),
        (Ending("LTAI-old", ago(REST)), OFF, Delete),
    ],
)
def test_keys_that_are_to_go(ending: Ending, key: LiveKey | None, expected: type) -> None:
    live = {"LTAI-old": key} if key is not None else {}
    found = decide(view(replace(NO_KEYS, ending=(ending,)), live=live, wanted=""))
    assert isinstance(found, expected)


def test_a_key_that_lets_in_is_not_forgotten_for_an_answer_that_leaves_it_out() -> None:
    old = Ending("LTAI-old", ago(1000), active=True)
    seen = view(replace(HAS, ending=(old,)), live=MINE, sight=Sight.INTACT)
    assert isinstance(decide(seen), Rest)
    off = decide(replace(seen, now=NOW + REST))
    assert isinstance(off, Disable)
    assert (off.key_id, off.then.ending[0].active) == ("LTAI-old", False)


def test_whose_secret_was_not_taken_goes_unless_it_was_after_all() -> None:
    begun = KeyState("kept", "", "uid-1", intent=Intent(ago(4), ago(4)))
    left = key_steps.unstored(begun, "LTAI-new")
    assert (left.intent, left.ending) == (None, (Ending("LTAI-new"),))
    live = {"LTAI-new": ON}
    assert isinstance(decide(view(left, live=live, sight=Sight.EMPTY)), Disable)
    # The API server did not answer, and had it.
    for listed in (live, {}):
        found = decide(view(left, live=listed, sight=Sight.CHANGED, holds="LTAI-new"))
        assert isinstance(found, Note)
        assert (found.then.current, found.then.ending) == ("LTAI-new", ())
    off = view(left, live={"LTAI-new": OFF}, sight=Sight.CHANGED, holds="LTAI-new")
    assert isinstance(decide(off), Note)
    assert key_steps.decide(replace(off, sight=Sight.FOREIGN)) == decide(off)


def test_whoever_has_the_secret_refused_again_and_again_has_one_key_an_hour() -> None:
    begun = KeyState("kept", "", "uid-1", intent=Intent(ago(4), ago(4)))
    left = key_steps.unstored(begun, "LTAI-new")
    again = decide(view(replace(left, ending=(Ending("LTAI-new", ago(1)),)), sight=Sight.EMPTY))
    assert isinstance(again, Issue)
    assert again.announced.unplanned == ago(0)
    state = key_steps.unstored(again.announced, "LTAI-newer")
    ended = replace(state, ending=tuple(Ending(each.key_id, ago(1)) for each in state.ending))
    assert isinstance(decide(view(ended, sight=Sight.EMPTY)), Stop)


def test_whoever_asks_for_none_and_for_one_in_turns_has_one_key_an_hour() -> None:
    """Where keys rest for no time at all, nothing is left of the one before."""
    off = replace(HAS, current="", ending=(Ending("LTAI-mine", ago(0)),))
    gone = decide(view(off, live={"LTAI-mine": OFF}, wanted="", rest=0.0))
    assert isinstance(gone, Delete)
    ended = decide(view(gone.then, wanted="", rest=0.0))
    assert isinstance(ended, Withdraw)
    anew = replace(ended.then, secret="kept", secret_uid="uid-2")
    issue = decide(view(anew, sight=Sight.EMPTY))
    assert isinstance(issue, Issue)
    assert issue.announced.unplanned == ago(0)
    again = replace(anew, unplanned=ago(3599))
    assert isinstance(decide(view(again, sight=Sight.EMPTY)), Stop)


def test_what_has_to_be_undone_is_known() -> None:
    assert HAS.opens
    assert not NO_KEYS.opens
    assert replace(NO_KEYS, intent=Intent("", "")).opens
    assert replace(NO_KEYS, ending=(Ending("a"),)).opens
    assert not replace(NO_KEYS, ending=(Ending("a", ago(1)),)).opens


def test_a_key_that_was_stored_and_not_told_of_is_the_one_that_counts() -> None:
    lost = replace(HAS, intent=Intent(ago(4), ago(4)))
    live = {**MINE, "LTAI-new": LiveKey(True, ago(3))}
    noted = decide(view(lost, live=live, sight=Sight.CHANGED, holds="LTAI-new"))
    assert isinstance(noted, Note)
    assert noted.then.current == "LTAI-new"
    assert noted.then.ending == (Ending("LTAI-mine", ago(0), active=True),)
    # In a Secret that is not ours it says nothing.
    noted = decide(view(lost, live=live, sight=Sight.FOREIGN, holds="LTAI-new"))
    assert isinstance(noted, Note)
    assert noted.then.current == "LTAI-mine"


OLD: Final = replace(HAS, issued=ago(90 * REST))


def test_a_key_is_replaced_at_its_age_and_that_is_planned() -> None:
    seen = view(OLD, live=MINE, sight=Sight.INTACT, rotate=90 * REST)
    issue = decide(seen)
    assert isinstance(issue, Issue)
    assert issue.announced.unplanned == ""
    assert decide(replace(seen, rotate=None)) == Rest()
    assert decide(replace(seen, rotate=91 * REST)) == Rest(REST)
    waits = replace(OLD, intent=Intent(ago(4), ago(4)))
    assert isinstance(decide(replace(seen, state=waits)), Wait)
    full = replace(seen, live={**MINE, "LTAI-other": ON})
    assert isinstance(decide(full), Rest)
    assert "rotation waits" in key_shown.told(full)[0]
    assert key_shown.told(seen) == ()
    # One that is listed late is no reason for another.
    late = replace(OLD, issued=ago(5))
    assert isinstance(decide(replace(seen, state=late, live={}, rotate=1.0)), Rest)


@pytest.mark.parametrize(
    ("used", "now", "goes"),
    [
        (0.0, NOW + REST, True),
        (NOW - 5, NOW + REST, True),
        # Somebody holds on to it.
        (NOW + 600, NOW + REST, False),
        (NOW + 600, NOW + 600 + REST + 10_799, False),
        (NOW + 600, NOW + 600 + REST + 10_800, True),
    ],
)
def test_a_key_that_is_used_still_lets_in(used: float, now: float, goes: bool) -> None:
    old = Ending("LTAI-old", ago(0), active=True)
    state = replace(HAS, ending=(old,))
    live = {**MINE, "LTAI-old": ON}
    seen = view(state, live=live, sight=Sight.INTACT, now=now, used={"LTAI-old": used})
    assert isinstance(decide(seen), Disable) is goes
    assert bool(key_shown.told(seen)) is not goes


@pytest.mark.parametrize("rest", [0.0, 10_799.0])
def test_its_use_is_looked_at_three_hours_after_it_was_replaced(rest: float) -> None:
    state = replace(HAS, ending=(Ending("LTAI-old", ago(10_799), active=True),))
    seen = view(state, live={**MINE, "LTAI-old": ON}, sight=Sight.INTACT, rest=rest)
    assert decide(seen) == Rest(1.0)
    assert decide(replace(seen, now=NOW + 1)) == Look("LTAI-old")
