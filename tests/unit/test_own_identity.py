"""By what the operator itself has its rights: read once in a while, never guessed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from ram_operator.cloud.own_identity import OwnIdentity
from ram_operator.constants import Reason
from ram_operator.errors import RamOperatorError, Retry, Stalled
from ram_operator.kinds.schema import Escalation, Kind
from ram_operator.kinds.table import KINDS
from ram_operator.model.vocabulary import Lends

ARN: Final = "acs:ram::1:"
Rows = list[tuple[str, str]]


class Calls:
    """Answers the lists of one account."""

    def __init__(self, groups: list[str] | None = None, **policies: Rows) -> None:
        self.groups, self.policies = groups, policies
        self.sent: list[tuple[str, str]] = []

    def call(self, action: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        (name,) = parameters.values()
        self.sent.append((action, name))
        if action == "ListGroupsForUser":
            rows = [{"GroupName": group} for group in self.groups or ()]
            return {"Groups": {"Group": rows}} if self.groups is not None else {}
        listed = self.policies[name.replace("-", "_").lower()]
        return {
            "Policies": {"Policy": [{"PolicyType": k, "PolicyName": n} for k, n in listed]},
        }


def read(calls: Calls, who: str) -> set[tuple[Lends, str]]:
    return set(OwnIdentity().read(calls, ARN + who, 0.0, 60.0))


@pytest.mark.parametrize("who", ["role/Ops/session", "assumed-role/ops/session-1", "role/ops"])
def test_a_role_has_its_rights_by_the_policies_attached_to_it(who: str) -> None:
    calls = Calls(ops=[("Custom", "Ops-Own"), ("System", "AliyunRAMFullAccess")])
    assert read(calls, who) == {(Lends.ATTACHED, "ops-own")}
    assert [action for action, _ in calls.sent] == ["ListPoliciesForRole"]


def test_a_user_has_them_by_his_groups_as_well() -> None:
    calls = Calls(["Bots", "all"], bot=[("Custom", "own")], bots=[("Custom", "Shared")], all=[])
    assert read(calls, "user/bot") == {
        (Lends.ATTACHED, "own"),
        (Lends.ATTACHED, "shared"),
        (Lends.JOINED, "bots"),
        (Lends.JOINED, "all"),
    }


def test_the_account_itself_has_them_by_nothing_and_costs_no_call() -> None:
    calls = Calls()
    assert read(calls, "root") == set()
    assert calls.sent == []


@pytest.mark.parametrize("arn", ["", "nonsense", "acs:ram::1:federated-user/x", "acs:ram::1:role/"])
def test_a_principal_that_cannot_be_told_is_not_taken_for_none(arn: str) -> None:
    with pytest.raises(Stalled, match="own principal") as caught:
        OwnIdentity().read(Calls(), arn, 0.0, 60.0)
    assert caught.value.reason is Reason.PROTECTED


def test_a_list_that_is_not_there_is_not_empty() -> None:
    with pytest.raises(Retry):
        read(Calls(None, bot=[]), "user/bot")


def test_it_is_remembered_for_as_long_as_is_asked_and_for_the_same_principal() -> None:
    calls, own = Calls(ops=[], other=[("Custom", "p")]), OwnIdentity()
    assert own.read(calls, ARN + "role/ops", 0.0, 60.0) == set()
    calls.policies["ops"] = [("Custom", "late")]
    assert own.read(calls, ARN + "role/ops", 50.0, 60.0) == set()
    assert own.read(calls, ARN + "role/ops", 50.0, 2.0) == {(Lends.ATTACHED, "late")}
    assert own.read(calls, ARN + "role/other", 50.0, 60.0) == {(Lends.ATTACHED, "p")}
    assert len(calls.sent) == 3


def test_what_could_not_be_read_is_not_remembered() -> None:
    calls, own = Calls(None, bot=[]), OwnIdentity()
    with pytest.raises(RamOperatorError):
        own.read(calls, ARN + "user/bot", 0.0, 60.0)
    calls.groups = []
    assert own.read(calls, ARN + "user/bot", 1.0, 60.0) == set()


@pytest.mark.parametrize("row", KINDS.values(), ids=KINDS)
def test_each_kind_says_how_it_lends_rights(row: Kind) -> None:
    """Others refer to a policy to have it attached, and join a group that carries policies."""
    listed = [ref for other in KINDS.values() for ref in other.references if ref.kind == row.kind]
    attached = any(reference.resolved_type == "Custom" for reference in listed)
    assert (row.lends is Lends.ATTACHED) == attached
    joined = any(field.escalates is Escalation.MEMBERSHIP for field in row.fields)
    assert (row.lends is Lends.JOINED) == joined
