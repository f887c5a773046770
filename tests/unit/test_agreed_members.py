"""Who is listed in the record of a group that has, or gets, a right to change rights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator.gate import acknowledgements, approvals, baseline, clearance
from ram_operator.kinds.table import KINDS
from ram_operator.loop import holder_records
from ram_operator.loop.gated_write import _start
from ram_operator.model.changes import Change, Held
from ram_operator.model.objects import Entry
from ram_operator.model.records import (
    NO_RIGHTS,
    Acknowledgement,
    Agreed,
    DriftEntry,
    InFlight,
    RecordFacts,
)
from ram_operator.model.steps import Attach, Expel, Join
from ram_operator.model.vocabulary import Direction
from tests.unit.approvals_by_example import END, NOW, approved, offered
from tests.unit.steps_by_example import of_entries
from tests.unit.test_baseline import ADMIN, ALL_TEXT, group

GRANT = Change("policies", None, Entry(ADMIN), Direction.WIDER, ADMIN)
HELD = Held("EscalatingGrant", "s", changes=(GRANT,))
PERMIT = clearance.weigh(HELD, approved(offered(HELD)), offered(HELD))
ATTACH = of_entries(Attach, "policies", ADMIN, permit=PERMIT)


def said(found: Any, *steps: Any) -> list[Any]:
    return [step.agrees.entries for step in baseline.agreeing(found, steps)]


@pytest.mark.parametrize("carries", [NO_RIGHTS, ALL_TEXT])
def test_who_joins_is_listed_where_the_record_speaks_of_a_right(carries: str) -> None:
    """The document may have become narrower since: then nobody is asked, and no record moves."""
    found = group("ann", carries=carries, agreed={"ann": NO_RIGHTS}, texts={ADMIN: NO_RIGHTS})
    listed = {} if carries == NO_RIGHTS else {"eve": NO_RIGHTS}
    assert said(found, of_entries(Join, "members", "eve")) == [{"members": listed}]


def test_the_step_that_begins_it_lists_who_stays() -> None:
    found = group("ann", "eve", "ben", carries=NO_RIGHTS, agreed={}, texts={ADMIN: ALL_TEXT})
    before = of_entries(Expel, "members", "eve", permit=PERMIT)
    listed = {"ann": NO_RIGHTS, "ben": NO_RIGHTS}
    first, second = said(found, before, ATTACH)
    assert first["members"] == listed
    assert second == {"members": listed, "policies": {ADMIN: ALL_TEXT}}


def let_be(found: Any) -> Any:
    """The same while the membership of eve is acknowledged drift."""
    move = Change("members", found.live.fields["members"]["eve"], None, Direction.NARROWER, "eve")
    entry = DriftEntry("members[eve]", acknowledgements.stands(found, move), "critical", "eve")
    holds = Acknowledgement("sha256:o", "said", "ann", "intact", NOW, END, (entry,))
    record = replace(found.memory.record, acknowledged=holds)
    approval = replace(found.approval, acknowledge="said", now=NOW)
    return replace(found, memory=replace(found.memory, record=record), approval=approval)


def test_whom_somebody_only_lets_be_is_not_listed() -> None:
    found = group("ann", "eve", carries=NO_RIGHTS, agreed={}, texts={ADMIN: ALL_TEXT})
    (said_of_it,) = said(let_be(found), ATTACH)
    assert said_of_it["members"] == {"ann": NO_RIGHTS}
    facts = let_be(found).memory.record
    facts = replace(facts, agreed=Agreed({"policies": {ADMIN: NO_RIGHTS}, "members": {}}))
    listed = holder_records._says(GROUP, facts, ADMIN, "text", ["ann", "eve"])
    assert listed["members"] == {"ann": NO_RIGHTS}


@pytest.mark.parametrize(
    ("text", "approval", "out"),
    [(ALL_TEXT, "sha256:a", True), (NO_RIGHTS, "sha256:a", False), (ALL_TEXT, "", False)],
    ids=["begun", "a right no more", "never approved"],
)
def test_who_joins_while_nobody_knows_the_end_of_an_attachment_is_a_stranger(
    text: str, approval: str, out: bool
) -> None:
    """The process ended before the record said that the group has it."""
    found = group("ann", "eve", carries=NO_RIGHTS, agreed={"ann": NO_RIGHTS}, texts={ADMIN: text})
    flight = InFlight(HELD.kind, approval=approval, wishes=approvals.wishes(HELD))
    agreed = Agreed({"policies": {}, "members": {"ann": NO_RIGHTS}})
    record = replace(found.memory.record, in_flight=flight, agreed=agreed)
    found = replace(found, memory=replace(found.memory, record=record))
    strangers = {item.change.entry for item in baseline.beyond(found, ())} - {ADMIN}
    assert strangers == ({"eve"} if out else set())


def test_what_nobody_approved_lists_nobody() -> None:
    found = group("ann", carries=NO_RIGHTS, agreed={}, texts={ADMIN: ALL_TEXT})
    assert said(found, of_entries(Attach, "policies", ADMIN)) == [{"policies": {ADMIN: ALL_TEXT}}]


def test_the_record_is_told_of_them_before_anything_is_sent() -> None:
    """And of nobody who is only about to come, nor of what is only about to be attached."""
    found = group("ann", carries=NO_RIGHTS, agreed={}, texts={ADMIN: ALL_TEXT})
    join = of_entries(Join, "members", "eve", permit=PERMIT)
    for step in baseline.agreeing(found, [ATTACH, join]):
        assert _start(step, PERMIT).agreed == Agreed({"members": {"ann": NO_RIGHTS}})


GROUP = KINDS["RamGroup"]


@pytest.mark.parametrize(
    ("others", "listed"),
    [({}, {"eve": NO_RIGHTS}), ({"Custom/other": ALL_TEXT}, None)],
)
def test_a_document_lists_members_of_a_group_that_had_no_right(
    others: dict[str, str], listed: dict[str, str] | None
) -> None:
    """Who is in one that had a right before, and is not listed, was agreed on by nobody."""
    agreed = Agreed({"policies": {ADMIN: NO_RIGHTS, **others}, "members": {"ann": NO_RIGHTS}})
    found = holder_records._says(GROUP, RecordFacts(agreed=agreed), ADMIN, "text", ["ann", "eve"])
    assert found == {"policies": {ADMIN: "text"}} | ({"members": listed} if listed else {})


def test_a_right_that_becomes_narrower_lists_nobody() -> None:
    agreed = Agreed({"policies": {ADMIN: ALL_TEXT}, "members": {"ann": NO_RIGHTS}})
    found = holder_records._says(GROUP, RecordFacts(agreed=agreed), ADMIN, "text", ["ann", "eve"])
    assert found == {"policies": {ADMIN: "text"}}
