"""The plan: what is created, the order of writes, what is held and what waits."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.constants import AdoptionPolicy, DriftPolicy, Severity
from ram_operator.errors import Bug
from ram_operator.gate.inputs import Memory
from ram_operator.model import applied_marks
from ram_operator.model.changes import Drift
from ram_operator.model.objects import UnknownPart
from ram_operator.model.outcome import Plan
from ram_operator.model.records import RecordFacts
from ram_operator.model.state import Applied, Desired, Live
from ram_operator.model.vocabulary import Direction, HeldKind
from ram_operator.planning import plan
from tests.unit.core import (
    ALLOW_ALL,
    ALLOW_READ,
    ANN,
    ECS,
    FC,
    HARMLESS,
    OPTIONS,
    attachment,
    inputs,
    live,
    made,
    policies,
    policy,
    record,
    remembered,
    trust,
    trust_json,
    wanted,
    wanted_policy,
)

A, B = attachment("System/A"), attachment("System/B")
NEW = Memory(OPTIONS, Applied(), RecordFacts(), harmless_policies=HARMLESS)
EXCESS, REVERT, REPORT = DriftPolicy.REVERT_EXCESS, DriftPolicy.REVERT, DriftPolicy.REPORT


def verbs(decision: Plan) -> list[str]:
    return [step.verb for step in decision.steps]


def update(asked: Desired, found: Live, memory: Memory | None = None, **options: Any) -> Plan:
    """Without a memory everything was as asked before, so what differs is drift."""
    memory = memory or remembered(asked, **options)
    return plan.update(inputs(asked, found, memory))


def differs(asked: Desired, **changes: Any) -> Live:
    return replace(made(asked), fields={**made(asked).fields, **changes})


def actions(decision: Plan) -> dict[str, str]:
    return {entry.field: entry.action for entry in decision.drift}


# --- nothing to do


@pytest.mark.parametrize("believe", [True, False])
def test_a_role_as_asked_needs_nothing(believe: bool) -> None:
    asked = wanted({"policies": [A], "tags": {"a": "1"}, "description": "d"})
    memory = remembered(asked)
    here = inputs(asked, made(asked), memory)
    decision = plan.update(here, frozenset() if believe else plan.drifted(here))
    assert (decision.steps, decision.drift, decision.waiting) == ((), (), ())
    assert (decision.held, decision.in_sync) == (None, True)
    assert decision.applied == memory.applied
    assert plan.drifted(here) == frozenset()


def test_what_an_identity_without_a_record_has_is_its_baseline() -> None:
    decision = update(wanted({}), live(), NEW)
    assert decision.baseline == trust(FC)


# --- the order of writes


def test_what_narrows_comes_first_and_what_widens_last() -> None:
    before = wanted({"policies": [A], "tags": {"a": "1", "b": "1"}, "description": "d"})
    spec = {"policies": [B], "tags": {"a": "2"}, "maxSessionDurationSeconds": 7200}
    asked = wanted({**spec, "description": "e"})
    decision = update(asked, made(before), remembered(before))
    assert [step.summary for step in decision.steps] == [
        "detach System/A",
        "tag a",
        "untag b",
        "attach System/B",
        "update description, maxSessionDurationSeconds",
    ]
    assert decision.steps[-1].direction is Direction.WIDER
    assert not decision.in_sync


def test_a_trust_is_taken_back_before_anything_else() -> None:
    before = wanted({"policies": [A]})
    asked = wanted({"policies": [B]})
    found = differs(before, trustPolicy=trust(FC, ANN))
    decision = update(asked, found, remembered(before))
    assert verbs(decision) == ["trust", "detach", "attach"]
    assert decision.held is None
    assert actions(decision) == {"trustPolicy": "corrected"}


def test_one_call_writes_its_fields_together() -> None:
    before = wanted({"description": "d"})
    asked = wanted({"description": "e"})
    (step,) = update(asked, made(before), remembered(before)).steps
    assert step.verb == "attributes"
    assert step.attributes == {"description": "e", "maxSessionDurationSeconds": 3600}


def test_one_call_leaves_what_the_manifest_does_not_manage() -> None:
    before = wanted({})
    asked = wanted({"maxSessionDurationSeconds": 7200})
    found = differs(before, description="theirs")
    (step,) = update(asked, found, remembered(before)).steps
    assert step.attributes == {"description": "theirs", "maxSessionDurationSeconds": 7200}


def test_a_part_that_is_unknown_is_not_written_along() -> None:
    before, asked = wanted({}), wanted({"maxSessionDurationSeconds": 7200})
    found = differs(before, description=UnknownPart(Bug("no answer")))
    (step,) = update(asked, found, remembered(before)).steps
    assert step.attributes == {"maxSessionDurationSeconds": 7200}


def shortened() -> tuple[Desired, Live, Memory]:
    """The description was edited, and somebody shortened the session by hand."""
    before = wanted({"description": "d", "maxSessionDurationSeconds": 7200})
    asked = wanted({"description": "e", "maxSessionDurationSeconds": 7200})
    return asked, differs(before, maxSessionDurationSeconds=3600), remembered(before)


@pytest.mark.parametrize("believe", [True, False])
def test_a_write_gives_nothing_back_in_passing(believe: bool) -> None:
    asked, found, memory = shortened()
    here = inputs(asked, found, memory)
    decision = plan.update(here, frozenset() if believe else plan.drifted(here))
    (step,) = decision.steps
    assert step.attributes == {"description": "e", "maxSessionDurationSeconds": 3600}
    shown = {"maxSessionDurationSeconds": "reported"} if believe else {}
    assert actions(decision) == shown


def test_taking_a_trust_back_gives_nothing_back_in_passing() -> None:
    asked = wanted({"maxSessionDurationSeconds": 7200, "description": "d"})
    found = differs(
        asked, trustPolicy=trust(FC, ANN), maxSessionDurationSeconds=3600, description=""
    )
    decision = update(asked, found)
    assert verbs(decision) == ["trust", "attributes"]
    assert decision.steps[0].attributes["maxSessionDurationSeconds"] == 3600
    assert decision.steps[1].attributes == {"description": "d", "maxSessionDurationSeconds": 3600}


def test_taking_a_trust_back_carries_only_what_was_read() -> None:
    asked = wanted({})
    found = differs(asked, trustPolicy=trust(FC, ANN), description=UnknownPart(Bug("no answer")))
    (step,) = update(asked, found).steps
    assert step.attributes.keys() == {"maxSessionDurationSeconds"}


def test_a_policy_document_is_one_step() -> None:
    asked = wanted_policy()
    (step,) = update(asked, differs(asked, document=policy(ALLOW_ALL))).steps
    assert (step.verb, step.direction) == ("document", Direction.NARROWER)


# --- the gate


@pytest.mark.parametrize("kept", DriftPolicy)
@pytest.mark.parametrize(
    ("after", "narrows"),
    [((FC, ECS), False), ((), True), ((ECS,), True)],
    ids=["gain", "loss", "exchange"],
)
def test_an_edit_of_the_trust_is_held(
    kept: DriftPolicy, after: tuple[tuple[str, str], ...], narrows: bool
) -> None:
    before = wanted({"trustPolicy": trust_json(FC, ANN), "policies": [A]})
    asked_trust = (*after, ANN) if after else (ANN,)
    asked = wanted({"trustPolicy": trust_json(*asked_trust, *([FC] if not narrows else []))})
    asked = replace(asked, fields={**asked.fields, "policies": policies("System/B")})
    decision = update(asked, made(before), remembered(before, drift=kept))
    assert decision.held is not None
    assert decision.held.kind == HeldKind.TRUST_CHANGE
    assert bool(decision.held.losses) == narrows
    assert verbs(decision) == (["detach"] if narrows else ["detach", "attach"])
    assert any("attach System/B" in text for text in decision.waiting) == narrows
    assert decision.baseline == trust(FC, ANN)
    assert not decision.in_sync


def test_what_waits_is_not_remembered_as_done() -> None:
    before = wanted({"trustPolicy": trust_json(FC, ANN)})
    asked = wanted({"policies": [A], "maxSessionDurationSeconds": 7200})
    memory = remembered(before)
    decision = update(asked, made(before), memory)
    assert decision.steps == ()
    assert len(decision.waiting) == 2
    assert decision.applied == memory.applied


def test_a_correction_that_waits_is_not_called_corrected() -> None:
    before = wanted({"trustPolicy": trust_json(FC, ANN), "maxSessionDurationSeconds": 7200})
    asked = wanted({"maxSessionDurationSeconds": 7200})
    found = differs(before, maxSessionDurationSeconds=3600)
    decision = update(asked, found, remembered(before, drift=DriftPolicy.REVERT))
    assert decision.steps == ()
    assert actions(decision) == {"maxSessionDurationSeconds": "held"}


def test_what_waits_does_not_keep_waiting_what_the_same_call_could_write() -> None:
    before = wanted({"trustPolicy": trust_json(FC, ANN), "description": "d"})
    asked = wanted({"description": "d", "maxSessionDurationSeconds": 7200})
    decision = update(asked, differs(before, description="e"), remembered(before))
    (step,) = decision.steps
    assert step.attributes == {"description": "d", "maxSessionDurationSeconds": 3600}
    assert actions(decision) == {"description": "corrected"}
    assert any("maxSessionDurationSeconds" in text for text in decision.waiting)
    assert decision.applied.digests["maxSessionDurationSeconds"] == applied_marks.digest(3600)


@pytest.mark.parametrize("believe", [True, False])
@pytest.mark.parametrize("kept", [REPORT, EXCESS])
def test_nobody_who_was_let_in_by_hand_gets_more(kept: DriftPolicy, believe: bool) -> None:
    """Under Report, or before it is believed, what was added to the trust is still there."""
    before, asked = wanted({}), wanted({"policies": [A]})
    found = differs(before, trustPolicy=trust(FC, ANN))
    here = inputs(asked, found, remembered(before, drift=kept))
    decision = plan.update(here, frozenset() if believe else plan.drifted(here))
    assert plan.drifted(here) == {"trustPolicy"}
    taken_back = believe and kept is EXCESS
    assert verbs(decision) == (["trust", "attach"] if taken_back else [])
    assert (decision.waiting == ()) == taken_back


def test_nobody_gets_more_through_a_trust_that_could_not_be_read() -> None:
    before, asked = wanted({"policies": [B]}), wanted({"policies": [A]})
    found = differs(before, trustPolicy=UnknownPart(Bug("no JSON")))
    decision = update(asked, found, remembered(before))
    assert verbs(decision) == ["detach"]
    assert any("trustPolicy, which could not be read: no JSON" in t for t in decision.waiting)


def test_an_unread_part_is_waited_for_and_not_in_sync() -> None:
    asked = wanted({})
    decision = update(asked, differs(asked, policies=UnknownPart(Bug("denied"))))
    assert decision.steps == ()
    assert decision.waiting == ("policies, which could not be read: denied",)
    assert not decision.in_sync


def test_a_part_that_nobody_manages_need_not_be_read() -> None:
    asked = wanted({})
    assert update(asked, differs(asked, description=UnknownPart(Bug("denied")))).in_sync


def test_while_it_narrows_nothing_a_hand_made_loss_blocks_nothing() -> None:
    before = wanted({"trustPolicy": trust_json(FC, ANN)})
    asked = wanted({"trustPolicy": trust_json(FC, ANN), "policies": [A]})
    found = differs(before, trustPolicy=trust(FC))
    decision = update(asked, found, remembered(before))
    assert verbs(decision) == ["attach"]
    assert (decision.held, actions(decision)) == (None, {"trustPolicy": "reported"})


def test_revert_holds_what_it_would_give_back_to_a_trust() -> None:
    asked = wanted({"trustPolicy": trust_json(FC, ANN)})
    decision = update(asked, differs(asked, trustPolicy=trust(FC)), drift=REVERT)
    assert decision.steps == ()
    assert decision.held is not None
    assert any("user/ann" in text for text in decision.held.gains)
    assert actions(decision) == {"trustPolicy": "held"}


def test_revert_holds_an_escalating_right_and_gives_back_the_rest() -> None:
    asked = wanted({"policies": [A, B]})
    memory = replace(remembered(asked, drift=REVERT), harmless_policies=frozenset({"System/b"}))
    decision = update(asked, differs(asked, policies={}), memory)
    assert verbs(decision) == ["attach"]
    assert decision.held is not None
    assert decision.held.kind == "EscalatingRight"
    assert decision.held.gains == ("policies: System/A would be given back",)
    assert actions(decision) == {"policies[System/a]": "held", "policies[System/b]": "corrected"}


def test_revert_holds_an_escalating_document() -> None:
    asked = wanted_policy(document={"Version": "1", "Statement": [ALLOW_ALL]})
    decision = update(asked, differs(asked, document=policy(ALLOW_READ)), drift=REVERT)
    assert decision.steps == ()
    assert decision.held is not None


def test_of_a_trust_that_gained_and_lost_only_the_gain_is_taken() -> None:
    asked = wanted({"trustPolicy": trust_json(FC, ECS)})
    decision = update(asked, differs(asked, trustPolicy=trust(FC, ANN)))
    (step,) = decision.steps
    sent = step.cleared.trust
    assert documents.compare_trust(sent, trust(FC)).verdict is documents.Verdict.SAME
    assert actions(decision) == {"trustPolicy": "reported"}, "what was lost is still missing"


def test_a_trust_of_which_nothing_can_be_taken_back_is_held() -> None:
    asked = wanted({})
    found = differs(asked, trustPolicy=trust(ANN, condition={"Maybe": {"x": "y"}}))
    decision = update(asked, found)
    assert decision.steps == ()
    assert decision.held is not None
    assert actions(decision) == {"trustPolicy": "held"}


def test_a_held_edit_does_not_shield_what_was_added_by_hand() -> None:
    before = wanted({"policies": [A]})
    asked = wanted({"trustPolicy": trust_json(FC, ECS), "policies": [A, B]})
    decision = update(asked, differs(before, trustPolicy=trust(FC, ANN)), remembered(before))
    assert verbs(decision) == ["trust", "attach"]
    assert decision.steps[0].cleared.trust == trust(FC)
    assert decision.held is not None
    assert any("ecs.aliyuncs.com" in text for text in decision.held.gains)
    assert decision.held.losses == (), "it speaks of what is there once the addition is gone"
    assert actions(decision) == {"trustPolicy": "corrected"}


# --- drift as shown


@pytest.mark.parametrize("policy", [EXCESS, REVERT])
def test_of_a_trust_that_gained_and_lost_both_halves_are_shown(policy: DriftPolicy) -> None:
    asked = wanted({"trustPolicy": trust_json(FC, ECS)})
    decision = update(asked, differs(asked, trustPolicy=trust(FC, ANN)), drift=policy)
    back, left = decision.drift
    assert verbs(decision) == ["trust"]
    assert [(entry.field, entry.action) for entry in decision.drift] == [
        ("trustPolicy", "corrected"),
        ("trustPolicy", "reported"),
    ]
    assert ("user/ann" in back.now, "ecs.aliyuncs.com" in back.now) == (True, False)
    assert ("user/ann" in left.now, "ecs.aliyuncs.com" in left.now) == (False, True)
    # What is left is told in the same words when it is found alone.
    (alone,) = update(asked, differs(asked, trustPolicy=trust(FC)), drift=EXCESS).drift
    assert alone == left


def test_drift_shows_what_was_asked_what_is_and_how_bad_it_is() -> None:
    asked = wanted({"policies": [A], "description": "d"})
    found = differs(asked, policies=policies("System/A", "System/B"), description="e")
    assert update(asked, found, drift=REPORT).drift == (
        Drift("description", "d", "e", Severity.WARNING, "reported"),
        Drift("policies[System/b]", "(none)", "System/B", Severity.CRITICAL, "reported", True),
    )


def test_adoption_shows_what_it_leaves_and_not_what_it_adds() -> None:
    memory = replace(NEW, options=replace(OPTIONS, adoption=AdoptionPolicy.IF_EXISTS))
    decision = update(wanted({"policies": [A]}), live(policies=policies("System/B")), memory)
    assert verbs(decision) == ["attach"]
    assert actions(decision) == {"policies[System/b]": "reported"}


def test_adoption_of_another_trust_is_held() -> None:
    memory = replace(NEW, options=replace(OPTIONS, adoption=AdoptionPolicy.IF_EXISTS))
    decision = update(wanted({}), live(trustPolicy=trust(ANN)), memory)
    assert decision.steps == ()
    assert decision.held is not None
    assert decision.baseline == trust(ANN)


def test_a_policy_has_no_baseline() -> None:
    asked = wanted_policy()
    here = inputs(asked, made(asked), replace(remembered(asked), record=record(None)))
    assert plan.update(here).baseline is None


def test_drift_that_is_not_believed_is_neither_written_nor_shown() -> None:
    asked = wanted({"policies": [A]})
    here = inputs(asked, differs(asked, policies=policies("System/B")), remembered(asked))
    assert plan.drifted(here) == {"policies[System/a]", "policies[System/b]"}
    decision = plan.update(here, plan.drifted(here))
    assert (decision.steps, decision.drift) == ((), ())
    assert decision.unread == plan.drifted(here)
    assert decision.incomplete
