"""What a record comes to say of one value of a role, where it says nothing yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator.gate import baseline, privileges
from ram_operator.kinds.comparison import agreed_value
from ram_operator.model.applied_marks import KEPT, digest
from ram_operator.model.objects import UnknownPart
from ram_operator.model.records import NOT_READ, Agreed, RecordFacts
from ram_operator.model.state import Applied
from ram_operator.planning import plan
from tests.unit.approvals_by_example import NOW
from tests.unit.core import ROLE
from tests.unit.test_baseline import UNREAD
from tests.unit.test_grants import ADMIN, OWN
from tests.unit.test_values import (
    BOTH,
    CONSOLE,
    LEAST,
    MOST,
    SESSION,
    alike,
    edited,
    noted,
    with_record,
)


def filled(live: int, wanted: int, applied: str | None, has: str = ADMIN, **record: Any) -> Any:
    found = edited({SESSION: 3600}, {SESSION: live}, {SESSION: wanted}, has=has)
    digests = {} if applied is None else {SESSION: applied}
    memory = replace(found.memory, applied=Applied(True, digests, {}))
    found = with_record(replace(found, memory=memory), agreed=Agreed(), **record)
    return baseline.first(found).values[SESSION]


@pytest.mark.parametrize(
    ("live", "wanted", "applied", "agreed"),
    [
        pytest.param(7200, 7200, digest(7200), "7200", id="as it was applied"),
        pytest.param(43200, 7200, digest(7200), "7200", id="longer by hand"),
        pytest.param(7200, 43200, digest(7200), "7200", id="an edit waits"),
        pytest.param(43200, 43200, digest(7200), "3600", id="by hand and in the manifest"),
        pytest.param(7200, 7200, KEPT + digest(3600), "7200", id="left as it was found"),
        pytest.param(7200, 7200, None, "7200", id="an older version did not manage it"),
    ],
)
def test_what_manifest_status_and_cloud_have_alike_is_agreed_on(
    live: int, wanted: int, applied: str | None, agreed: str
) -> None:
    assert filled(live, wanted, applied, outdated=True) == agreed


def test_at_first_contact_it_is_what_is_there() -> None:
    assert filled(43200, 3600, None, exists=False) == "43200"


def test_of_what_was_never_made_nothing_is() -> None:
    assert filled(43200, 43200, None, never_made=NOW, outdated=True) == "3600"
    assert filled(43200, 43200, None, never_made=NOW, outdated=True, has=OWN) == "43200"
    found = with_record(alike(SESSION), never_made=NOW, agreed=Agreed())
    assert plan.update(found).found


@BOTH
def test_what_we_made_and_did_not_note_has_no_more_than_we_gave(name: str) -> None:
    found = with_record(alike(name, completing=True), exists=False)
    assert noted(found)[name] == str(LEAST[name])
    was = Agreed(values={name: str(MOST[name])})
    before_it = with_record(alike(name, completing=True), cloud_id="another", agreed=was)
    assert noted(before_it)[name] == str(LEAST[name])
    ordinary = edited(*[{name: MOST[name]}] * 3, has=OWN, completing=True)
    assert noted(with_record(ordinary, exists=False))[name] == str(MOST[name])


def test_what_cannot_be_read_is_neither_agreed_nor_forgotten() -> None:
    found = alike(SESSION)
    part = UnknownPart(UNREAD.error)
    found = replace(found, live=replace(found.live, fields={**found.live.fields, SESSION: part}))
    assert noted(found) == {}
    first = with_record(found, agreed=Agreed(), outdated=True)
    assert noted(first) == {SESSION: NOT_READ, CONSOLE: NOT_READ}


def test_a_record_that_makes_no_sense_says_that_nothing_was_agreed_on() -> None:
    facts = RecordFacts(agreed=Agreed(values={SESSION: "for ever", CONSOLE: NOT_READ}))
    assert agreed_value(ROLE.field(SESSION), facts) == 3600
    assert agreed_value(ROLE.field(CONSOLE), facts) is None
    assert agreed_value(ROLE.field("description"), facts) is None


def test_what_is_not_known_of_a_policy_makes_the_role_more_than_an_ordinary_one() -> None:
    found = alike(SESSION, attached=None)
    field = ROLE.field(SESSION)
    assert privileges.privileged(field, found.desired, found.memory)
    assert privileges.sentences(field, found.desired, found.memory) == (privileges.NOT_READ,)
