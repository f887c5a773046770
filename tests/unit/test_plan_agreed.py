"""A trust that manifest and cloud agree on is what the record says from then on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.constants import Severity
from ram_operator.errors import Bug
from ram_operator.gate import clearance
from ram_operator.model.objects import FieldValue, UnknownPart
from ram_operator.model.steps import WriteTrust
from ram_operator.model.vocabulary import HeldKind
from ram_operator.planning import plan
from tests.unit.core import (
    ECS,
    FC,
    attachment,
    inputs,
    live,
    made,
    remembered,
    trust,
    trust_json,
    wanted,
    wanted_policy,
)

BEFORE = wanted({"trustPolicy": trust_json(FC)})
ASKED = wanted({"trustPolicy": trust_json(ECS)})


def test_what_was_taken_away_in_manifest_and_cloud_is_agreed_on() -> None:
    both = wanted({"trustPolicy": trust_json(FC, ECS)})
    found = inputs(ASKED, made(ASKED), remembered(both))
    assert plan.agreed(found)
    decision = plan.update(found)
    assert (decision.baseline, decision.steps, decision.held) == (trust(ECS), (), None)
    assert decision.in_sync


def test_what_was_added_in_both_is_not_and_goes() -> None:
    """Whoever may write the cloud and the manifest agrees with himself alone."""
    found = inputs(ASKED, made(ASKED), remembered(BEFORE))
    assert not plan.agreed(found)
    decision = plan.update(found)
    assert decision.baseline == trust(FC)
    (step,) = decision.steps
    assert isinstance(step, WriteTrust)
    assert step.cleared.permit is None
    assert documents.compare_trust(trust(ECS), step.cleared.trust).gains == ()
    assert decision.held is not None
    assert decision.held.kind == HeldKind.TRUST_CHANGE
    found_drift = [(entry.field, entry.severity, entry.action) for entry in decision.drift]
    assert found_drift[0] == ("trustPolicy", Severity.CRITICAL, "corrected")


def test_what_was_added_in_both_while_nobody_looked_stays_and_is_held() -> None:
    memory = replace(remembered(BEFORE), watched=False)
    wider = wanted({"trustPolicy": trust_json(FC, ECS)})
    decision = plan.update(inputs(wider, made(wider), memory))
    assert (decision.steps, decision.baseline) == ((), trust(FC))
    assert decision.held is not None
    assert decision.held.kind == HeldKind.FOUND
    assert "ecs.aliyuncs.com" in decision.held.gains[0]
    assert [(d.field, d.action, d.severity) for d in decision.drift] == [
        ("trustPolicy", "held", Severity.CRITICAL)
    ]
    assert "ecs.aliyuncs.com" in decision.drift[0].now
    assert decision.in_sync


@pytest.mark.parametrize("found", [trust(FC), trust(FC, ECS), UnknownPart(Bug("no JSON"))])
def test_anything_else_is_not(found: FieldValue | UnknownPart) -> None:
    here = inputs(ASKED, live(trustPolicy=found), remembered(BEFORE))
    assert not plan.agreed(here)
    assert plan.update(here).baseline == trust(FC)


def test_what_the_record_says_already_is_not_said_again() -> None:
    assert not plan.agreed(inputs(BEFORE, made(BEFORE), remembered(BEFORE)))


def test_without_a_record_of_a_trust_there_is_nothing_to_agree_on() -> None:
    memory = remembered(BEFORE)
    adopted = replace(memory, record=replace(memory.record, baseline=None))
    assert not plan.agreed(inputs(ASKED, made(ASKED), adopted))
    document = wanted_policy()
    assert not plan.agreed(inputs(document, made(document), remembered(document)))


CLOSED = {"DateLessThan": {"acs:CurrentTime": [clearance.NEVER]}}


def test_while_nobody_is_trusted_what_is_asked_for_beside_the_trust_goes_on() -> None:
    """The way back takes nothing from anybody, so there is nothing that has to come first."""
    asked = wanted({"policies": [attachment("System/A")]})
    found = live(trustPolicy=trust(ECS, condition=CLOSED))
    decision = plan.update(inputs(asked, found, remembered(wanted({}))))
    assert [step.verb for step in decision.steps] == ["attach"]
    held = plan.update(
        inputs(ASKED, live(trustPolicy=trust(FC, condition=CLOSED)), remembered(BEFORE))
    ).held
    assert held is not None
    assert held.gains
    assert held.losses == ()


@pytest.mark.parametrize(
    "condition",
    [
        None,
        {"DateLessThan": {"acs:CurrentTime": ["2099-01-01T00:00:00Z"]}},
        {"DateLessThan": {"acs:CurrentTime": [clearance.NEVER, "2099-01-01T00:00:00Z"]}},
        {"DateGreaterThan": {"acs:CurrentTime": [clearance.NEVER]}},
        {"StringEquals": {"acs:CurrentTime": [clearance.NEVER]}},
        {"DateLessThan": {"acs:MFAPresent": [clearance.NEVER]}},
    ],
)
def test_any_other_trust_may_be_in_force(condition: dict[str, Any] | None) -> None:
    other = trust(ECS, condition=condition)
    assert clearance.in_force(other) is other
    assert clearance.in_force(documents.NOBODY) is documents.NOBODY


def test_a_trust_of_which_one_part_is_in_force_is() -> None:
    parts = [trust_json(FC, condition=CLOSED), trust_json(ECS)]
    statements = [statement for part in parts for statement in part["Statement"]]
    whole = documents.parse_trust({"Version": "1", "Statement": statements})
    assert clearance.in_force(whole) is whole
