"""A record that an older version wrote last: what counts as agreed on then, of every gated part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ram_operator import documents
from ram_operator.gate import baseline
from ram_operator.gate.inputs import Inputs
from ram_operator.kinds.comparison import NOTHING
from ram_operator.model.applied_marks import KEPT, digest
from ram_operator.model.objects import UnknownPart
from ram_operator.model.records import NO_RIGHTS, NOT_READ, UNKNOWN_RIGHTS, Agreed
from ram_operator.model.state import Applied
from ram_operator.model.steps import Note
from ram_operator.model.vocabulary import Cause, Disposition
from ram_operator.planning import plan
from tests.unit.core import (
    ALLOW_ALL,
    ALLOW_READ,
    attachment,
    inputs,
    made,
    policy,
    remembered,
    wanted,
    wanted_policy,
)
from tests.unit.test_baseline import ADMIN, ALL_TEXT, READ, UNREAD
from tests.unit.test_offered_members import group, people

UNREAD_PART = {NOT_READ: UNKNOWN_RIGHTS}


def outdated(found: Inputs, applied: Applied | None = None, **memory: Any) -> Inputs:
    record = replace(found.memory.record, agreed=Agreed(), outdated=True)
    more = {"applied": applied} if applied is not None else {}
    return replace(found, memory=replace(found.memory, record=record, **more, **memory))


def role(*names: str, marks: tuple[str, ...], **memory: Any) -> Inputs:
    """A role that has in the cloud what it asks for; `marks` is what its status remembers."""
    asked = wanted({"policies": [attachment(name) for name in names]})
    found = inputs(asked, made(asked), remembered(wanted({})))
    applied = Applied(True, {}, {"policies": frozenset(marks)})
    return outdated(found, applied, texts={ADMIN: ALL_TEXT, READ: NO_RIGHTS}, **memory)


def document(*asked: Any, live: documents.Policy, applied: documents.Policy | None) -> Inputs:
    now = wanted_policy(document={"Version": "1", "Statement": list(asked)})
    there = made(now)
    there = replace(there, fields={**there.fields, "document": live})
    known = {"document": digest(applied)} if applied is not None else {}
    return outdated(inputs(now, there, remembered(now)), Applied(True, known, {}))


def noted(found: Inputs) -> Agreed:
    (note,) = baseline.noted(found)
    assert isinstance(note, Note)
    assert note.agrees.whole
    return note.agrees


def test_what_manifest_status_and_cloud_have_alike_is_agreed_on() -> None:
    assert noted(role(ADMIN, READ, marks=(ADMIN, READ))).entries == {
        "policies": {ADMIN: ALL_TEXT, READ: NO_RIGHTS}
    }


def test_what_was_attached_by_hand_meanwhile_is_not() -> None:
    agreed = noted(role(ADMIN, READ, marks=(READ,)))
    assert agreed.entries == {"policies": {READ: NO_RIGHTS}}


def test_nor_is_what_was_asked_for_and_left_as_it_was_when_it_was_taken_over() -> None:
    """It was not in the cloud then, so whoever attached it was not asked."""
    assert noted(role(ADMIN, marks=(KEPT + ADMIN,))).entries == {"policies": {}}


def test_where_the_status_is_lost_nothing_is() -> None:
    assert noted(outdated(role(ADMIN, marks=()), Applied())).entries == {"policies": {}}


def test_a_part_that_cannot_be_read_is_there_and_says_so() -> None:
    found = role(marks=())
    live = replace(found.live, fields={**found.live.fields, "policies": UNREAD})
    assert noted(replace(found, live=live)).entries == {"policies": UNREAD_PART}


def test_a_part_that_could_not_be_read_is_noted_once_it_can_be() -> None:
    found = role(READ, marks=(READ,))
    agreed = replace(remembered(wanted({})).record.agreed, entries={"policies": UNREAD_PART})
    record = replace(found.memory.record, outdated=False, agreed=agreed)
    now = replace(found, memory=replace(found.memory, record=record))
    (note,) = baseline.noted(now)
    assert note.agrees == Agreed({"policies": {READ: NO_RIGHTS, NOT_READ: ""}})
    still = replace(now, live=replace(now.live, fields={"policies": UnknownPart(UNREAD.error)}))
    assert baseline.noted(still) == []


def test_members_count_by_what_their_group_has() -> None:
    found = group(people("ann"))
    marked = Applied(True, {}, {"policies": frozenset(), "members": frozenset({"ann"})})
    assert set(noted(outdated(found, marked)).entries) == {"policies", "members"}


# Documents


def test_a_document_as_it_was_applied_is_agreed_on() -> None:
    wide, read = policy(ALLOW_ALL), policy(ALLOW_READ)
    # The hand's is drift, as before.
    assert noted(document(ALLOW_READ, live=wide, applied=read)).document == read
    # An edit waits, and the cloud is as it was.
    assert noted(document(ALLOW_READ, live=wide, applied=wide)).document == wide
    # It gives nobody a right.
    assert noted(document(ALLOW_ALL, live=read, applied=None)).document == read


def test_a_document_that_nobody_can_have_agreed_on_gives_nothing_and_is_told() -> None:
    """An edit that waits was made in the cloud by hand while the older version ran or none did."""
    found = document(ALLOW_ALL, live=policy(ALLOW_ALL), applied=policy(ALLOW_READ))
    assert noted(found).document == NOTHING
    record = replace(found.memory.record, outdated=False, agreed=Agreed({}, NOTHING))
    (beyond,) = baseline.beyond(replace(found, memory=replace(found.memory, record=record)), ())
    # To a document that allows nothing it cannot be put back.
    assert (beyond.cause, beyond.disposition) == (Cause.FOUND, Disposition.HOLD)


def test_behind_an_edit_it_is_told_and_not_put_back_to_nothing() -> None:
    found = document(ALLOW_ALL, live=policy({**ALLOW_READ, "Action": "ram:*"}), applied=None)
    record = replace(found.memory.record, outdated=False, agreed=Agreed({}, NOTHING))
    decision = plan.update(replace(found, memory=replace(found.memory, record=record)))
    assert [step for step in decision.steps if not isinstance(step, Note)] == []
    assert decision.held is not None


def test_a_document_that_cannot_be_read_is_noted_later() -> None:
    found = document(ALLOW_READ, live=policy(ALLOW_READ), applied=None)
    unread = replace(found.live, fields={**found.live.fields, "document": UNREAD})
    assert noted(replace(found, live=unread)) == Agreed({"document": UNREAD_PART}, whole=True)
    record = replace(found.memory.record, outdated=False, agreed=Agreed({"document": UNREAD_PART}))
    (note,) = baseline.noted(replace(found, memory=replace(found.memory, record=record)))
    assert note.agrees == Agreed({"document": {NOT_READ: ""}}, policy(ALLOW_READ))
