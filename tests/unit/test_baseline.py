"""What manifest and cloud have alike and nobody agreed on: excess, or found in the cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ram_operator import documents
from ram_operator.constants import DriftPolicy, Severity
from ram_operator.errors import Bug
from ram_operator.gate import approvals, baseline, clearance
from ram_operator.gate.inputs import Inputs
from ram_operator.kinds import manifest as desire
from ram_operator.kinds.table import KINDS
from ram_operator.model.changes import Held, Judged
from ram_operator.model.objects import Key, UnknownPart
from ram_operator.model.records import (
    NO_RIGHTS,
    UNKNOWN_RIGHTS,
    Agreed,
    RecordFacts,
    Rejection,
)
from ram_operator.model.state import Applied, Live
from ram_operator.model.steps import Agree, Attach
from ram_operator.model.vocabulary import Cause, Direction, Disposition, HeldKind, Presence
from tests.unit.approvals_by_example import HELD, approved, offered
from tests.unit.core import (
    ALLOW_ALL,
    ALLOW_READ,
    ECS,
    FC,
    NOW,
    OUTSIDER,
    OWNER,
    attachment,
    inputs,
    live,
    made,
    policy,
    remembered,
    trust,
    trust_json,
    wanted,
    wanted_policy,
)
from tests.unit.steps_by_example import of_entries

ADMIN = "Custom/admin"
PERMIT = clearance.weigh(HELD, approved(offered()), offered())
READ = "Custom/read"
ALL_TEXT = documents.identity_text(policy(ALLOW_ALL))
UNREAD = UnknownPart(Bug("no"))
ROLE_AGREED = Agreed({"policies": {}})


def with_agreed(found: Inputs, agreed: Agreed, **memory: Any) -> Inputs:
    record = replace(found.memory.record, agreed=agreed)
    return replace(found, memory=replace(found.memory, record=record, **memory))


def role(before: Mapping[str, Any], asked: Mapping[str, Any], **memory: Any) -> Inputs:
    """A role that was agreed on as `before`, and is in manifest and cloud as `asked`."""
    agreed = Agreed({"policies": {f"Custom/{p['name']}": NO_RIGHTS for p in before["policies"]}})
    now = wanted(asked)
    return with_agreed(inputs(now, made(now), remembered(wanted(before))), agreed, **memory)


def met_first(found: Inputs) -> Inputs:
    """Neither a record nor a status knows of it."""
    record = RecordFacts(agreed=found.memory.record.agreed)
    return replace(found, memory=replace(found.memory, record=record, applied=Applied()))


def summary(found: list[Judged]) -> list[tuple[str, str, Cause, Disposition]]:
    return [(i.change.field, i.change.entry, i.cause, i.disposition) for i in found]


BEFORE = {"trustPolicy": trust_json(FC), "policies": []}
EXCESS = [Cause.DRIFT, Cause.INTENT]


def test_a_wider_trust_that_the_manifest_asks_for_is_excess() -> None:
    asked = {"trustPolicy": trust_json(FC, OUTSIDER), "policies": []}
    found = baseline.beyond(role(BEFORE, asked), ())
    assert summary(found) == [
        ("trustPolicy", "", Cause.DRIFT, Disposition.WRITE),
        ("trustPolicy", "", Cause.INTENT, Disposition.HOLD),
    ]
    back, wish = (item.change for item in found)
    assert (back.before, back.after) == (trust(FC, OUTSIDER), trust(FC))
    assert (wish.before, wish.after) == (trust(FC), trust(FC, OUTSIDER))
    assert found[0].severity is Severity.CRITICAL


def test_where_nobody_looked_it_is_found_in_the_cloud_and_stays() -> None:
    asked = {"trustPolicy": trust_json(FC, OUTSIDER), "policies": []}
    (found,) = baseline.beyond(role(BEFORE, asked, watched=False), ())
    assert (found.cause, found.disposition) == (Cause.FOUND, Disposition.HOLD)
    assert found.severity is Severity.CRITICAL
    assert found.change.direction is Direction.WIDER
    assert (found.change.before, found.change.after) == (trust(FC), trust(FC, OUTSIDER))


def test_under_report_nothing_is_taken_back() -> None:
    asked = {"trustPolicy": trust_json(FC, OUTSIDER), "policies": []}
    inside = role(BEFORE, asked)
    options = replace(inside.memory.options, drift=DriftPolicy.REPORT)
    inside = replace(inside, memory=replace(inside.memory, options=options))
    assert [item.cause for item in baseline.beyond(inside, ())] == [Cause.FOUND]


def test_what_was_rejected_is_excess() -> None:
    asked = {"trustPolicy": trust_json(FC, OUTSIDER), "policies": []}
    inside = role(BEFORE, asked, watched=False)
    (found,) = baseline.beyond(inside, ())
    said = Rejection("x", approvals.wishes(Held(HeldKind.FOUND, "", changes=(found.change,))))
    record = replace(inside.memory.record, rejections=(said,))
    inside = replace(inside, memory=replace(inside.memory, record=record))
    assert [item.cause for item in baseline.beyond(inside, ())] == EXCESS


@pytest.mark.parametrize("asked", [(FC,), (ECS, FC)])
def test_the_same_and_less_need_nobody(asked: tuple[tuple[str, str], ...]) -> None:
    before = {"trustPolicy": trust_json(FC, ECS), "policies": []}
    now = {"trustPolicy": trust_json(*asked), "policies": []}
    assert baseline.beyond(role(before, now), ()) == []


def test_what_differs_is_judged_as_a_change() -> None:
    asked = {"trustPolicy": trust_json(FC, OUTSIDER), "policies": []}
    assert baseline.beyond(role(BEFORE, asked), ("trustPolicy",)) == []


def test_without_a_baseline_and_without_a_reading_nothing_is_beyond() -> None:
    asked = {"trustPolicy": trust_json(FC, OUTSIDER), "policies": []}
    inside = role(BEFORE, asked)
    unread = replace(inside, live=live(trustPolicy=UNREAD, policies=UNREAD))
    assert baseline.beyond(unread, ()) == []
    record = replace(inside.memory.record, baseline=None, agreed=Agreed())
    new = replace(inside, memory=replace(inside.memory, record=record))
    assert baseline.beyond(new, ()) == []


# Documents of policies


def rampolicy(base: documents.Policy | None, *asked: Any) -> Inputs:
    now = wanted_policy(document={"Version": "1", "Statement": list(asked)})
    return with_agreed(inputs(now, made(now), remembered(wanted_policy())), Agreed({}, base))


def test_a_document_that_was_widened_by_hand_and_is_asked_for_is_excess() -> None:
    found = baseline.beyond(rampolicy(policy(ALLOW_READ), ALLOW_ALL), ())
    assert [item.cause for item in found] == EXCESS
    assert found[0].change.after == policy(ALLOW_READ)


@pytest.mark.parametrize(
    "base", [None, policy(ALLOW_ALL), policy({**ALLOW_READ, "Action": "ram:*"})]
)
def test_a_document_within_what_was_agreed_is_not(base: documents.Policy | None) -> None:
    asked = {**ALLOW_READ, "Action": ["ram:CreateUser", "oss:*"]}
    assert baseline.beyond(rampolicy(base, asked), ()) == []


# Attachments


def attached(*names: str, agreed: Mapping[str, str] | None, **memory: Any) -> Inputs:
    asked = wanted({"policies": [attachment(name) for name in names]})
    found = inputs(asked, made(asked), remembered(wanted({})))
    entries = {} if agreed is None else {"policies": agreed}
    return with_agreed(found, Agreed(entries), **memory)


def test_an_attachment_that_nobody_agreed_on_is_excess() -> None:
    found = baseline.beyond(attached(ADMIN, agreed={}, texts={ADMIN: ALL_TEXT}), ())
    assert summary(found) == [
        ("policies", ADMIN, Cause.DRIFT, Disposition.WRITE),
        ("policies", ADMIN, Cause.INTENT, Disposition.HOLD),
    ]
    assert found[0].change.after is None


@pytest.mark.parametrize(
    ("agreed", "texts"),
    [
        ({ADMIN: ALL_TEXT}, {ADMIN: ALL_TEXT}),
        ({}, {ADMIN: NO_RIGHTS}),
        ({}, {}),
        (None, {ADMIN: ALL_TEXT}),
    ],
    ids=["agreed", "no right", "not known", "no baseline"],
)
def test_other_attachments_stay(agreed: Mapping[str, str] | None, texts: Any) -> None:
    assert baseline.beyond(attached(ADMIN, agreed=agreed, texts=texts), ()) == []


def test_one_whose_document_only_waits_stays() -> None:
    waits = {"texts": {ADMIN: ALL_TEXT}, "not_in_force": frozenset({ADMIN})}
    assert baseline.beyond(attached(ADMIN, agreed={}, **waits), ()) == []


def test_one_that_differs_is_judged_as_a_change() -> None:
    found = attached(ADMIN, agreed={}, texts={ADMIN: ALL_TEXT})
    assert baseline.beyond(found, (f"policies[{ADMIN}]",)) == []


# Members

GROUP = KINDS["RamGroup"]


def group(*names: str, carries: str, agreed: Mapping[str, str] | None, **memory: Any) -> Inputs:
    spec = {
        "members": [{"type": "User", "name": name} for name in names],
        "policies": [attachment(ADMIN)],
    }
    asked = desire.build(
        GROUP, Key("RamGroup", "team", "app"), spec, {}, desire.Circumstances(OWNER, NOW)
    )
    cloud = Live(Presence.PRESENT, "app", "id-1", "", dict(asked.fields))
    held = remembered(wanted({}))
    found = replace(inputs(wanted({}), cloud, held), row=GROUP, desired=asked)
    entries: dict[str, Mapping[str, str]] = {"policies": {ADMIN: carries}}
    if agreed is not None:
        entries["members"] = agreed
    given = {"attached": frozenset({ADMIN}), **memory}
    return with_agreed(found, Agreed(entries), **given)


def test_a_member_of_a_group_with_rights_that_nobody_agreed_on_is_excess() -> None:
    found = baseline.beyond(group("ann", "eve", carries=ALL_TEXT, agreed={"ann": NO_RIGHTS}), ())
    assert summary(found) == [
        ("members", "eve", Cause.DRIFT, Disposition.WRITE),
        ("members", "eve", Cause.INTENT, Disposition.HOLD),
    ]


@pytest.mark.parametrize(
    ("carries", "listed"),
    [(NO_RIGHTS, {"ann", "eve"}), (ALL_TEXT, set()), (UNKNOWN_RIGHTS, set())],
    ids=["first", "another", "unread"],
)
def test_who_is_there_is_agreed_on_with_the_first_right_alone(
    carries: str, listed: set[str]
) -> None:
    found = group("ann", "eve", carries=carries, agreed={}, texts={"Custom/more": ALL_TEXT})
    step = of_entries(Attach, "policies", "Custom/more", permit=PERMIT)
    (done,) = baseline.agreeing(found, [step])
    assert done.agrees.entries["policies"] == {"Custom/more": ALL_TEXT}
    assert set(done.agrees.entries.get("members", {})) == listed


@pytest.mark.parametrize("memory", [{"texts": {ADMIN: ALL_TEXT}}, {"moved": {ADMIN: ALL_TEXT}}])
def test_so_is_who_is_there_when_a_right_is_agreed_on_that_was_found(memory: Any) -> None:
    """Nobody had to agree on him while the group had none, and its approver has seen him."""
    found = group("ann", "eve", carries=NO_RIGHTS, agreed={}, **memory)
    (done,) = baseline.agreeing(found, [of_entries(Agree, "policies", ADMIN, permit=PERMIT)])
    assert done.agrees.entries["policies"] == {ADMIN: ALL_TEXT}
    agreed = found.memory.record.agreed.joined(done.agrees)
    later = with_agreed(found, agreed, texts={ADMIN: ALL_TEXT}, moved={})
    assert baseline.beyond(later, ()) == []


def test_a_found_policy_without_rights_lists_nobody() -> None:
    found = group("ann", carries=NO_RIGHTS, agreed={}, texts={ADMIN: NO_RIGHTS})
    (done,) = baseline.agreeing(found, [of_entries(Agree, "policies", ADMIN, permit=PERMIT)])
    assert "members" not in done.agrees.entries


def test_a_member_of_an_ordinary_group_needs_nobody() -> None:
    assert baseline.beyond(group("eve", carries=NO_RIGHTS, agreed={}), ()) == []
    assert baseline.beyond(group("eve", carries=ALL_TEXT, agreed=None), ()) == []
    assert baseline.beyond(group("eve", carries=ALL_TEXT, agreed={}, attached=None), ()) == []


@pytest.mark.parametrize(
    ("carries", "memory"),
    [
        (NO_RIGHTS, {"texts": {ADMIN: ALL_TEXT}}),
        (ALL_TEXT, {"texts": {ADMIN: NO_RIGHTS}}),
        (ALL_TEXT, {"texts": {ADMIN: ALL_TEXT}, "not_in_force": frozenset({ADMIN})}),
        (ALL_TEXT, {"not_in_force": frozenset({ADMIN})}),
        (UNKNOWN_RIGHTS, {}),
    ],
    ids=["no right when he came", "no right now", "waits", "waits under an agreed one", "unread"],
)
def test_nor_does_one_of_a_group_whose_right_nobody_agreed_on_or_is_not_in_force(
    carries: str, memory: Any
) -> None:
    assert baseline.beyond(group("eve", carries=carries, agreed={}, **memory), ()) == []


@pytest.mark.parametrize("carries", [ALL_TEXT, UNKNOWN_RIGHTS])
def test_what_the_policy_is_now_counts_where_it_is_known(carries: str) -> None:
    found = group("eve", carries=carries, agreed={}, texts={ADMIN: ALL_TEXT})
    assert [item.cause for item in baseline.beyond(found, ())] == EXCESS


# What the record is told without anybody's word


def test_the_first_contact_takes_what_is_there() -> None:
    found = attached(ADMIN, READ, agreed=None, texts={ADMIN: ALL_TEXT, READ: NO_RIGHTS})
    assert baseline.notes(met_first(found)) == {"policies": {ADMIN: ALL_TEXT, READ: NO_RIGHTS}}


def test_an_older_record_whose_memory_is_lost_believes_nothing() -> None:
    found = attached(ADMIN, READ, agreed=None, texts={ADMIN: ALL_TEXT, READ: NO_RIGHTS})
    lost = replace(found, memory=replace(found.memory, applied=Applied()))
    assert baseline.notes(lost) == {"policies": {READ: NO_RIGHTS}}


def test_an_older_record_is_filled_from_what_all_have_in_common() -> None:
    """What was attached by hand meanwhile is not in the memory of what was applied."""
    found = attached(ADMIN, READ, agreed=None, texts={ADMIN: ALL_TEXT, READ: NO_RIGHTS})
    applied = Applied(known=True, entries={"policies": frozenset({READ})})
    found = replace(found, memory=replace(found.memory, applied=applied))
    assert baseline.notes(found) == {"policies": {READ: NO_RIGHTS}}


def test_what_was_kept_at_adoption_counts_as_agreed() -> None:
    found = attached(ADMIN, agreed=None, texts={ADMIN: ALL_TEXT})
    applied = Applied(known=True, entries={"policies": frozenset({"~" + ADMIN})})
    found = replace(found, memory=replace(found.memory, applied=applied))
    assert baseline.notes(found) == {"policies": {ADMIN: ALL_TEXT}}


def test_without_anything_to_agree_on_the_part_is_there_all_the_same() -> None:
    found = attached(agreed=None)
    assert baseline.notes(found) == {"policies": {}}
    assert baseline.notes(attached(agreed={})) == {}


def test_what_gives_no_right_is_noted_and_what_is_gone_is_taken_out() -> None:
    found = attached(READ, agreed={"Custom/gone": ALL_TEXT}, texts={READ: NO_RIGHTS})
    assert baseline.notes(found) == {"policies": {READ: NO_RIGHTS, "Custom/gone": ""}}


def test_a_right_is_never_noted_by_itself() -> None:
    assert baseline.notes(attached(ADMIN, agreed={}, texts={ADMIN: ALL_TEXT})) == {}


def test_what_is_asked_for_or_is_there_stays_agreed() -> None:
    found = attached(agreed={ADMIN: ALL_TEXT})
    there = replace(found, live=made(wanted({"policies": [attachment(ADMIN)]})))
    assert baseline.notes(there) == {}
    asked = replace(found, desired=wanted({"policies": [attachment(ADMIN)]}))
    assert baseline.notes(asked) == {}


def test_a_list_that_could_not_be_read_says_nothing() -> None:
    found = replace(attached(agreed={ADMIN: ALL_TEXT}), live=live(policies=UNREAD))
    assert baseline.notes(found) == {}


def test_members_of_an_ordinary_group_are_in_no_record() -> None:
    assert baseline.notes(group("ann", carries=NO_RIGHTS, agreed=None)) == {"members": {}}
    first = met_first(group("ann", carries=ALL_TEXT, agreed=None))
    assert baseline.notes(first) == {"members": {"ann": NO_RIGHTS}}
    assert baseline.notes(group("eve", carries=ALL_TEXT, agreed={})) == {}


def test_what_could_not_be_read_at_first_contact_is_nobodys_excess_later() -> None:
    noted = baseline.notes(met_first(attached(ADMIN, agreed=None)))
    assert noted == {"policies": {ADMIN: UNKNOWN_RIGHTS}}
    later = attached(ADMIN, agreed=noted["policies"], texts={ADMIN: ALL_TEXT})
    assert baseline.beyond(later, ()) == []


def test_members_met_while_a_policy_was_unread_are_agreed_on() -> None:
    found = met_first(group("ann", carries=ALL_TEXT, agreed=None))
    unread = with_agreed(found, Agreed())
    assert baseline.notes(unread)["members"] == {"ann": NO_RIGHTS}
    assert "members" not in baseline.notes(with_agreed(unread, Agreed(), attached=None))
    reading = met_first(group("ann", carries=NO_RIGHTS, agreed=None))
    assert baseline.notes(reading) == {"members": {}}


def test_a_document_that_cannot_be_read_says_nothing() -> None:
    inside = rampolicy(None, ALLOW_READ)
    assert baseline.first(inside).document == policy(ALLOW_READ)
    unread = replace(inside, live=replace(inside.live, fields={"document": UNREAD}))
    assert baseline.first(unread).document is None
    assert baseline.first(rampolicy(policy(ALLOW_READ), ALLOW_READ)).document is None
