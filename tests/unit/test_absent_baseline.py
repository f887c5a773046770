"""A creation that was offered and never made: nobody agreed on anything of what has its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.cluster.record_writer import Claim, Records
from ram_operator.constants import AdoptionPolicy, Reason
from ram_operator.errors import Stalled
from ram_operator.gate import approvals, baseline, clearance
from ram_operator.gate.inputs import Inputs
from ram_operator.gate.review import Changes, review
from ram_operator.kinds.comparison import NOTHING
from ram_operator.kinds.record import FORMAT, facts_of, stored
from ram_operator.loop.standing import stand
from ram_operator.model.changes import NAME, Change, Held
from ram_operator.model.records import (
    ADOPTED,
    CLAIMED,
    CREATED,
    NO_RIGHTS,
    NOT_READ,
    OFFERED,
    Agreed,
    InFlight,
    Pending,
    Rejection,
)
from ram_operator.model.state import Applied
from ram_operator.model.steps import AgreeDocument, AgreeName, Note, WriteTrust
from ram_operator.model.vocabulary import Cause, Direction, Disposition, Evaluator, HeldKind
from ram_operator.planning import diff, plan
from tests.unit.approvals_by_example import approved, offered
from tests.unit.core import (
    ACCOUNT,
    ALLOW_ALL,
    FC,
    OUTSIDER,
    attachment,
    inputs,
    made,
    policy,
    remembered,
    trust,
    trust_json,
    wanted,
    wanted_policy,
)
from tests.unit.record_world import IDENTITY, NOW, OWNER, Server, claim, merged, served, started
from tests.unit.test_baseline import ADMIN, ALL_TEXT, UNREAD
from tests.unit.test_evaluators import without
from tests.unit.test_ownership import CLAIMED_AT, claimant, live
from tests.unit.test_ownership import IDENTITY as USER
from tests.unit.test_ownership import record as user_record

ASKED = {"trustPolicy": trust_json(FC, OUTSIDER), "policies": [attachment(ADMIN)]}


def found(asked: Any = None, there: Any = None, **record: Any) -> Inputs:
    """A role that somebody made by hand, as asked for if nothing is said of it."""
    now = wanted(asked or ASKED)
    memory = remembered(now)
    facts = replace(memory.record, baseline=None, agreed=Agreed(), never_made=NOW, **record)
    texts = {ADMIN: ALL_TEXT}
    memory = replace(
        memory, record=facts, applied=Applied(), texts=texts, attached=frozenset({ADMIN})
    )
    memory = replace(memory, harmless_policies=frozenset())
    return inputs(now, made(wanted(there or asked or ASKED)), memory)


def said_no(inputs_: Inputs) -> Inputs:
    """Somebody rejected all that is found."""
    held = plan.update(inputs_).held
    assert held is not None
    no = Rejection("sha256:x", approvals.wishes(held), NOW, "ann", "no")
    facts = replace(inputs_.memory.record, rejections=(no,))
    return replace(inputs_, memory=replace(inputs_.memory, record=facts))


def test_all_of_it_is_found_although_the_operator_was_looking() -> None:
    decision = plan.update(found())
    assert decision.found
    assert decision.in_sync
    assert [step for step in decision.steps if not isinstance(step, Note)] == []
    assert decision.baseline is None
    held = decision.held
    assert held is not None
    assert {change.field for change in held.changes} == {NAME, "trustPolicy", "policies"}
    assert any("in place of a creation that was never made" in text for text in held.gains)
    assert {entry.severity.value for entry in decision.drift} == {"critical"}


def test_it_is_agreed_on_by_an_approval_for_the_record_alone() -> None:
    inside = found(sequence=7, settled=True)
    held = plan.update(inside).held
    assert held is not None
    facts = offered(held, inside.memory.record)
    memory = replace(inside.memory, record=facts)
    decision = plan.update(replace(inside, memory=memory, approval=approved(facts)))
    steps = [step for step in decision.steps if not isinstance(step, Note)]
    assert decision.held is None
    assert {type(step).__name__ for step in steps} == {"AgreeName", "AgreeDocument", "Agree"}
    (name,) = (step for step in steps if isinstance(step, AgreeName))
    assert (name.name, name.settles) == ("app", {NAME})
    (document,) = (step for step in steps if isinstance(step, AgreeDocument))
    assert document.document == trust(FC, OUTSIDER)


def test_what_is_rejected_is_closed_and_its_rights_go() -> None:
    decision = plan.update(said_no(found()))
    written = [step for step in decision.steps if not isinstance(step, Note)]
    assert {type(step).__name__ for step in written} == {"WriteTrust", "Detach"}
    (closed,) = (step for step in written if isinstance(step, WriteTrust))
    assert closed.cleared.trust.grants
    assert clearance.in_force(closed.cleared.trust) == documents.NOBODY
    assert decision.held is not None


def test_the_name_is_held_by_its_evaluator_and_by_nobody_without_it() -> None:
    inside = found({"policies": []})
    inside = replace(inside, named=frozenset({inside.row.arn("1000000000000001", "app")}))
    asked = Changes(diff.changes(inside.row, inside.desired, inside.live), plan.proposed)
    held = review(inside, asked).held
    assert held is not None
    assert held.kind is HeldKind.FOUND
    assert held.summary == approvals.FOUND_SAYS
    assert NAME in {change.field for change in held.changes}
    # Who gets the rights of it by its name alone is told, too.
    assert held.findings
    less = review(inside, asked, without(Evaluator.NAME)).held
    assert less is not None
    assert {change.field for change in less.changes} == {"trustPolicy"}


def test_a_name_alone_is_never_taken_back() -> None:
    judged = baseline.beyond(said_no(found({"policies": []})), ())
    name = next(item for item in judged if item.change.field == NAME)
    assert (name.cause, name.disposition) == (Cause.FOUND, Disposition.HOLD)


@pytest.mark.parametrize("no", [False, True])
def test_another_trust_than_was_asked_for_is_held_and_nobody_is_shut_out(no: bool) -> None:
    inside = found(ASKED, {**ASKED, "trustPolicy": trust_json(OUTSIDER)})
    inside = said_no(inside) if no else inside
    decision = plan.update(inside)
    assert decision.found
    assert [step for step in decision.steps if isinstance(step, WriteTrust)] == []
    assert decision.baseline is None


def test_what_gives_no_right_is_noted_and_a_part_that_is_not_read_is_agreed_on_by_nobody() -> None:
    inside = found()
    inside = replace(inside, memory=replace(inside.memory, texts={ADMIN: NO_RIGHTS}))
    assert baseline.first(inside).entries == {"policies": {ADMIN: NO_RIGHTS}}
    unread = replace(inside.live, fields={**inside.live.fields, "policies": UNREAD})
    fresh = replace(inside.memory.record, cloud_id="")
    memory = replace(inside.memory, record=fresh)
    first = baseline.first(replace(inside, live=unread, memory=memory))
    least = {"maxSessionDurationSeconds": "3600", "consoleLogin": "Deny"}
    assert first == Agreed({"policies": {}}, values=least, whole=True)
    assert first.of("policies") == {}
    assert NOT_READ not in first.entries["policies"]


def test_a_document_is_found_too() -> None:
    now = wanted_policy(document={"Version": "1", "Statement": [ALLOW_ALL]})
    memory = remembered(now)
    facts = replace(memory.record, agreed=Agreed(), never_made=NOW)
    inside = inputs(now, made(now), replace(memory, record=facts))
    assert baseline.first(inside).document is None
    fields = {item.change.field: item.change.before for item in baseline.beyond(inside, ())}
    # Nobody judges the name of a policy: who gets it is judged.
    assert fields == {"document": NOTHING}
    assert policy(ALLOW_ALL) == now.fields["document"]


def test_a_creation_that_was_approved_and_begun_is_not_found() -> None:
    wish = approvals.wishes(
        Held(HeldKind.FOUND, "", changes=(Change(NAME, None, "app", Direction.WIDER),))
    )
    flight = InFlight("RoleCreation", approval="sha256:a", wishes=wish)
    inside = found({"policies": []}, in_flight=flight)
    assert NAME not in {item.change.field for item in baseline.beyond(inside, ())}


def test_an_empty_trust_is_never_sent() -> None:
    closed = clearance.judge_take_back(trust(OUTSIDER), documents.NOBODY, ACCOUNT)
    assert isinstance(closed, clearance.Cleared)
    assert closed.trust.grants


# How the object stands towards what is there


def offered_user(**more: Any) -> dict[str, Any]:
    body = user_record()
    said = {"neverMade": CLAIMED_AT, "format": FORMAT, **more}
    return {**body, "record": {**body["record"], **said}}


def test_it_is_not_taken_for_one_that_was_claimed_while_nothing_is_offered() -> None:
    """In the moment between a rejection and the next offer."""
    with pytest.raises(Stalled) as raised:
        stand(claimant(), offered_user(), USER, live(CLAIMED_AT))
    assert raised.value.reason is Reason.NOT_ADOPTED


def test_what_was_approved_and_begun_is() -> None:
    flight = {"operation": "NameAlreadyTrusted", "approval": "sha256:a"}
    standing = stand(claimant(), offered_user(inFlight=flight), USER, live(CLAIMED_AT))
    assert standing.completing
    assert not standing.facts.never_made


@pytest.mark.parametrize("adoption", AdoptionPolicy)
def test_our_mark_on_it_proves_nothing(adoption: AdoptionPolicy) -> None:
    body = offered_user()
    del body["record"]["owner"]
    who = replace(claimant(), adoption=adoption, may_adopt=True)
    marked = replace(live(CLAIMED_AT), owner=who.owner)
    if adoption is AdoptionPolicy.NEVER:
        with pytest.raises(Stalled):
            stand(who, body, USER, marked)
        return
    standing = stand(who, body, USER, marked)
    assert (standing.completing, standing.verb) == (False, ADOPTED)
    assert standing.facts.never_made == CLAIMED_AT


def test_what_was_said_of_the_creation_takes_nothing_back_of_what_is_there() -> None:
    body = offered_user(rejections=[{"change": "x", "wishes": ["a"], "by": "ann"}])
    who = replace(claimant(), adoption=AdoptionPolicy.IF_EXISTS, may_adopt=True)
    (no,) = stand(who, body, USER, live(CLAIMED_AT)).facts.rejections
    assert (no.wishes, no.by) == ((), "ann")


# The record


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def records(server: Server) -> Iterator[Records]:
    with served(server) as opened:
        yield opened


LATER = "2026-01-05T00:00:00Z"


def of_offered(records: Records) -> dict[str, Any]:
    return records.claim(IDENTITY, Claim(OWNER, "uid-1", "", None, OFFERED), NOW, 1)


def test_it_begins_with_the_offer_and_ends_with_the_creation(records: Records) -> None:
    body = of_offered(records)
    assert stored(body).never_made == NOW
    body = records.renew(body, Claim(OWNER, "uid-2", "", None, CLAIMED), LATER)
    assert stored(body).never_made == NOW
    body = records.renew(body, claim(operation=CREATED), LATER)
    assert stored(body).never_made == ""
    # It is gone, and its creation is held.
    body = records.renew(body, Claim(OWNER, "uid-3", "", None, OFFERED), LATER)
    assert stored(body).never_made == LATER


def test_a_deletion_that_is_offered_is_of_what_is_there(records: Records) -> None:
    there = Claim(OWNER, "uid-1", "cloud-9", None, OFFERED)
    body = records.claim(IDENTITY, there, NOW, 1)
    assert stored(body).never_made == ""
    assert stored(records.renew(body, replace(there, owner_uid="uid-2"), LATER)).never_made == ""


@pytest.mark.parametrize("creates", [False, True])
def test_an_offer_says_whether_the_identity_exists(records: Records, creates: bool) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    pending = Pending("sha256:a", NOW, LATER, "new")
    body = records.offer(body, approvals.Offer(2, pending, creates=creates), LATER)
    assert stored(body).never_made == (LATER if creates else "")
    said = clearance.hold_change(trust(FC), trust(FC, OUTSIDER), ACCOUNT)
    scope = approvals.Scope(cloud_id="" if creates else "id-1")
    offer = approvals.offer(said, approvals.Approval(scope, now=NOW), stored(body))
    assert offer.creates is creates


def test_what_is_adopted_in_its_place_has_no_baseline_of_another(records: Records) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    body = records.renew(body, Claim(OWNER, "uid-1", "", None, OFFERED), NOW)
    no = Rejection("sha256:c", ("a",), NOW, "ann", "no")
    body = records.end(body, (no,))
    adopted = Claim(OWNER, "uid-1", "cloud-9", None, ADOPTED, agreed=Agreed({"policies": {}}))
    body = records.renew(body, adopted, LATER)
    facts = facts_of(body, IDENTITY)
    assert (facts.never_made, facts.baseline, facts.cloud_id) == (NOW, None, "cloud-9")
    assert facts.rejections == (replace(no, wishes=()),)
    # Adopted once more it is the same, and what was said of it since counts.
    body = records.end(body, (no,))
    assert stored(records.renew(body, adopted, LATER)).rejections == (no,)


def test_an_approval_ends_it_with_all_that_was_said_before(records: Records) -> None:
    body = of_offered(records)
    said = Rejection("sha256:x", (), NOW, "ann", "no")
    other = Rejection("sha256:y", ("b",), NOW, "bob", "no")
    body = records.end(body, (said, other))
    unapproved = records.complete(records.begin(body, started("TrustTakenBack"), NOW), NOW)
    assert stored(unapproved).never_made == NOW
    begun = records.begin(unapproved, started("TrustChange", approval="sha256:a"), NOW)
    done = stored(records.complete(begun, LATER))
    assert (done.never_made, done.rejections) == ("", (other,))


# What 0.1.0 left, which knows nothing of it


def old(**record: Any) -> dict[str, Any]:
    return {"metadata": {"uid": "u"}, "record": {"uid": "u", **record}}


def test_an_older_versions_offer_tells_by_itself() -> None:
    offer = {"digest": "sha256:a", "since": NOW}
    assert stored(old(pending=offer)).never_made == NOW
    assert stored(old(history=[{"at": NOW, "operation": OFFERED}])).never_made == NOW
    assert stored(old(pending=offer, cloudId="1", deletedAt=NOW)).never_made == NOW
    assert stored(old(pending=offer, cloudId="1")).never_made == ""
    assert stored(old()).never_made == ""


def test_what_an_older_version_made_of_it_counts(server: Server, records: Records) -> None:
    body = of_offered(records)
    (path,) = server.objects
    made_then = {"operation": CREATED, "at": LATER}
    changes = {"cloudId": "1", "uid": body["metadata"]["uid"], "history": [made_then]}
    server.store(path, merged(body, {"record": changes}), {})
    body = server.objects[path]
    assert stored(body).outdated
    assert stored(body).never_made == ""
    body = records.agree(body, agreed=Agreed({"policies": {}}, whole=True))
    assert stored(body).never_made == ""
    assert "neverMade" not in body["record"]
