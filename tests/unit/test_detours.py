"""Longer sessions of privileged roles wait; detours to other identities are warned of, or wait."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator.constants import AdoptionPolicy, DriftPolicy, EventReason, Reason
from ram_operator.gate import approvals, privileges
from ram_operator.gate.inputs import Approval, Inputs, Memory
from ram_operator.kinds.entries import only_reads, policy_entries
from ram_operator.kinds.table import KINDS
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.vocabulary import Cause, HeldKind, Phase
from ram_operator.planning import plan
from ram_operator.reporting.status import build_report
from tests.unit.approvals_by_example import SCOPE
from tests.unit.core import ACCOUNT, ALLOW_READ, OPTIONS, attachment, policy
from tests.unit.test_grants import (
    ADMIN,
    KNOWN,
    MEMBER,
    OWN,
    READ,
    after,
    asked,
    create,
    there,
    update,
    waits,
    written,
)

Json = dict[str, Any]
ROLE = KINDS["RamRole"]
SESSION = ("maxSessionDurationSeconds", "")
WAY = "can read secret values: allows oos:*"
OOS = "System/AliyunOOSFullAccess"
OOS_KEY = "System/aliyunoosfullaccess"
WARNED = replace(
    KNOWN, ways={OOS_KEY: (WAY,)}, harmless_policies=KNOWN.harmless_policies | {OOS_KEY}
)
STRICT = replace(WARNED, harmless_policies=KNOWN.harmless_policies)
OUTSIDER = "acs:ram::1000000000000001:oidc-provider/git"
DETOUR = {"Effect": "Allow", "Action": "kms:GetSecretValue", "Resource": "*"}


def longer(*policies: str, memory: Memory = KNOWN, **spec: Any) -> Plan:
    """A role of one hour that has the policies is asked for twelve."""
    before = asked("RamRole", *policies)
    wanted = asked("RamRole", *policies, **{"maxSessionDurationSeconds": 43200, **spec})
    found = after(ROLE, before, memory)
    return update(ROLE, wanted, there(before, description="old"), found)


def said(decision: Plan, rule: str) -> list[str]:
    assert decision.held is not None
    return [finding.message for finding in decision.held.findings if finding.id == rule]


def test_a_longer_session_of_an_ordinary_role_passes() -> None:
    decision = longer(READ, OWN)
    assert waits(decision) == []
    assert written(decision) == ["update maxSessionDurationSeconds"]


@pytest.mark.parametrize(
    ("policies", "memory", "why"),
    [
        ((ADMIN,), KNOWN, "System/administratoraccess allows every action (*)"),
        (("Custom/Unknown",), KNOWN, "Custom/unknown allows what is not known"),
        ((READ,), replace(KNOWN, outsiders=(OUTSIDER,)), f"{OUTSIDER} may assume it from outside"),
        ((OOS,), STRICT, f"{OOS_KEY} {WAY}"),
    ],
)
def test_a_longer_session_of_a_privileged_role_waits(
    policies: tuple[str, ...], memory: Memory, why: str
) -> None:
    decision = longer(*policies, memory=memory, description="new")
    assert (waits(decision), written(decision)) == ([SESSION], ["update description"])
    assert decision.steps[0].attributes["maxSessionDurationSeconds"] == 3600
    assert decision.held is not None
    assert decision.held.kind == HeldKind.GRANT
    assert decision.held.summary == "a longer session of a privileged role waits"
    assert decision.held.gains == ("maxSessionDurationSeconds: 43200 instead of 3600",)
    assert [why in text for text in said(decision, "RAM023")] == [True]
    assert "43200 seconds instead of 3600" in said(decision, "RAM023")[0]


def console(*policies: str, memory: Memory = KNOWN, was: str = "Deny") -> Plan:
    """Those who assume a role that has the policies are to have the console with it, or no more."""
    before = asked("RamRole", *policies, consoleLogin=was)
    now = "Deny" if was == "Allow" else "Allow"
    found = after(ROLE, before, memory)
    wanted = asked("RamRole", *policies, consoleLogin=now, description="new")
    return update(ROLE, wanted, there(before, description="old"), found)


@pytest.mark.parametrize(
    ("policies", "memory", "why"),
    [
        ((ADMIN,), KNOWN, "System/administratoraccess allows every action (*)"),
        (("Custom/Unknown",), KNOWN, "Custom/unknown allows what is not known"),
        ((READ,), replace(KNOWN, outsiders=(OUTSIDER,)), f"{OUTSIDER} may assume it from outside"),
    ],
)
def test_the_console_for_a_privileged_role_waits(
    policies: tuple[str, ...], memory: Memory, why: str
) -> None:
    decision = console(*policies, memory=memory)
    assert waits(decision) == [("consoleLogin", "")]
    assert written(decision) == ["update description"]
    assert decision.steps[0].attributes["consoleLogin"] == "Deny"
    assert decision.held is not None
    assert decision.held.summary == "console login of a privileged role waits"
    assert decision.held.gains == ("consoleLogin: Allow would be added",)
    assert [why in text for text in said(decision, "RAM024")] == [True]
    # Taking it away needs nobody.
    assert waits(console(*policies, memory=memory, was="Allow")) == []


@pytest.mark.parametrize("spec", [{"consoleLogin": "Allow"}, {}])
def test_a_right_that_comes_to_an_open_console_says_so(spec: Json) -> None:
    """Also where the manifest does not ask for it, and the role has it."""
    was = asked("RamRole", READ, consoleLogin="Allow")
    memory = after(ROLE, asked("RamRole", READ, **spec))
    decision = update(ROLE, asked("RamRole", READ, ADMIN, **spec), there(was), memory)
    assert "System/administratoraccess allows every action (*)" in said(decision, "RAM024")[0]


def test_a_right_that_comes_to_a_closed_console_needs_no_word_of_it() -> None:
    """Or to one that is closed first."""
    wanted = asked("RamRole", READ, ADMIN, consoleLogin="Deny")
    for was in ("Allow", "Deny"):
        before = asked("RamRole", READ, consoleLogin=was)
        assert said(update(ROLE, wanted, there(before), after(ROLE, before)), "RAM024") == []


def test_the_console_for_an_ordinary_role_passes() -> None:
    assert waits(console(READ, OWN)) == []


def test_what_is_attached_besides_counts_and_what_is_not_known_is_the_worst() -> None:
    before = asked("RamRole", policyMode="Additive")
    wanted = asked("RamRole", policyMode="Additive", maxSessionDurationSeconds=7200)
    memory = after(ROLE, before)
    for attached, why in (
        (frozenset({"System/administratoraccess"}), "allows every action"),
        (None, privileges.NOT_READ),
    ):
        decision = update(ROLE, wanted, there(before), replace(memory, attached=attached))
        assert waits(decision) == [SESSION]
        assert why in said(decision, "RAM023")[0]


def test_a_policy_that_was_attached_by_hand_since_makes_another_offer_of_a_session() -> None:
    before = asked("RamRole", policyMode="Additive")
    wanted = asked("RamRole", policyMode="Additive", maxSessionDurationSeconds=7200)
    digests = set()
    for by_hand in ((ADMIN,), (ADMIN, "Custom/Unread")):
        live = there(asked("RamRole", *by_hand, policyMode="Additive"))
        attached = policy_entries([attachment(name) for name in by_hand])
        memory = replace(after(ROLE, before), attached=frozenset(attached))
        offered = plan.update(Inputs(ROLE, ACCOUNT, wanted, live, memory, Approval(SCOPE))).held
        assert offered is not None
        digests.add(approvals.digest(offered, SCOPE, 7))
    assert len(digests) == 2


def test_what_is_detached_in_the_same_edit_holds_no_session() -> None:
    before = asked("RamRole", ADMIN)
    wanted = asked("RamRole", maxSessionDurationSeconds=7200)
    decision = update(ROLE, wanted, there(before), after(ROLE, before))
    assert waits(decision) == []
    assert written(decision) == [f"detach {ADMIN}", "update maxSessionDurationSeconds"]


def test_what_is_about_to_be_attached_waits_with_the_session_as_one_offer() -> None:
    before = asked("RamRole", READ)
    wanted = asked("RamRole", READ, ADMIN, maxSessionDurationSeconds=7200)
    decision = update(ROLE, wanted, there(before), after(ROLE, before))
    assert waits(decision) == [("policies", "System/administratoraccess"), SESSION]
    assert decision.held is not None
    assert decision.held.summary == "rights to change rights wait"
    assert written(decision) == []


def test_a_shorter_session_never_waits_and_one_made_longer_by_hand_is_taken_back() -> None:
    before = asked("RamRole", ADMIN, maxSessionDurationSeconds=7200)
    shorter = asked("RamRole", ADMIN, maxSessionDurationSeconds=3600)
    memory = after(ROLE, before)
    assert written(update(ROLE, shorter, there(before), memory)) == [
        "update maxSessionDurationSeconds"
    ]
    decision = update(ROLE, before, there(before, maxSessionDurationSeconds=43200), memory)
    (step,) = decision.steps
    assert (step.cause, step.attributes["maxSessionDurationSeconds"]) == (Cause.DRIFT, 7200)
    assert [(d.field, d.action, d.severity.value) for d in decision.drift] == [
        ("maxSessionDurationSeconds", "corrected", "critical")
    ]


@pytest.mark.parametrize("policies", [(ADMIN,), (READ,)])
def test_revert_gives_a_session_back_to_an_ordinary_role_alone(policies: tuple[str, ...]) -> None:
    before = asked("RamRole", *policies, maxSessionDurationSeconds=7200)
    memory = replace(after(ROLE, before), options=replace(OPTIONS, drift=DriftPolicy.REVERT))
    decision = update(ROLE, before, there(before, maxSessionDurationSeconds=3600), memory)
    assert waits(decision) == ([SESSION] if policies == (ADMIN,) else [])


def test_an_adopted_role_gets_no_longer_session_unseen() -> None:
    wanted = asked("RamRole", ADMIN, maxSessionDurationSeconds=7200)
    options = replace(OPTIONS, adoption=AdoptionPolicy.IF_EXISTS)
    memory = replace(KNOWN, options=options, attached=frozenset({"System/administratoraccess"}))
    live = there(wanted, maxSessionDurationSeconds=3600)
    assert SESSION in waits(update(ROLE, wanted, live, memory))


@pytest.mark.parametrize("kind", ["RamRole", "RamUser", "RamGroup"])
def test_a_detour_is_given_and_said(kind: str) -> None:
    decision = create(KINDS[kind], asked(kind, OOS, READ), WARNED)
    assert decision.held is None
    place = f"policies[{OOS_KEY}]"
    ((where, finding),) = decision.noticed
    assert where == place
    assert (finding.id, finding.message) == ("RAM021", f"{OOS}: {WAY}")


def test_a_detour_waits_where_it_has_to() -> None:
    decision = create(ROLE, asked("RamRole", OOS, READ), STRICT)
    assert waits(decision) == [("policies", OOS_KEY)]
    assert decision.noticed == ()
    assert said(decision, "RAM021") == [f"{OOS}: {WAY}"]
    assert said(decision, "RAM017") == []
    assert said(decision, "RAM018") == []


def test_an_outsider_of_a_detour_is_named() -> None:
    trust = {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Federated": [OUTSIDER]},
                "Condition": {"StringEquals": {"oidc:sub": "repo:org/app:x"}},
            }
        ],
    }
    decision = create(ROLE, asked("RamRole", OOS, trustPolicy=trust), STRICT)
    assert said(decision, "RAM022")[0].startswith(OUTSIDER)


def test_members_of_a_group_get_its_detours_and_that_is_said() -> None:
    row, before = KINDS["RamGroup"], asked("RamGroup", OOS)
    wanted = asked("RamGroup", OOS, members=[MEMBER])
    decision = update(row, wanted, there(before), after(row, before, WARNED))
    assert written(decision) == ["join bob"]
    ((where, finding),) = decision.noticed
    assert where == "members[bob]"
    assert finding.message == f"bob: its group {WAY}"
    strict = update(row, wanted, there(before), after(row, before, STRICT))
    assert waits(strict) == [("members", "bob")]


def test_a_document_that_comes_to_allow_a_detour_is_said_once_or_waits() -> None:
    row = KINDS["RamPolicy"]
    before = asked("RamPolicy", document={"Version": "1", "Statement": [ALLOW_READ]})
    before = replace(before, fields={**before.fields, "document": policy(ALLOW_READ)})
    wanted = replace(before, fields={**before.fields, "document": policy(ALLOW_READ, DETOUR)})
    memory = after(row, before)
    decision = update(row, wanted, there(before), memory)
    assert [where for where, _ in decision.noticed] == ["document"]
    more = replace(wanted, fields={**wanted.fields, "document": policy(DETOUR)})
    wider = replace(
        more, fields={**more.fields, "document": policy(DETOUR, {**ALLOW_READ, "Action": "oss:*"})}
    )
    again = update(row, wider, there(more), after(row, more))
    assert (written(again), again.noticed) == (["update document"], ())
    strict = update(row, wanted, there(before), replace(memory, holds_ways=True))
    assert waits(strict) == [("document", "")]
    assert said(strict, "RAM021") == ["document: can read secret values: allows kms:GetSecretValue"]


def test_what_drift_gives_back_was_said_when_it_was_asked_for() -> None:
    before = asked("RamUser", OOS)
    row = KINDS["RamUser"]
    memory = replace(after(row, before, WARNED), options=replace(OPTIONS, drift=DriftPolicy.REVERT))
    decision = update(row, before, there(before, policies={}), memory)
    assert (written(decision), decision.noticed) == ([f"attach {OOS}"], ())


def events(decision: Plan, done: int) -> list[tuple[EventReason, str]]:
    outcome = Outcome(
        Phase.DONE, Reason.SYNCED, "", plan=decision, steps_done=decision.steps[:done]
    )
    built = build_report({}, outcome, 1, "2026-01-01T00:00:00Z", {})
    return [(event.reason, event.message) for event in built.events]


def test_an_event_says_so_once_it_is_given() -> None:
    decision = create(KINDS["RamUser"], asked("RamUser", OOS), WARNED)
    assert [step.verb for step in decision.steps] == ["create", "attach", "mark"]
    assert [reason for reason, _ in events(decision, 1)] == [EventReason.CREATED]
    assert events(decision, 0) == []
    (reason, message), (created, _) = events(decision, 2)
    assert (reason, created) == (EventReason.FINDING_REPORTED, EventReason.CREATED)
    assert message.startswith(f"RAM021 {OOS}: {WAY} (remedy: ")


def test_a_policy_that_is_known_by_name_is_read_by_nobody() -> None:
    key = next(iter(policy_entries([attachment(READ)])))
    assert only_reads(key)
    assert not only_reads("Custom/aliyunossreadonlyaccess")
    assert not only_reads("System/evilreadonlyaccess")
