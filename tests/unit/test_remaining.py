"""An answer was lost: what is left of an approved change goes on, and nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator import documents
from ram_operator.constants import Reason
from ram_operator.errors import Retry
from ram_operator.gate import clearance, remaining
from ram_operator.gate.inputs import Approval, Inputs, Memory
from ram_operator.kinds import manifest as desire
from ram_operator.kinds.table import KINDS
from ram_operator.loop.gated_write import _start
from ram_operator.model import digests
from ram_operator.model.changes import Change, Held
from ram_operator.model.objects import Entry, Key, UnknownPart
from ram_operator.model.outcome import Plan
from ram_operator.model.records import NO_RIGHTS, Agreed, RecordFacts
from ram_operator.model.state import Applied, Live
from ram_operator.model.steps import Attach
from ram_operator.model.vocabulary import Direction, HeldKind, Presence
from ram_operator.planning import plan
from tests.unit.approvals_by_example import NOW as NOW_TEXT
from tests.unit.approvals_by_example import approved, offered
from tests.unit.core import (
    ACCOUNT,
    ALLOW_ALL,
    ECS,
    FC,
    NOW,
    OPTIONS,
    OWNER,
    attachment,
    inputs,
    live,
    policy,
    record,
    remembered,
    trust,
    trust_json,
    wanted,
)
from tests.unit.steps_by_example import of_entries

GROUP: Final = KINDS["RamGroup"]
A, B, OTHER = "Custom/a", "Custom/b", "Custom/other"
ALL: Final = documents.identity_text(policy(ALLOW_ALL))
Json = dict[str, Any]


def group(
    had: tuple[str, ...] = (),
    there: tuple[str, ...] = (),
    asked: tuple[str, ...] = ("ann", "ben"),
    policies: tuple[str, ...] = (A, B),
    lets: str = "",
    end: str = "",
) -> Inputs:
    """It is to get two rights and its members; `had` and `there` are what the cloud has of it.
    `lets` is a policy that lets do something else than before.
    """
    field, members = GROUP.field("policies"), GROUP.field("members")
    ends = {"expiresAt": end} if end else {}
    named = [{"type": "User", "name": name, **ends} for name in asked]
    spec = {"policies": [attachment(key) for key in policies], "members": named}
    spec["memberMode"] = spec["policyMode"] = "Additive"
    about = desire.Circumstances(OWNER, NOW)
    desired = desire.build(GROUP, Key("RamGroup", "team", "app"), spec, {}, about)
    found = {
        "policies": field.parse([attachment(key) for key in had]),
        "members": members.parse([{"type": "User", "name": name} for name in there]),
    }
    keys = {*policies, *had}
    memory = Memory(
        OPTIONS,
        Applied(known=True),
        replace(
            record(None),
            sequence=7,
            settled=True,
            agreed=Agreed({"policies": {}, "members": {}}),
        ),
        reasons=dict.fromkeys(keys, ("lets do all",)),
        lets={key: ("other",) if key == lets else (f"of {key}",) for key in keys},
        texts=dict.fromkeys(keys, ALL),
        attached=frozenset(had),
    )
    state = Live(Presence.PRESENT, "app", "id-1", "", found)
    return Inputs(GROUP, ACCOUNT, desired, state, memory)


def begun(there: Inputs) -> tuple[RecordFacts, Approval]:
    """The record once all that is held was begun, and the approval that it rests on."""
    held = plan.update(there).held
    assert held is not None
    facts = offered(held, there.memory.record)
    said = approved(facts)
    permit = clearance.weigh(held, said, facts)
    assert permit is not None
    assert facts.pending is not None
    flight = replace(
        _start(of_entries(Attach, "policies", A, permit=permit), permit).flight,
        identity="id-1",
        wishes=facts.pending.wishes,
    )
    moved = replace(facts, sequence=facts.sequence + 1, pending=None, in_flight=flight)
    return moved, said


def after(now: Inputs, facts: RecordFacts, said: Approval) -> Plan:
    return plan.update(replace(now, memory=replace(now.memory, record=facts), approval=said))


def written(decision: Plan) -> set[str]:
    """What is attached, and who joins."""
    found = (step for step in decision.steps if step.verb in ("attach", "join"))
    return {entry for step in found for entry in step.entries}


@pytest.mark.parametrize(
    ("had", "there", "left"),
    [
        ((), (), {A, B, "ann", "ben"}),
        ((A,), (), {B, "ann", "ben"}),
        ((A, B), (), {"ann", "ben"}),
        ((A, B), ("ann",), {"ben"}),
        ((), ("ann", "ben"), {A, B}),
        ((A,), ("ann", "ben"), {B}),
    ],
)
def test_what_is_left_goes_on(had: Any, there: Any, left: set[str]) -> None:
    facts, said = begun(group())
    decision = after(group(had, there), facts, said)
    assert (decision.held, written(decision)) == (None, left)
    sends = {step.permit.sends for step in decision.steps if getattr(step, "permit", None)}
    assert sends == {2}


def as_before(told: Mapping[str, str]) -> dict[str, str]:
    """By 64 bits, which an editor finds twice."""
    return {place: text[:16] for place, text in told.items()}


@pytest.mark.parametrize("part", ["parts", "seen"])
def test_what_is_told_by_64_bits_does_not_go_on(part: str) -> None:
    facts, said = begun(group())
    flight = facts.in_flight
    assert flight is not None
    told = getattr(flight, part)
    assert told
    assert {len(text) for text in told.values()} == {digests.LETTERS}
    old = replace(flight, change="another", **{part: as_before(told)})
    now = group((A,), ("ann",))
    assert written(after(now, facts, said)) == {B, "ben"}
    assert written(after(now, replace(facts, in_flight=old), said)) == set()


def test_it_goes_on_once_the_record_speaks_of_what_was_written() -> None:
    """Nobody reads the document of a policy any more that was agreed on."""
    facts, said = begun(group())
    now = group((A,), ("ann", "ben"))
    told = Agreed({"policies": {A: ALL}, "members": {"ann": NO_RIGHTS, "ben": NO_RIGHTS}})
    lets = {B: now.memory.lets[B]}
    unread = replace(now, memory=replace(now.memory, lets=lets))
    assert written(after(unread, replace(facts, agreed=told), said)) == {B}
    # Not where nobody agreed on it, nor where it lets do something else by now.
    nowhere = replace(unread, memory=replace(unread.memory, texts={B: ALL}))
    assert written(after(nowhere, facts, said)) == set()
    wider = group((A,), ("ann", "ben"), lets=A)
    assert written(after(wider, replace(facts, agreed=told), said)) == set()


def test_what_was_found_is_no_rest() -> None:
    facts, _ = begun(group())
    held, flight = plan.update(group()).held, facts.in_flight
    assert held is not None
    assert flight is not None
    for kind, left in ((HeldKind.GRANT, True), (HeldKind.FOUND, False)):
        assert remaining.is_left(replace(held, kind=kind), held.context, flight, Agreed()) is left


MOVED: Final = {
    "somebody came in by hand": group((A,), ("eve",)),
    "one more is asked for": group((A,), asked=("ann", "ben", "eve")),
    "for another time": group((A,), end="2099-01-01T00:00:00Z"),
    "a policy more is asked for": group((A,), policies=(A, B, OTHER)),
    "a policy more was attached by hand": group((A, OTHER)),
    "a policy that is to come lets do more": group((A,), lets=B),
    "the policy that came lets do more": group((A,), lets=A),
}


@pytest.mark.parametrize("now", MOVED.values(), ids=MOVED)
def test_what_has_moved_is_asked_anew(now: Inputs) -> None:
    facts, said = begun(group())
    decision = after(now, facts, said)
    assert (decision.held is not None, written(decision)) == (True, set())


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (group((OTHER,)), group((A,))),
        (group((), ("zed",)), group((A,), ())),
    ],
    ids=["what may have denied something", "a member"],
)
def test_who_has_left_was_seen_too(before: Inputs, now: Inputs) -> None:
    facts, said = begun(before)
    decision = after(now, facts, said)
    assert (decision.held is not None, written(decision)) == (True, set())


def test_a_policy_that_lets_do_something_else_by_now_is_not_agreed_on() -> None:
    """Its attachment was approved and begun, and is excess all the same: it goes again."""
    facts, said = begun(group())
    decision = after(group((A,), lets=A), facts, said)
    assert [(s.verb, set(s.entries)) for s in decision.steps if s.verb == "detach"] == [
        ("detach", {A})
    ]
    agreed = [dict(s.agrees.entries) for s in decision.steps if s.verb == "note"]
    assert all(A not in entries.get("policies", {}) for entries in agreed)


@pytest.mark.parametrize(
    "change",
    [
        {"expires": NOW_TEXT},
        {"sends": 2},
        {"approval": "sha256:another"},
        {"identity": "id-2"},
        {"parts": {}, "seen": {}},
    ],
)
def test_what_was_begun_otherwise_opens_nothing(change: Json) -> None:
    facts, said = begun(group())
    assert facts.in_flight is not None
    facts = replace(facts, in_flight=replace(facts.in_flight, **change))
    decision = after(group((A,)), facts, said)
    assert (decision.held is not None, written(decision)) == (True, set())


def test_without_what_was_begun_nothing_goes_on() -> None:
    facts, said = begun(group())
    decision = after(group((A,)), replace(facts, in_flight=None), said)
    assert (decision.held is not None, written(decision)) == (True, set())


def test_who_is_in_the_group_has_to_be_known() -> None:
    facts, said = begun(group())
    now = group((A,), ())
    unknown = UnknownPart(Retry(Reason.THROTTLED, "later"))
    fields = {**now.live.fields, "members": unknown}
    decision = after(replace(now, live=replace(now.live, fields=fields)), facts, said)
    assert written(decision) == set()


def test_of_a_role_the_trust_or_the_policy_is_left() -> None:
    asked = wanted({"trustPolicy": trust_json(FC, ECS), "policies": [attachment(A)]})
    memory = replace(
        remembered(wanted({})),
        lets={A: ("of a",)},
        texts={A: ALL},
        reasons={A: ("all",)},
        harmless_policies=frozenset(),
    )
    memory = replace(memory, record=replace(memory.record, sequence=7, settled=True))
    facts, said = begun(inputs(asked, live(policies={}), memory))
    attached = GROUP.field("policies").parse([attachment(A)])
    for found, verbs in (
        (live(policies=attached), {"trust"}),
        (live(policies={}, trustPolicy=trust(FC, ECS)), {"attach"}),
    ):
        decision = after(inputs(asked, found, memory), facts, said)
        assert decision.held is None
        assert {s.verb for s in decision.steps if s.verb in ("trust", "attach")} == verbs


def test_too_much_to_tell_is_told_not_at_all() -> None:
    changes = tuple(
        Change("members", None, Entry(str(n)), Direction.WIDER, str(n)) for n in range(513)
    )
    assert remaining.told(Held(HeldKind.GRANT, "", changes=changes)) == ({}, {})
    parts, seen = remaining.told(Held(HeldKind.GRANT, "", changes=changes[:512]))
    assert (len(parts), seen) == (512, {})


def crowded(had: tuple[str, ...] = (), lets: str = "", size: int = 520) -> Inputs:
    """A policy for a group of so many, who are all agreed on."""
    crowd = tuple(f"user-{n}" for n in range(size))
    found = group(had, crowd, policies=(A,), asked=crowd, lets=lets)
    agreed = Agreed({"policies": {}, "members": dict.fromkeys(crowd, NO_RIGHTS)})
    record = replace(found.memory.record, agreed=agreed)
    return replace(found, memory=replace(found.memory, record=record))


@pytest.mark.parametrize("size", [5, 520])
def test_of_a_large_group_a_policy_that_was_widened_meanwhile_is_not_agreed_on(size: int) -> None:
    """Where more than 512 things were seen, what the policy let do is not kept either."""
    facts, said = begun(crowded(size=size))
    decision = after(crowded((A,), lets=A, size=size), facts, said)
    noted = [s.agrees.entries.get("policies", {}) for s in decision.steps]
    assert [set(s.entries) for s in decision.steps if s.verb == "detach"] == [{A}]
    assert not any(each.get(A) for each in noted)


def test_a_policy_that_did_not_exist_is_not_agreed_on_whatever_it_has_become() -> None:
    """Nobody knew what it would allow. The attachment was refused; then a hand makes it."""
    ghost = group((), ("ann",), policies=(A,), asked=("ann",))
    before = replace(ghost, memory=replace(ghost.memory, lets={}, texts={}))
    facts, said = begun(before)
    now = group((A,), ("ann",), policies=(A,), asked=("ann",))
    decision = after(now, facts, said)
    assert not any(s.agrees.entries.get("policies", {}).get(A) for s in decision.steps)


@pytest.mark.parametrize("known", [(A, B), (B,)], ids=["both were read", "one was not"])
def test_a_policy_that_is_not_there_any_more_takes_its_denials_along(
    known: tuple[str, ...],
) -> None:
    """Both were agreed on, taken away by hand, and approved anew. The reference to one of them has
    nothing behind it any more: it may be what has denied something.
    """

    def back(*policies: str) -> Inputs:
        found = group((), ("ann",), policies=policies, asked=("ann",))
        agreed = Agreed({"policies": {A: ALL, B: ALL}, "members": {"ann": NO_RIGHTS}})
        record = replace(found.memory.record, agreed=agreed)
        lets = {key: text for key, text in found.memory.lets.items() if key in known}
        return replace(found, memory=replace(found.memory, record=record, lets=lets))

    facts, said = begun(back(A, B))
    decision = after(back(B), facts, said)
    assert written(decision) == set()
