"""One value of a role that gives more of it: judged against what was agreed on, as a trust is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator.constants import DriftPolicy
from ram_operator.gate import approvals, baseline
from ram_operator.gate.evaluators import EVALUATORS
from ram_operator.gate.inputs import Inputs
from ram_operator.gate.review import creation
from ram_operator.model.applied_marks import digest
from ram_operator.model.outcome import Plan
from ram_operator.model.records import NOT_READ, Agreed, InFlight, Rejection
from ram_operator.model.state import Live
from ram_operator.model.steps import AgreeValue, Creation, Note, Step, WriteAttributes, WriteTrust
from ram_operator.model.vocabulary import Cause, HeldKind, Presence
from ram_operator.planning import plan
from tests.unit.approvals_by_example import NOW, approved, offered
from tests.unit.core import ACCOUNT, ECS, FC, OPTIONS, OUTSIDER, ROLE, trust_json
from tests.unit.test_evaluators import without
from tests.unit.test_grants import ADMIN, KNOWN, OWN, after, asked, there, waits

SESSION, CONSOLE = "maxSessionDurationSeconds", "consoleLogin"
LEAST: Final[dict[str, Any]] = {SESSION: 3600, CONSOLE: "Deny"}
MOST: Final[dict[str, Any]] = {SESSION: 43200, CONSOLE: "Allow"}
BOTH: Final = pytest.mark.parametrize("name", LEAST)


def edited(*sides: dict[str, Any], has: str = ADMIN, **memory: Any) -> Inputs:
    """Agreed on was the first one; the cloud has the second, the manifest asks for the last."""
    agreed, live, wanted = (asked("RamRole", has, **side) for side in sides)
    known = after(ROLE, agreed)
    policies = agreed.fields["policies"]
    assert isinstance(policies, dict)
    entries = {"policies": dict.fromkeys(policies, "-")}
    facts = replace(known.record, agreed=replace(known.record.agreed, entries=entries))
    return Inputs(ROLE, ACCOUNT, wanted, there(live), replace(known, record=facts, **memory))


def alike(name: str, **memory: Any) -> Inputs:
    """It was made by hand what the manifest asks for."""
    return edited({name: LEAST[name]}, {name: MOST[name]}, {name: MOST[name]}, **memory)


def written(decision: Plan) -> list[Step]:
    return [step for step in decision.steps if not isinstance(step, Note)]


def noted(found: Inputs) -> dict[str, str]:
    """What the record is told of it without anybody's word."""
    return dict(baseline.first(found).values)


def with_record(found: Inputs, **changes: Any) -> Inputs:
    return replace(
        found, memory=replace(found.memory, record=replace(found.memory.record, **changes))
    )


@BOTH
def test_what_was_opened_by_hand_goes_although_the_manifest_asks_for_it(name: str) -> None:
    found = alike(name)
    decision = plan.update(found)
    (step,) = written(decision)
    assert isinstance(step, WriteAttributes)
    assert (step.names, step.attributes[name]) == ((name,), LEAST[name])
    assert decision.held is not None
    (change,) = decision.held.changes
    assert (change.field, change.before, change.after) == (name, LEAST[name], MOST[name])
    assert [(d.action, d.severity.value) for d in decision.drift] == [("corrected", "critical")]
    assert plan.drifted(found)
    assert noted(found) == {}
    # It is asked for once more at the next look, and has not become what was applied.
    assert decision.applied.digests[name] == digest(LEAST[name])
    back = edited({name: LEAST[name]}, {name: LEAST[name]}, {name: MOST[name]})
    after_it = plan.update(back).held
    assert after_it is not None
    assert approvals.change_digest(after_it) == approvals.change_digest(decision.held)


@BOTH
@pytest.mark.parametrize("known", [{"watched": False}, {"options": "report"}])
def test_where_nobody_looked_or_nothing_is_taken_back_it_waits(name: str, known: Any) -> None:
    report = {"options": replace(OPTIONS, drift=DriftPolicy.REPORT)}
    found = alike(name, **(report if "options" in known else known))
    decision = plan.update(found)
    assert (written(decision), decision.found, decision.in_sync) == ([], True, True)
    assert decision.held is not None
    assert decision.held.kind is HeldKind.FOUND
    assert noted(found) == {}
    facts = offered(decision.held, replace(found.memory.record, sequence=7, settled=True))
    opened = replace(found, memory=replace(found.memory, record=facts), approval=approved(facts))
    decision = plan.update(opened)
    (step,) = written(decision)
    assert isinstance(step, AgreeValue)
    assert (step.value, step.agrees) == (MOST[name], Agreed(values={name: str(MOST[name])}))
    assert (decision.held, decision.drift) == (None, ())


@BOTH
def test_what_was_found_goes_once_it_is_rejected(name: str) -> None:
    found = alike(name, watched=False)
    held = plan.update(found).held
    assert held is not None
    no = Rejection("sha256:x", approvals.wishes(held), NOW, "ann", "no")
    (step,) = written(plan.update(with_record(found, rejections=(no,))))
    assert isinstance(step, WriteAttributes)
    assert step.attributes[name] == LEAST[name]


@BOTH
def test_beside_what_was_found_everything_else_is_written_as_it_is(name: str) -> None:
    now = {name: MOST[name], "description": "new"}
    found = edited(
        {name: LEAST[name]}, {name: MOST[name], "description": "old"}, now, watched=False
    )
    (step,) = written(plan.update(found))
    assert isinstance(step, WriteAttributes)
    assert (step.names, step.attributes[name]) == (("description",), MOST[name])


@BOTH
def test_what_was_approved_and_begun_is_agreed_on(name: str) -> None:
    found = alike(name)
    held = plan.update(found).held
    assert held is not None
    flight = InFlight("EscalatingGrant", "sha256:c", "sha256:a", wishes=approvals.wishes(held))
    found = with_record(found, in_flight=flight)
    decision = plan.update(found)
    assert (written(decision), decision.held) == ([], None)
    assert noted(found) == {name: str(MOST[name])}


@BOTH
def test_of_an_ordinary_role_it_needs_nobody(name: str) -> None:
    sides = {name: LEAST[name]}, {name: MOST[name]}, {name: MOST[name]}
    found = edited(*sides, has=OWN)
    decision = plan.update(found)
    assert (written(decision), decision.held, decision.drift) == ([], None, ())
    assert noted(found) == {name: str(MOST[name])}


@BOTH
def test_what_is_narrower_in_both_is_followed(name: str) -> None:
    found = edited({name: MOST[name]}, {name: LEAST[name]}, {name: LEAST[name]})
    assert plan.update(found).held is None
    assert noted(found) == {name: str(LEAST[name])}
    only_here = edited({name: MOST[name]}, {name: LEAST[name]}, {name: MOST[name]})
    assert noted(only_here) == {}


@BOTH
def test_what_was_taken_away_by_hand_is_given_back_by_an_approval_alone(name: str) -> None:
    options = replace(OPTIONS, drift=DriftPolicy.REVERT)
    most = {name: MOST[name]}
    decision = plan.update(edited(most, {name: LEAST[name]}, most, options=options))
    assert (written(decision), waits(decision)) == ([], [(name, "")])
    assert decision.held is not None
    assert decision.held.kind is HeldKind.GIVEN_BACK


THREE: Final = {SESSION: 3600}, {SESSION: 43200}, {SESSION: 7200}


def test_less_than_was_taken_by_hand_is_still_more_than_was_given() -> None:
    decision = plan.update(edited(*THREE))
    (step,) = written(decision)
    assert isinstance(step, WriteAttributes)
    assert (step.cause, step.attributes[SESSION]) == (Cause.DRIFT, 3600)
    assert decision.held is not None
    (change,) = decision.held.changes
    assert (change.before, change.after) == (3600, 7200)
    assert [entry.action for entry in decision.drift] == ["corrected"]


def test_nor_is_it_given_where_nothing_is_taken_back() -> None:
    decision = plan.update(edited(*THREE, options=replace(OPTIONS, drift=DriftPolicy.REPORT)))
    assert written(decision) == []
    assert waits(decision) == [(SESSION, "")]
    assert [entry.action for entry in decision.drift] == ["reported"]


def test_an_ordinary_role_is_made_what_it_asks_for() -> None:
    decision = plan.update(edited(*THREE, has=OWN))
    (step,) = written(decision)
    assert isinstance(step, WriteAttributes)
    assert (step.attributes[SESSION], decision.held) == (7200, None)
    assert step.agrees == Agreed(values={SESSION: "7200"})


def test_what_was_begun_shields_no_more_than_itself() -> None:
    found = alike(SESSION)
    held = plan.update(found).held
    assert held is not None
    flight = InFlight("EscalatingGrant", "sha256:c", "sha256:a", wishes=approvals.wishes(held))
    decision = plan.update(with_record(edited(*THREE), in_flight=flight))
    assert (written(decision), waits(decision)) == ([], [(SESSION, "")])


def test_what_an_older_status_says_was_applied_is_no_word_on_what_was_agreed() -> None:
    found = edited({SESSION: 3600}, {SESSION: 9000}, {SESSION: 43200})
    applied = replace(found.memory.applied, digests={SESSION: digest(43200)})
    decision = plan.update(replace(found, memory=replace(found.memory, applied=applied)))
    assert waits(decision) == [(SESSION, "")]
    (step,) = written(decision)
    assert isinstance(step, WriteAttributes)
    assert step.attributes[SESSION] == 3600


def test_an_approved_trust_gives_nothing_back_that_was_taken_away_before_it() -> None:
    """Its call carries the session, too."""
    found = edited({SESSION: 3600}, {SESSION: 43200}, {SESSION: 3600})
    wanted = asked("RamRole", ADMIN, trustPolicy=trust_json(FC, ECS))
    found = replace(found, desired=wanted)
    held = plan.update(found).held
    assert held is not None
    facts = offered(held, replace(found.memory.record, sequence=7, settled=True))
    memory = replace(found.memory, record=facts)
    back, widened = plan.update(replace(found, memory=memory, approval=approved(facts))).steps
    assert isinstance(back, WriteAttributes)
    assert isinstance(widened, WriteTrust)
    assert back.attributes[SESSION] == widened.attributes[SESSION] == 3600


# Creations


def new(*policies: str, **spec: Any) -> Inputs:
    wanted = asked("RamRole", *policies, **spec)
    return Inputs(ROLE, ACCOUNT, wanted, Live(Presence.ABSENT), KNOWN)


def created(decision: Plan) -> Creation:
    step = decision.steps[0]
    assert isinstance(step, Creation)
    return step


@BOTH
def test_a_new_role_is_made_without_what_would_wait_if_it_existed(name: str) -> None:
    found = new(ADMIN, **{name: MOST[name]})
    decision = plan.create(found)
    assert created(decision).new.attributes[name] == LEAST[name]
    assert {field for field, _ in waits(decision)} == {name, "policies"}
    assert decision.agreed.values == {n: str(value) for n, value in LEAST.items()}
    assert name not in decision.applied.digests


@BOTH
def test_so_is_one_that_can_be_assumed_from_outside(name: str) -> None:
    spec = {name: MOST[name], "trustPolicy": trust_json(OUTSIDER)}
    found = new(**spec)
    account = replace(ACCOUNT, trusted_accounts=frozenset({OUTSIDER[1].split("::")[1][:16]}))
    memory = replace(found.memory, outsiders=(OUTSIDER[1],))
    decision = plan.create(replace(found, account=account, memory=memory))
    assert created(decision).new.attributes[name] == LEAST[name]
    assert waits(decision) == [(name, "")]


@BOTH
def test_an_ordinary_role_is_made_with_it_and_nobody_is_asked(name: str) -> None:
    decision = plan.create(new(OWN, **{name: MOST[name]}))
    assert created(decision).new.attributes[name] == MOST[name]
    assert decision.held is None
    assert decision.agreed.values == {n: str(v) for n, v in {**LEAST, name: MOST[name]}.items()}


@BOTH
def test_without_its_evaluator_a_new_role_gets_it(name: str) -> None:
    found = new(ADMIN, **{name: MOST[name]})
    (judge,) = ROLE.field(name).judged  # type: ignore[misc] # it is judged by one
    given = creation(found, without(judge))
    kept = creation(found, EVALUATORS)
    assert isinstance(given, Creation)
    assert isinstance(kept, Creation)
    assert (given.new.attributes[name], kept.new.attributes[name]) == (MOST[name], LEAST[name])


def test_the_next_look_offers_it() -> None:
    decision = plan.create(new(ADMIN, **MOST))
    wanted = asked("RamRole", ADMIN, **MOST)
    record = replace(after(ROLE, wanted).record, agreed=decision.agreed)
    memory = replace(KNOWN, applied=decision.applied, record=record)
    live = there(wanted, policies={}, **LEAST)
    now = plan.update(Inputs(ROLE, ACCOUNT, wanted, live, memory))
    assert {field for field, _ in waits(now)} == {*MOST, "policies"}
    assert (written(now), now.drift) == ([], ())


# What the cloud does not tell


def untold(found: Inputs) -> Inputs:
    fields = {name: value for name, value in found.live.fields.items() if name != CONSOLE}
    return replace(found, live=replace(found.live, fields=fields))


def test_what_the_cloud_did_not_tell_is_neither_applied_nor_agreed_on() -> None:
    decision = plan.create(new(consoleLogin="Deny"))
    made = Live(Presence.PRESENT, "app", "id-1")
    silent = plan.told(ROLE, decision, made)
    assert CONSOLE not in silent.applied.digests
    assert silent.agreed.values == {SESSION: "3600", CONSOLE: NOT_READ}
    says = replace(made, fields={CONSOLE: "Deny"})
    assert plan.told(ROLE, decision, says) == decision


def test_what_is_told_later_is_an_edit_and_no_drift() -> None:
    spec = {CONSOLE: "Deny", "description": "new"}
    found = edited({"description": "old"}, {"description": "old"}, spec)
    values = {SESSION: "3600", CONSOLE: NOT_READ}
    agreed = replace(found.memory.record.agreed, values=values)
    memory = with_record(found, agreed=agreed).memory
    quiet = plan.update(untold(replace(found, memory=memory)))
    assert CONSOLE not in quiet.applied.digests
    assert any("consoleLogin to be told" in text for text in quiet.waiting)
    tells = replace(
        found.live, fields={**found.live.fields, "description": "new", CONSOLE: "Allow"}
    )
    now = replace(found, memory=replace(memory, applied=quiet.applied), live=tells)
    assert noted(now)[CONSOLE] == "Allow"
    decision = plan.update(now)
    assert not plan.drifted(now)
    (step,) = written(decision)
    assert isinstance(step, WriteAttributes)
    assert (step.cause, step.attributes[CONSOLE]) == (Cause.INTENT, "Deny")
    assert (decision.drift, step.agrees) == ((), Agreed(values={CONSOLE: "Deny"}))


@pytest.mark.parametrize(("value", "carried"), [("Allow", {}), ("Deny", {CONSOLE: "Deny"})])
def test_what_is_not_told_is_opened_by_no_other_write(value: str, carried: Any) -> None:
    spec = {CONSOLE: value, "description": "new"}
    (step,) = written(plan.update(untold(edited({}, {"description": "old"}, spec))))
    assert isinstance(step, WriteAttributes)
    assert {n: v for n, v in step.attributes.items() if n == CONSOLE} == carried
