"""What an approval opens, as a table: exactly one change, exactly as it is offered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.constants import Severity
from ram_operator.errors import Bug
from ram_operator.gate import approvals, clearance
from ram_operator.gate import offering as review_module
from ram_operator.gate.inputs import NO_REASON, Guard, Scope
from ram_operator.gate.review import carried
from ram_operator.model import sentences
from ram_operator.model.changes import Change, Finding, Held
from ram_operator.model.objects import Entry
from ram_operator.model.permissions import Permit
from ram_operator.model.records import InFlight, RecordFacts, Why
from ram_operator.model.steps import Attach, WriteDocument, permit_of
from ram_operator.model.vocabulary import Cause, Direction, HeldKind
from tests.unit.approvals_by_example import (
    END,
    HELD,
    LATER,
    NOW,
    RECORD,
    SAID,
    SCOPE,
    SOON,
    approved,
    offered,
)
from tests.unit.core import ACCOUNT, ECS, FC, OUTSIDER, policies, policy, trust, trust_json
from tests.unit.steps_by_example import of_entries


def test_the_offered_digest_opens_exactly_the_change() -> None:
    facts = offered()
    permit = clearance.weigh(HELD, approved(facts, approver="ann"), facts)
    assert permit is not None
    assert (permit.changes, permit.sequence, permit.by) == (HELD.changes, 7, "ann")
    cleared = clearance.clear(permit, "trustPolicy")
    assert (cleared.operation, cleared.trust) == (HeldKind.TRUST_CHANGE, trust(FC, ECS))
    assert cleared.before == trust(FC)
    assert clearance.direction(cleared) is Direction.WIDER


ADMIN = Change("policies", None, Entry("System/Admin"), Direction.WIDER, "System/admin")
FACTS = offered()
DIGEST = FACTS.pending.digest if FACTS.pending else ""
NOT_OPENED: dict[str, tuple[RecordFacts, dict[str, Any]]] = {
    "nobody": (FACTS, {"approve": ""}),
    "another digest": (FACTS, {"approve": "sha256:" + "0" * 64}),
    "other letters": (FACTS, {"approve": DIGEST.upper()}),
    "no guard": (FACTS, {"guard": Guard.MISSING}),
    "rejected at once": (FACTS, {"reject": DIGEST}),
    "no record": (replace(FACTS, exists=False), {}),
    "a restored record": (replace(FACTS, settled=False), {}),
    "another sequence": (replace(FACTS, sequence=8), {}),
    "no offer": (replace(FACTS, pending=None), {}),
    "expired": (FACTS, {"now": LATER}),
    "expired to the second": (FACTS, {"now": END}),
}


@pytest.mark.parametrize(("facts", "said"), NOT_OPENED.values(), ids=NOT_OPENED)
def test_it_stays_held(facts: RecordFacts, said: dict[str, Any]) -> None:
    approval = replace(SAID, **{"approve": DIGEST, **said})
    assert clearance.weigh(HELD, approval, facts) is None


def test_a_rejected_offer_and_one_of_another_digest_open_nothing() -> None:
    assert FACTS.pending is not None
    for pending in (
        replace(FACTS.pending, rejected="no"),
        replace(FACTS.pending, digest="sha256:" + "1" * 64),
    ):
        facts = replace(FACTS, pending=pending)
        assert clearance.weigh(HELD, replace(SAID, approve=DIGEST), facts) is None


def test_the_waived_guard_opens_too() -> None:
    assert clearance.weigh(HELD, approved(FACTS, guard=Guard.WAIVED), FACTS) is not None


FINDING = Finding("RAM099", Severity.WARNING, "text", "remedy", ("ann",))


def _with(finding: Finding) -> Held:
    return replace(HELD, findings=(*HELD.findings, finding))


MOVED: dict[str, tuple[Held, Scope]] = {
    "cluster": (HELD, replace(SCOPE, cluster="red")),
    "account": (HELD, replace(SCOPE, account_id="2" * 16)),
    "kind": (HELD, replace(SCOPE, kind="RamUser")),
    "name": (HELD, replace(SCOPE, name="other")),
    "cloud id": (HELD, replace(SCOPE, cloud_id="")),
    "namespace": (HELD, replace(SCOPE, namespace="other")),
    "object": (HELD, replace(SCOPE, object="other")),
    "what is asked": (clearance.hold_change(trust(FC), trust(FC, OUTSIDER), ACCOUNT), SCOPE),
    "what is live": (clearance.hold_change(trust(ECS), trust(FC, ECS), ACCOUNT), SCOPE),
    "attachments": (replace(HELD, context={"policies": policies("System/B")}), SCOPE),
    "session": (replace(HELD, context={**HELD.context, "maxSessionDurationSeconds": 1}), SCOPE),
    "findings": (replace(HELD, findings=(*HELD.findings, FINDING)), SCOPE),
    "what a rule means": (_with(replace(FINDING, revision=2)), SCOPE),
    "whom a rule names": (_with(replace(FINDING, facts=("bob",))), SCOPE),
    "what policies let do": (
        replace(HELD, context={**HELD.context, approvals.GRANTS: {"p": Entry("p", "sha256:2")}}),
        SCOPE,
    ),
    "what is held": (replace(HELD, kind="RoleCreation"), SCOPE),
    "a part more": (
        replace(
            HELD,
            changes=(
                *HELD.changes,
                Change("policies", None, Entry("System/X"), Direction.WIDER, "System/x"),
            ),
        ),
        SCOPE,
    ),
}


@pytest.mark.parametrize(("held", "scope"), MOVED.values(), ids=MOVED)
def test_whatever_moves_makes_another_digest(held: Held, scope: Scope) -> None:
    assert approvals.digest(held, scope, 7) != DIGEST
    assert clearance.weigh(held, replace(SAID, approve=DIGEST, scope=scope), FACTS) is None


@pytest.mark.parametrize("other", [replace(FINDING, facts=("bob",)), replace(FINDING, revision=2)])
def test_what_a_rule_names_and_means_counts(other: Finding) -> None:
    said = approvals.digest(_with(FINDING), SCOPE, 7)
    assert approvals.digest(_with(other), SCOPE, 7) != said
    assert approvals.parts(_with(FINDING), SCOPE) != approvals.parts(_with(other), SCOPE)


def test_another_wording_of_a_finding_does_not_move_it() -> None:
    said = approvals.digest(_with(FINDING), SCOPE, 7)
    again = replace(FINDING, message="in other words", remedy="another", severity=Severity.CRITICAL)
    assert approvals.digest(_with(again), SCOPE, 7) == said


def test_spelling_does_not_move_it() -> None:
    split = documents.parse_trust(
        {
            "Version": "1",
            "Statement": [trust_json(ECS)["Statement"][0], trust_json(FC)["Statement"][0]],
        }
    )
    again = replace(clearance.hold_change(trust(FC), split, ACCOUNT), context=HELD.context)
    assert approvals.digest(again, SCOPE, 7) == DIGEST


# --- the offer


def test_an_offer_that_stands_is_not_made_anew() -> None:
    again = approvals.offer(HELD, replace(SAID, now=SOON), FACTS)
    assert (again.sequence, again.pending) == (7, FACTS.pending)
    assert again.pending.since == NOW
    assert again.pending.expires == END
    assert again.pending.by == "team/app"


def test_an_offer_names_the_stamped_authors() -> None:
    said = replace(SAID, author="ann\nbob")
    assert approvals.offer(HELD, said, RECORD).pending.by == "ann, bob"


RAISED: dict[str, tuple[RecordFacts, dict[str, Any]]] = {
    "a restored record": (replace(FACTS, settled=False), {}),
    "an expired offer": (FACTS, {"now": LATER}),
    "approved while nobody guarded it": (FACTS, {"approve": DIGEST, "guard": Guard.MISSING}),
}


@pytest.mark.parametrize(("facts", "said"), RAISED.values(), ids=RAISED)
def test_the_sequence_is_raised_so_that_what_was_approved_is_void(
    facts: RecordFacts, said: dict[str, Any]
) -> None:
    made = approvals.offer(HELD, replace(SAID, **said), facts)
    assert made.sequence == SAID.milliseconds
    assert made.pending.digest != DIGEST
    later = replace(facts, sequence=made.sequence, settled=True, pending=made.pending)
    assert clearance.weigh(HELD, replace(SAID, approve=DIGEST), later) is None


def test_a_clock_that_was_set_back_raises_the_sequence_all_the_same() -> None:
    said = replace(SAID, milliseconds=3)
    assert approvals.offer(HELD, said, replace(FACTS, settled=False)).sequence == 8


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (DIGEST, NO_REASON),
        (f"{DIGEST} too  wide\nby far", "too wide by far"),
        (DIGEST[:-1], ""),
        (f"{DIGEST}x", ""),
        ("no", ""),
    ],
)
def test_a_rejection_names_the_digest_and_perhaps_a_reason(text: str, reason: str) -> None:
    assert FACTS.pending is not None
    said = replace(SAID, reject=text, rejecter="bob")
    found = approvals.rejection(FACTS.pending, said)
    assert (found.reason if found else "") == reason
    made = approvals.offer(HELD, said, FACTS)
    assert made.why is (Why.ENDED if reason else Why.STANDS)
    if found is not None:
        assert found.by == "bob"
        assert found.at == SAID.now
        assert made.rejections == (found,)
        assert made.sequence > FACTS.sequence


VOIDED: dict[str, tuple[dict[str, Any], RecordFacts, str]] = {
    "none": ({}, FACTS, ""),
    "the right one": ({"approve": DIGEST}, FACTS, ""),
    "an unknown one": ({"approve": "sha256:x"}, FACTS, "ApprovalStale"),
    "one that did its work": (
        {"approve": "sha256:x"},
        replace(FACTS, used=frozenset({"sha256:x"})),
        "",
    ),
    "one that was begun": (
        {"approve": "sha256:x"},
        replace(FACTS, in_flight=InFlight("TrustChange", approval="sha256:x")),
        "",
    ),
    "unguarded": ({"approve": DIGEST, "guard": Guard.MISSING}, FACTS, "AdmissionPolicyMissing"),
}


@pytest.mark.parametrize(("said", "facts", "why"), VOIDED.values(), ids=VOIDED)
def test_why_an_approval_opens_nothing(said: dict[str, Any], facts: RecordFacts, why: str) -> None:
    assert facts.pending is not None
    shown = approvals.offered(HELD, replace(SAID, **said), facts, facts.pending)
    assert (shown.digest, shown.expires, shown.voided) == (DIGEST, END, why)


# --- a write that was begun


def begun(**more: Any) -> RecordFacts:
    flight = InFlight(
        "TrustChange",
        approvals.change_digest(HELD),
        DIGEST,
        "ann",
        identity="id-1",
        expires=END,
    )
    return replace(FACTS, sequence=8, pending=None, in_flight=replace(flight, **more))


def test_a_begun_write_is_sent_once_more_to_what_it_was_judged_against() -> None:
    permit = clearance.weigh(HELD, replace(SAID, approve=DIGEST), begun())
    assert permit is not None
    assert (permit.sends, permit.sequence, permit.expires) == (2, 8, END)


@pytest.mark.parametrize(
    ("facts", "approve"),
    [
        (begun(sends=2), DIGEST),
        (begun(change="sha256:other"), DIGEST),
        (begun(), "sha256:other"),
        # Its approval has ended by now, or nobody knows when it does.
        (begun(expires=SOON), DIGEST),
        (begun(expires=""), DIGEST),
        # It was begun for another identity of that name, or for one that was not there.
        (begun(identity="id-0"), DIGEST),
        (begun(identity=""), DIGEST),
    ],
)
def test_anything_else_is_void(facts: RecordFacts, approve: str) -> None:
    assert clearance.weigh(HELD, replace(SAID, approve=approve), facts) is None


def test_a_take_back_that_was_begun_is_no_approval() -> None:
    flight = InFlight("TrustTakenBack")
    facts = replace(FACTS, in_flight=flight)
    assert clearance.weigh(HELD, replace(SAID, approve=DIGEST), facts) is not None


# --- what is shown


def test_the_sides_are_json_for_people_and_left_out_when_too_long() -> None:
    changes = (
        Change("document", policy(), policy(), Direction.WIDER),
        Change("policies", None, Entry("System/A"), Direction.WIDER, "System/a"),
        Change("tags", Entry("k", "v"), None, Direction.NEUTRAL, "k"),
        Change("members", policies("System/B"), 3600, Direction.NEUTRAL),
        Change("x", documents.Trust("", ()), "t", Direction.UNKNOWN),
    )
    before, after = sentences.sides(changes)
    assert '"policies[System/a]": null' in before
    assert '"tags[k]": "k=v"' in before
    assert '"x": "not readable"' in before
    assert '"policies[System/a]": "System/A"' in after
    long = Change("x", "a", "b" * sentences.SIDE_LIMIT, Direction.NEUTRAL)
    assert sentences.sides([long]) == ('{"x": "a"}', "")


def test_a_rejection_of_another_change_rejects_nothing() -> None:
    other = "sha256:" + "0" * 64
    assert not replace(SAID, reject=f"{other} no").rejects(DIGEST)
    approval = replace(SAID, approve=DIGEST, reject=f"{other} no")
    assert clearance.weigh(HELD, approval, FACTS) is not None


# --- permits


@pytest.mark.parametrize("seal", [None, object(), True])
def test_nobody_else_makes_a_permit(seal: object) -> None:
    with pytest.raises(Bug, match="outside the gate"):
        Permit(seal, DIGEST, 7, "TrustChange", "", HELD.changes)


def a_permit(*changes: Change) -> Permit:
    held = Held("EscalatingGrant", "s", changes=changes)
    facts = offered(held)
    permit = clearance.weigh(held, approved(facts), facts)
    assert permit is not None
    return permit


def test_a_step_is_allowed_only_as_it_was_approved() -> None:
    permit = a_permit(ADMIN)

    def step(entry: Entry, key: str = "System/admin", field: str = "policies") -> Attach:
        return of_entries(Attach, field, entries={key: entry})

    assert clearance.allows(permit, step(Entry("System/Admin")))
    assert not clearance.allows(permit, step(Entry("System/Other")))
    assert not clearance.allows(permit, step(Entry("System/Admin"), "System/other"))
    assert not clearance.allows(permit, step(Entry("System/Admin"), field="members"))
    one, two = policy(), policy({"Effect": "Allow", "Action": "*", "Resource": "*"})
    permit = a_permit(Change("document", one, two, Direction.WIDER))

    def write(document: documents.Policy) -> WriteDocument:
        return WriteDocument(
            summary="",
            cause=Cause.INTENT,
            direction=Direction.WIDER,
            field="document",
            document=document,
        )

    assert clearance.allows(permit, write(two))
    assert not clearance.allows(permit, write(one))


def test_a_permit_covers_its_entries_and_not_the_whole_field() -> None:
    permit = a_permit(ADMIN)
    assert permit.covers("policies", "System/admin")
    assert not permit.covers("policies", "System/other")
    assert not permit.covers("policies")


def test_a_permit_is_found_wherever_a_step_carries_it() -> None:
    permit = a_permit(ADMIN)
    bare = of_entries(Attach, "policies", "System/admin")
    assert permit_of(bare) is None
    assert permit_of(carried(bare, permit)) is permit
    assert carried(bare, None) is bare
    other = of_entries(Attach, "policies", "System/other")
    assert carried(other, permit) is other


@pytest.mark.parametrize(
    ("held", "verdict"),
    [
        (Held("EscalatingGrant", "s"), "wider"),
        (replace(HELD, verdict="narrower"), "narrower"),
        (replace(HELD, verdict="narrower", changes=(*HELD.changes, ADMIN)), "mixed"),
        (replace(HELD, changes=(*HELD.changes, ADMIN)), "wider"),
    ],
)
def test_a_verdict_is_one_word(held: Held, verdict: str) -> None:
    assert review_module.verdict(held) == verdict
