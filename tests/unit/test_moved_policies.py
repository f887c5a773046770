"""Custom policies that nobody here manages: what others make of them under their holders."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from ram_operator import documents
from ram_operator.constants import DriftPolicy, Reason
from ram_operator.errors import Retry
from ram_operator.gate import approvals
from ram_operator.gate.inputs import Inputs
from ram_operator.kinds.entries import ATTACHED_AS
from ram_operator.kinds.record import Identity, RecordChange, first
from ram_operator.loop import lookups
from ram_operator.loop.sources import Sources
from ram_operator.loop.subject import Subject
from ram_operator.loop.watching import _came_unseen
from ram_operator.model.objects import Entry, Owner, UnknownPart
from ram_operator.model.outcome import Plan
from ram_operator.model.records import (
    NO_RIGHTS,
    UNKNOWN_RIGHTS,
    Agreed,
    RecordFacts,
    Rejection,
    denying,
)
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Cause, HeldKind
from ram_operator.planning import plan
from tests.unit.approvals_by_example import SCOPE, approved, offered
from tests.unit.core import (
    ACCOUNT,
    ACCOUNT_ID,
    ALLOW_ALL,
    ALLOW_READ,
    KEY,
    OWNER,
    attachment,
    inputs,
    made,
    policy,
    remembered,
    wanted,
)
from tests.unit.in_memory import Manifests, Snapshot
from tests.unit.test_baseline import group

P: Final = "Custom/p"
SPEC: Final = {"policies": [attachment(P)]}
ALL: Final = documents.identity_text(policy(ALLOW_ALL))
UNREAD: Final = UnknownPart(Retry(Reason.THROTTLED, "later"))


@dataclass(frozen=True)
class Cloud(Snapshot):
    """One policy, as it is read and in which version."""

    found: tuple[str, Any] = ("v2", policy(ALLOW_ALL))
    asked: list[str] = field(default_factory=list)
    notes: dict[tuple[str, str], object] = field(default_factory=dict)

    def version(self, name: str) -> tuple[str, Any]:
        self.asked.append(name)
        if self.found[0] == "":
            raise Retry(Reason.THROTTLED, "later")
        return self.found

    def compared(self, holder: str, policy: str, state: object) -> bool:
        return self.notes.get((holder, policy)) == state

    def note(self, holder: str, policy: str, state: object) -> None:
        self.notes[holder, policy] = state


def look(
    cloud: Cloud,
    text: str = NO_RIGHTS,
    listed: str = "v2",
    owner: str = "",
    denies: str = "",
) -> Any:
    """What a pass over a role finds that has the policy, asks for it, and agreed on `text`."""
    asked = wanted(SPEC)
    there = made(asked)
    live = replace(there, fields={**there.fields, ATTACHED_AS: {P: Entry(listed, "today")}})
    bodies = {}
    if owner:
        identity = Identity(ACCOUNT_ID, "RamPolicy", "p")
        says = RecordChange(owner=Owner(OWNER.cluster, "team", owner), cloud_id="7", sequence=1)
        bodies[identity.key] = first(identity, says)
    sources = Sources(OWNER.cluster, ACCOUNT, Manifests(bodies), cloud)
    meta = {"name": KEY.name, "namespace": KEY.namespace, "uid": "u"}
    subject = Subject.of(KEY, {"metadata": meta, "spec": SPEC})
    said = {denying("policies"): {P: denies}} if denies else {}
    facts = RecordFacts(agreed=Agreed({"policies": {P: text}, **said}))
    return lookups.look(sources, subject, asked, live, facts)


def test_what_lets_do_more_than_was_agreed_on_is_told_at_each_look() -> None:
    cloud = Cloud()
    for _ in range(2):
        known = look(cloud)
        assert known.moved == {P: ALL}
        assert P in known.reasons
        assert P not in known.texts
    assert cloud.asked == ["p", "p"]


@pytest.mark.parametrize("found", [policy(ALLOW_READ), policy(ALLOW_ALL)])
def test_what_was_agreed_on_is_read_once(found: documents.Policy) -> None:
    cloud = Cloud(found=("v2", found))
    text = documents.identity_text(found) or NO_RIGHTS
    for _ in range(2):
        assert look(cloud, text).moved == {}
    assert cloud.asked == ["p"]
    # Another version, or another agreement, is compared anew.
    look(cloud, text, listed="v3")
    assert cloud.asked == ["p", "p"]


def test_what_lets_do_less_is_what_counts_as_agreed_on() -> None:
    cloud = Cloud(found=("v2", policy(ALLOW_READ)))
    known = look(cloud, ALL)
    assert (known.less, known.moved, cloud.notes) == ({P: NO_RIGHTS}, {}, {})
    # Until the record says so it is read again.
    assert look(cloud, ALL).less == {P: NO_RIGHTS}
    there = holder(moved={}, reasons={}, lets={}, less=known.less)
    facts = there.memory.record
    entries = {**facts.agreed.entries, "policies": {P: ALL}}
    facts = replace(facts, agreed=replace(facts.agreed, entries=entries))
    decision = plan.update(replace(there, memory=replace(there.memory, record=facts)))
    assert [step.agrees.entries for step in decision.steps] == [{"policies": {P: NO_RIGHTS}}]
    assert (decision.held, decision.drift) == (None, ())


def test_what_an_older_version_has_not_noted_of_denials_is_noted() -> None:
    """Nobody reads a policy that was agreed on, so who takes it away in both would not be seen."""
    guard = policy({"Effect": "Deny", "Action": "ram:*", "Resource": "*"})
    cloud = Cloud(found=("v2", guard))
    known = look(cloud)
    assert known.denying == {P: documents.denied_text(guard)}
    assert (known.moved, known.less, known.texts, cloud.notes) == ({}, {}, {}, {})
    there = holder(moved={}, reasons={}, lets={}, denying=known.denying, attached=frozenset({P}))
    decision = plan.update(there)
    assert (decision.held, decision.drift) == (None, ())
    assert [step.agrees.entries for step in decision.steps] == [
        {denying("policies"): known.denying}
    ]
    # Then it is compared once, like any other.
    for _ in range(2):
        assert look(cloud, denies=known.denying[P]).denying == {}
    assert cloud.asked == ["p", "p"]


def test_what_is_only_spelled_otherwise_is_no_less() -> None:
    cloud = Cloud()
    spelled = documents.identity_text(policy({**ALLOW_ALL, "Resource": ["*", "*"]}))
    assert look(cloud, spelled).less == {}
    assert look(Cloud(found=("v1", policy(ALLOW_READ))), ALL).less == {}


def test_an_answer_that_is_older_than_the_list_settles_nothing() -> None:
    cloud = Cloud(found=("v1", policy(ALLOW_READ)))
    assert look(cloud).moved == {}
    assert cloud.notes == {}


@pytest.mark.parametrize("found", [("", None), ("v2", UNREAD)])
def test_what_cannot_be_read_is_looked_at_again(found: Any) -> None:
    cloud = Cloud(found=found)
    assert look(cloud).moved == {}
    assert cloud.notes == {}


@pytest.mark.parametrize(("text", "owner"), [(NO_RIGHTS, "p"), (UNKNOWN_RIGHTS, "")])
def test_what_an_object_owns_or_nobody_knows_is_left_alone(text: str, owner: str) -> None:
    cloud = Cloud()
    assert look(cloud, text, owner=owner).moved == {}
    assert cloud.asked == []


def holder(**memory: Any) -> Inputs:
    """A role whose policy lets do all by now."""
    asked = wanted(SPEC)
    known = remembered(asked)
    before = known.record.agreed
    agreed = replace(before, entries={**before.entries, "policies": {P: NO_RIGHTS}})
    facts = replace(known.record, agreed=agreed, sequence=7, settled=True)
    moved = {"moved": {P: ALL}, "reasons": {P: ("all",)}, "lets": {P: ("all",)}}
    return inputs(asked, made(asked), replace(known, record=facts, **{**moved, **memory}))


@pytest.mark.parametrize("drift", list(DriftPolicy))
def test_it_stays_and_waits_for_somebody(drift: DriftPolicy) -> None:
    there = holder()
    options = replace(there.memory.options, drift=drift)
    decision = plan.update(replace(there, memory=replace(there.memory, options=options)))
    assert decision.held is not None
    assert decision.held.kind is HeldKind.FOUND
    assert decision.held.gains == (f"policies: {P} lets do more than was agreed on",)
    assert decision.steps == ()
    assert plan.drifted(there)
    assert not _came_unseen(there, decision)
    assert _came_unseen(replace(there, memory=replace(there.memory, moved={})), decision)
    assert not _came_unseen(there, Plan())


def test_once_approved_the_record_says_what_it_lets_do_now() -> None:
    there = holder()
    held = plan.update(there).held
    assert held is not None
    facts = offered(held, there.memory.record)
    said = replace(approved(facts), scope=SCOPE)
    memory = replace(there.memory, record=facts)
    decision = plan.update(replace(there, memory=memory, approval=said))
    assert decision.held is None
    agreed = [step.agrees.entries for step in decision.steps]
    assert agreed == [{"policies": {P: ALL}}]


def test_once_rejected_it_goes() -> None:
    there = holder()
    held = plan.update(there).held
    assert held is not None
    no = Rejection("change", approvals.wishes(held), "2026-01-01T00:00:00Z", "ann", "no")
    facts = replace(there.memory.record, rejections=(no,))
    decision = plan.update(replace(there, memory=replace(there.memory, record=facts)))
    assert [(step.verb, step.cause) for step in decision.steps] == [("detach", Cause.DRIFT)]
    assert decision.held is not None


def test_the_members_of_a_group_stay_and_are_listed_once_it_is_approved() -> None:
    admin = "Custom/admin"
    there = group("ann", carries=NO_RIGHTS, agreed={}, texts={})
    memory = replace(there.memory, moved={admin: ALL}, reasons={admin: ("all",)})
    record = replace(memory.record, sequence=7, settled=True)
    there = replace(there, memory=replace(memory, record=record))
    decision = plan.update(there)
    assert decision.steps == ()
    assert decision.held is not None
    assert {c.entry for c in decision.held.changes} == {admin}
    assert decision.held.gains[1:] == ("who is in the group has it then, 1 by now: ann",)
    facts = offered(decision.held, record)
    there = replace(there, memory=replace(there.memory, record=facts), approval=approved(facts))
    (step,) = plan.update(there).steps
    assert step.agrees.entries == {"policies": {admin: ALL}, "members": {"ann": NO_RIGHTS}}


def test_live_without_a_list_says_nothing() -> None:
    cloud = Cloud()
    asked = wanted(SPEC)
    sources = Sources(OWNER.cluster, ACCOUNT, Manifests({}), cloud)
    meta = {"name": KEY.name, "namespace": KEY.namespace, "uid": "u"}
    subject = Subject.of(KEY, {"metadata": meta, "spec": SPEC})
    facts = RecordFacts(agreed=Agreed({"policies": {P: NO_RIGHTS}}))
    for unread in ({}, {ATTACHED_AS: {P: Entry("v2")}, "policies": UNREAD}):
        there = made(asked)
        found: Live = replace(there, fields={**there.fields, **unread})
        assert lookups.look(sources, subject, asked, found, facts).moved == {}
    assert cloud.asked == []
