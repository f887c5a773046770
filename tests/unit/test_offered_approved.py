"""Whatever is offered can be approved: then nothing of it is held any more, and all of it goes."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from ram_operator.constants import DriftPolicy
from ram_operator.gate import clearance
from ram_operator.gate.inputs import Inputs
from ram_operator.model.objects import nothing
from ram_operator.model.outcome import Plan
from ram_operator.model.steps import Step, permit_of
from ram_operator.planning import plan
from tests.unit.approvals_by_example import approved, offered
from tests.unit.core import (
    ACCOUNT_ID,
    ALLOW_ALL,
    ALLOW_READ,
    ANN,
    ECS,
    FC,
    OPTIONS,
    OUTSIDER,
    Json,
    carry_out,
    inputs,
    made,
    policy,
    remembered,
    trust,
    trust_json,
    wanted,
    wanted_policy,
)
from tests.unit.profiles import examples

OTHER_ANN = ("RAM", f"acs:ram::{ACCOUNT_ID}:user/Ann")
ODD: Json = {"Maybe": {"x": "y"}}
UNDER_ID: Json = {"StringEquals": {"sts:ExternalId": "e"}}
CLOSED: Json = {"DateLessThan": {"acs:CurrentTime": clearance.NEVER}}
PRINCIPALS = st.lists(
    st.sampled_from([FC, ECS, ANN, OTHER_ANN, OUTSIDER]), min_size=1, max_size=2, unique=True
)
DENY: Json = {"Effect": "Deny", "Action": "ram:*", "Resource": "*"}
PASS: Json = {"Effect": "Allow", "Action": "ram:PassRole", "Resource": "*"}
STATEMENTS = st.lists(st.sampled_from([ALLOW_READ, ALLOW_ALL, PASS, DENY]), min_size=1, max_size=2)


def settled(case: Inputs) -> tuple[Inputs, Plan]:
    """Once all is written that needs nobody."""
    for _ in range(4):
        found = plan.update(case)
        if not [step for step in found.steps if step.settles]:
            return case, found
        live = case.live
        for step in found.steps:
            live = carry_out(live, step) if step.settles else live
        memory = replace(case.memory, applied=found.applied)
        case = replace(case, live=live, memory=memory)
    raise AssertionError("it writes for ever")


def once_approved(case: Inputs) -> tuple[Plan, Plan] | None:
    """Before and after the approval of what is offered; None where nothing is."""
    record = replace(case.memory.record, sequence=7, settled=True)
    case, before = settled(replace(case, memory=replace(case.memory, record=record)))
    if before.held is None or before.incomplete:
        return None
    facts = offered(before.held, record)
    memory = replace(case.memory, record=facts)
    return before, plan.update(replace(case, memory=memory, approval=approved(facts)))


def all_goes(before: Plan, after: Plan) -> None:
    assert before.held is not None
    assert after.held is None
    resting: list[Step] = [step for step in after.steps if permit_of(step) is not None]
    parts = {part for step in resting for part in step.parts}
    assert parts == {(change.field, change.entry) for change in before.held.changes}


@st.composite
def roles(draw: st.DrawFn) -> Inputs:
    """A role that was applied, what somebody made of its trust by hand, and perhaps an edit."""
    conditions = st.sampled_from([None, UNDER_ID])
    specs = [{"trustPolicy": trust_json(*draw(PRINCIPALS), condition=draw(conditions))}] * 2
    if draw(st.booleans()):
        specs[1] = {"trustPolicy": trust_json(*draw(PRINCIPALS), condition=draw(conditions))}
    before, asked = map(wanted, specs)
    by_hand = trust(
        *draw(PRINCIPALS), condition=draw(st.sampled_from([None, UNDER_ID, ODD, CLOSED]))
    )
    found = made(before)
    found = replace(found, fields={**found.fields, "trustPolicy": by_hand})
    drift = draw(st.sampled_from([DriftPolicy.REVERT_EXCESS, DriftPolicy.REVERT]))
    memory = replace(remembered(before), options=replace(OPTIONS, drift=drift))
    return inputs(asked, found, memory)


@examples(80)
@given(roles())
def test_of_a_role(case: Inputs) -> None:
    found = once_approved(case)
    if found is not None:
        all_goes(*found)


@st.composite
def documents(draw: st.DrawFn) -> Inputs:
    before = wanted_policy(document={"Version": "1", "Statement": draw(STATEMENTS)})
    asked = before
    if draw(st.booleans()):
        asked = wanted_policy(document={"Version": "1", "Statement": draw(STATEMENTS)})
    found = made(before)
    found = replace(found, fields={**found.fields, "document": policy(*draw(STATEMENTS))})
    drift = draw(st.sampled_from([DriftPolicy.REVERT_EXCESS, DriftPolicy.REVERT]))
    options = replace(OPTIONS, drift=drift)
    memory = replace(remembered(before), options=options, holders=nothing())
    return inputs(asked, found, memory)


@examples(80)
@given(documents())
def test_of_a_policy(case: Inputs) -> None:
    found = once_approved(case)
    if found is not None:
        all_goes(*found)
