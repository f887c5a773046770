"""What becomes of an offer, and of rejections: each as a table."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from ram_operator.gate import approvals, clearance
from ram_operator.gate import said as said_of
from ram_operator.gate.inputs import NO_REASON
from ram_operator.kinds import manifest
from ram_operator.kinds.table import KINDS
from ram_operator.model import digests
from ram_operator.model.changes import Change, Held
from ram_operator.model.objects import Entry
from ram_operator.model.records import InFlight, RecordFacts, Rejection, Why
from ram_operator.model.vocabulary import Direction
from tests.unit.approvals_by_example import HELD, LATER, NOW, RECORD, SAID, SCOPE, approved, offered
from tests.unit.core import ACCOUNT, ECS, FC, OUTSIDER, policies, trust, trust_json

ADMIN = Change("policies", None, Entry("System/Admin"), Direction.WIDER, "System/admin")
FACTS = offered()
assert FACTS.pending is not None
DIGEST = FACTS.pending.digest

# --- what becomes of an offer

OTHER = clearance.hold_change(trust(FC), trust(FC, OUTSIDER), ACCOUNT)
ASKED = replace(SAID, asked={"trustPolicy": "other"})
BECOMES: dict[str, tuple[Held, Any, RecordFacts, Why]] = {
    "the same": (HELD, SAID, FACTS, Why.STANDS),
    "none before": (HELD, SAID, RECORD, Why.FIRST),
    "another one": (OTHER, SAID, FACTS, Why.MOVED),
    "asked otherwise": (OTHER, ASKED, FACTS, Why.ENDED),
    "asked otherwise and the same": (HELD, ASKED, FACTS, Why.ENDED),
    "expired": (OTHER, replace(SAID, now=LATER), FACTS, Why.ENDED),
    "of an older version": (
        HELD,
        replace(SAID, asked={"trustPolicy": "x"}),
        replace(FACTS, pending=replace(FACTS.pending, digest="sha256:v1", asked={})),
        Why.ENDED,
    ),
}


@pytest.mark.parametrize(("held", "said", "facts", "why"), BECOMES.values(), ids=BECOMES)
def test_what_becomes_of_an_offer(held: Held, said: Any, facts: RecordFacts, why: Why) -> None:
    made = approvals.offer(held, said, facts)
    assert made.why is why
    assert (made.sequence == facts.sequence) is (why in (Why.STANDS, Why.FIRST))
    assert (made.pending.digest == DIGEST) is (why in (Why.STANDS, Why.FIRST))


def test_the_parts_tell_what_moved() -> None:
    before = approvals.parts(HELD, SCOPE)
    moved = {
        "trustPolicy as it is to be": OTHER.changes,
        "trustPolicy as it is": clearance.hold_change(trust(ECS), trust(FC, ECS), ACCOUNT).changes,
    }
    for name, changes in moved.items():
        after = approvals.parts(replace(HELD, changes=changes), SCOPE)
        assert {key for key in before if before[key] != after[key]} == {name}
    after = approvals.parts(replace(HELD, context={"policies": policies("System/B")}), SCOPE)
    assert {key for key in before if before[key] != after[key]} == {"policies as asked for"}
    after = approvals.parts(HELD, replace(SCOPE, cloud_id="x"))
    assert {key for key in before if before[key] != after[key]} == {"the identity"}


# --- rejections


def no(held: Held = HELD, by: str = "bob", reason: str = "no") -> Rejection:
    return Rejection(approvals.change_digest(held), approvals.wishes(held), NOW, by, reason)


def against(*said: Rejection, held: Held = HELD) -> RecordFacts:
    """The record with rejections, once the change is offered with them."""
    return offered(held, replace(RECORD, rejections=said))


def test_a_rejection_is_in_the_digest_and_its_approval_opens_the_change() -> None:
    facts = against(no())
    assert facts.pending is not None
    assert facts.pending.digest != DIGEST
    for other in (no(by="ann"), no(reason="perhaps"), replace(no(), at=LATER)):
        again = against(other)
        assert again.pending is not None
        assert again.pending.digest != facts.pending.digest
    assert clearance.weigh(HELD, replace(SAID, approve=DIGEST), facts) is None
    assert clearance.weigh(HELD, approved(facts, approver="pat"), facts) is not None


@pytest.mark.parametrize(
    ("approver", "opens"),
    [("pat", True), ("system:serviceaccount:flux-system:k", False), ("", True)],
)
def test_what_was_rejected_is_opened_by_people(approver: str, opens: bool) -> None:
    facts = against(no())
    said = approved(facts, approver=approver)
    assert (clearance.weigh(HELD, said, facts) is not None) is opens
    assert facts.pending is not None
    shown = approvals.offered(approvals.knowing(HELD, facts.rejections), said, facts, facts.pending)
    assert shown.voided == ("" if opens else "ApprovalRejected")
    free = offered()
    assert clearance.weigh(HELD, approved(free, approver=approver), free) is not None


def test_a_part_that_was_rejected_is_shown_with_whatever_it_comes() -> None:
    joined = replace(HELD, changes=(*HELD.changes, ADMIN))
    for said, now in ((HELD, joined), (joined, HELD)):
        assert approvals.knowing(now, [no(said)]).rejections == (no(said),)
    # However it was before.
    moved = clearance.hold_change(trust(ECS), trust(FC, ECS), ACCOUNT)
    assert approvals.knowing(moved, [no()]).rejections == (no(),)
    assert approvals.knowing(OTHER, [no()]).rejections == ()
    assert approvals.knowing(OTHER, [replace(no(), change="", wishes=())]).rejections


def test_the_latest_rejection_comes_first_and_none_takes_anothers_place() -> None:
    first, second = no(reason="dangerous"), no(by="eve", reason="typing error")
    known = approvals.remembered([first], second)
    assert known == (first, second)
    assert approvals.knowing(HELD, known).rejections == (second, first)
    assert approvals.remembered(known, no(reason="still")) == (second, no(reason="still"))


def test_rejections_beyond_the_room_for_them_count_against_everything() -> None:
    known: tuple[Rejection, ...] = (no(),)
    for number in range(3 * approvals.REMEMBERED):
        other = Rejection(f"c{number}", (f"w{number}",), NOW, "eve", "flood")
        known = approvals.remembered(known, other)
        assert len(known) <= approvals.REMEMBERED
        assert approvals.knowing(HELD, known).rejections
    assert [each for each in known if not each.wishes] == [known[0]]


def test_what_an_earlier_version_noted_stays_said_and_allows_nothing() -> None:
    """It is known by 64 bits of the same digest."""
    old = tuple(base64.urlsafe_b64decode(each + "=")[:8].hex() for each in approvals.wishes(HELD))
    assert digests.older(old)
    assert not digests.older(approvals.wishes(HELD))
    noted = replace(no(), wishes=old)
    assert approvals.knowing(HELD, [noted]).rejections == (noted,)
    assert approvals.knowing(OTHER, [noted]).rejections == ()
    (wish,) = HELD.changes
    assert said_of.rejected(replace(RECORD, rejections=(noted,)), wish)
    for wishes, begun in ((approvals.wishes(HELD), True), (old, False)):
        flight = InFlight("TrustChange", "sha256:c", "sha256:a", wishes=wishes)
        assert said_of.begun(replace(RECORD, in_flight=flight), wish) is begun


def test_all_that_an_offer_is_known_by_is_a_whole_digest() -> None:
    assert FACTS.pending is not None
    spec = {"trustPolicy": trust_json(FC), "policies": [{"type": "System", "name": "A"}]}
    asked = manifest.asked(KINDS["RamRole"], "x", spec)
    for told in (FACTS.pending.wishes, FACTS.pending.parts.values(), asked.values()):
        assert told
        assert {len(base64.urlsafe_b64decode(each + "=")) for each in told} == {32}


OLD = replace(FACTS, pending=replace(FACTS.pending, digest="sha256:" + "1" * 64, asked={}))
LATE: dict[str, tuple[RecordFacts, str]] = {
    "of an offer of an older version": (OLD, "sha256:" + "1" * 64),
    "noted by an older version": (
        replace(OLD, pending=replace(OLD.pending, rejected="no reason was given")),
        "",
    ),
}


@pytest.mark.parametrize(("facts", "reject"), LATE.values(), ids=LATE)
def test_a_rejection_that_no_record_has_is_noted_with_the_offer(
    facts: RecordFacts, reject: str
) -> None:
    said = replace(SAID, reject=reject, approve=DIGEST)
    made = approvals.offer(HELD, said, facts)
    assert [each.reason for each in made.rejections] == [NO_REASON]
    assert made.rejections[0].by == approvals.UNKNOWN
    assert made.sequence > facts.sequence
    later = replace(facts, sequence=made.sequence, pending=made.pending, in_flight=None)
    later = replace(later, rejections=made.rejections)
    assert approvals.offer(HELD, said, later).why is Why.STANDS
    assert clearance.weigh(HELD, said, later) is None
    assert clearance.weigh(HELD, approved(later, approver="pat"), later) is not None
