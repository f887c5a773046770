"""A right to change rights that was approved until a day is no right for longer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.errors import Bug
from ram_operator.gate import approvals, clearance
from ram_operator.gate.inputs import Approval, Guard, Inputs, Memory, Scope
from ram_operator.kinds.manifest import upcoming
from ram_operator.kinds.table import KINDS
from ram_operator.model.changes import ends_of
from ram_operator.model.objects import Entry, UnknownPart
from ram_operator.model.outcome import Plan
from ram_operator.model.records import Pending
from ram_operator.model.state import Desired, Live
from ram_operator.model.steps import Agree, Detach, Note
from ram_operator.planning import plan
from tests.unit.core import ACCOUNT, NOW
from tests.unit.profiles import examples
from tests.unit.test_grants import KNOWN, after, asked, there, waits

ROLE, GROUP = KINDS["RamRole"], KINDS["RamGroup"]
ADMIN, PLACE = "System/administratoraccess", "policies[System/administratoraccess]"
HARMLESS = "System/AliyunOSSReadOnlyAccess"
DAY = 86_400.0


def day(number: float) -> str:
    """So many days after what the tests call now."""
    moment = datetime.fromtimestamp(NOW + number * DAY, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def role(end: str | None, name: str = "AdministratorAccess") -> Desired:
    item = {"type": "System", "name": name, **({"expiresAt": end} if end else {})}
    return asked("RamRole", policies=[item])


def agreed(before: Desired, **ends_of: str) -> Memory:
    memory = after(ROLE, before)
    return replace(memory, record=replace(memory.record, ends=ends_of, settled=True))


def decide(wanted: Desired, live: Live, memory: Memory, approval: Approval | None = None) -> Plan:
    approval = approval or Approval(now=day(0))
    return plan.update(Inputs(ROLE, ACCOUNT, wanted, live, memory, approval))


def summaries(decision: Plan) -> list[str]:
    ends = [step.ends if isinstance(step, Note) else {} for step in decision.steps]
    return [
        f"{step.verb} {sorted(noted.items())}"
        for step, noted in zip(decision.steps, ends, strict=True)
    ]


@pytest.mark.parametrize("later", [day(8), None])
def test_a_later_end_waits_although_the_cloud_is_the_same(later: str | None) -> None:
    memory = agreed(role(day(7)), **{PLACE: day(7)})
    decision = decide(role(later), there(role(None)), memory)
    assert waits(decision) == [("policies", ADMIN)]
    assert decision.steps == ()
    assert not decision.in_sync
    assert decision.held is not None
    assert day(7) in decision.held.gains[0]
    assert (later or "for ever") in decision.held.gains[0]


@pytest.mark.parametrize("same", [day(7), "2023-11-22T06:13:20+08:00"])
def test_the_agreed_end_is_kept_in_any_spelling(same: str) -> None:
    memory = agreed(role(day(7)), **{PLACE: day(7)})
    decision = decide(role(same), there(role(None)), memory)
    assert (decision.held, decision.steps, decision.in_sync) == (None, (), True)


def test_an_earlier_end_is_agreed_on_without_anybody() -> None:
    memory = agreed(role(day(7)), **{PLACE: day(7)})
    decision = decide(role(day(3)), there(role(None)), memory)
    assert decision.held is None
    assert summaries(decision) == [f"end [('{PLACE}', '{day(3)}')]"]


def test_the_end_of_a_denial_is_nobodys_to_hasten() -> None:
    memory = agreed(role(day(7)), **{PLACE: day(7)})
    denying = replace(memory, denials={ADMIN: ("ram:*",)})
    assert decide(role(day(3)), there(role(None)), denying).steps == ()
    # An end that is over by now takes it away, as if it were not asked for.
    over = decide(role(day(-1)), there(role(None)), denying)
    assert (waits(over), over.steps) == ([("policies", ADMIN)], ())
    goes = decide(role(day(-1)), there(role(None)), memory)
    assert [step.verb for step in goes.steps] == ["detach"]
    at_the_end = decide(role(day(8)), there(role(None)), denying, Approval(now=day(7)))
    assert [step.verb for step in at_the_end.steps] == ["detach"]


def test_what_is_gone_and_no_longer_asked_for_leaves_no_end_behind() -> None:
    memory = agreed(asked("RamRole"), **{PLACE: day(7)})
    decision = decide(asked("RamRole"), there(asked("RamRole")), memory)
    assert summaries(decision) == [f"end [('{PLACE}', '')]"]


def test_an_end_stays_while_what_is_gone_may_be_an_old_answer() -> None:
    """Were it forgotten and the grant there after all, nothing would take it away any more."""
    bare = asked("RamRole")
    memory = agreed(bare, **{PLACE: day(7)})
    around = Inputs(ROLE, ACCOUNT, bare, there(bare), memory, Approval(now=day(0)))
    assert plan.drifted(around) == {PLACE}
    assert plan.update(around, plan.drifted(around)).steps == ()


def test_an_end_stays_while_nobody_knows_whether_the_grant_is_there() -> None:
    memory = agreed(asked("RamRole"), **{PLACE: day(7)})
    unread = there(asked("RamRole"), policies=UnknownPart(Bug("no answer")))
    assert decide(asked("RamRole"), unread, memory).steps == ()
    assert decide(role(day(9)), unread, agreed(role(day(7)), **{PLACE: day(7)})).steps == ()


def test_at_the_agreed_end_the_grant_goes_whatever_is_asked_for() -> None:
    memory = agreed(role(day(7)), **{PLACE: day(7)})
    decision = decide(role(day(8)), there(role(None)), memory, Approval(now=day(7)))
    assert [step.verb for step in decision.steps] == ["detach"]
    assert (decision.held, decision.in_sync, len(decision.waiting)) == (None, False, 1)
    bare = there(asked("RamRole"))
    gone = replace(memory, applied=decision.applied)
    again = decide(role(day(8)), bare, gone, Approval(now=day(7)))
    assert (waits(again), again.steps) == ([("policies", ADMIN)], ())


def test_a_clock_that_was_set_back_gives_no_time() -> None:
    memory = agreed(role(day(7)), **{PLACE: day(7)})
    memory = replace(memory, record=replace(memory.record, latest=day(7.5)))
    decision = decide(role(day(8)), there(role(None)), memory, Approval(now=day(1)))
    assert [step.verb for step in decision.steps] == ["detach"]


@pytest.mark.parametrize(("asked_for", "first"), [(day(9), 7), (None, 7), (day(2), 2)])
def test_it_is_looked_at_when_the_first_end_comes(asked_for: str | None, first: int) -> None:
    item = {"type": "System", "name": "AdministratorAccess"}
    spec = {"policies": [{**item, "expiresAt": asked_for} if asked_for else item]}
    assert upcoming(ROLE, spec, [day(7)], NOW) == NOW + first * DAY


@pytest.mark.parametrize("agreed_on", ["", "soon", day(0)])
def test_what_is_over_or_cannot_be_read_is_no_end_to_wait_for(agreed_on: str) -> None:
    items: Any = ["x", {"expiresAt": "soon"}, {"expiresAt": 7}, {"expiresAt": day(0)}, {}]
    assert upcoming(ROLE, {"policies": items, "tags": {"a": "1"}}, [agreed_on], NOW) is None
    assert upcoming(ROLE, {"policies": "x"}, [agreed_on], NOW) is None


def test_the_end_of_what_is_harmless_is_nobodys_business() -> None:
    name = "AliyunOSSReadOnlyAccess"
    place = f"policies[System/{name.lower()}]"
    memory = agreed(role(day(7), name), **{place: day(7)})
    decision = decide(role(day(9), name), there(role(None, name)), memory, Approval(now=day(8)))
    assert decision.held is None
    assert summaries(decision) == [f"end [('{place}', '')]"]


def test_an_approval_covers_the_end_that_was_shown_and_agrees_on_it() -> None:
    memory = agreed(role(day(7)), **{PLACE: day(7)})
    scope, live = Scope(name="app"), there(role(None))
    offered = decide(role(day(8)), live, memory, Approval(scope, now=day(0))).held
    assert offered is not None
    digest = approvals.digest(offered, scope, memory.record.sequence)
    pending = Pending(digest, day(0), day(7), "wider", "somebody", "", "")
    memory = replace(memory, record=replace(memory.record, pending=pending))
    said = Approval(scope, digest, approver="ann", guard=Guard.INTACT, now=day(0))
    passed = decide(role(day(8)), live, memory, said)
    assert passed.held is None
    assert [type(step) for step in passed.steps] == [Agree]
    permit = passed.steps[0].permit
    assert ends_of(permit.changes) == {PLACE: day(8)}
    ((key, entry),) = passed.steps[0].entries.items()
    step = replace(passed.steps[0], entries={key: replace(entry, until=day(9))})
    assert clearance.allows(permit, passed.steps[0])
    assert not clearance.allows(permit, step)
    assert decide(role(day(9)), live, memory, said).held is not None


def test_a_member_of_a_group_with_rights_stays_no_longer_either() -> None:
    def group(end: str) -> Desired:
        member = {"type": "User", "name": "bob", "expiresAt": end}
        return asked("RamGroup", "System/AdministratorAccess", members=[member])

    memory = after(GROUP, group(day(7)), replace(KNOWN, attached=frozenset({ADMIN})))
    memory = replace(memory, record=replace(memory.record, ends={"members[bob]": day(7)}))
    live = there(group(day(7)))
    decision = plan.update(
        Inputs(GROUP, ACCOUNT, group(day(8)), live, memory, Approval(now=day(0)))
    )
    assert waits(decision) == [("members", "bob")]


@pytest.mark.parametrize("end", [day(7), None])
def test_a_member_who_came_without_an_end_has_none_to_be_kept(end: str | None) -> None:
    def group(until: str | None) -> Desired:
        member = {"type": "User", "name": "bob", **({"expiresAt": until} if until else {})}
        return asked("RamGroup", "System/AdministratorAccess", members=[member])

    memory = after(GROUP, group(None), replace(KNOWN, attached=frozenset({ADMIN})))
    live = there(group(None))
    for now in (day(0), day(8)):
        decision = plan.update(Inputs(GROUP, ACCOUNT, group(end), live, memory, Approval(now=now)))
        assert (decision.held, decision.steps) == (None, ())


@examples(200)
@given(st.lists(st.sampled_from([1, 2, 3, 4, None]), min_size=1, max_size=6), st.data())
def test_nobody_has_it_longer_than_was_agreed(edits: list[int | None], data: Any) -> None:
    """Edits without any approval, while days pass: the grant ends with the earliest end so far."""
    first = 3
    least = float(first)
    memory, live = agreed(role(day(first)), **{PLACE: day(first)}), there(role(None))
    now = 0.0
    for end in edits:
        now += data.draw(st.sampled_from([0.0, 0.5, 1.0]))
        over = end is not None and end <= now
        wanted = asked("RamRole") if over else role(day(end) if end is not None else None)
        decision = decide(wanted, live, memory, Approval(now=day(now)))
        has = live.fields["policies"]
        assert isinstance(has, dict)
        for step in decision.steps:
            if isinstance(step, Detach):
                has = {key: entry for key, entry in has.items() if key not in step.entries}
            else:
                assert isinstance(step, Note)
                kept = {**memory.record.ends, **step.ends}
                ended = {name: text for name, text in kept.items() if text}
                memory = replace(memory, record=replace(memory.record, ends=ended))
        live = replace(live, fields={**live.fields, "policies": has})
        memory = replace(memory, applied=decision.applied)
        if ADMIN in has and end is not None:
            least = min(least, float(end))
        assert ADMIN not in has or now < least
        then = datetime.fromisoformat(day(now)).timestamp()
        looked_at = upcoming(ROLE, {}, memory.record.ends.values(), then)
        assert not isinstance(has.get(ADMIN), Entry) or looked_at is not None
