"""What the cloud writer sends of a trust, and what it refuses: judged by the calls it makes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.cloud import execute
from ram_operator.cloud.jobs import Needs, Reply
from ram_operator.cloud.writing import Kept, Writer
from ram_operator.errors import Bug, Retry
from ram_operator.gate import clearance
from ram_operator.kinds.table import KINDS
from ram_operator.model.basis import Basis
from ram_operator.model.changes import Change, Held
from ram_operator.model.objects import Entry
from ram_operator.model.permissions import Cleared, Permit
from ram_operator.model.state import CloudCalls
from ram_operator.model.steps import Attach, CloudStep, CreateWithTrust, NewIdentity, WriteTrust
from ram_operator.model.vocabulary import Cause, Direction
from tests.unit.approvals_by_example import HELD, approved, offered
from tests.unit.core import ACCOUNT, ECS, FC, OUTSIDER, trust
from tests.unit.steps_by_example import of_entries

ROLE = KINDS["RamRole"]
READ, WRITE = "GetRole", "UpdateRole"


class Calls:
    """One role, and all that was sent to it."""

    def __init__(self, live: str, stored: str = "") -> None:
        self.live = live
        self.stored = stored
        self.sent: list[tuple[str, Mapping[str, Any]]] = []

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        self.sent.append((action, parameters))
        text = self.live if action == READ else self.stored
        return {"Role": {"RoleId": "1", "AssumeRolePolicyDocument": text}}

    def run(self, _: Needs, work: Callable[[CloudCalls], Reply]) -> Reply:
        return work(self)

    @property
    def actions(self) -> list[str]:
        return [action for action, _ in self.sent]


def carry_out(calls: Calls, step: CloudStep) -> None:
    execute.execute(Writer(calls, Kept()), ROLE, "app", step)


def permit_of(held: Held) -> Permit:
    facts = offered(held)
    permit = clearance.weigh(held, approved(facts), facts)
    assert permit is not None
    return permit


CLEARED = clearance.clear(permit_of(HELD), "trustPolicy")
UNSET = {"description": "", "maxSessionDurationSeconds": 0}
VALUES = {"description": "of the team", "maxSessionDurationSeconds": 7200}


def step(cleared: Any) -> WriteTrust:
    return WriteTrust(
        summary="",
        cause=Cause.INTENT,
        direction=Direction.WIDER,
        field="trustPolicy",
        cleared=cleared,
        attributes=VALUES,
    )


def attach(entry: Entry, permit: object) -> Attach:
    rests = Basis({"System/admin": frozenset()}, trusts=frozenset({trust(FC).digest}))
    found = {"System/admin": entry}
    return of_entries(
        Attach, "policies", direction=Direction.WIDER, entries=found, permit=permit, rests=rests
    )


def test_a_cleared_trust_is_sent_to_the_document_that_was_judged() -> None:
    calls = Calls(trust(FC).to_json(), trust(FC, ECS).to_json())
    carry_out(calls, step(CLEARED))
    assert calls.sent == [
        (READ, {"RoleName": "app"}),
        (
            WRITE,
            {
                "RoleName": "app",
                "NewAssumeRolePolicyDocument": trust(FC, ECS).to_json(),
                "NewDescription": "of the team",
                "NewMaxSessionDuration": 7200,
            },
        ),
    ]


def test_a_new_role_gets_the_cleared_trust_and_nothing_is_replaced() -> None:
    cleared = clearance.judge_creation(trust(FC), ACCOUNT, offered())
    assert isinstance(cleared, Cleared)
    calls = Calls("")
    carry_out(calls, CreateWithTrust(summary="", new=NewIdentity("app", UNSET), cleared=cleared))
    ((action, parameters),) = calls.sent
    assert action == "CreateRole"
    assert parameters["AssumeRolePolicyDocument"] == trust(FC).to_json()


def test_principals_are_sent_as_lists_and_one_action_as_text() -> None:
    """The official Terraform provider crashes on a text where it expects a list."""
    one = {"Effect": "Allow", "Action": ["sts:AssumeRole"], "Principal": {FC[0]: FC[1]}}
    document = documents.parse_trust({"Version": "1", "Statement": [one]})
    cleared = clearance.judge_creation(document, ACCOUNT, offered())
    calls = Calls("")
    carry_out(calls, CreateWithTrust(summary="", new=NewIdentity("app", UNSET), cleared=cleared))
    ((_, parameters),) = calls.sent
    (sent,) = json.loads(parameters["AssumeRolePolicyDocument"])["Statement"]
    assert sent == {**one, "Action": "sts:AssumeRole", "Principal": {FC[0]: [FC[1]]}}


def test_what_was_cleared_for_a_creation_replaces_nothing() -> None:
    calls = Calls(trust(FC).to_json())
    with pytest.raises(Bug, match="nobody has judged"):
        carry_out(calls, step(clearance.judge_creation(trust(FC), ACCOUNT, offered())))
    assert calls.sent == []


@pytest.mark.parametrize("live", [trust(FC, OUTSIDER).to_json(), trust(ECS).to_json(), "{", ""])
def test_nothing_is_sent_to_another_document_than_was_judged(live: str) -> None:
    calls = Calls(live)
    with pytest.raises(Retry, match="moved"):
        carry_out(calls, step(CLEARED))
    assert calls.actions == [READ]


@pytest.mark.parametrize("stored", [trust(OUTSIDER).to_json(), "{"])
def test_an_answer_with_another_document_is_no_success(stored: str) -> None:
    with pytest.raises(Retry, match="holds another trust"):
        carry_out(Calls(trust(FC).to_json(), stored), step(CLEARED))


def test_an_answer_in_other_letters_is_no_other_document() -> None:
    sent = CLEARED.trust.to_json().replace("fc.aliyuncs", "FC.aliyuncs")
    assert sent != CLEARED.trust.to_json()
    carry_out(Calls(trust(FC).to_json(), sent), step(CLEARED))


class Forged:
    """Looks like a permission in every respect, and was not made by the gate."""

    def __init__(self) -> None:
        self.trust, self.before, self.permit = trust(OUTSIDER), trust(FC), None


@pytest.mark.parametrize("forged", [Forged(), trust(OUTSIDER), None])
def test_a_trust_is_sent_by_the_gates_permission_alone(forged: object) -> None:
    calls = Calls(trust(FC).to_json())
    with pytest.raises(Bug, match="without the gate's permission"):
        carry_out(calls, step(forged))
    assert calls.sent == []


class Nodding:
    """Says of the change what a permit says, and is none."""

    def __init__(self, *changes: Change) -> None:
        self.changes = changes


ADMIN = Change("policies", None, Entry("System/Admin"), Direction.WIDER, "System/admin")
GRANTED = permit_of(Held("EscalatingGrant", "s", changes=(ADMIN,)))


def test_what_was_approved_is_attached() -> None:
    calls = Calls(trust(FC).to_json())
    carry_out(calls, attach(Entry("System/Admin"), GRANTED))
    assert calls.actions == [READ, "AttachPolicyToRole"]


@pytest.mark.parametrize(
    ("entry", "permit"), [(Entry("System/Other"), GRANTED), (Entry("System/Admin"), Nodding(ADMIN))]
)
def test_a_step_that_is_not_what_was_approved_is_not_sent(entry: Entry, permit: object) -> None:
    calls = Calls("")
    with pytest.raises(Bug, match="something else"):
        carry_out(calls, attach(entry, permit))
    assert calls.sent == []


def test_a_permit_that_covers_nothing_of_the_step_does_not_let_it_through() -> None:
    other = replace(attach(Entry("System/Admin"), GRANTED), field="members")
    calls = Calls("")
    with pytest.raises(Bug, match="something else"):
        carry_out(calls, other)
    assert calls.sent == []
