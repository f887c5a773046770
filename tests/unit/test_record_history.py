"""The history of a record: who asked, who decided, what it meant; and no more than fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import pytest

from ram_operator.cli import past
from ram_operator.cli.outcomes import Nothing
from ram_operator.cli.targets import Target
from ram_operator.cluster.record_history import HISTORY, WORDS, kept
from ram_operator.cluster.record_writer import Records
from ram_operator.gate import approvals
from ram_operator.kinds.record import stored
from ram_operator.model import sentences
from ram_operator.model.records import (
    REJECTED,
    HistoryEntry,
    InFlight,
    Offer,
    Pending,
    RecordFacts,
    Rejection,
)
from tests.unit.approvals_by_example import HELD, RECORD, SAID
from tests.unit.record_world import IDENTITY, NOW, Server, claim, served, started

LATER = "2026-01-02T00:00:00Z"
PENDING = Pending("sha256:o", NOW, LATER, "wider", "ann", "summary", says="Would gain: eve")
NO = Rejection("sha256:c", ("w",), LATER, "bob", "we do not know eve")
APPROVED = {
    "operation": "TrustChange",
    "approval": "sha256:a",
    "by": "ann",
    "author": "ann",
    "offered": NOW,
    "says": "Would gain: eve",
    "guard": "intact",
}


@pytest.fixture
def records() -> Iterator[Records]:
    with served(Server()) as opened:
        yield opened


def said(entry: HistoryEntry) -> dict[str, Any]:
    return {name: text for name, text in asdict(entry).items() if text and name != "digest"}


def offered(records: Records, pending: Pending = PENDING) -> dict[str, Any]:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    return records.offer(body, Offer(2, pending), NOW)


def test_what_was_approved_says_who_asked_for_what_and_how_it_was_guarded(
    records: Records,
) -> None:
    start = started("TrustChange", approval="sha256:a", guard="intact")
    begun = records.begin(offered(records), start, NOW)
    # Its process ended, and it is begun once more.
    begun = records.begin(begun, start, NOW)
    entry = stored(records.complete(begun, LATER)).history[-1]
    assert said(entry) == {**APPROVED, "at": LATER}


def test_an_offer_of_an_older_version_says_what_it_has(records: Records) -> None:
    begun = records.begin(
        offered(records, replace(PENDING, says="")), started(approval="sha256:a"), NOW
    )
    assert stored(records.complete(begun, LATER)).history[-1].says == "summary"


def test_what_was_rejected_is_told_once(records: Records) -> None:
    body = records.end(offered(records), (NO,))
    expected = {
        "at": LATER,
        "operation": REJECTED,
        "by": "bob",
        "author": "ann",
        "offered": NOW,
        "says": "Would gain: eve",
        "rejection": "sha256:o",
        "reason": "we do not know eve",
    }
    assert said(stored(body).history[-1]) == expected
    again = records.offer(body, Offer(3, PENDING, (NO,)), LATER)
    assert len(stored(again).history) == len(stored(body).history)
    # An approval of before is none that was used.
    assert stored(again).used == frozenset()


def test_so_is_what_was_begun_or_offered_by_an_older_version(records: Records) -> None:
    begun = records.begin(offered(records), started(approval="sha256:a"), NOW)
    spent = stored(records.spend(begun, 2, (NO,))).history[-1]
    assert (spent.operation, spent.rejection, spent.says) == (REJECTED, "sha256:a", PENDING.says)


def test_an_offer_that_an_older_version_had_rejected(records: Records) -> None:
    body = records.offer(
        offered(records), Offer(3, replace(PENDING, digest="sha256:p"), (NO,)), NOW
    )
    entry = stored(body).history[-1]
    assert (entry.operation, entry.rejection) == (REJECTED, "sha256:o")


def test_the_oldest_say_it_no_more_in_words() -> None:
    long = HistoryEntry(NOW, "TrustChange", approval="sha256:a", by="ann", says="x" * 1024)
    before = RecordFacts(history=(long,) * HISTORY)
    found = kept(before, replace(long, reason="y"))
    assert len(found) == HISTORY
    assert sum(len(each.says) + len(each.reason) for each in found) <= WORDS
    assert [bool(each.says) for each in found[-3:]] == [True] * 3
    assert all(each.approval and each.by for each in found)
    assert found[0].says == ""


def test_an_offer_says_who_gains_and_who_loses_and_that_moves_no_offer() -> None:
    made = approvals.offer(HELD, SAID, RECORD).pending
    assert made.says.startswith("Would gain: ")
    assert made == replace(made, says="")
    many = replace(HELD, gains=("x" * 2000,))
    assert len(approvals.offer(many, SAID, RECORD).pending.says) == sentences.SAYS


# As it is shown

TARGET = Target("apps", "RamRole", "web")
ENTRY = HistoryEntry(
    LATER,
    "TrustChange",
    "sha256:d",
    "sha256:" + "a" * 64,
    "ann",
    "er\u0438k",
    NOW,
    "Would gain: eve",
    "intact",
)


def shown(*entries: HistoryEntry) -> past.Past:
    return past.Past(TARGET, IDENTITY, RecordFacts(history=entries))


def test_the_latest_is_shown_first_and_letters_that_look_alike_are_spelled_out() -> None:
    first = HistoryEntry(NOW, "Created")
    table = past.listing(shown(first, ENTRY), wide=False).splitlines()
    titles = "AT WHAT ASKED BY DECIDED BY GUARD DIGEST SAYS"
    assert table[0].split() == titles.split()
    assert "er\\u0438k" in table[1]
    assert "sha256:aaaaaaaaaaaa " in table[1]
    assert table[2].split() == [NOW, "Created", "-", "-", "-", "-", "-"]
    wide = past.listing(shown(ENTRY), wide=True)
    assert "sha256:" + "a" * 64 in wide
    assert NOW in wide


def test_a_document_has_all_of_it_in_order() -> None:
    document = shown(HistoryEntry(NOW, "Created"), ENTRY).document()
    assert [item["operation"] for item in document["items"]] == ["Created", "TrustChange"]
    assert document["items"][0] == {"at": NOW, "operation": "Created"}
    assert document["cloudName"] == "Web-Server"


@pytest.mark.parametrize("item", [{}, {"status": "x"}, {"status": {"accountId": 7}}])
def test_an_object_that_nobody_has_looked_at_has_no_identity_yet(item: dict[str, Any]) -> None:
    with pytest.raises(Nothing):
        past.identity_of(item, TARGET)
    status = {"status": {"accountId": "1" * 16, "cloudName": "Web"}}
    assert past.identity_of(status, TARGET).cloud_name == "Web"


def test_a_write_without_an_offer_says_nothing_of_one() -> None:
    assert InFlight("TrustTakenBack").says == ""
