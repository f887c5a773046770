"""Plans carried out on a model of the cloud: at no moment does anybody have more than the larger
of what was and what is asked for, and a second plan has nothing left to do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ram_operator import documents
from ram_operator.constants import AdoptionPolicy, DriftPolicy
from ram_operator.gate.inputs import Memory
from ram_operator.model.outcome import Plan
from ram_operator.model.records import RecordFacts
from ram_operator.model.state import Applied, Desired, Live
from ram_operator.planning import plan, steps_of
from tests.unit.core import (
    ACCOUNT_ID,
    ANN,
    ECS,
    FC,
    HARMLESS,
    OPTIONS,
    attachment,
    carry_out,
    inputs,
    made,
    policies,
    record,
    remembered,
    tags,
    trust,
    trust_json,
    wanted,
)
from tests.unit.profiles import examples

BOB = ("RAM", f"acs:ram::{ACCOUNT_ID}:user/bob")
NAMES = ["System/A", "System/B", "Custom/C"]
PRINCIPALS = st.lists(st.sampled_from([FC, ECS, ANN, BOB]), min_size=1, unique=True)
POLICIES = st.lists(st.sampled_from(NAMES), unique=True)
SESSIONS = st.sampled_from([3600, 7200])
TAGS = st.dictionaries(st.sampled_from("ab"), st.sampled_from(["", "1"]))
SPECS = st.fixed_dictionaries(
    {
        "trustPolicy": PRINCIPALS.map(lambda some: trust_json(*some)),
        "policies": POLICIES.map(lambda names: [attachment(name) for name in names]),
        "maxSessionDurationSeconds": SESSIONS,
        "policyMode": st.sampled_from(["Exclusive", "Exclusive", "Additive"]),
        "tags": TAGS,
    },
    optional={"description": st.sampled_from(["d", "e"])},
)
BY_HAND = st.fixed_dictionaries(
    {},
    optional={
        "trustPolicy": PRINCIPALS.map(lambda some: trust(*some)),
        "policies": POLICIES.map(lambda names: policies(*names)),
        "maxSessionDurationSeconds": SESSIONS,
        "tags": TAGS.map(lambda pairs: tags(**pairs)),
        "description": st.sampled_from(["d", "by hand"]),
    },
)


def trusted(value: Any) -> frozenset[str]:
    """Who may assume the role. The only condition here is one that never holds."""
    assert isinstance(value, documents.Trust)
    return frozenset(p.raw for p in documents.trust_principals(value) if not p.conditions)


def access(fields: Mapping[str, Any]) -> frozenset[tuple[str, str]]:
    """(who, may use which policy)."""
    return frozenset(
        (who, key) for who in trusted(fields["trustPolicy"]) for key in fields["policies"]
    )


def told(facts: RecordFacts, decision: Plan) -> RecordFacts:
    """The record once all of a plan was done."""
    values = {**facts.agreed.values, **decision.agreed.values}
    for step in decision.steps:
        values |= step.agrees.values
    return replace(facts, agreed=replace(facts.agreed, values=values))


@st.composite
def histories(draw: st.DrawFn) -> tuple[Desired, Live, Memory]:
    """An object, what was done by hand since it was applied, and perhaps an edit."""
    before = wanted(draw(SPECS))
    asked = before if draw(st.booleans()) else wanted(draw(SPECS))
    found = made(before)
    found = replace(found, fields={**found.fields, **draw(BY_HAND)})
    options = replace(
        OPTIONS,
        drift=draw(st.sampled_from(DriftPolicy)),
        adoption=draw(st.sampled_from(AdoptionPolicy)),
    )
    kind = draw(st.sampled_from(["kept", "kept", "kept", "status lost", "adopted"]))
    if kind == "adopted":
        return asked, found, Memory(options, Applied(), RecordFacts(), harmless_policies=HARMLESS)
    memory = replace(remembered(before), options=options)
    return asked, found, memory if kind == "kept" else replace(memory, applied=Applied())


@examples(250)
@given(histories(), st.booleans())
def test_at_no_moment_has_anybody_more_than_before_and_after(
    history: tuple[Desired, Live, Memory], believe: bool
) -> None:
    asked, found, memory = history
    allowed = access(found.fields) | access(asked.fields)
    here = inputs(asked, found, memory)
    steps = plan.update(here, frozenset() if believe else plan.drifted(here)).steps
    for step in steps:
        found = carry_out(found, step)
        assert access(found.fields) <= allowed, step.summary


@examples(150)
@given(histories(), st.booleans())
def test_no_step_lets_anybody_into_a_role(
    history: tuple[Desired, Live, Memory], believe: bool
) -> None:
    """In an existing role only a take-back writes the trust, and it only takes."""
    asked, found, memory = history
    before = trusted(found.fields["trustPolicy"])
    here = inputs(asked, found, memory)
    for step in plan.update(here, frozenset() if believe else plan.drifted(here)).steps:
        found = carry_out(found, step)
        assert trusted(found.fields["trustPolicy"]) <= before


@examples(150)
@given(histories())
def test_steps_that_widen_come_after_all_others(history: tuple[Desired, Live, Memory]) -> None:
    steps = plan.update(inputs(*history)).steps
    ranks = [steps_of.ORDER[step.direction] for step in steps]
    assert ranks == sorted(ranks)


@examples(150)
@given(histories())
def test_the_session_grows_only_for_those_who_are_asked_for(
    history: tuple[Desired, Live, Memory],
) -> None:
    asked, found, memory = history
    before = found.fields["maxSessionDurationSeconds"]
    for step in plan.update(inputs(asked, found, memory)).steps:
        found = carry_out(found, step)
    now = found.fields["maxSessionDurationSeconds"]
    assert isinstance(now, int)
    assert isinstance(before, int)
    if now > before:
        assert trusted(found.fields["trustPolicy"]) <= trusted(asked.fields["trustPolicy"])


@examples(250)
@given(histories())
def test_a_second_plan_on_the_result_writes_nothing(history: tuple[Desired, Live, Memory]) -> None:
    asked, found, memory = history
    first = plan.update(inputs(asked, found, memory))
    for step in first.steps:
        found = carry_out(found, step)
    facts = told(memory.record if memory.record.exists else record(first.baseline), first)
    again = plan.update(inputs(asked, found, replace(memory, applied=first.applied, record=facts)))
    assert again.steps == ()
    third = plan.update(inputs(asked, found, replace(memory, applied=again.applied, record=facts)))
    assert third == again


@examples(150)
@given(histories())
def test_what_was_taken_away_by_hand_is_not_given_back(
    history: tuple[Desired, Live, Memory],
) -> None:
    """Under RevertExcess, where the manifest did not move."""
    asked, found, memory = history
    memory = replace(
        remembered(asked), options=replace(memory.options, drift=DriftPolicy.REVERT_EXCESS)
    )
    before = found.fields
    steps = plan.update(inputs(asked, found, memory)).steps
    for step in steps:
        found = carry_out(found, step)
    assert trusted(found.fields["trustPolicy"]) <= trusted(before["trustPolicy"])
    for name in ("policies",):
        kept = found.fields[name]
        assert isinstance(kept, Mapping)
        was = before[name]
        assert isinstance(was, Mapping)
        assert kept.keys() <= was.keys()
    now, then = found.fields["maxSessionDurationSeconds"], before["maxSessionDurationSeconds"]
    assert isinstance(now, int)
    assert isinstance(then, int)
    assert now <= then


@examples(150)
@given(histories())
def test_report_touches_nothing_that_was_done_by_hand(
    history: tuple[Desired, Live, Memory],
) -> None:
    asked, found, memory = history
    memory = replace(remembered(asked), options=replace(memory.options, drift=DriftPolicy.REPORT))
    decision = plan.update(inputs(asked, found, memory))
    assert decision.steps == ()
    assert all(entry.action == "reported" for entry in decision.drift)


@examples(100)
@given(SPECS)
def test_what_was_created_is_as_asked(spec: dict[str, Any]) -> None:
    asked = wanted(spec)
    memory = Memory(OPTIONS, Applied(), RecordFacts(), harmless_policies=HARMLESS)
    first = plan.create(inputs(asked, made(asked), memory))
    create, *rest = first.steps
    fields = {
        **create.new.attributes,
        "trustPolicy": create.cleared.trust,
        "tags": create.new.tags,
        "policies": {},
    }
    found = replace(made(asked), fields=fields)
    for step in rest:
        found = carry_out(found, step)
        assert access(found.fields) <= access(asked.fields)
    assert {name: found.fields[name] for name in asked.fields} == asked.fields
    known = replace(memory, applied=first.applied, record=told(record(first.baseline), first))
    again = plan.update(inputs(asked, found, known))
    assert (again.steps, again.drift, again.in_sync) == ((), (), True)
    assert again.applied == first.applied
