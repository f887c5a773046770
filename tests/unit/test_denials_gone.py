"""A denial that is gone in cloud and manifest alike: judged by what the record has of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator import documents
from ram_operator.constants import DriftPolicy, Reason
from ram_operator.errors import Retry
from ram_operator.gate import approvals
from ram_operator.gate.inputs import Approval, Inputs, Memory
from ram_operator.model.changes import Change, Held
from ram_operator.model.objects import Entry, UnknownPart
from ram_operator.model.outcome import Plan
from ram_operator.model.records import NO_RIGHTS, Agreed, InFlight, denying
from ram_operator.model.state import Desired, Live
from ram_operator.model.steps import AgreeGone, Attach, Join, Note
from ram_operator.model.vocabulary import Cause, Direction, HeldKind
from ram_operator.planning import plan
from tests.unit.approvals_by_example import approved, offered
from tests.unit.core import ACCOUNT, policy
from tests.unit.test_denials import DENIED, GROUP, GUARD, KEY, ROLE, statement
from tests.unit.test_expiry import day
from tests.unit.test_grants import MEMBER, after, asked, there, update, waits

TEXT: Final = documents.denied_text(policy(statement("Deny", "ram:*")))
POLICIES, MEMBERS = denying("policies"), denying("members")
READ: Final = frozenset({"digest"})


def knowing(memory: Memory, agreed: dict[str, dict[str, str]], **known: Any) -> Memory:
    """The record has `agreed`, and the guard is read: it denies something, and gives nothing."""
    record = replace(memory.record, exists=True, cloud_id="id-1", agreed=Agreed(agreed))
    read = {
        "denials": {KEY: DENIED},
        "gives_nothing": frozenset({KEY}),
        "judged": {KEY: READ},
        "denying": {KEY: TEXT},
        "gone": {KEY: TEXT},
        "attached": frozenset[str](),
        **known,
    }
    return replace(memory, record=record, **read)


def gone(**known: Any) -> tuple[Desired, Live, Memory]:
    """A role had the guard, and neither cloud nor manifest has it."""
    agreed = {"policies": {KEY: NO_RIGHTS}, POLICIES: {KEY: TEXT}}
    memory = knowing(after(ROLE, asked("RamRole", GUARD)), agreed, **known)
    wanted = asked("RamRole")
    return wanted, there(wanted), memory


def left(**known: Any) -> tuple[Desired, Live, Memory]:
    """The same of the member of a group."""
    agreed = {"policies": {KEY: NO_RIGHTS}, POLICIES: {KEY: TEXT}, "members": {}}
    agreed[MEMBERS] = {"bob": NO_RIGHTS}
    memory = after(GROUP, asked("RamGroup", GUARD, members=[MEMBER]))
    memory = knowing(memory, agreed, **{"attached": frozenset({KEY}), **known})
    wanted = asked("RamGroup", GUARD, members=[])
    return wanted, there(wanted), memory


def noted(decision: Plan) -> dict[str, Any]:
    """What the record is told of denials without anybody's word."""
    notes = [step.agrees for step in decision.steps if isinstance(step, Note)]
    said = notes[0] if notes else Agreed()
    return {n: dict(texts) for n, texts in said.entries.items() if n in (POLICIES, MEMBERS)}


@pytest.mark.parametrize(
    ("row", "case", "step"),
    [(ROLE, gone, Attach), (GROUP, left, Join)],
    ids=["attachment", "member"],
)
def test_it_is_put_back_and_the_wish_waits(row: Any, case: Any, step: type) -> None:
    decision = update(row, *case())
    (back,) = [each for each in decision.steps if isinstance(each, step)]
    assert (back.cause, back.direction) == (Cause.DRIFT, Direction.NARROWER)
    field, key = ("policies", KEY) if row is ROLE else ("members", "bob")
    assert waits(decision) == [(field, key)]
    assert decision.held is not None
    assert decision.held.kind is HeldKind.GRANT
    assert "would be taken away, which denies" in decision.held.gains[0]
    assert [(each.action, each.widens) for each in decision.drift] == [("corrected", True)]


@pytest.mark.parametrize("watched", [True, False])
def test_where_nobody_looked_or_nothing_is_put_right_it_is_found(watched: bool) -> None:
    wanted, live, memory = gone(watched=watched)
    if watched:
        memory = replace(memory, options=replace(memory.options, drift=DriftPolicy.REPORT))
    decision = update(ROLE, wanted, live, memory)
    assert decision.held is not None
    assert decision.held.kind is HeldKind.FOUND
    assert decision.held.gains == (
        "policies: Custom/guard denied, is gone, and nobody agreed on that",
    )
    assert [step for step in decision.steps if not isinstance(step, Note)] == []
    facts = offered(decision.held, replace(memory.record, sequence=7, settled=True))
    said = Inputs(ROLE, ACCOUNT, wanted, live, replace(memory, record=facts), approved(facts))
    done = plan.update(said)
    (agreed,) = [step for step in done.steps if isinstance(step, AgreeGone)]
    assert agreed.sent == {("policies", KEY): None}
    assert agreed.agrees.entries[POLICIES] == {KEY: ""}
    assert done.held is None
    assert done.drift == ()


@pytest.mark.parametrize(
    "known",
    [
        {"gives_nothing": frozenset()},
        {"denying": {}},
    ],
    ids=["it gives something by now", "it denies nothing by now"],
)
def test_what_is_no_more_what_it_was_is_found(known: Any) -> None:
    decision = update(ROLE, *gone(**known))
    assert decision.held is not None
    assert decision.held.kind is HeldKind.FOUND
    assert decision.held.changes[0].direction is Direction.MIXED


def test_what_cannot_be_read_is_reported() -> None:
    decision = update(ROLE, *gone(judged={}))
    assert waits(decision) == []
    assert [entry.action for entry in decision.drift] == ["reported"]
    assert noted(decision) == {}
    # The same of a member whose group cannot be read.
    decision = update(GROUP, *left(attached=None))
    assert waits(decision) == []
    assert [entry.action for entry in decision.drift] == ["reported"]


def test_an_agreed_end_and_an_approved_one_are_none_of_it() -> None:
    wanted, live, memory = left()
    record = replace(memory.record, ends={"members[bob]": day(-1)})
    now = Inputs(GROUP, ACCOUNT, wanted, live, replace(memory, record=record), Approval(now=day(0)))
    decision = plan.update(now)
    assert decision.held is None
    assert noted(decision) == {MEMBERS: {"bob": ""}}


def test_what_was_detached_as_approved_is_not_put_back() -> None:
    """The write was begun, and its answer lost."""
    wanted, live, memory = gone()
    wish = Change("policies", Entry(KEY), None, Direction.WIDER, KEY)
    wishes = approvals.wishes(Held(HeldKind.GRANT, "", changes=(wish,)))
    flight = InFlight(HeldKind.GRANT, approval="sha256:1", wishes=wishes)
    begun = replace(memory, record=replace(memory.record, in_flight=flight))
    decision = update(ROLE, wanted, live, begun)
    assert decision.held is None
    assert noted(decision) == {POLICIES: {KEY: ""}}


def test_what_denies_nothing_any_more_is_forgotten() -> None:
    decision = update(ROLE, *gone(denials={}, gone={}))
    assert decision.held is None
    assert noted(decision) == {POLICIES: {KEY: ""}}


def test_what_its_owner_said_until_now_is_noted() -> None:
    """The record of the policy had it, and that of its holder has not."""
    wanted, live, memory = gone()
    record = replace(memory.record, agreed=Agreed({"policies": {KEY: NO_RIGHTS}}))
    decision = update(ROLE, wanted, live, replace(memory, record=record))
    assert waits(decision) == [("policies", KEY)]
    assert noted(decision) == {POLICIES: {KEY: TEXT}}


def test_what_is_asked_for_and_not_ready_is_not_gone() -> None:
    wanted, live, memory = gone()
    awaited = replace(wanted, awaited=frozenset({f"policies[{KEY}]"}))
    decision = update(ROLE, awaited, live, memory)
    assert (decision.held, decision.drift) == (None, ())


@pytest.mark.parametrize("owned", [False, True])
def test_nor_is_it_forgotten_before_it_is_asked_for_no_more(owned: bool) -> None:
    """Else a reference to what is not ready would be the way to take a denial away."""
    wanted, live, memory = gone()
    awaited = replace(wanted, awaited=frozenset({f"policies[{KEY}]"}))
    if owned:
        # The record of the policy has it, and that of its holder has not.
        record = replace(memory.record, agreed=Agreed({"policies": {KEY: NO_RIGHTS}}))
        memory = replace(memory, record=record)
    assert noted(update(ROLE, awaited, live, memory)) == ({POLICIES: {KEY: TEXT}} if owned else {})


def test_a_user_who_is_gone_is_missed_by_no_group() -> None:
    wanted, live, memory = left()
    decision = update(GROUP, wanted, live, replace(memory, no_users=frozenset({"bob"})))
    assert (decision.held, decision.drift) == (None, ())
    assert not any(isinstance(step, Join) for step in decision.steps)
    assert noted(decision) == {MEMBERS: {"bob": ""}}


def test_of_another_identity_and_of_one_that_was_never_made_nothing_is_missed() -> None:
    wanted, live, memory = gone()
    other = replace(memory, record=replace(memory.record, cloud_id="id-0"))
    assert update(ROLE, wanted, live, other).held is None
    before = asked("RamRole", GUARD)
    never = replace(memory, record=replace(memory.record, never_made="then", agreed=Agreed()))
    assert noted(update(ROLE, before, there(before), never)) == {}


def test_what_is_there_and_denies_something_is_noted_once() -> None:
    before = asked("RamRole", GUARD)
    memory = knowing(after(ROLE, before), {"policies": {}}, attached=frozenset({KEY}))
    memory = replace(memory, texts={KEY: NO_RIGHTS})
    assert noted(update(ROLE, before, there(before), memory)) == {POLICIES: {KEY: TEXT}}
    said = {"policies": {KEY: NO_RIGHTS}, POLICIES: {KEY: TEXT}}
    memory = replace(memory, record=replace(memory.record, agreed=Agreed(said)))
    assert noted(update(ROLE, before, there(before), memory)) == {}


def test_whoever_is_in_a_group_that_denies_is_noted() -> None:
    before = asked("RamGroup", GUARD, members=[MEMBER])
    agreed = {"policies": {KEY: NO_RIGHTS}, "members": {}, POLICIES: {KEY: TEXT}}
    memory = knowing(after(GROUP, before), agreed, attached=frozenset({KEY}))
    assert noted(update(GROUP, before, there(before), memory)) == {MEMBERS: {"bob": NO_RIGHTS}}


def test_what_could_not_be_read_of_the_cloud_is_not_gone() -> None:
    wanted, live, memory = gone()
    unread = UnknownPart(Retry(Reason.THROTTLED, "later"))
    live = replace(live, fields={**live.fields, "policies": unread})
    assert update(ROLE, wanted, live, memory).held is None


def test_a_denial_that_was_detached_by_hand_is_put_back() -> None:
    before = asked("RamRole", GUARD)
    memory = knowing(after(ROLE, before), {"policies": {KEY: NO_RIGHTS}, POLICIES: {KEY: TEXT}})
    memory = replace(memory, harmless_policies=frozenset({KEY}), texts={KEY: NO_RIGHTS})
    decision = update(ROLE, before, there(before, policies={}), memory)
    (back,) = [step for step in decision.steps if isinstance(step, Attach)]
    assert (back.cause, back.direction) == (Cause.DRIFT, Direction.NARROWER)
    assert decision.held is None


def test_so_is_a_member_of_a_group_that_only_denies() -> None:
    before = asked("RamGroup", GUARD, members=[MEMBER])
    agreed = {"policies": {KEY: NO_RIGHTS}, "members": {}, POLICIES: {KEY: TEXT}}
    memory = knowing(after(GROUP, before), agreed, attached=frozenset({KEY}))
    memory = replace(memory, harmless_policies=frozenset({KEY}))
    decision = update(GROUP, before, there(before, members={}), memory)
    assert [step.cause for step in decision.steps if isinstance(step, Join)] == [Cause.DRIFT]
    # Not where it is not known what else the group has.
    unknown = replace(memory, attached=None)
    decision = update(GROUP, before, there(before, members={}), unknown)
    assert not any(isinstance(step, Join) for step in decision.steps)


def test_what_a_document_denies() -> None:
    both = policy(
        statement("Deny", "ram:*"), statement("Allow", "oss:*"), statement("Deny", "ecs:*")
    )
    text = documents.denied_text(both)
    assert documents.parse_policy(text).grants == policy(statement("Deny", "ram:*")).grants
    assert documents.denied_text(policy(statement("Allow", "*"))) == ""
    unreadable = documents.unreadable_policy("no document")
    assert documents.denied_text(unreadable) == (
        "" if not documents.denies(unreadable) else unreadable.text
    )
