"""One value of a role that no manifest speaks of: what was opened by hand goes all the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator.constants import DriftPolicy
from ram_operator.errors import Bug
from ram_operator.gate import approvals
from ram_operator.gate.inputs import Inputs
from ram_operator.gate.review import insist
from ram_operator.model.objects import UnknownPart
from ram_operator.model.records import Agreed, InFlight, Rejection
from ram_operator.model.steps import AgreeValue, WriteAttributes, WriteTrust
from ram_operator.model.vocabulary import HeldKind
from ram_operator.planning import plan
from tests.unit.approvals_by_example import NOW, approved, offered
from tests.unit.core import ECS, FC, OPTIONS, OUTSIDER, from_outside, trust
from tests.unit.test_grants import OWN
from tests.unit.test_values import (
    BOTH,
    CONSOLE,
    LEAST,
    MOST,
    SESSION,
    edited,
    noted,
    with_record,
    written,
)

Json = dict[str, Any]
REPORT: Final = {"options": replace(OPTIONS, drift=DriftPolicy.REPORT)}
UNWATCHED: Final = {"watched": False}


def unsaid(name: str, agreed: Json = LEAST, live: Json = MOST, **options: Any) -> Inputs:
    """The manifest does not speak of it."""
    found = edited({name: agreed[name]}, {name: live[name]}, {}, **options)
    fields = {key: value for key, value in found.desired.fields.items() if key != name}
    return replace(found, desired=replace(found.desired, fields=fields))


def said_no(found: Inputs) -> Inputs:
    """Somebody rejected what is held."""
    held = plan.update(found).held
    assert held is not None
    no = Rejection("sha256:x", approvals.wishes(held), NOW, "ann", "no")
    return with_record(found, rejections=(no,))


@BOTH
def test_where_nothing_is_asked_for_what_was_opened_by_hand_goes_all_the_same(name: str) -> None:
    found = unsaid(name)
    decision = plan.update(found)
    (step,) = written(decision)
    assert isinstance(step, WriteAttributes)
    assert (step.names, step.attributes[name]) == ((name,), LEAST[name])
    assert decision.held is None
    assert [(d.action, d.severity.value) for d in decision.drift] == [("corrected", "critical")]
    assert plan.drifted(found)
    assert noted(found) == {}


@BOTH
@pytest.mark.parametrize("known", [UNWATCHED, REPORT], ids=["unwatched", "report"])
def test_nor_is_it_silent_where_nothing_is_taken_back(name: str, known: Any) -> None:
    found = unsaid(name, **known)
    decision = plan.update(found)
    assert (written(decision), decision.found) == ([], True)
    assert decision.held is not None
    assert decision.held.kind is HeldKind.FOUND
    facts = offered(decision.held, replace(found.memory.record, sequence=7, settled=True))
    opened = replace(found, memory=replace(found.memory, record=facts), approval=approved(facts))
    (agrees,) = written(plan.update(opened))
    assert isinstance(agrees, AgreeValue)
    assert agrees.agrees == Agreed(values={name: str(MOST[name])})


@BOTH
def test_what_was_found_goes_once_it_is_rejected(name: str) -> None:
    (step,) = written(plan.update(said_no(unsaid(name, **UNWATCHED))))
    assert isinstance(step, WriteAttributes)
    assert step.attributes[name] == LEAST[name]


@BOTH
@pytest.mark.parametrize("no", [False, True])
def test_of_a_role_that_nobody_has_agreed_on_nothing_is_closed(name: str, no: bool) -> None:
    """Made by hand in place of a creation that waits, it may be somebody else's."""
    found = with_record(unsaid(name), baseline=None, agreed=Agreed(), never_made=NOW)
    decision = plan.update(said_no(found) if no else found)
    assert decision.held is not None
    assert name in {change.field for change in decision.held.changes}
    assert not [step for step in written(decision) if isinstance(step, WriteAttributes)]


@BOTH
def test_what_was_agreed_on_of_one_that_is_gone_closes_nothing_of_another(name: str) -> None:
    decision = plan.update(with_record(unsaid(name), cloud_id="id-0"))
    assert (written(decision), decision.held, decision.drift) == ([], None, ())


@BOTH
def test_what_could_not_be_read_takes_nothing_away(name: str) -> None:
    unread = plan.update(unsaid(name, has="Custom/Unread"))
    assert (written(unread), [d.action for d in unread.drift]) == ([], ["reported"])
    unlisted = plan.update(unsaid(name, attached=None))
    assert (written(unlisted), unlisted.drift) == ([], ())


@BOTH
def test_a_right_that_waits_makes_no_more_of_the_role(name: str) -> None:
    found = unsaid(name, attached=frozenset())
    gone = {**found.live.fields, "policies": {}}
    found = replace(found, live=replace(found.live, fields=gone))
    assert name not in {entry.field for entry in plan.update(found).drift}
    assert noted(found) == {}


@BOTH
def test_nor_does_a_document_that_is_not_in_force(name: str) -> None:
    """Nor somebody from outside whom a trust names that waits."""
    found = unsaid(name, outsiders=("somebody",))
    waits = frozenset(found.memory.attached or ())
    assert waits
    found = replace(found, memory=replace(found.memory, not_in_force=waits))
    assert name not in {entry.field for entry in plan.update(found).drift}


@BOTH
def test_who_may_be_it_from_outside_is_enough(name: str) -> None:
    decision = plan.update(from_outside(unsaid(name, has=OWN)))
    assert [d.action for d in decision.drift] == ["corrected"]


@BOTH
def test_what_was_begun_is_left_where_nothing_is_asked_for(name: str) -> None:
    found = unsaid(name)
    held = plan.update(replace(found, memory=replace(found.memory, watched=False))).held
    assert held is not None
    flight = InFlight("EscalatingGrant", "sha256:c", "sha256:a", wishes=approvals.wishes(held))
    found = with_record(found, in_flight=flight)
    assert (written(plan.update(found)), noted(found)) == ([], {name: str(MOST[name])})


@BOTH
def test_where_nothing_is_asked_for_the_rest_is_followed(name: str) -> None:
    """What is narrower, and what an ordinary role has."""
    wider = unsaid(name, has=OWN)
    assert (written(plan.update(wider)), noted(wider)) == ([], {name: str(MOST[name])})
    narrower = unsaid(name, MOST, LEAST)
    assert (written(plan.update(narrower)), noted(narrower)) == ([], {name: str(LEAST[name])})


# With a trust


def edited_too(found: Inputs, *principals: tuple[str, str]) -> Inputs:
    """The trust was edited by hand as well."""
    fields = {**found.live.fields, "trustPolicy": trust(*principals)}
    return replace(found, live=replace(found.live, fields=fields))


@BOTH
def test_what_was_opened_beside_a_trust_goes_by_the_same_call(name: str) -> None:
    found = edited_too(unsaid(name), FC, OUTSIDER)
    decision = plan.update(found)
    (step,) = written(decision)
    assert isinstance(step, WriteTrust)
    assert step.cleared.trust == trust(FC)
    assert step.attributes[name] == LEAST[name]
    assert step.settles == {"trustPolicy", name}
    assert [(d.field, d.action) for d in decision.drift] == [
        ("trustPolicy", "corrected"),
        (name, "corrected"),
    ]
    insist(step)
    with pytest.raises(Bug, match="nobody has judged it"):
        insist(replace(step, attributes={**step.attributes, name: MOST[name]}))


BESIDE: Final[dict[str, tuple[Json, Json, Json]]] = {
    "another description": ({}, {"description": "old"}, {"description": "new"}),
    "a shorter session": ({SESSION: 43200}, {SESSION: 43200}, {SESSION: 3600}),
}


@pytest.mark.parametrize("sides", BESIDE.values(), ids=BESIDE)
def test_what_is_asked_for_beside_it_goes_by_its_own_call(sides: Any) -> None:
    """What may be refused keeps no stranger in."""
    back, *beside = written(plan.update(edited_too(edited(*sides), FC, ECS)))
    assert isinstance(back, WriteTrust)
    assert (back.names, back.settles) == ((), {"trustPolicy"})
    assert all(isinstance(step, WriteAttributes) for step in beside)


def test_a_trust_that_cannot_be_read_is_no_proof() -> None:
    found = unsaid(CONSOLE, has=OWN, outsiders=("somebody whom nobody can tell",))
    fields = {**found.live.fields, "trustPolicy": UnknownPart(Bug("no JSON"))}
    decision = plan.update(replace(found, live=replace(found.live, fields=fields)))
    assert written(decision) == []
    assert [(d.field, d.action) for d in decision.drift] == [(CONSOLE, "reported")]
