"""What is done next about an access key, as a table and for any order of events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ram_operator import times
from ram_operator.constants import Reason
from ram_operator.model.key_state import NO_KEYS, Ending, Intent, KeyState
from ram_operator.planning import key_steps
from ram_operator.planning.key_steps import (
    Clear,
    Delete,
    Disable,
    Issue,
    LiveKey,
    Note,
    Reserve,
    Rest,
    Sight,
    Stop,
    View,
    Wait,
    Withdraw,
    decide,
)

NOW: Final = 1_900_000_000.0
REST: Final = 86_400.0
ON, OFF = LiveKey(True), LiveKey(False)
HAS: Final = KeyState("kept", "uid-1", "LTAI-mine", "2020-01-01T00:00:00Z")


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
    lost = KeyState("kept", "uid-1", intent=Intent(ago(4), ago(4), ("LTAI-a",)))
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


def test_a_refusal_leaves_nothing_open() -> None:
    assert key_steps.refused(replace(HAS, intent=Intent(ago(1), ago(1)))) == HAS
    assert key_steps.refused(HAS) == HAS
    old = replace(HAS, intent=Intent(ago(9000), ago(9000), open=False))
    found = decide(view(old, live=MINE, sight=Sight.CHANGED))
    assert isinstance(found, Issue)
    assert found.announced.intent == Intent(ago(0), ago(0))


def test_none_ends_the_key_then_the_secret_then_after_a_while_deletes_it() -> None:
    ends = view(HAS, live=MINE, wanted="")
    assert decide(ends) == Disable(HAS, "LTAI-mine")
    withdraw = decide(replace(ends, live={"LTAI-mine": OFF}))
    assert isinstance(withdraw, Withdraw)
    assert withdraw.then == KeyState(issued=HAS.issued, ending=(Ending("LTAI-mine", ago(0)),))
    rests = view(withdraw.then, live={"LTAI-mine": OFF}, wanted="")
    assert decide(rests) == Rest(REST)
    assert isinstance(decide(replace(rests, now=NOW + REST)), Delete)
    assert decide(view(wanted="")) == Rest()


def test_none_waits_for_what_may_still_come() -> None:
    lost = KeyState("kept", "uid-1", intent=Intent(ago(4), ago(4)))
    assert isinstance(decide(view(lost, wanted="")), Wait)
    closed = decide(view(lost, wanted="", now=NOW + 10))
    assert isinstance(closed, Note)
    assert isinstance(decide(view(closed.then, wanted="", now=NOW + 10)), Withdraw)
    new = replace(HAS, issued=ago(3))
    assert isinstance(decide(view(new, wanted="")), Wait)
    without = replace(HAS, secret_uid="")
    assert isinstance(decide(view(without, wanted="")), Note)


@pytest.mark.parametrize(
    ("ending", "key", "expected"),
    [
        (Ending("LTAI-old", ago(1000)), None, Note),
        (Ending("LTAI-old", ago(5)), None, Rest),
        (Ending("LTAI-old", "nonsense"), None, Rest),
        (Ending("LTAI-old", ago(5)), ON, Disable),
        (Ending("LTAI-old"), OFF, Note),
        (Ending("LTAI-old", ago(5), active=True), OFF, Note),
        (Ending("LTAI-old", ago(5), active=True), ON, Rest),
        (Ending("LTAI-old", ago(5)), OFF, Rest),
        (Ending("LTAI-old", ago(REST)), OFF, Delete),
    ],
)
def test_keys_that_are_to_go(ending: Ending, key: LiveKey | None, expected: type) -> None:
    live = {"LTAI-old": key} if key is not None else {}
    found = decide(view(replace(NO_KEYS, ending=(ending,)), live=live, wanted=""))
    assert isinstance(found, expected)


def test_what_has_to_be_undone_is_known() -> None:
    assert HAS.opens
    assert not NO_KEYS.opens
    assert replace(NO_KEYS, intent=Intent("", "")).opens
    assert replace(NO_KEYS, ending=(Ending("a"),)).opens
    assert not replace(NO_KEYS, ending=(Ending("a", ago(1)),)).opens


class Cloud:
    """A user, a Secret and a record, played against the decisions; any answer may be lost."""

    def __init__(self) -> None:
        self.now = NOW
        self.keys: dict[str, LiveKey] = {}
        self.made: set[str] = set()
        self.by_hand: set[str] = set()
        self.secret: tuple[str, str] | None = None
        self.state = NO_KEYS
        self.issued: list[float] = []
        self.uids = 0

    def sight(self) -> Sight:
        if self.secret is None:
            return Sight.ABSENT
        uid, holds = self.secret
        if uid != self.state.secret_uid:
            return Sight.LEFT if not holds else Sight.FOREIGN
        if self.state.current and holds == self.state.current:
            return Sight.INTACT
        return Sight.CHANGED if holds else Sight.EMPTY

    def step(self, wanted: bool, lost: str) -> bool:
        """One decision; whether there was something to do. `lost` ends the process on the way."""
        sight = self.sight()
        seen = View(self.state, self.keys, sight, "kept" if wanted else "", self.now, 10.0, REST)
        decision = decide(seen)
        if isinstance(decision, Rest | Wait | Stop):
            return False
        if isinstance(decision, Issue):
            self.state = decision.announced
            self._issue(decision, lost)
            return True
        if isinstance(decision, Clear):
            self.secret = None
            return True
        if isinstance(decision, Reserve):
            self.uids += 1
            self.secret = (f"uid-{self.uids}", "")
            if not lost:
                self.state = replace(decision.then, secret_uid=self.secret[0])
            return True
        if isinstance(decision, Disable | Delete):
            assert decision.key_id in self.made
            if isinstance(decision, Delete):
                assert not self.keys[decision.key_id].active
                del self.keys[decision.key_id]
            else:
                self.keys[decision.key_id] = replace(self.keys[decision.key_id], active=False)
        if isinstance(decision, Withdraw):
            assert not any(self.keys[k].active for k in self.made if k == self.state.current)
            if self.secret is not None and self.secret[0] == self.state.secret_uid:
                self.secret = None
        if not lost:
            self.state = decision.then
        return True

    def _issue(self, decision: Issue, lost: str) -> None:
        assert len(self.keys) < 2
        assert self.secret is not None
        assert self.secret[0] == self.state.secret_uid
        if lost == "before":
            return
        name = f"LTAI-{len(self.made) + len(self.by_hand):04}"
        self.keys[name] = LiveKey(True, times.stamp(self.now))
        self.made.add(name)
        self.issued.append(self.now)
        if lost == "answer":
            return
        self.secret = (self.secret[0], name)
        if lost != "record":
            self.state = key_steps.issued(decision.announced, name, times.stamp(self.now))


EVENTS: Final = st.sampled_from(
    [
        "pass",
        "pass",
        "before",
        "answer",
        "record",
        "none",
        "key",
        "delete secret",
        "edit secret",
        "restore",
        "by hand",
        "off",
        "hour",
        "day",
        "minute",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(EVENTS, max_size=30))
def test_whatever_happens_no_key_is_lost_and_nobody_elses_is_touched(events: list[str]) -> None:
    cloud, wanted = Cloud(), True
    for event in [*events, "key", "day", "pass", "day", "pass", "none", "minute", "pass"]:
        wanted = {"none": False, "key": True}.get(event, wanted)
        cloud.now += {"hour": 3600, "day": 86_400, "minute": 60}.get(event, 1)
        if event == "delete secret":
            cloud.secret = None
        elif event == "edit secret" and cloud.secret is not None:
            cloud.secret = (cloud.secret[0], "something else")
        elif event == "restore":
            cloud.secret = ("uid-of-a-backup", "something else")
        elif event == "by hand" and len(cloud.keys) < 2:
            name = f"HAND-{len(cloud.made) + len(cloud.by_hand):04}"
            cloud.by_hand.add(name)
            # Made long before, so that no announcement covers it.
            cloud.keys[name] = LiveKey(True, times.stamp(NOW - 10 * REST))
        elif event == "off" and cloud.state.current in cloud.keys:
            cloud.keys[cloud.state.current] = LiveKey(False)
        elif event in ("pass", "before", "answer", "record", "none"):
            lost = event if event in ("before", "answer", "record") else ""
            steps = 0
            while cloud.step(wanted, lost):
                steps += 1
                assert steps < 12
                if lost:
                    break
        assert all(cloud.keys[k].active for k in cloud.by_hand if k in cloud.keys)
    known = cloud.state.ids
    lets_in = {k for k, key in cloud.keys.items() if key.active and k in cloud.made}
    assert lets_in <= known
    for first, third in zip(cloud.issued, cloud.issued[2:], strict=False):
        assert third - first >= 3600
