"""Rights to change rights wait for a person, by whichever way they would be given."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator import documents
from ram_operator.constants import AdoptionPolicy, DriftPolicy
from ram_operator.gate import grants
from ram_operator.gate.inputs import Inputs, Memory
from ram_operator.kinds import manifest as desire
from ram_operator.kinds.entries import policy_entries
from ram_operator.kinds.schema import Escalation, Kind
from ram_operator.kinds.table import KINDS
from ram_operator.model.changes import Change, Finding, Held
from ram_operator.model.objects import Entry, Key
from ram_operator.model.outcome import Plan
from ram_operator.model.records import RecordFacts
from ram_operator.model.state import Applied, Desired, Live
from ram_operator.model.vocabulary import Direction, HeldKind, Presence
from ram_operator.planning import plan
from tests.unit.core import (
    ACCOUNT,
    ALLOW_ALL,
    ALLOW_READ,
    FC,
    NOW,
    OPTIONS,
    OWNER,
    attachment,
    policy,
    record,
    trust,
    trust_json,
    values,
)
from tests.unit.profiles import examples

Json = dict[str, Any]
ADMIN, READ, OWN = "System/AdministratorAccess", "System/AliyunOSSReadOnlyAccess", "Custom/Own"
WHY = {"System/administratoraccess": ("allows every action (*)",)}
KNOWN = Memory(
    OPTIONS,
    Applied(),
    RecordFacts(),
    harmless_policies=frozenset({"Custom/own"}),
    reasons=WHY,
    itself=frozenset(WHY),
)
MEMBER = {"type": "User", "name": "bob"}


def asked(kind: str, *policies: str, **spec: Any) -> Desired:
    listed = {"policies": [attachment(name) for name in policies]}
    given = {"RamRole": {**listed, "trustPolicy": trust_json(FC)}, "RamPolicy": {}}
    full = {**given.get(kind, listed), **spec}
    key = Key(kind, "team", "app")
    return desire.build(KINDS[kind], key, full, {}, desire.Circumstances(OWNER, NOW))


def there(wanted: Desired, **changes: Any) -> Live:
    return Live(Presence.PRESENT, "app", "id-1", "arn", {**wanted.fields, **changes})


def create(row: Kind, wanted: Desired, memory: Memory = KNOWN) -> Plan:
    return plan.create(Inputs(row, ACCOUNT, wanted, Live(Presence.ABSENT), memory))


def after(row: Kind, before: Desired, memory: Memory = KNOWN) -> Memory:
    """What is remembered once `before` was applied, whatever it took."""
    carried = before.fields.get("policies", {})
    assert isinstance(carried, dict)
    applied = create(row, before, replace(memory, harmless_policies=frozenset(carried))).applied
    baseline = before.fields.get("trustPolicy")
    assert baseline is None or isinstance(baseline, documents.Trust)
    document = before.fields.get("document")
    assert document is None or isinstance(document, documents.Policy)
    facts = record(baseline, document, values(before))
    return replace(memory, applied=applied, record=facts, attached=frozenset(carried))


def update(row: Kind, wanted: Desired, live: Live, memory: Memory) -> Plan:
    return plan.update(Inputs(row, ACCOUNT, wanted, live, memory))


def waits(decision: Plan) -> list[tuple[str, str]]:
    """What is held, by field and entry, in order."""
    if decision.held is None:
        return []
    return [(change.field, change.entry) for change in decision.held.changes]


def written(decision: Plan) -> list[str]:
    return [step.summary for step in decision.steps]


def test_the_table_says_which_fields_can_escalate() -> None:
    found = {
        (row.kind, field.name): field.escalates
        for row in KINDS.values()
        for field in row.fields
        if field.escalates is not Escalation.NEVER
    }
    assert found == {
        ("RamPolicy", "document"): Escalation.DOCUMENT,
        ("RamRole", "policies"): Escalation.ATTACHMENT,
        ("RamRole", "maxSessionDurationSeconds"): Escalation.SESSION,
        ("RamRole", "consoleLogin"): Escalation.CONSOLE,
        ("RamUser", "policies"): Escalation.ATTACHMENT,
        ("RamUser", "access"): Escalation.SIGN_IN,
        ("RamGroup", "policies"): Escalation.ATTACHMENT,
        ("RamGroup", "members"): Escalation.MEMBERSHIP,
    }


@pytest.mark.parametrize("kind", ["RamRole", "RamUser", "RamGroup"])
def test_an_identity_is_created_without_what_escalates(kind: str) -> None:
    decision = create(KINDS[kind], asked(kind, ADMIN, READ, OWN, "Custom/Unknown"))
    held = [("policies", "Custom/unknown"), ("policies", "System/administratoraccess")]
    assert waits(decision) == held
    attached = [text for text in written(decision) if text.startswith("attach")]
    assert attached == [f"attach {OWN}", f"attach {READ}"]
    assert decision.held is not None
    assert decision.held.kind == HeldKind.GRANT
    assert decision.applied.entries["policies"] == {"Custom/own", f"System/{READ[7:].lower()}"}
    messages = {finding.message for finding in decision.held.findings if finding.id == "RAM017"}
    assert messages == {
        f"{ADMIN}: allows every action (*)",
        f"Custom/Unknown: {grants.UNKNOWN}",
    }
    itself = [finding for finding in decision.held.findings if finding.id == "RAM019"]
    assert [ADMIN in finding.message for finding in itself] == [True]


@pytest.mark.parametrize("kind", ["RamRole", "RamUser", "RamGroup"])
def test_an_edit_waits_with_what_escalates_and_goes_on_waiting(kind: str) -> None:
    row, before, wanted = KINDS[kind], asked(kind, READ), asked(kind, ADMIN, OWN)
    memory, live = after(row, before), there(before)
    first = update(row, wanted, live, memory)
    assert waits(first) == [("policies", "System/administratoraccess")]
    assert written(first) == [f"detach {READ}", f"attach {OWN}"]
    live = there(before, policies=policy_entries([attachment(OWN)]))
    second = update(row, wanted, live, replace(memory, applied=first.applied))
    assert (second.held, second.steps, second.drift) == (first.held, (), ())
    back = update(row, asked(kind, OWN), live, replace(memory, applied=second.applied))
    assert (back.held, back.steps, back.in_sync) == (None, (), True)


def test_a_policy_is_created_whatever_it_allows_and_nobody_has_it_yet() -> None:
    wanted = asked("RamPolicy", document={"Version": "1", "Statement": [ALLOW_ALL]})
    assert create(KINDS["RamPolicy"], wanted).held is None


NARROW = {"Effect": "Allow", "Action": "ram:Get*", "Resource": "*"}
USERS = {"Effect": "Allow", "Action": "ram:CreateUser", "Resource": "*"}
DOCUMENTS: dict[str, tuple[list[Json], list[Json], bool]] = {
    "everything": ([ALLOW_READ], [ALLOW_ALL], True),
    "a right in RAM besides": ([ALLOW_READ], [ALLOW_READ, USERS], True),
    "another one": ([USERS], [USERS, {**USERS, "Action": "ram:CreateGroup"}], True),
    "exchanged": ([ALLOW_READ], [USERS], True),
    "what cannot be read": ([ALLOW_READ], [{**USERS, "Action": "weird"}], True),
    "narrower": ([ALLOW_ALL], [USERS], False),
    "reading": ([ALLOW_READ], [ALLOW_READ, NARROW], False),
    "another right": ([ALLOW_READ], [{**ALLOW_READ, "Action": "oss:*"}], False),
}


@pytest.mark.parametrize(("was", "now", "holds"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_waits_that_gives_rights_to_those_who_have_it(
    was: list[Json], now: list[Json], holds: bool
) -> None:
    row = KINDS["RamPolicy"]
    before = asked("RamPolicy", document={"Version": "1", "Statement": [ALLOW_READ]})
    before = replace(before, fields={**before.fields, "document": policy(*was)})
    wanted = replace(before, fields={**before.fields, "document": policy(*now)})
    memory = after(row, before)
    decision = update(row, wanted, there(before), memory)
    assert (waits(decision), written(decision)) == (
        ([("document", "")], []) if holds else ([], ["update document"])
    )
    again = update(row, wanted, there(before), replace(memory, applied=decision.applied))
    assert waits(again) == (waits(decision) if holds else [])
    if holds:
        assert decision.held is not None
        assert decision.held.gains[0].startswith("document: ")


@pytest.mark.parametrize("attached", [frozenset({"Custom/unknown"}), None])
def test_a_member_waits_for_a_group_that_has_more_than_is_asked_for(
    attached: frozenset[str] | None,
) -> None:
    row, before = KINDS["RamGroup"], asked("RamGroup", READ)
    wanted = asked("RamGroup", READ, members=[MEMBER])
    memory = after(row, before)
    assert written(update(row, wanted, there(before), memory)) == ["join bob"]
    decision = update(row, wanted, there(before), replace(memory, attached=attached))
    assert (waits(decision), written(decision)) == ([("members", "bob")], [])


def test_members_of_a_new_group_wait_with_its_rights() -> None:
    decision = create(KINDS["RamGroup"], asked("RamGroup", ADMIN, members=[MEMBER]))
    assert waits(decision) == [("policies", "System/administratoraccess"), ("members", "bob")]
    assert written(decision) == ["create group app"]
    assert decision.applied.entries == {"policies": frozenset(), "members": frozenset()}


def test_who_leaves_a_group_or_loses_a_policy_does_not_wait() -> None:
    row, before = KINDS["RamGroup"], asked("RamGroup", ADMIN, members=[MEMBER])
    decision = update(row, asked("RamGroup"), there(before), after(row, before))
    assert (waits(decision), written(decision)) == ([], ["detach " + ADMIN, "expel bob"])


@pytest.mark.parametrize("completing", [True, False])
def test_what_is_taken_over_gets_no_right_that_escalates(completing: bool) -> None:
    row, wanted = KINDS["RamUser"], asked("RamUser", ADMIN, OWN)
    options = replace(OPTIONS, adoption=AdoptionPolicy.IF_EXISTS)
    memory = replace(KNOWN, options=options, completing=completing)
    first = update(row, wanted, there(wanted, policies={}), memory)
    assert waits(first) == [("policies", "System/administratoraccess")]
    assert written(first) == [f"attach {OWN}"]
    live = there(wanted, policies={"Custom/own": Entry(OWN)})
    again = update(row, wanted, live, replace(memory, applied=first.applied, completing=False))
    assert (again.held, again.drift) == (first.held, ())


def test_what_was_taken_away_by_hand_is_called_so() -> None:
    row, wanted = KINDS["RamUser"], asked("RamUser", ADMIN)
    options = replace(OPTIONS, drift=DriftPolicy.REVERT)
    decision = update(row, wanted, there(wanted, policies={}), after(row, wanted))
    assert decision.held is None
    memory = replace(after(row, wanted), options=options)
    decision = update(row, wanted, there(wanted, policies={}), memory)
    assert decision.held is not None
    assert decision.held.kind == HeldKind.GIVEN_BACK
    assert decision.held.gains == (f"policies: {ADMIN} would be given back",)


def test_a_right_and_a_trust_that_wait_are_one_offer() -> None:
    row, before = KINDS["RamRole"], asked("RamRole", READ)
    wanted = asked("RamRole", READ, ADMIN, trustPolicy=trust_json(FC, ("RAM", "acs:ram::1:root")))
    decision = update(row, wanted, there(before), after(row, before))
    assert decision.held is not None
    assert decision.held.kind == "TrustChange"
    assert ("policies", "System/administratoraccess") in waits(decision)
    ids = {finding.id for finding in decision.held.findings}
    assert {"RAM002", "RAM017", "RAM018"} <= ids
    assert any(ADMIN in text for text in decision.held.gains)


def test_offers_are_joined_without_repeating_a_finding() -> None:
    finding = Finding("RAM017", next(iter(create_findings())).severity, "m", "r")
    one = Held("A", "a", ("g",), ("l",), (finding,))
    both = grants.joined(one, Held("B", "b", ("h",), (), (finding,)))
    assert both == Held("A", "a; b", ("g", "h"), ("l",), (finding,))
    assert grants.joined(None, one) is one
    assert grants.joined(one, None) is one
    assert grants.joined(None, None) is None


def create_findings() -> tuple[Finding, ...]:
    held = create(KINDS["RamUser"], asked("RamUser", ADMIN)).held
    assert held is not None
    return held.findings


def test_an_outsider_of_a_role_shows_before_and_after_the_change() -> None:
    row, before = KINDS["RamRole"], asked("RamRole", READ)
    live = there(before, trustPolicy=trust(FC, ("RAM", "acs:ram::9:root")))
    decision = update(row, asked("RamRole", READ, ADMIN), live, after(row, before))
    assert decision.held is not None
    texts = [f.message for f in decision.held.findings if f.id == "RAM018"]
    assert [text.split()[0] for text in texts] == ["acs:ram::9:root", "fc.aliyuncs.com"]


NAMES = st.lists(st.sampled_from([ADMIN, READ, OWN, "Custom/Unknown"]), unique=True)
MEMBERS = st.lists(st.sampled_from(["bob", "eve"]), unique=True).map(
    lambda names: [{"type": "User", "name": name} for name in names]
)
SAFE = frozenset({f"System/{READ[7:].lower()}", "Custom/own"})


@examples(200)
@given(NAMES, MEMBERS, NAMES, MEMBERS, st.sampled_from(DriftPolicy), st.booleans())
def test_nobody_gets_more_rights_to_change_rights(
    has: list[str],
    members: list[Json],
    wants: list[str],
    joining: list[Json],
    kept: DriftPolicy,
    forgotten: bool,
) -> None:
    """Over all edits and drifts of a group: (member, right) pairs that escalate only shrink."""
    row = KINDS["RamGroup"]
    before = asked("RamGroup", *has, members=members)
    wanted = asked("RamGroup", *wants, members=joining)
    memory = replace(after(row, before), options=replace(OPTIONS, drift=kept))
    if forgotten:
        memory = replace(memory, applied=Applied())
    rights = {str(key) for key in _keys(before, "policies")}
    people = {str(key) for key in _keys(before, "members")}
    decision = update(row, wanted, there(before), memory)
    was = {(who, right) for who in people for right in rights - SAFE}
    for step in decision.steps:
        keys = {key for _, key in step.parts}
        changed = people if step.fields == ("members",) else rights
        if step.verb in ("attach", "join"):
            changed |= keys
        else:
            changed -= keys
        now = {(who, right) for who in people for right in rights - SAFE}
        assert now <= was, step.summary
    stays = replace(memory, applied=decision.applied)
    live = there(before, policies=_only(before, wanted, "policies", rights))
    live = replace(
        live, fields={**live.fields, "members": _only(before, wanted, "members", people)}
    )
    again = update(row, wanted, live, replace(stays, attached=frozenset(rights)))
    assert again.steps == ()
    assert waits(again) == waits(decision)


def _keys(wanted: Desired, name: str) -> Any:
    return wanted.fields[name]


def _only(before: Desired, wanted: Desired, name: str, keys: set[str]) -> dict[str, Entry]:
    every = {**_keys(before, name), **_keys(wanted, name)}
    return {key: entry for key, entry in every.items() if key in keys}


def test_what_gives_nobody_a_right_waits_for_nobody() -> None:
    """A login or a key that somebody made is reported; it is no right to change rights."""
    row = KINDS["RamUser"]
    wanted = Desired("ann", {})
    change = Change("access", None, Entry("login profile"), Direction.WIDER, "login profile")
    assert not grants.escalating(row.field("access"), wanted, change, KNOWN)
