"""What a record says of acknowledged drift, and what else ends it; over real HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from ram_operator.cluster import record_drift
from ram_operator.cluster.record_writer import Records
from ram_operator.kinds.record import facts_of, stored
from ram_operator.model.objects import Owner
from ram_operator.model.records import (
    ACKNOWLEDGED,
    NOT_ACKNOWLEDGED,
    Acknowledgement,
    DriftEntry,
    DriftOffer,
    Offer,
    RecordFacts,
)
from tests.unit.record_world import IDENTITY, NOW, Json, Server, claim, served, started
from tests.unit.test_records_offers import PENDING

ENTRY = DriftEntry("trustPolicy", "sha256:x", "critical", "ecs")
OFFER = DriftOffer("sha256:o", NOW, "2026-01-08T00:00:00Z", (ENTRY,))
LATER = "2026-01-01T04:00:00Z"
HOLDS = Acknowledgement(
    "sha256:o", f"sha256:o until {LATER}", "ann", "intact", NOW, LATER, (ENTRY,)
)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def records(server: Server) -> Iterator[Records]:
    with served(server) as opened:
        yield opened


def facts(body: Mapping[str, Any]) -> RecordFacts:
    return facts_of(body, IDENTITY)


def settled(records: Records) -> Json:
    return records.agree(records.claim(IDENTITY, claim(), NOW, 5))


def offered(records: Records) -> Json:
    return records.change(settled(records), record_drift.offer(OFFER))


def held(records: Records) -> Json:
    body = offered(records)
    return records.change(body, record_drift.begin(facts(body), HOLDS))


def test_an_offer_is_read_back_and_moves_nothing(records: Records) -> None:
    before = facts(settled(Records(records._api, lambda: 0.0)))
    body = records.change(records.read(IDENTITY) or {}, record_drift.offer(OFFER))
    assert facts(body).drift_offer == OFFER
    assert facts(body).sequence == before.sequence
    two = replace(OFFER, digest="sha256:p", entries=(replace(ENTRY, field="description"),))
    assert facts(records.change(body, record_drift.offer(two))).drift_offer == two
    body = records.change(records.read(IDENTITY) or {}, record_drift.offer(None))
    assert facts(body).drift_offer is None


def test_what_begins_raises_the_sequence_and_ends_what_was_offered(records: Records) -> None:
    body = records.offer(offered(records), Offer(6, PENDING), NOW)
    assert facts(body).drift_offer == OFFER, "an offer at the sequence that there was ends none"
    before = facts(body)
    body = records.change(body, record_drift.begin(before, HOLDS))
    found = facts(body)
    assert found.acknowledged == HOLDS
    assert found.sequence == before.sequence + 1
    assert found.pending is None
    assert found.drift_offer is None
    last = found.history[-1]
    assert (last.operation, last.by, last.acknowledgement) == (ACKNOWLEDGED, "ann", "sha256:o")
    assert last.reason == f"until {LATER}"
    assert found.upcoming == (LATER,)


def test_what_ends_raises_it_again_and_is_told(records: Records) -> None:
    before = facts(held(records))
    body = records.read(IDENTITY) or {}
    after = facts(records.change(body, record_drift.end(before, LATER, "its time is over")))
    assert after.acknowledged is None
    assert after.sequence == before.sequence + 1
    assert (after.history[-1].operation, after.history[-1].at) == (NOT_ACKNOWLEDGED, LATER)
    assert after.upcoming == ()


def test_one_takes_the_place_of_another(records: Records) -> None:
    body = records.change(held(records), record_drift.offer(replace(OFFER, digest="sha256:q")))
    before = facts(body)
    body = records.change(body, record_drift.begin(before, replace(HOLDS, digest="sha256:q")))
    told = [(each.operation, each.acknowledgement) for each in facts(body).history[-2:]]
    assert told == [(NOT_ACKNOWLEDGED, "sha256:o"), (ACKNOWLEDGED, "sha256:q")]


def test_what_was_offered_unguarded_is_void(records: Records) -> None:
    before = facts(offered(records))
    body = records.read(IDENTITY) or {}
    after = facts(records.change(body, record_drift.end(before, NOW, "")))
    assert (after.drift_offer, after.sequence) == (None, before.sequence + 1)
    assert after.history == before.history


OTHER = replace(claim(), owner=Owner("blue", "apps", "other"))
WAYS: dict[str, Callable[[Records, Json], Json]] = {
    "another owner": lambda r, body: r.renew(body, OTHER, NOW),
    "made anew": lambda r, body: r.renew(body, replace(claim(), owner_uid="uid-2"), NOW),
    "another identity": lambda r, body: r.renew(body, replace(claim(), cloud_id="cloud-2"), NOW),
    "deleted": lambda r, body: r.deleted(body, NOW, "Deleted"),
    "given up": lambda r, body: r.deleted(body, NOW, "Abandoned"),
    "disowned": lambda r, body: r.disown(body),
    "created anew": lambda r, body: r.begin(body, replace(started(), creates=True), NOW),
    "voided": lambda r, body: r.void(body, 99),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_ends_an_acknowledgement_besides(records: Records, way: str) -> None:
    before = facts(held(records))
    after = facts(WAYS[way](records, records.read(IDENTITY) or {}))
    assert after.acknowledged is None
    assert after.sequence > before.sequence


def test_the_same_owner_goes_on_with_it(records: Records) -> None:
    body = held(records)
    assert facts(records.renew(body, claim(), NOW)).acknowledged == HOLDS


@pytest.mark.parametrize("how", ["restored", "older"])
def test_what_was_restored_or_an_older_version_wrote_counts_for_nothing(
    records: Records, server: Server, how: str
) -> None:
    body = held(records)
    if how == "restored":
        body["metadata"]["uid"] = "another"
    else:
        body["metadata"]["generation"] += 1
    assert stored(body).acknowledged is None
    assert stored(body).drift_offer is None
    (where,) = server.objects
    server.objects[where]["metadata"] = dict(body["metadata"])
    body = records.agree(body)
    if how == "restored":
        assert "acknowledged" not in body["record"]


def test_a_block_without_a_digest_is_none(records: Records) -> None:
    body = held(records)
    body["record"]["acknowledged"] = {"until": LATER}
    assert stored(body).acknowledged is None
