"""Which deletions wait, what their offer says, and what an approval of one opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from ram_operator.gate import approvals
from ram_operator.gate.clearance import allows, weigh
from ram_operator.gate.inputs import NO_APPROVAL, Inputs, Memory
from ram_operator.gate.review import deletion
from ram_operator.kinds.entries import names_entries
from ram_operator.kinds.table import KINDS
from ram_operator.model.changes import NAME, Held
from ram_operator.model.objects import Entry
from ram_operator.model.records import (
    DELETION,
    NO_RIGHTS,
    Agreed,
    InFlight,
    Pending,
    RecordFacts,
    Rejection,
    Why,
    denying,
)
from ram_operator.model.state import Applied, Desired, Live
from ram_operator.model.steps import Delete, Detach, Expel, permit_of
from ram_operator.model.vocabulary import Cause, Direction, HeldKind, HeldVerdict, Presence
from ram_operator.planning import plan
from tests.unit.approvals_by_example import SAID, approved, offered
from tests.unit.core import ACCOUNT, ECS, FC, OPTIONS, policies, record, trust

HOLDS = replace(ACCOUNT, hold_deletions=True)
RIGHTS = ("can assume roles (sts:AssumeRole): so far denies sts:*",)
DENIES = {"Custom/guard": RIGHTS}
ASKED = {DELETION: "uid"}
BASE = replace(record(trust(FC)), sequence=7, settled=True)


def live(**fields: Any) -> Live:
    return Live(Presence.PRESENT, "app", "id-1", fields=fields)


ROLE = live(trustPolicy=trust(FC), policies=policies("System/A", "Custom/Guard"))
USER = replace(
    live(
        access={"loginProfile": Entry("loginProfile")},
        mfa={},
        groups=names_entries(["staff"]),
        policies={},
    ),
    last_logon="2026-03-01T12:00:00Z",
)
GROUP = live(members=names_entries(["ann", "bob"]), policies=policies("Custom/Guard"))
NO_ROOM = live(members=names_entries([f"u{n}" for n in range(600)]), policies=policies())


def case(kind: str, found: Live, facts: RecordFacts = BASE, **more: Any) -> Inputs:
    """Of which `asked_by` says who asked for it."""
    said = replace(NO_APPROVAL, author=more.get("asked_by", ""))
    gone = more.get("no_users", frozenset())
    memory = Memory(OPTIONS, Applied(), facts, denials=more.get("denials", {}), no_users=gone)
    account = more.get("account", ACCOUNT)
    return Inputs(KINDS[kind], account, Desired("app", {}), found, memory, said)


def waits(*arguments: Any, **more: Any) -> Held | None:
    return deletion(case(*arguments, **more)).held


def judged(*arguments: Any, **more: Any) -> Held:
    held = waits(*arguments, **more)
    assert held is not None
    return held


@pytest.mark.parametrize(("kind", "found"), [("RamRole", ROLE), ("RamUser", USER)])
def test_who_can_act_is_deleted_at_once_unless_the_account_holds_it(kind: str, found: Live) -> None:
    assert waits(kind, found) is None
    held = judged(kind, found, account=HOLDS)
    assert (held.kind, held.verdict) == (HeldKind.DELETION, HeldVerdict.NARROWER)
    assert held.changes[0].field == NAME
    assert {change.direction for change in held.changes} == {Direction.NARROWER}
    assert held.gains == held.findings == ()


@pytest.mark.parametrize(("kind", "found"), [("RamGroup", GROUP), ("RamPolicy", live())])
def test_what_cannot_act_is_not_held_by_that_setting(kind: str, found: Live) -> None:
    assert waits(kind, found, account=HOLDS) is None


def test_what_is_denied_to_members_is_not_given_free_unseen() -> None:
    held = judged("RamGroup", GROUP, denials=DENIES)
    assert held.verdict == HeldVerdict.MIXED
    assert held.gains == (f"ann, bob: not kept any more {RIGHTS[0]}",)
    assert [f.id for f in held.findings if RIGHTS[0] in f.message]
    assert {change.direction for change in held.changes} == {Direction.MIXED}


def test_nobody_is_freed_of_what_nobody_is_in_or_goes_himself() -> None:
    empty = replace(GROUP, fields={**GROUP.fields, "members": {}})
    assert waits("RamGroup", empty, denials=DENIES) is None
    assert waits("RamRole", ROLE, denials=DENIES) is None
    assert waits("RamUser", USER, denials=DENIES) is None
    # Nobody agreed that she is no member any more.
    agreed = Agreed({denying("members"): {"ann": NO_RIGHTS}})
    left = replace(BASE, agreed=agreed)
    held = judged("RamGroup", empty, left, denials=DENIES)
    assert held.gains == (f"ann: not kept any more {RIGHTS[0]}",)
    # Unless she is no user any more.
    assert waits("RamGroup", empty, left, denials=DENIES, no_users=frozenset({"ann"})) is None


def test_it_says_what_is_lost_and_who_asked() -> None:
    role = judged("RamRole", ROLE, account=HOLDS, asked_by="ann")
    assert role.summary == "the deletion of role app waits, ann asked for it"
    assert role.losses == (
        "service fc.aliyuncs.com can no longer assume this role",
        "policies: Custom/Guard, System/A",
    )
    user = judged("RamUser", USER, account=HOLDS)
    assert user.summary.endswith("nobody is known to have asked for it")
    assert user.losses == (
        "user app, who last logged on 2026-03-01T12:00:00Z",
        "access: loginProfile",
        "groups: staff",
    )


def test_many_members_are_counted() -> None:
    held = judged("RamGroup", NO_ROOM, denials=DENIES)
    assert " and 590 more: " in held.gains[0]


def digest(held: Held) -> str:
    return approvals.change_digest(held)


@pytest.mark.parametrize(
    "moved",
    [
        {"trustPolicy": trust(FC, ECS)},
        {"policies": policies("System/A")},
        {"policies": policies("System/A", "System/B", "Custom/Guard")},
    ],
)
def test_another_trust_or_attachment_is_another_deletion(moved: Mapping[str, Any]) -> None:
    other = replace(ROLE, fields={**ROLE.fields, **moved})
    sides = [judged("RamRole", found, account=HOLDS) for found in (ROLE, other)]
    assert digest(sides[0]) != digest(sides[1])


def test_other_settings_release_nothing_that_is_held() -> None:
    pending = Pending("sha256:0", "", "", asked=ASKED)
    waiting = replace(BASE, pending=pending)
    assert waits("RamRole", ROLE, waiting) is not None
    # An edit that was offered before is no deletion.
    edit = replace(BASE, pending=replace(pending, asked={"trustPolicy": "x"}))
    assert waits("RamRole", ROLE, edit) is None


def rejected(held: Held) -> RecordFacts:
    said = Rejection("change", approvals.wishes(held), "2026-01-01T00:00:00Z", "ann", "no")
    return replace(BASE, rejections=(said,))


@pytest.mark.parametrize(("kind", "found"), [("RamRole", ROLE), ("RamGroup", GROUP)])
def test_what_was_rejected_waits_whatever_is_set_or_denied_by_now(kind: str, found: Live) -> None:
    held = judged(kind, found, account=HOLDS, denials=DENIES)
    assert waits(kind, found, rejected(held)) is not None
    another = replace(held, changes=held.changes[1:])
    assert waits(kind, found, rejected(another)) is None


@pytest.mark.parametrize(("kind", "found"), [("RamRole", ROLE), ("RamUser", USER)])
def test_what_nobody_holds_passes_with_all_that_it_takes_away(kind: str, found: Live) -> None:
    passed = deletion(case(kind, found)).passed
    assert passed is not None
    taken = {(n, key) for n, _ in KINDS[kind].clears for key in found.fields.get(n, {})}
    assert passed.parts == dict.fromkeys({(NAME, ""), *taken})
    assert deletion(case(kind, found, account=HOLDS)).passed is None


def test_what_denies_something_goes_last() -> None:
    found = live(trustPolicy=trust(FC), policies=policies("System/Z", "Custom/Guard", "Custom/Z"))
    steps = plan.delete(case("RamRole", found, denials=DENIES)).steps
    taken = [key for step in steps[:-1] for _, key in step.parts]
    assert taken == ["Custom/z", "System/z", "Custom/guard"]
    assert isinstance(steps[-1], Delete)


def begun(held: Held, **more: Any) -> RecordFacts:
    """The record once an approved deletion has begun."""
    facts = offered(held, BASE)
    assert facts.pending is not None
    flight = InFlight(
        HeldKind.DELETION,
        approvals.change_digest(held),
        facts.pending.digest,
        identity="id-1",
        expires=facts.pending.expires,
        wishes=facts.pending.wishes,
    )
    return replace(facts, pending=None, in_flight=replace(flight, **more))


def test_every_step_of_an_approved_deletion_carries_its_approval() -> None:
    held = case("RamUser", USER, account=HOLDS)
    before = plan.delete(held)
    assert (before.steps, before.held) == ((), judged("RamUser", USER, account=HOLDS))
    facts = offered(before.held)
    memory = replace(held.memory, record=facts)
    after = plan.delete(replace(held, memory=memory, approval=approved(facts)))
    assert after.held is None
    assert [step.verb for step in after.steps] == ["revoke", "leave", "delete"]
    digest = approved(facts).approve
    assert [found.digest for step in after.steps if (found := permit_of(step))] == [digest] * 3


def test_an_approval_opens_the_deletion_with_all_that_goes_first() -> None:
    held = judged("RamGroup", GROUP, denials=DENIES)
    facts = offered(held, BASE)
    permit = weigh(held, approved(facts), facts)
    assert permit is not None
    what: dict[str, Any] = {"cause": Cause.INTENT, "direction": Direction.NARROWER}
    assert allows(permit, Delete(summary="", permit=permit, **what))
    members, attached = GROUP.fields["members"], GROUP.fields["policies"]
    assert isinstance(members, Mapping)
    assert isinstance(attached, Mapping)
    expel = Expel(summary="", field="members", entries={"ann": members["ann"]}, **what)
    assert allows(permit, expel)
    detach = Detach(summary="", field="policies", entries=attached, **what)
    assert allows(permit, detach)
    stranger = replace(expel, entries={"eve": Entry("eve")})
    assert not allows(permit, stranger)
    assert weigh(held, SAID, facts) is None


def test_what_is_left_of_a_begun_deletion_needs_no_other_approval() -> None:
    held = judged("RamGroup", GROUP, denials=DENIES)
    facts = begun(held)
    assert facts.in_flight is not None
    said = replace(SAID, approve=facts.in_flight.approval)
    left = replace(GROUP, fields={**GROUP.fields, "members": names_entries(["bob"])})
    rest = judged("RamGroup", left, facts, denials=DENIES)
    assert weigh(rest, said, facts) is not None
    more = replace(GROUP, fields={**GROUP.fields, "members": names_entries(["bob", "eve"])})
    other = judged("RamGroup", more, facts, denials=DENIES)
    assert weigh(other, said, facts) is None
    assert weigh(rest, said, begun(held, operation=HeldKind.GRANT)) is None
    # Of what was begun by an older version.
    assert weigh(rest, said, begun(held, wishes=())) is None
    assert weigh(rest, replace(said, approve="sha256:other"), facts) is None


@pytest.mark.parametrize("sends", [0, 1])
def test_it_goes_on_however_often_the_cloud_refuses_it(sends: int) -> None:
    held = judged("RamRole", ROLE, account=HOLDS)
    facts = begun(held, sends=sends)
    assert facts.in_flight is not None
    said = replace(SAID, approve=facts.in_flight.approval)
    left = replace(ROLE, fields={**ROLE.fields, "policies": policies("System/A")})
    for found in (ROLE, left):
        permit = weigh(judged("RamRole", found, account=HOLDS), said, facts)
        assert permit is not None
        assert permit.sends == 1


@pytest.mark.parametrize(
    "more",
    [
        # Somebody said no to it, or its approval has ended.
        {"sends": approvals.SENDS},
        {"expires": SAID.now},
        {"expires": ""},
        # What was made in its place is another one.
        {"identity": "id-0"},
        {"identity": ""},
    ],
)
def test_it_does_not_go_on_once_it_is_over_or_for_another_identity(more: dict[str, Any]) -> None:
    held = judged("RamRole", ROLE, account=HOLDS)
    facts = begun(held, **more)
    assert facts.in_flight is not None
    said = replace(SAID, approve=facts.in_flight.approval)
    assert weigh(held, said, facts) is None
    assert approvals.offer(held, said, facts).why is Why.FIRST


def test_what_comes_to_a_begun_deletion_is_offered_once_it_is_sure() -> None:
    """One old answer that shows what is gone since does not end what was approved."""
    facts = begun(judged("RamRole", ROLE, account=HOLDS))
    assert facts.in_flight is not None
    said = replace(SAID, approve=facts.in_flight.approval)
    more = replace(ROLE, fields={**ROLE.fields, "policies": policies("System/B")})
    # Whatever the account says by now: it was held.
    held = judged("RamRole", more, replace(facts, in_flight=replace(facts.in_flight, asked=ASKED)))
    assert weigh(held, said, facts) is None
    assert approvals.offer(held, said, facts).why is Why.MOVED
    taken_back = replace(said, approve="")
    assert approvals.offer(held, taken_back, facts).why is Why.FIRST
    edit = replace(facts, in_flight=replace(facts.in_flight, operation=HeldKind.GRANT))
    assert approvals.offer(held, said, edit).why is Why.FIRST


def test_where_a_begun_deletion_was_too_long_to_tell_what_is_left_waits() -> None:
    held = judged("RamGroup", NO_ROOM, denials=DENIES)
    facts = begun(held)
    assert facts.in_flight is not None
    said = replace(SAID, approve=facts.in_flight.approval)
    assert weigh(held, said, facts) is not None
    members = NO_ROOM.fields["members"]
    assert isinstance(members, Mapping)
    alone = [
        replace(NO_ROOM, fields={**NO_ROOM.fields, "members": {key: members[key]}})
        for key in members
    ]
    rests = [judged("RamGroup", found, denials=DENIES) for found in alone]
    # What there was room for may be all of it by chance.
    told = [rest for rest in rests if set(approvals.wishes(rest)) <= set(facts.in_flight.wishes)]
    assert told
    assert all(weigh(rest, said, facts) is None for rest in told)
