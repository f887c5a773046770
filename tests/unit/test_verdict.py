"""Several things are true at once: the first gives phase and reason, and none is left out."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import pytest

from ram_operator.constants import Reason, Severity
from ram_operator.errors import RamOperatorError, Retry, Stalled
from ram_operator.model import sentences
from ram_operator.model.changes import Drift, Held
from ram_operator.model.objects import Entry, UnknownPart
from ram_operator.model.outcome import Plan
from ram_operator.model.state import Live
from ram_operator.model.steps import Delete, Tag
from ram_operator.model.vocabulary import Cause, Direction, Phase, Presence
from ram_operator.reporting import carryover, texts, verdict
from ram_operator.reporting.texts import held_reason
from tests.unit.outcomes import GONE, HELD, STALLED, after

DENIED = Stalled(Reason.ACCESS_DENIED, "RAM denies ram:DetachPolicyFromRole")
LIMITED = Stalled(Reason.QUOTA_EXCEEDED, "no more than 20 policies")
SLOW = Retry(Reason.THROTTLED, "RAM throttles reads", 3.0)
OPEN: Any = after(
    type(STALLED)(
        Phase.STALLED, Reason.APPROVAL_REQUIRED, "", plan=Plan(held=Held("TrustChange", "open"))
    )
)
OBSERVE = verdict.Stopped(Reason.OBSERVE_ONLY, "RamAccount main is in mode Observe")
WAITING = "RamPolicy team/read: it does not exist"
PARTS: dict[str, tuple[str, Phase, Reason, str]] = {
    # what is so: a word to turn it on, and the verdict if nothing weighs more
    "step": ("step", Phase.STALLED, Reason.ACCESS_DENIED, DENIED.message),
    "unread": ("unread", Phase.RETRY, Reason.THROTTLED, SLOW.message),
    "provider": ("provider", Phase.STALLED, Reason.QUOTA_EXCEEDED, LIMITED.message),
    "held": ("held", Phase.STALLED, Reason.APPROVAL_REQUIRED, sentences.held(HELD)),
    "drift": ("drift", Phase.STALLED, Reason.DRIFTED, "left as it is in the cloud: policies[x]"),
    "waiting": ("waiting", Phase.RETRY, Reason.DEPENDENCY_NOT_READY, "waits for " + WAITING),
}


def case(*so: str, observe: bool = False, **more: Any) -> verdict.Case:
    decision = Plan(
        held=HELD if "held" in so else None,
        drift=(GONE,) if "drift" in so else (),
        waiting=(WAITING,) if "waiting" in so else (),
        error=LIMITED if "provider" in so else None,
        in_sync=not so,
    )
    fields = {"tags": UnknownPart(SLOW)} if "unread" in so else {}
    live = Live(Presence.PRESENT, "app", fields=fields)
    errors: tuple[RamOperatorError, ...] = (DENIED,) if "step" in so else ()
    given: dict[str, Any] = {"decision": decision, "live": live, "status": {}, **more}
    stopped = OBSERVE if observe else None
    return verdict.Case("role app", stopped, errors=() if observe else errors, **given)


def tagging(*keys: str) -> Tag:
    entries = {key: Entry(key, "x") for key in keys}
    return Tag(
        summary=f"tag {', '.join(keys)}",
        cause=Cause.ADOPTION,
        direction=Direction.NEUTRAL,
        field="tags",
        entries=entries,
    )


OURS = ("ram-operator/cluster", "ram-operator/namespace", "ram-operator/name")


def test_our_own_mark_is_nothing_that_people_read_of() -> None:
    assert texts.would_do([tagging(*OURS), tagging("team", OURS[0]), tagging("a", "b")]) == [
        "tag team",
        "tag a, b",
    ]
    marks = Plan((tagging(*OURS),), in_sync=False)
    first, also = verdict.judge(case(observe=True, decision=marks))
    assert (first.phase, also) == (Phase.DONE, ())
    for more in ({"drift": (GONE,)}, {"waiting": (WAITING,)}, {"held": HELD}):
        first, _ = verdict.judge(case(observe=True, decision=replace(marks, **more)))
        assert first.reason is Reason.OBSERVE_ONLY
        assert "ram-operator/" not in first.message
    nothing = Plan(in_sync=False)
    assert verdict.judge(case(observe=True, decision=nothing))[0].reason is Reason.OBSERVE_ONLY


def test_any_other_step_is_said_as_it_says_itself() -> None:
    gone = Delete(summary="delete the role", cause=Cause.ADOPTION, direction=Direction.NEUTRAL)
    assert texts.would_do([tagging(*OURS), gone]) == ["delete the role"]


@pytest.mark.parametrize("number", range(1, len(PARTS) + 1))
def test_whatever_is_so_is_said_and_what_weighs_most_comes_first(number: int) -> None:
    for so in itertools.combinations(PARTS, number):
        found, also = verdict.judge(case(*so))
        first, *others = [PARTS[name] for name in so]
        assert (found.phase, found.reason) == first[1:3], so
        assert found.message.startswith(first[3]), so
        assert len(also) == len(others), so
        for text, other in zip(also, others, strict=True):
            assert text.startswith(other[3]), so


def test_where_nothing_is_wrong_it_is_as_asked() -> None:
    for observe in (False, True):
        found, also = verdict.judge(case(observe=observe))
        assert (found, also) == (
            verdict.Verdict(Phase.DONE, Reason.SYNCED, "role app is as asked"),
            (),
        )


def test_what_is_suspended_says_so_even_where_nothing_is_wrong() -> None:
    stopped = verdict.Stopped(Reason.SUSPENDED, "spec.suspend is true")
    found, also = verdict.judge(replace(case(), stopped=stopped))
    assert (found.phase, found.reason) == (Phase.STALLED, Reason.SUSPENDED)
    assert (found.message, also) == ("spec.suspend is true", ())
    found, also = verdict.judge(replace(case("waiting"), stopped=stopped))
    assert found.message.startswith("spec.suspend is true; would wait for ")


def test_in_observe_one_sentence_says_what_would_be_done() -> None:
    found, also = verdict.judge(case("held", "drift", "waiting", observe=True))
    assert (found.phase, found.reason, also) == (Phase.STALLED, Reason.OBSERVE_ONLY, ())
    for part in ("RamAccount main is in mode Observe; would wait for ", WAITING, "hold: "):
        assert part in found.message
    assert verdict.judge(case("drift", observe=True))[0].message.endswith("; would report")
    found, also = verdict.judge(case("unread", "held", observe=True))
    assert (found.reason, len(also)) == (Reason.THROTTLED, 1)


def test_of_what_cannot_be_read_a_person_mends_the_first() -> None:
    parts: Any = {"tags": UnknownPart(SLOW), "policies": UnknownPart(DENIED)}
    found, also = verdict.judge(case(live=Live(Presence.PRESENT, fields=parts)))
    assert (found.reason, also) == (Reason.ACCESS_DENIED, (SLOW.message,))
    found, also = verdict.judge(case("unread", live=None))
    assert (found.reason, also) == (Reason.SYNCED, ())


def test_an_error_says_when_to_look_again_and_is_not_repeated() -> None:
    twice: Any = {"tags": UnknownPart(SLOW), "policies": UnknownPart(SLOW)}
    plan = Plan(waiting=(f"tags, which could not be read: {SLOW.message}",), in_sync=False)
    live = Live(Presence.PRESENT, fields=twice)
    found, also = verdict.judge(case(live=live, decision=plan))
    assert (found.phase, found.after, found.message) == (Phase.RETRY, 3.0, SLOW.message)
    assert also == (f"waits for {plan.waiting[0]}",)


def test_what_is_held_of_drift_is_said_once_and_the_gravest_comes_first() -> None:
    mild = Drift("tags[a]", "1", "2", Severity.WARNING, "reported")
    waits = Drift("trustPolicy", "a", "b", Severity.CRITICAL, "held")
    found, also = verdict.judge(
        case(decision=Plan(held=HELD, drift=(mild, waits, GONE), in_sync=False))
    )
    assert found.reason is Reason.APPROVAL_REQUIRED
    assert also == ("left as it is in the cloud: policies[x]: (none); tags[a]: 2",)


def test_what_may_be_held_still_is_said_with_the_last_word() -> None:
    decision = Plan(unread=frozenset({"trustPolicy"}), drift=(GONE,), in_sync=False)
    assert carryover.still_open(OPEN, decision)
    found, also = verdict.judge(case(status=OPEN, decision=decision))
    assert found.reason is Reason.APPROVAL_REQUIRED
    assert found.message == "what is held is looked at again: open"
    assert len(also) == 1
    assert held_reason(HELD) is Reason.APPROVAL_REQUIRED


def test_what_was_deleted_by_hand_is_critical_drift_and_nothing_else_is_known() -> None:
    outcome = verdict.gone(("role", "ci"), "1122334455667788", "asked")
    assert (outcome.phase, outcome.reason) == (Phase.STALLED, Reason.NOT_FOUND)
    assert "role ci was deleted in the cloud by hand" in outcome.message
    (entry,) = outcome.drift_remaining
    assert (entry.field, entry.severity, entry.action) == ("role", Severity.CRITICAL, "reported")
    assert outcome.handled_request == "asked"
