"""What was found in the cloud: agreed on by an approval, for the record alone; and what goes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.constants import DriftPolicy, Reason
from ram_operator.errors import Retry
from ram_operator.gate import approvals
from ram_operator.gate.inputs import Inputs
from ram_operator.model import applied_marks
from ram_operator.model.objects import Entry, UnknownPart
from ram_operator.model.outcome import Plan
from ram_operator.model.records import NO_RIGHTS, Agreed, InFlight, Rejection
from ram_operator.model.state import Applied
from ram_operator.model.steps import Agree, AgreeDocument, Attach, Note, WriteDocument
from ram_operator.model.vocabulary import HeldKind
from ram_operator.planning import plan
from tests.unit.approvals_by_example import approved, offered
from tests.unit.core import (
    ALLOW_ALL,
    ALLOW_READ,
    FC,
    OUTSIDER,
    attachment,
    inputs,
    made,
    policies,
    policy,
    remembered,
    trust,
    trust_json,
    wanted,
    wanted_policy,
)
from tests.unit.test_offered_members import group, people

ADMIN = "Custom/admin"
TEXT = documents.identity_text(policy(ALLOW_ALL))
RAM = {**ALLOW_READ, "Action": "ram:*"}
ALL = {"Version": "1", "Statement": [ALLOW_ALL]}
HOLDERS = {
    "group/team": Entry("Team", "RamGroup shop/team"),
    "group/team/ann": Entry("Ann"),
    "user/ben": Entry("ben", "no object here"),
}


def rampolicy(*asked: Any, live: documents.Policy | None = None, **memory: Any) -> Inputs:
    """One whose agreed document reads alone."""
    now = wanted_policy(document={"Version": "1", "Statement": list(asked)})
    there = made(now)
    if live is not None:
        there = replace(there, fields={**there.fields, "document": live})
    known = replace(remembered(wanted_policy()), holders=HOLDERS)
    return inputs(now, there, replace(known, **memory))


def role(**spec: Any) -> Inputs:
    """It has what it asks for, and was agreed on with FC and no policy."""
    asked = wanted(spec)
    memory = replace(
        remembered(wanted({})), watched=False, texts={ADMIN: TEXT}, attached=frozenset({ADMIN})
    )
    return inputs(asked, made(asked), memory)


FOUND = {
    "trust": role(trustPolicy=trust_json(FC, OUTSIDER)),
    "attachment": role(policies=[attachment(ADMIN)]),
    "document": rampolicy(ALLOW_ALL, watched=False),
}


def once_approved(found: Inputs) -> Plan:
    held = plan.update(found).held
    assert held is not None
    facts = offered(held, replace(found.memory.record, sequence=7, settled=True))
    memory = replace(found.memory, record=facts)
    return plan.update(replace(found, memory=memory, approval=approved(facts)))


@pytest.mark.parametrize("found", FOUND.values(), ids=FOUND)
def test_it_is_shown_as_critical_and_held_and_nothing_is_written(found: Inputs) -> None:
    decision = plan.update(found)
    assert decision.found
    assert decision.in_sync
    assert [step for step in decision.steps if not isinstance(step, Note)] == []
    assert [(d.action, d.severity.value) for d in decision.drift] == [("held", "critical")]
    assert decision.held is not None
    assert decision.held.gains


@pytest.mark.parametrize("found", FOUND.values(), ids=FOUND)
def test_what_was_found_is_looked_at_twice_like_drift(found: Inputs) -> None:
    assert plan.drifted(found)


@pytest.mark.parametrize("found", FOUND.values(), ids=FOUND)
def test_an_approval_is_for_the_record_alone(found: Inputs) -> None:
    decision = once_approved(found)
    assert (decision.held, decision.drift) == (None, ())
    (step,) = (step for step in decision.steps if not isinstance(step, Note))
    assert isinstance(step, Agree | AgreeDocument)
    assert step.permit.covers(*step.parts[0])
    assert step.settles == {step.field if not step.parts[0][1] else f"policies[{ADMIN}]"}


def test_what_is_agreed_on_then_is_what_was_found() -> None:
    (step,) = once_approved(FOUND["attachment"]).steps
    assert step.agrees == Agreed({"policies": {ADMIN: TEXT}})
    (step,) = once_approved(FOUND["document"]).steps
    assert step.agrees.document == policy(ALLOW_ALL)
    assert step.agrees.holders == HOLDERS
    (step,) = once_approved(FOUND["trust"]).steps
    assert isinstance(step, AgreeDocument)
    assert step.document == trust(FC, OUTSIDER)


def test_a_sentence_says_who_has_the_policy() -> None:
    held = plan.update(FOUND["document"]).held
    assert held is not None
    assert held.gains[-1] == (
        "whoever has it: group Team (RamGroup shop/team) with Ann; user ben (no object here)"
    )
    nobody = plan.update(rampolicy(ALLOW_ALL, watched=False, holders={})).held
    assert nobody is not None
    assert nobody.gains == held.gains[:-1]


@pytest.mark.parametrize("unknown", [None, UnknownPart(Retry(Reason.ACCESS_DENIED, "no"))])
def test_who_has_the_policy_must_be_known(unknown: UnknownPart | None) -> None:
    found = rampolicy(ALLOW_ALL, watched=False, holders=unknown)
    decision = once_approved(found)
    assert decision.held is not None
    assert [step for step in decision.steps if not isinstance(step, Note)] == []


def test_others_who_have_it_are_another_offer() -> None:
    found = FOUND["document"]
    held = plan.update(found).held
    assert held is not None
    facts = offered(held, replace(found.memory.record, sequence=7, settled=True))
    more = {**HOLDERS, "group/team/eve": Entry("eve")}
    memory = replace(found.memory, record=facts, holders=more)
    assert plan.update(replace(found, memory=memory, approval=approved(facts))).held is not None


def test_who_has_a_document_that_needed_no_approval_is_told_of_nothing() -> None:
    """Whether it is written, or was made narrower in manifest and cloud alike."""
    wide = replace(remembered(wanted_policy(document=ALL)), holders=HOLDERS)
    for there in (ALLOW_ALL, RAM):
        found = rampolicy(RAM, live=policy(there))
        (step,) = plan.update(replace(found, memory=wide)).steps
        assert step.agrees.document == policy(RAM)
        assert step.agrees.holders == {}


def test_a_sentence_says_that_it_is_there() -> None:
    held = plan.update(FOUND["attachment"]).held
    assert held is not None
    assert held.kind is HeldKind.FOUND
    assert held.gains == (f"policies: {ADMIN} is there, and nobody agreed on it",)


# A document that was widened by hand behind an edit that waits


def test_a_document_goes_back_while_the_edit_waits() -> None:
    decision = plan.update(rampolicy(RAM, live=policy(ALLOW_ALL)))
    (step,) = decision.steps
    assert isinstance(step, WriteDocument)
    assert step.document == policy(ALLOW_READ)
    assert step.agrees.document == policy(ALLOW_READ)
    assert decision.held is not None
    assert decision.held.changes[0].after == policy(RAM)


def test_an_edit_that_takes_it_away_itself_is_written() -> None:
    decision = plan.update(rampolicy(ALLOW_READ, live=policy(ALLOW_ALL)))
    (step,) = decision.steps
    assert isinstance(step, WriteDocument)
    assert (step.document, decision.held) == (policy(ALLOW_READ), None)


def test_under_report_it_is_reported_and_the_edit_waits() -> None:
    found = rampolicy(RAM, live=policy(ALLOW_ALL))
    options = replace(found.memory.options, drift=DriftPolicy.REPORT)
    decision = plan.update(replace(found, memory=replace(found.memory, options=options)))
    assert decision.steps == ()
    assert decision.held is not None
    assert [entry.action for entry in decision.drift] == ["reported"]


def test_what_the_edit_of_an_agreed_document_gives_free_waits() -> None:
    deny = {"Effect": "Deny", "Action": "ram:*", "Resource": "*"}
    before = wanted_policy(document={"Version": "1", "Statement": [ALLOW_READ, deny]})
    now = wanted_policy()
    decision = plan.update(inputs(now, made(now), remembered(before)))
    assert decision.held is not None


# A write that was approved and begun, and whose process ended before the record said so


@pytest.mark.parametrize("found", FOUND.values(), ids=FOUND)
def test_what_was_begun_is_agreed_on(found: Inputs) -> None:
    held = plan.update(found).held
    assert held is not None
    facts = offered(held, replace(found.memory.record, sequence=7, settled=True))
    assert facts.pending is not None
    sent = [c.after.digest for c in held.changes if isinstance(c.after, documents.Trust)]
    flight = InFlight(
        "x", approval="sha256:1", wishes=facts.pending.wishes, digest=sent[0] if sent else ""
    )
    record = replace(facts, pending=None, in_flight=flight)
    decision = plan.update(replace(found, memory=replace(found.memory, record=record)))
    assert (decision.held, decision.drift) == (None, ())
    agreed = [step.agrees for step in decision.steps]
    trusts = found.desired.fields.get("trustPolicy")
    if isinstance(trusts, documents.Trust) and trusts != trust(FC):
        assert decision.baseline == trusts
    else:
        assert agreed


def test_what_0_1_0_began_is_known_by_its_words() -> None:
    found = FOUND["attachment"]
    after = f'{{"policies[{ADMIN}]": "Custom/admin"}}'
    flight = InFlight("EscalatingGrant", approval="sha256:1", after=after)
    record = replace(found.memory.record, in_flight=flight)
    decision = plan.update(replace(found, memory=replace(found.memory, record=record)))
    assert (decision.held, decision.drift) == (None, ())


@pytest.mark.parametrize(
    "after", ["", "[]", "no JSON", '{"x": "\\"policies[Custom/admin]\\": \\""}']
)
def test_other_words_prove_nothing(after: str) -> None:
    found = FOUND["attachment"]
    flight = InFlight("EscalatingGrant", approval="sha256:1", after=after)
    record = replace(found.memory.record, in_flight=flight)
    assert plan.update(replace(found, memory=replace(found.memory, record=record))).found


def test_what_was_begun_and_then_rejected_is_agreed_on_by_nobody() -> None:
    found = FOUND["attachment"]
    held = plan.update(found).held
    assert held is not None
    wishes = approvals.wishes(held)
    flight = InFlight("EscalatingGrant", approval="sha256:1", wishes=wishes, sends=1)
    for sends, goes in ((1, False), (2, True)):
        record = replace(
            found.memory.record,
            in_flight=replace(flight, sends=sends),
            rejections=(Rejection("x", wishes),),
        )
        decision = plan.update(replace(found, memory=replace(found.memory, record=record)))
        assert ([step.verb for step in decision.steps] == ["detach"]) is goes


def test_an_old_answer_is_agreed_on_by_nobody() -> None:
    found = inputs(wanted({}), made(wanted({})), remembered(wanted({})))
    agreed = replace(found.memory.record.agreed, entries={})
    older = replace(found.memory.record, agreed=agreed)
    found = replace(found, memory=replace(found.memory, record=older))
    (note,) = plan.update(found).steps
    assert note.agrees == Agreed({"policies": {}})
    assert plan.update(found, frozenset({"description"})).steps == ()


def test_more_than_the_record_has_is_an_edit_whatever_the_status_says() -> None:
    """A record from a backup, and a status that is newer."""
    found = rampolicy(RAM, live=policy(ALLOW_ALL))
    digests = {"document": applied_marks.digest(policy(RAM))}
    applied = Applied(known=True, digests=digests)
    decision = plan.update(replace(found, memory=replace(found.memory, applied=applied)))
    (step,) = decision.steps
    assert isinstance(step, WriteDocument)
    assert step.document == policy(ALLOW_READ)
    assert decision.held is not None


def test_what_needed_no_approval_proves_nothing() -> None:
    found = FOUND["trust"]
    flight = InFlight("TrustTakenBack", digest=trust(FC, OUTSIDER).digest)
    record = replace(found.memory.record, in_flight=flight)
    assert plan.update(replace(found, memory=replace(found.memory, record=record))).found


def test_what_goes_is_not_opened_in_the_pass_that_takes_it_away() -> None:
    """The offer is about what is there then; an approval of before waits for that look."""
    found = FOUND["attachment"]
    watched = replace(found, memory=replace(found.memory, watched=True))
    decision = once_approved(watched)
    assert [step.verb for step in decision.steps] == ["detach"]
    assert decision.held is not None


# What steps have the record say


def test_the_first_right_of_a_group_is_for_whom_the_approver_saw() -> None:
    found = group(people("ann", "bob"), ("ann", "bob"))
    memory = replace(found.memory, texts={"System/administratoraccess": TEXT})
    decision = once_approved(replace(found, memory=memory))
    (step,) = (step for step in decision.steps if isinstance(step, Attach))
    assert step.agrees.entries == {
        "policies": {"System/administratoraccess": TEXT},
        "members": {"ann": NO_RIGHTS, "bob": NO_RIGHTS},
    }


def test_what_was_taken_away_is_agreed_on_no_more() -> None:
    before = wanted({"policies": [attachment(ADMIN)]})
    memory = remembered(before)
    agreed = replace(memory.record.agreed, entries={"policies": {ADMIN: TEXT}})
    memory = replace(memory, record=replace(memory.record, agreed=agreed))
    there = replace(made(before), fields={**made(before).fields, "policies": policies(ADMIN)})
    (step,) = plan.update(inputs(wanted({}), there, memory)).steps
    assert step.agrees == Agreed({"policies": {ADMIN: ""}})


def test_only_what_has_ended_goes_while_nothing_else_may_be_written() -> None:
    ends = {"type": "Custom", "name": "read", "expiresAt": "2020-01-01T00:00:00Z"}
    before = wanted({"policies": [attachment("Custom/read"), attachment("Custom/a")]})
    asked = wanted({"policies": [ends], "description": "new"})
    found = inputs(asked, made(before), remembered(before))
    decision = plan.update(found)
    assert len(decision.steps) > 1
    assert [step.settles for step in plan.ended(found, decision)] == [{"policies[Custom/read]"}]


def test_a_new_policy_has_its_document_agreed_on() -> None:
    asked = wanted_policy()
    decision = plan.create(inputs(asked, made(asked), remembered(asked)))
    assert decision.steps[0].agrees.document == policy(ALLOW_READ)
