"""What an approval does to a plan: what was held is written, in order, with its permit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.constants import DriftPolicy
from ram_operator.gate import approvals, clearance
from ram_operator.gate.inputs import Approval
from ram_operator.model.changes import NAME, Held
from ram_operator.model.permissions import Cleared
from ram_operator.model.records import Pending, RecordFacts
from ram_operator.model.steps import permit_of
from ram_operator.model.vocabulary import Cause, Direction, HeldKind
from ram_operator.planning import plan
from tests.unit.approvals_by_example import END, NOW, RECORD, SAID, SCOPE, approved, offered
from tests.unit.core import (
    ACCOUNT,
    ACCOUNT_ID,
    ECS,
    FC,
    OTHER_ID,
    OUTSIDER,
    OWNER,
    ROLE,
    attachment,
    inputs,
    live,
    made,
    remembered,
    trust,
    trust_json,
    wanted,
)


def decided(asked: Any, found: Any, memory: Any, approve: bool = True) -> Any:
    """The plan of the pass before the approval, and of the one after."""
    first = inputs(asked, found, memory)
    before = plan.update(first)
    assert before.held is not None
    facts = offered(before.held, replace(memory.record, sequence=7, settled=True))
    said = approved(facts) if approve else SAID
    after = plan.update(
        replace(first, memory=replace(memory, record=facts), approval=replace(said, scope=SCOPE))
    )
    return before, after


def test_an_approved_trust_is_written_and_widens_last() -> None:
    asked = wanted({"trustPolicy": trust_json(FC, ECS), "description": "new"})
    before, after = decided(asked, live(), remembered(wanted({"description": ""})))
    assert [step.verb for step in before.steps] == ["attributes"]
    assert after.held is None
    assert [step.verb for step in after.steps] == ["attributes", "trust"]
    step = after.steps[-1]
    assert (step.cause, step.direction) == (Cause.INTENT, Direction.WIDER)
    assert step.cleared.trust == trust(FC, ECS)
    assert step.attributes["maxSessionDurationSeconds"] == 3600


def test_without_an_approval_nothing_of_it_is_written() -> None:
    asked = wanted({"trustPolicy": trust_json(FC, ECS)})
    _, after = decided(asked, live(), remembered(wanted({})), approve=False)
    assert after.held is not None
    assert after.steps == ()


def test_an_approved_narrowing_goes_before_what_waited_for_it() -> None:
    old = wanted({"trustPolicy": trust_json(FC, ECS)})
    asked = wanted(
        {"trustPolicy": trust_json(FC), "policies": [attachment("System/AReadOnlyAccess")]}
    )
    before, after = decided(asked, made(old), remembered(old))
    assert before.steps == ()
    assert [step.verb for step in after.steps] == ["trust", "attach"]
    assert after.waiting == ()


def test_all_that_is_held_is_approved_at_once() -> None:
    asked = wanted(
        {
            "trustPolicy": trust_json(FC, ECS),
            "policies": [attachment("System/AdministratorAccess")],
        }
    )
    before, after = decided(asked, live(), remembered(wanted({})))
    assert {c.field for c in before.held.changes} == {"trustPolicy", "policies"}
    assert {step.verb for step in after.steps} == {"trust", "attach"}
    assert all(permit_of(step) for step in after.steps)


def test_an_approved_right_is_attached_and_remembered() -> None:
    asked = wanted({"policies": [attachment("System/AdministratorAccess")]})
    before, after = decided(asked, live(), remembered(wanted({})))
    assert before.steps == ()
    (step,) = after.steps
    assert step.verb == "attach"
    assert "System/administratoraccess" in after.applied.entries["policies"]
    assert "System/administratoraccess" not in before.applied.entries["policies"]


def test_a_stranger_goes_out_before_anything_that_is_approved() -> None:
    asked = wanted({"trustPolicy": trust_json(FC, ECS)})
    found = live(trustPolicy=trust(FC, OUTSIDER))
    before, after = decided(asked, found, remembered(wanted({})))
    assert [step.cause for step in before.steps] == [Cause.DRIFT]
    assert [step.cause for step in after.steps] == [Cause.DRIFT]
    assert after.held is not None


def test_what_revert_may_not_give_back_is_given_back_once_approved() -> None:
    old = wanted({"trustPolicy": trust_json(FC, ECS)})
    memory = remembered(old, drift=DriftPolicy.REVERT)
    before, after = decided(old, live(trustPolicy=trust(FC)), memory)
    assert before.held.kind == HeldKind.TRUST_CHANGE
    assert [step.cleared.trust for step in after.steps] == [trust(FC, ECS)]


def test_an_approved_creation_is_made() -> None:
    asked = wanted({"trustPolicy": trust_json(OUTSIDER)})
    memory = replace(remembered(wanted({})), record=replace(RECORD, baseline=None))
    first = inputs(asked, made(asked), memory)
    held = plan.create(first).held
    assert held is not None
    assert held.verdict == "new"
    scope = replace(SCOPE, cloud_id="")
    facts = offered(held, memory.record, replace(SAID, scope=scope))
    said = replace(approved(facts), scope=scope)
    made_ = plan.create(replace(first, memory=replace(memory, record=facts), approval=said))
    assert made_.held is None
    cleared = made_.steps[0].cleared
    assert (cleared.operation, cleared.trust) == (HeldKind.ROLE_CREATION, trust(OUTSIDER))
    assert clearance.direction(cleared) is Direction.WIDER


@pytest.mark.parametrize("asked", [trust(FC), trust(OUTSIDER)])
def test_a_name_that_a_role_trusts_is_created_once_it_is_approved(asked: documents.Trust) -> None:
    desired = replace(wanted({}), fields={**wanted({}).fields, "trustPolicy": asked})
    arn = f"acs:ram::{ACCOUNT_ID}:role/{desired.cloud_name.lower()}"
    memory = replace(remembered(wanted({})), record=replace(RECORD, baseline=None))
    first = replace(inputs(desired, made(desired), memory), named=frozenset({arn}))
    held = plan.create(first).held
    assert held is not None
    assert NAME in {change.field for change in held.changes}
    scope = replace(SCOPE, cloud_id="")
    facts = offered(held, memory.record, replace(SAID, scope=scope))
    said = replace(approved(facts), scope=scope)
    after = plan.create(replace(first, memory=replace(memory, record=facts), approval=said))
    step = after.steps[0]
    assert step.verb == "create"
    permit = permit_of(step)
    assert permit is not None
    assert clearance.allows(permit, step)
    assert step.cleared.trust == asked


def test_creations_wait_while_the_records_of_the_account_are_lost() -> None:
    account = replace(ACCOUNT, records_lost=True)
    lost = clearance.judge_creation(trust(FC), account, RecordFacts())
    assert isinstance(lost, Held)
    assert lost.kind == HeldKind.RECORDS_LOST
    # The record of the offer alone remembers nothing, and no second look releases it.
    offer = approvals.offer(lost, Approval(now=NOW), RecordFacts(True)).pending
    again = clearance.judge_creation(trust(FC), account, RecordFacts(True, pending=offer))
    assert again == lost
    # The end of that state does.
    ended = clearance.judge_creation(trust(FC), ACCOUNT, RecordFacts(True, pending=offer))
    assert isinstance(ended, Cleared)
    assert isinstance(clearance.judge_creation(trust(FC), account, RECORD), Cleared)


def test_what_is_held_is_not_released_by_other_settings() -> None:
    held = clearance.judge_creation(trust(OUTSIDER), ACCOUNT, RecordFacts())
    assert isinstance(held, Held)
    offer = approvals.offer(held, Approval(now=NOW), RecordFacts(True)).pending
    lax = replace(ACCOUNT, trusted_accounts=frozenset({OTHER_ID}))
    waiting = RecordFacts(True, pending=offer)
    still = clearance.judge_creation(trust(OUTSIDER), lax, waiting)
    assert isinstance(still, Held)
    assert still.changes == held.changes
    # Who asks for it from now on, or for something else, is judged by what is set now.
    assert isinstance(clearance.judge_creation(trust(OUTSIDER), lax, RecordFacts()), Cleared)
    assert isinstance(clearance.judge_creation(trust(FC), lax, waiting), Cleared)


def test_what_an_approval_covers_is_exact() -> None:
    assert ROLE.gated_field is not None
    assert OWNER.name == SCOPE.object
    pending = Pending("d", NOW, END)
    assert approvals.expired(replace(pending, since=END), NOW), "never younger than it was seen"
