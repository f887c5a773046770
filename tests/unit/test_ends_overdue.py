"""What goes by the record alone, once its agreed end has come."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ram_operator.errors import Bug
from ram_operator.gate.inputs import Approval, Inputs, Memory
from ram_operator.gate.review import insist
from ram_operator.kinds.table import KINDS
from ram_operator.model.objects import UnknownPart
from ram_operator.model.state import Applied, Desired, Live
from ram_operator.model.steps import Expel
from ram_operator.planning import last_applied, plan
from tests.unit.core import ACCOUNT
from tests.unit.test_expiry import day
from tests.unit.test_grants import after, asked, there

GROUP = KINDS["RamGroup"]
MEMBERS = [{"type": "User", "name": name} for name in ("Ann", "Bob", "Carol")]


def group(**ends: str) -> tuple[Live, Memory]:
    """Three members as agreed on, with these ends."""
    wanted = asked("RamGroup", members=MEMBERS)
    memory = after(GROUP, wanted)
    places = {f"members[{name}]": end for name, end in ends.items()}
    return there(wanted), replace(memory, record=replace(memory.record, ends=places, settled=True))


def gone(live: Live, memory: Memory, now: str = day(0)) -> list[str]:
    nothing = Desired("all", {})
    inputs = Inputs(GROUP, ACCOUNT, nothing, live, memory, Approval(now=now))
    decision = plan.endings(inputs)
    for step in decision.steps:
        assert isinstance(step, Expel)
        assert step.permit is None
        insist(step)
    assert (decision.held, decision.drift) == (None, ())
    return sorted(name for step in decision.steps for name in step.settles)


def test_who_is_there_beyond_his_agreed_end_goes_whatever_is_asked_for() -> None:
    live, memory = group(ann=day(-1), bob=day(0), carol=day(1))
    assert gone(live, memory) == ["members[ann]", "members[bob]"]
    assert gone(live, memory, now=day(2)) == ["members[ann]", "members[bob]", "members[carol]"]
    assert gone(live, memory, now=day(-2)) == []


def test_a_clock_that_was_set_back_gives_nobody_more() -> None:
    live, memory = group(ann=day(-1))
    written = replace(memory.record, latest=day(0))
    assert gone(live, replace(memory, record=written), now=day(-2)) == ["members[ann]"]


@pytest.mark.parametrize("ends", [{}, {"ann": ""}, {"dora": day(-1)}], ids=str)
def test_nobody_else_goes(ends: dict[str, str]) -> None:
    live, memory = group(**ends)
    assert gone(live, memory) == []


def test_nothing_goes_of_what_could_not_be_read() -> None:
    live, memory = group(ann=day(-1))
    unread = {**live.fields, "members": UnknownPart(Bug("no answer"))}
    assert gone(replace(live, fields=unread), memory) == []


def test_what_the_record_says_of_who_went_is_told() -> None:
    live, memory = group(ann=day(-1))
    agreed = replace(memory.record.agreed, entries={"members": {"ann": "", "bob": ""}})
    memory = replace(memory, record=replace(memory.record, agreed=agreed))
    inputs = Inputs(GROUP, ACCOUNT, Desired("all", {}), live, memory, Approval(now=day(0)))
    (step,) = plan.endings(inputs).steps
    assert step.agrees.entries == {"members": {"ann": ""}}


def test_what_ended_does_not_count_as_applied_any_more() -> None:
    marks = frozenset({"ann", "bob", "~kept"})
    applied = Applied(True, {"comments": "1"}, {"members": marks, "policies": frozenset({"ann"})})
    left = last_applied.lacking(applied, [("members", "ann")])
    assert left.entries == {"members": frozenset({"bob", "~kept"}), "policies": frozenset({"ann"})}
    assert (left.known, left.digests) == (True, applied.digests)
