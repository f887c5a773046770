"""A policy's document does not get wider while a role that has it is about to lose somebody."""

from __future__ import annotations

from dataclasses import replace

from ram_operator.model import changes
from ram_operator.model.state import Desired
from ram_operator.model.vocabulary import Direction
from ram_operator.planning import plan
from tests.unit.core import (
    ALLOW_READ,
    ECS,
    FC,
    inputs,
    made,
    remembered,
    trust_json,
    wanted,
    wanted_policy,
)

NARROW = wanted_policy()
WIDE = wanted_policy(
    document={
        "Version": "1",
        "Statement": [
            ALLOW_READ,
            {"Effect": "Allow", "Action": "oss:ListObjects", "Resource": "*"},
        ],
    }
)


def planned(before: Desired, after: Desired, *roles: str) -> changes.Plan:
    memory = replace(remembered(before), narrowing=roles)
    return plan.update(inputs(after, made(before), memory))


def test_a_wider_document_waits_and_says_for_whom() -> None:
    decision = planned(NARROW, WIDE, "auditor", "exporter")
    assert decision.steps == ()
    (text,) = decision.waiting
    assert text.startswith("the trust of auditor, exporter to be as asked")
    assert not decision.in_sync


def test_it_is_written_when_no_trust_is_about_to_lose_anybody() -> None:
    (step,) = planned(NARROW, WIDE).steps
    assert step.direction is Direction.WIDER


def test_a_narrower_document_waits_for_nobody() -> None:
    (step,) = planned(WIDE, NARROW, "auditor").steps
    assert step.direction is Direction.NARROWER


def test_what_waited_is_still_asked_for_the_next_time() -> None:
    memory = replace(remembered(NARROW), narrowing=("auditor",))
    first = plan.update(inputs(WIDE, made(NARROW), memory))
    later = replace(memory, applied=first.applied, narrowing=())
    (step,) = plan.update(inputs(WIDE, made(NARROW), later)).steps
    assert step.direction is Direction.WIDER


def test_who_approves_a_trust_sees_that_sessions_get_longer_as_well() -> None:
    before = wanted({"maxSessionDurationSeconds": 3600})
    asked = {"maxSessionDurationSeconds": 7200, "trustPolicy": trust_json(FC, ECS)}
    held = plan.update(inputs(wanted(asked), made(before), remembered(before))).held
    assert held is not None
    assert "a session may last 7200 seconds instead of 3600" in [f.message for f in held.findings]
    asked["maxSessionDurationSeconds"] = 3600
    held = plan.update(inputs(wanted(asked), made(before), remembered(before))).held
    assert held is not None
    assert "RAM015" not in [finding.id for finding in held.findings]
