"""Acknowledged drift, in the gate: which differences, until when, and what it does not touch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator import times
from ram_operator.constants import DriftPolicy
from ram_operator.gate import acknowledgements
from ram_operator.gate.acknowledgements import Said, Turn
from ram_operator.gate.inputs import Guard, Inputs
from ram_operator.model.outcome import Plan
from ram_operator.model.records import (
    Acknowledgement,
    Agreed,
    DriftEntry,
    HistoryEntry,
    RecordFacts,
)
from ram_operator.model.steps import Attach, Detach, WriteAttributes, WriteTrust
from ram_operator.model.vocabulary import DriftAction
from ram_operator.planning import plan
from tests.unit.approvals_by_example import END, NOW, RECORD, SAID, SCOPE, SOON
from tests.unit.core import (
    ALLOW_ALL,
    ALLOW_READ,
    ANN,
    ECS,
    FC,
    OPTIONS,
    attachment,
    from_outside,
    inputs,
    live,
    made,
    policies,
    policy,
    remembered,
    trust,
    trust_json,
    wanted,
    wanted_policy,
)

DIGEST = "sha256:" + "ab" * 32
LATER = "2026-01-02T06:00:00Z"
A_DAY = "2026-01-03T00:00:00Z"
TEXT = f"{DIGEST} until {LATER}"
EDGE = ("Service", "edge.aliyuncs.com")


def case(asked: Any, there: Any, text: str = "", **memory: Any) -> Inputs:
    """What the cloud has beside what is asked for, of an identity whose record is at hand."""
    known = remembered(asked)
    record = replace(known.record, exists=True, cloud_id=there.cloud_id, settled=True, sequence=7)
    facts = memory.pop("record", {})
    full = replace(known, **{"record": replace(record, **facts), **memory})
    found = inputs(asked, there, full)
    return replace(found, approval=replace(SAID, acknowledge=text, approve=""))


def acknowledged(found: Inputs, until: str = LATER, **more: Any) -> Inputs:
    """The same once all of its drift is acknowledged."""
    entries = plan.update(found).acknowledgeable
    assert entries
    text = f"{DIGEST} until {until}"
    holds = Acknowledgement(DIGEST, text, "ann", "intact", SOON, until, entries)
    record = replace(found.memory.record, acknowledged=replace(holds, **more))
    known = replace(found, memory=replace(found.memory, record=record))
    return replace(known, approval=replace(known.approval, acknowledge=text))


def stranger(*more: tuple[str, str]) -> Inputs:
    return case(wanted({}), live(trustPolicy=trust(FC, ECS, *more)))


def trusts(decision: Plan) -> list[WriteTrust]:
    return [step for step in decision.steps if isinstance(step, WriteTrust)]


def test_a_stranger_stays_for_exactly_as_long() -> None:
    before = plan.update(stranger())
    assert trusts(before)
    assert [entry.action for entry in before.drift] == [DriftAction.CORRECTED]
    (entry,) = before.acknowledgeable
    assert (entry.field, entry.severity) == ("trustPolicy", "critical")
    assert "ecs.aliyuncs.com" in entry.says
    after = plan.update(acknowledged(stranger()))
    assert not trusts(after)
    assert after.drift == ()
    assert [each.action for each in after.acknowledged] == [DriftAction.ACKNOWLEDGED]
    assert after.acknowledgeable == ()
    assert after.baseline == trust(FC), "what was agreed on does not move"
    assert not after.in_sync


@pytest.mark.parametrize(
    "change",
    [
        lambda it: replace(it, approval=replace(it.approval, acknowledge="")),
        lambda it: replace(it, approval=replace(it.approval, now=LATER)),
        lambda it: replace(it, approval=replace(it.approval, now="")),
        lambda it: replace(it, approval=replace(it.approval, now="2025-12-31T00:00:00Z")),
        lambda it: replace(it, live=replace(it.live, cloud_id="another")),
        lambda it: replace(
            it, memory=replace(it.memory, record=replace(it.memory.record, latest=LATER))
        ),
        lambda it: replace(
            it, live=replace(it.live, fields={**it.live.fields, "trustPolicy": trust(FC, ECS, ANN)})
        ),
    ],
    ids=["taken back", "over", "no time", "to come", "another", "clock set back", "grown"],
)
def test_it_counts_for_nothing_else(change: Any) -> None:
    decision = plan.update(change(acknowledged(stranger())))
    assert trusts(decision)
    assert decision.acknowledged == ()


def test_who_is_in_by_it_gets_nothing_more() -> None:
    asked = wanted({"policies": [attachment("System/a")]})
    there = made(asked)
    fields = {**there.fields, "trustPolicy": trust(FC, ECS), "policies": {}}
    found = acknowledged(case(wanted({}), live(trustPolicy=trust(FC, ECS))))
    wants = replace(found, desired=asked, live=replace(there, fields=fields))
    decision = plan.update(wants)
    assert not any(isinstance(step, Attach) for step in decision.steps)
    assert "the trust to be as asked" in str(decision.waiting)


ONLY_THEN = "the end of what is acknowledged: only then is the manifest's {} offered"


def test_a_manifest_that_asks_for_the_same_waits_for_its_end() -> None:
    found = acknowledged(stranger())
    both = replace(found, desired=wanted({"trustPolicy": trust_json(FC, ECS)}))
    decision = plan.update(both)
    assert decision.held is None
    assert not trusts(decision)
    assert [each.field for each in decision.acknowledged] == ["trustPolicy"]
    assert ONLY_THEN.format("trustPolicy") in str(decision.waiting)
    over = replace(both, approval=replace(both.approval, now=LATER))
    decision = plan.update(over)
    assert trusts(decision)
    assert decision.held is not None
    assert decision.waiting == ()


def test_what_is_acknowledged_is_not_found_in_the_cloud_though_nobody_looked() -> None:
    found = acknowledged(stranger())
    both = replace(found, desired=wanted({"trustPolicy": trust_json(FC, ECS)}))
    decision = plan.update(replace(both, memory=replace(both.memory, watched=False)))
    assert not decision.found
    assert decision.held is None
    assert [each.field for each in decision.acknowledged] == ["trustPolicy"]


def test_who_asks_for_it_and_more_gets_nothing_more_meanwhile() -> None:
    found = acknowledged(stranger())
    asked = wanted({"trustPolicy": trust_json(FC, ECS), "policies": [attachment("System/a")]})
    decision = plan.update(replace(found, desired=asked))
    assert not any(isinstance(step, Attach) for step in decision.steps)


@pytest.mark.parametrize("left", [(FC, ECS), (FC, ECS, ANN, EDGE)], ids=["less", "more"])
def test_an_edit_that_keeps_a_part_of_it_is_not_offered_as_agreed_on(
    left: Any,
) -> None:
    found = acknowledged(stranger(ANN))
    edited = replace(found, desired=wanted({"trustPolicy": trust_json(*left)}))
    decision = plan.update(edited)
    assert decision.held is None, "nobody would be shown that it lets the stranger in for good"
    assert not trusts(decision)
    assert [each.field for each in decision.acknowledged] == ["trustPolicy"]
    assert not decision.in_sync
    over = plan.update(replace(edited, approval=replace(edited.approval, now=LATER)))
    assert trusts(over), "it is taken back to what was agreed on"
    assert over.held is not None
    assert "ecs.aliyuncs.com" in str(over.held.gains)


def test_an_edit_that_keeps_nothing_of_it_is_offered_meanwhile() -> None:
    found = acknowledged(stranger())
    decision = plan.update(replace(found, desired=wanted({"trustPolicy": trust_json(FC, ANN)})))
    assert decision.held is not None
    assert "ann" in str(decision.held.gains)
    assert "ecs.aliyuncs.com" in str(decision.held.losses)


def test_an_edit_of_a_document_that_keeps_a_part_of_it_waits_as_well() -> None:
    pass_role = {"Effect": "Allow", "Action": "ram:PassRole", "Resource": "*"}
    asked = wanted_policy()
    there = made(asked)
    both = policy(pass_role, {**pass_role, "Action": "ram:CreateUser"})
    agreed = {"agreed": Agreed(document=policy(ALLOW_READ))}
    live = replace(there, fields={**there.fields, "document": both})
    found = acknowledged(case(asked, live, record=agreed))
    edited = wanted_policy(document={"Version": "1", "Statement": [pass_role]})
    decision = plan.update(replace(found, desired=edited))
    assert decision.acknowledged
    assert decision.held is None
    assert decision.steps == ()
    assert ONLY_THEN.format("document") in str(decision.waiting)


def test_a_value_that_is_asked_for_meanwhile_is_offered_from_what_was_agreed_on() -> None:
    agreed = {"agreed": Agreed(values={"maxSessionDurationSeconds": "3600"})}
    asked = wanted({"maxSessionDurationSeconds": 3600})
    there = case(asked, live(maxSessionDurationSeconds=43200), record=agreed)
    found = acknowledged(from_outside(there))
    later = replace(found, desired=wanted({"maxSessionDurationSeconds": 7200}))
    decision = plan.update(from_outside(later))
    assert [each.field for each in decision.acknowledged] == ["maxSessionDurationSeconds"]
    assert "7200 instead of 3600" in str(decision.held and decision.held.gains)
    assert not any(isinstance(step, WriteAttributes) for step in decision.steps)


def test_further_drift_is_judged_without_it() -> None:
    kept = acknowledged(stranger())
    fields = {**kept.live.fields, "policies": policies("Custom/x")}
    memory = replace(kept.memory, says={"Custom/x": "a"})
    decision = plan.update(replace(kept, live=replace(kept.live, fields=fields), memory=memory))
    assert any(isinstance(step, Detach) for step in decision.steps)
    assert not trusts(decision)
    # Both are offered together then, so that another acknowledgement may cover them.
    assert [entry.field for entry in decision.acknowledgeable] == [
        "policies[Custom/x]",
        "trustPolicy",
    ]


def test_what_was_taken_away_is_not_given_back_either() -> None:
    options = replace(OPTIONS, drift=DriftPolicy.REVERT)
    asked = wanted({"description": "x"})
    there = replace(made(asked), fields={**made(asked).fields, "description": "y"})
    found = case(asked, there, options=options)
    assert any(isinstance(step, WriteAttributes) for step in plan.update(found).steps)
    assert plan.update(acknowledged(found)).steps == ()


def test_what_is_found_in_the_cloud_waits_for_people_in_any_case() -> None:
    asked = wanted({"trustPolicy": trust_json(FC, ECS)})
    found = case(asked, made(asked), record={"baseline": trust(FC)}, watched=False)
    decision = plan.update(found)
    assert decision.found
    assert decision.acknowledgeable == ()


def test_a_document_that_gives_more_stays_and_moves_nothing() -> None:
    asked = wanted_policy()
    there = replace(made(asked), fields={**made(asked).fields, "document": policy(ALLOW_ALL)})
    found = case(asked, there)
    assert plan.update(found).steps
    decision = plan.update(acknowledged(found))
    assert decision.steps == ()
    assert decision.agreed.document is None
    both = wanted_policy(document={"Version": "1", "Statement": [ALLOW_ALL]})
    decision = plan.update(replace(acknowledged(found), desired=both))
    assert decision.steps == ()
    assert decision.held is None


def test_another_spelling_is_nothing_to_acknowledge() -> None:
    asked = wanted({"trustPolicy": trust_json(("RAM", "acs:ram::1000000000000001:user/Ann"))})
    there = replace(made(asked), fields={**made(asked).fields, "trustPolicy": trust(ANN)})
    assert plan.update(case(asked, there)).acknowledgeable == ()


def test_it_is_offered_anew_shortly_before_its_end() -> None:
    kept = acknowledged(stranger(), until="2026-01-02T00:10:00Z")
    assert [entry.field for entry in plan.update(kept).acknowledgeable] == ["trustPolicy"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (TEXT, Said(DIGEST, LATER)),
        (f" {TEXT}\n", Said(DIGEST, LATER)),
        (f"{DIGEST} until 2026-01-02T08:00:00+02:00", Said(DIGEST, LATER)),
        (f"{DIGEST} until 2026-01-02T06:00:00", None),
        (f"{DIGEST} until 1969-01-02T06:00:00Z", None),
        (f"{DIGEST} until tomorrow", None),
        (f"{DIGEST}  until {LATER}", None),
        (f"{TEXT} and longer", None),
        (DIGEST, None),
        ("", None),
    ],
)
def test_what_an_acknowledgement_is(text: str, found: Said | None) -> None:
    assert acknowledgements.said(text) == found


ENTRY = DriftEntry("trustPolicy", "sha256:x", "critical", "ecs")


UID = "uid-1"
OURS = replace(RECORD, owner_uid=UID)


def with_offer() -> RecordFacts:
    offer = acknowledgements.offered((ENTRY,), SCOPE, OURS, NOW)
    return replace(OURS, drift_offer=offer)


def by(facts: RecordFacts, until: str = LATER) -> str:
    assert facts.drift_offer is not None
    return f"{facts.drift_offer.digest} until {until}"


def test_only_what_is_offered_begins_and_for_a_time_to_come() -> None:
    facts = with_offer()
    assert acknowledgements.turn(facts, by(facts), UID, SOON) is Turn.BEGINS
    assert acknowledgements.turn(facts, by(facts, SOON), UID, SOON) is Turn.STAYS
    assert acknowledgements.turn(facts, by(facts, "2026-02-01T00:00:00Z"), UID, END) is Turn.STAYS
    assert acknowledgements.turn(facts, TEXT, UID, SOON) is Turn.STAYS
    assert acknowledgements.turn(OURS, by(facts), UID, SOON) is Turn.STAYS
    late = replace(facts, latest=END)
    assert acknowledgements.turn(late, by(facts), UID, SOON) is Turn.STAYS


def test_it_lasts_a_day_at_most() -> None:
    facts = with_offer()
    assert facts.drift_offer is not None
    said = by(facts, "2026-01-07T00:00:00Z")
    holds = acknowledgements.begun(facts.drift_offer, said, "", "reduced", SOON)
    assert (holds.until, holds.by, holds.guard) == (A_DAY, "(unknown)", "reduced")
    assert holds.entries == (ENTRY,)
    short = acknowledgements.begun(facts.drift_offer, by(facts), "ann", "intact", SOON)
    assert (short.until, short.by) == (LATER, "ann")


def test_anything_else_that_is_said_ends_it() -> None:
    holds = Acknowledgement(DIGEST, TEXT, "ann", "intact", SOON, LATER, (ENTRY,))
    facts = replace(OURS, acknowledged=holds)
    assert acknowledgements.turn(facts, TEXT, UID, SOON) is Turn.STAYS
    assert acknowledgements.turn(facts, TEXT, UID, LATER) is Turn.ENDS
    assert acknowledgements.turn(facts, "", UID, SOON) is Turn.ENDS
    # Whose clock was ahead, or was set back since, has no longer time by it.
    early = [times.stamp(times.seconds(SOON) - before) for before in (900.0, 901.0)]
    turns = [acknowledgements.turn(facts, TEXT, UID, now) for now in early]
    assert turns == [Turn.STAYS, Turn.ENDS]
    assert acknowledgements.turn(facts, f"{DIGEST} until {END}", UID, SOON) is Turn.ENDS
    another = replace(facts, owner_uid="uid-2")
    assert acknowledgements.turn(another, TEXT, UID, SOON) is Turn.ENDS
    another = replace(with_offer(), owner_uid="uid-2")
    assert acknowledgements.turn(another, by(another), UID, SOON) is Turn.STAYS
    both = replace(with_offer(), acknowledged=holds)
    assert acknowledgements.turn(both, by(both), UID, SOON) is Turn.BEGINS
    assert not acknowledgements.ending(holds, SOON)
    assert acknowledgements.ending(holds, "2026-01-02T05:45:00Z")


def test_an_offer_stands_until_other_drift_takes_its_place() -> None:
    facts = with_offer()
    offer = facts.drift_offer
    assert offer is not None
    assert acknowledgements.offered((ENTRY,), SCOPE, facts, SOON) == offer
    assert acknowledgements.offered((), SCOPE, facts, SOON) == offer
    assert acknowledgements.offered((), SCOPE, facts, END) is None
    again = acknowledgements.offered((ENTRY,), SCOPE, facts, END)
    assert again is not None
    assert again.digest != offer.digest, "the same drift, offered again, is another offer"
    other = acknowledgements.offered((replace(ENTRY, stands="y"),), SCOPE, facts, NOW)
    assert other is not None
    assert other.digest != offer.digest
    assert acknowledgements.offered((), SCOPE, RECORD, NOW) is None


@pytest.mark.parametrize(
    "more", ["cluster", "account_id", "kind", "name", "cloud_id", "namespace", "object"]
)
def test_a_digest_is_for_one_object_of_one_identity(more: str) -> None:
    scope = replace(SCOPE, **{more: "x"})
    one, other = (acknowledgements.digest((ENTRY,), each, 7, NOW) for each in (SCOPE, scope))
    assert one != other
    assert acknowledgements.digest((ENTRY,), SCOPE, 8, NOW) != one


def test_why_one_does_not_count() -> None:
    facts, said = with_offer(), replace(SAID, acknowledge=TEXT, guard=Guard.INTACT)
    assert acknowledgements.voided(facts, replace(said, acknowledge="")) == ""
    assert acknowledgements.voided(facts, said) == "AcknowledgementStale"
    missing = replace(said, guard=Guard.MISSING)
    assert acknowledgements.voided(facts, missing) == "AdmissionPolicyMissing"
    used = replace(facts, history=(HistoryEntry(NOW, acknowledgement=DIGEST),))
    assert acknowledgements.voided(used, said) == ""
    holds = Acknowledgement(DIGEST, TEXT, "ann", "intact", SOON, LATER)
    assert acknowledgements.voided(replace(facts, acknowledged=holds), said) == ""
    assert acknowledgements.voided(facts, replace(said, acknowledge="x")) == "AcknowledgementStale"


def test_of_many_differences_the_gravest_are_offered() -> None:
    names = [f"Custom/x{number:02}" for number in range(60)]
    there, says = live(policies=policies(*names), description="y"), dict.fromkeys(names, "a")
    found = case(wanted({}), there, says=says)
    entries = plan.update(found).acknowledgeable
    assert [entry.severity for entry in entries] == ["critical"] * acknowledgements.MOST
