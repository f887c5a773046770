"""Whether an identity may be deleted for an object: its record tells, else our mark on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ram_operator.constants import Reason
from ram_operator.errors import Retry
from ram_operator.loop.deletion import ours
from ram_operator.model.objects import Owner, UnknownPart
from ram_operator.model.records import RecordFacts
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Presence

US, THEM = Owner("blue", "apps", "web"), Owner("green", "apps", "web")
LIVE = Live(Presence.PRESENT, "web", "id-1", created_at="2026-03-01T12:00:01Z")
UNREAD = replace(LIVE, fields={"tags": UnknownPart(Retry(Reason.RETRYING, "no answer"))})
NOBODYS = RecordFacts()
CLAIMED = RecordFacts(exists=True, owner=US, claimed_at="2026-03-01T12:00:00Z")
LONG_AGO = replace(CLAIMED, claimed_at="2026-02-01T12:00:00Z")
RECORDED = replace(CLAIMED, cloud_id="id-1")
REPLACED = replace(CLAIMED, cloud_id="id-0")


@pytest.mark.parametrize(
    ("facts", "mark", "expected"),
    [
        (RECORDED, None, True),
        (RECORDED, THEM, True),
        (CLAIMED, None, True),
        (CLAIMED, US, True),
        (CLAIMED, THEM, False),
        (LONG_AGO, None, False),
        (LONG_AGO, US, True),
        (REPLACED, None, False),
        (REPLACED, US, True),
        (REPLACED, THEM, False),
        (NOBODYS, None, False),
        (NOBODYS, US, True),
        (NOBODYS, THEM, False),
        (replace(RECORDED, owner=THEM), US, False),
        (replace(CLAIMED, owner=THEM), None, False),
    ],
)
def test_what_is_deleted(facts: RecordFacts, mark: Owner | None, expected: bool) -> None:
    assert ours(US, facts, replace(LIVE, owner=mark)) is expected


@pytest.mark.parametrize("facts", [NOBODYS, CLAIMED, REPLACED])
def test_a_mark_that_cannot_be_read_decides_nothing(facts: RecordFacts) -> None:
    with pytest.raises(Retry, match="no answer"):
        ours(US, facts, UNREAD)


def test_what_the_record_covers_needs_no_mark() -> None:
    assert ours(US, RECORDED, UNREAD)
