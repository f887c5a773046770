"""What people are shown of access keys: in the status, and by events."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator.constants import Reason
from ram_operator.model.key_state import NO_KEYS, Ending, KeyDone, KeyReport, ShownKey
from ram_operator.model.outcome import Outcome
from ram_operator.model.vocabulary import KeyChange, KeyPhase, Phase
from ram_operator.planning import key_shown
from ram_operator.planning.key_view import LiveKey, Sight
from ram_operator.reporting.events import Event, done
from ram_operator.reporting.status import build_report
from tests.unit.test_access_keys import HAS, MINE, NOW, OFF, ON, REST, ago, view

Json = dict[str, Any]
STAMP: Final = "2030-03-17T17:46:40Z"


def of(ending: Ending, key: LiveKey | None = ON, **more: Any) -> ShownKey:
    live = {"LTAI-past": key} if key is not None else {}
    (shown,) = key_shown.shown(view(replace(NO_KEYS, ending=(ending,)), live=live, **more))
    return shown


def test_the_key_in_the_secret_comes_first_and_says_when_it_is_replaced() -> None:
    new = replace(HAS, issued=ago(REST))
    assert key_shown.shown(view(new, live=MINE, sight=Sight.INTACT)) == (
        ShownKey("…mine", KeyPhase.CURRENT, ago(REST)),
    )
    rotates = view(new, live=MINE, sight=Sight.INTACT, rotate=90 * REST)
    (shown,) = key_shown.shown(rotates)
    assert shown.until == ago(-89 * REST)
    full = replace(rotates, now=NOW + 90 * REST, live={**MINE, "LTAI-other": ON})
    assert "the rotation waits: a user has at most 2" in key_shown.shown(full)[0].waits
    odd = view(replace(HAS, issued="nonsense"), live=MINE, rotate=REST)
    assert key_shown.shown(odd)[0].until == ""
    assert key_shown.shown(view()) == ()


@pytest.mark.parametrize(
    ("ending", "key", "phase", "until"),
    [
        (Ending("LTAI-past", ago(10), active=True), ON, KeyPhase.REPLACED, ago(10 - REST)),
        (Ending("LTAI-past"), ON, KeyPhase.REPLACED, ""),
        (Ending("LTAI-past"), None, KeyPhase.REPLACED, ""),
        (Ending("LTAI-past"), OFF, KeyPhase.ENDED, ""),
        (Ending("LTAI-past", ago(10)), OFF, KeyPhase.ENDED, ago(10 - REST)),
    ],
)
def test_one_that_is_to_go(
    ending: Ending, key: LiveKey | None, phase: KeyPhase, until: str
) -> None:
    shown = of(ending, key)
    assert (shown.name, shown.phase, shown.until) == ("…past", phase, until)
    assert shown.waits == ""


def test_one_that_is_used_still_says_so_by_the_day() -> None:
    """By the hour the status would be written each time that the cloud tells of another use."""
    old = Ending("LTAI-past", ago(2 * REST), active=True)
    shown = of(old, used={"LTAI-past": NOW - 60})
    assert shown.waits == "is used still, last on 2030-03-17: it lets in until it is not"
    assert of(old, used={"LTAI-past": 0.0}).waits == ""


CURRENT: Final = ShownKey("…mine", KeyPhase.CURRENT, STAMP, waits="the rotation waits")


def told(old: Json, report: KeyReport | None) -> tuple[Json, tuple[Event, ...]]:
    outcome = Outcome(Phase.DONE, Reason.SYNCED, "as asked", keys=report)
    found = build_report(old, outcome, 1, STAMP, {})
    return dict(found.status), found.events


def test_the_status_has_each_and_what_waits_is_said_once() -> None:
    report = KeyReport((CURRENT,), secret="kept")
    status, events = told({}, report)
    (key,) = status["accessKeys"]
    assert key == {
        "id": "…mine",
        "state": "Current",
        "since": STAMP,
        "waits": "the rotation waits",
    }
    assert [(e.reason, e.warning) for e in events] == [("AccessKeyWaits", True)]
    assert told(status, report) == (status, ())
    assert told(status, None) == (status, ()), "what was not looked at stays as it was"
    assert "accessKeys" not in told(status, KeyReport())[0]


CHANGES: Final = {
    KeyChange.MADE: ("AccessKeyMade", "access key …new is in Secret kept"),
    KeyChange.REPLACED: (
        "AccessKeyRotated",
        "access key …new is in Secret kept in place of …old, which lets in for a while yet, and for"
        " as long as it is used",
    ),
    KeyChange.ENDED: ("AccessKeyEnded", "access key …new lets nobody in any more"),
    KeyChange.DELETED: ("AccessKeyDeleted", "access key …new is deleted"),
}


@pytest.mark.parametrize("change", list(KeyChange))
def test_what_was_done_is_told_whatever_becomes_of_the_status(change: KeyChange) -> None:
    report = KeyReport(done=(KeyDone(change, "…new", "…old"),), secret="kept")
    reason, message = CHANGES[change]
    event = Event(reason, message)  # type: ignore[arg-type]
    assert told({}, report)[1] == (event,)
    assert done(Outcome(Phase.DONE, Reason.SYNCED, "", keys=report)) == (event,)
