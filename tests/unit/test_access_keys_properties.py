"""Access keys for any order of events: none is lost, and nobody else's is touched."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st

from ram_operator import times
from ram_operator.model.key_state import NO_KEYS
from ram_operator.planning import key_steps
from ram_operator.planning.key_steps import decide
from ram_operator.planning.key_view import (
    Clear,
    Delete,
    Disable,
    Issue,
    LiveKey,
    Look,
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
        self.used: dict[str, float] = {}
        self.rotate: float | None = None
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
        seen = View(
            self.state,
            self.keys,
            sight,
            "kept" if wanted else "",
            self.now,
            10.0,
            REST,
            self.secret[1] if self.secret is not None else "",
            self.rotate,
            self.used,
        )
        decision = decide(seen)
        if isinstance(decision, Rest | Wait | Stop):
            return False
        if isinstance(decision, Look):
            self.used[decision.key_id] = 0.0
            return True
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
                self.keys[decision.key_id] = LiveKey(False)
        if isinstance(decision, Withdraw):
            assert self.secret is None or not self.lets_in(self.secret[1])
            if self.secret is not None and self.secret[0] == self.state.secret_uid:
                self.secret = None
        if not lost:
            self.state = decision.then
        return True

    def lets_in(self, key_id: str) -> bool:
        return key_id in self.made & self.keys.keys() and self.keys[key_id].active

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


KILLED: Final = st.sampled_from(["pass", "before", "answer", "record", "minute", "hour", "day"])


@settings(max_examples=300, deadline=None)
@given(st.lists(KILLED, max_size=40))
def test_while_it_rotates_and_is_killed_the_key_in_the_secret_lets_in(events: list[str]) -> None:
    cloud = Cloud()
    cloud.rotate = 3 * REST
    for event in events:
        cloud.now += {"hour": 3600, "day": 86_400, "minute": 60}.get(event, 1)
        lost = event if event in ("before", "answer", "record") else ""
        while cloud.step(wanted=True, lost=lost):
            if lost:
                break
        holds = cloud.secret[1] if cloud.secret is not None else ""
        assert not holds or cloud.keys[holds].active


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
