"""What records say of offers and approvals, and how all of them are voided; over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from ram_operator.cluster.api import ClusterApi, path
from ram_operator.cluster.record_writer import Claim, Records, Start
from ram_operator.cluster.voiding import void_all
from ram_operator.kinds.record import Identity, facts_of
from ram_operator.model.records import InFlight, Offer, Pending, Rejection
from tests.unit.record_world import (
    ACCOUNT,
    ECS,
    IDENTITY,
    NOW,
    OWNER,
    Json,
    Server,
    claim,
    served,
    started,
)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def records(server: Server) -> Iterator[Records]:
    with served(server) as opened:
        yield opened


# Offers and approvals

PENDING = Pending("sha256:d", NOW, "2026-01-08T00:00:00Z", "wider", "ann", "a summary")
NO = (Rejection("sha256:c", ("w",), NOW, "bob", "not now"),)


def test_an_offer_is_read_back_and_a_new_one_leaves_nothing_of_it(records: Records) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 5)
    more = {"wishes": ("w",), "asked": {"a": "1"}, "parts": {"p": "1", "q": "2"}, "trust": "t"}
    first = replace(PENDING, **more)
    body = records.offer(body, Offer(6, first), NOW)
    assert facts_of(body, IDENTITY).pending == first
    assert facts_of(body, IDENTITY).sequence == 6
    second = replace(PENDING, digest="sha256:e", parts={"q": "3"})
    body = records.offer(body, Offer(9, second, NO), NOW)
    assert facts_of(body, IDENTITY).pending == second
    assert (facts_of(body, IDENTITY).sequence, facts_of(body, IDENTITY).rejections) == (9, NO)
    body = records.end(body)
    found = facts_of(body, IDENTITY)
    assert (found.pending, found.sequence, found.rejections) == (None, 10, NO)


def test_an_approval_is_used_once_it_was_begun_and_stays_known(records: Records) -> None:
    body = records.offer(records.claim(IDENTITY, claim(), NOW, 5), Offer(6, PENDING), NOW)
    body = records.begin(body, started("TrustChange", "sha256:d"), NOW)
    found = facts_of(body, IDENTITY)
    assert (found.pending, found.sequence) == (None, 7)
    assert found.in_flight == InFlight("TrustChange", "sha256:c", "sha256:d", "ann", 1)
    body = records.complete(body, NOW, ECS)
    found = facts_of(body, IDENTITY)
    assert (found.used, found.baseline, found.in_flight) == (frozenset({"sha256:d"}), ECS, None)
    assert body["record"]["history"][-1]["by"] == "ann"


def test_a_write_that_is_begun_keeps_what_was_asked_for(records: Records) -> None:
    offered = replace(PENDING, asked={"a": "1"}, wishes=("w",))
    body = records.offer(records.claim(IDENTITY, claim(), NOW, 5), Offer(6, offered), NOW)
    for _ in range(2):
        # Once more, too, when there is no offer any longer.
        body = records.begin(body, started("TrustChange", "sha256:d"), NOW)
        flight = facts_of(body, IDENTITY).in_flight
        assert flight is not None
        assert (flight.asked, flight.wishes) == ({"a": "1"}, ("w",))
    body = records.spend(body, 2, NO)
    found = facts_of(body, IDENTITY)
    assert found.in_flight is not None
    assert (found.in_flight.sends, found.rejections) == (2, NO)
    # What is approved all the same and done takes the rejection of exactly that along.
    other = replace(NO[0], change="sha256:other")
    body = records.spend(body, 2, (*NO, other))
    assert facts_of(records.complete(body, NOW), IDENTITY).rejections == (other,)


def test_a_stranger_is_taken_out_and_the_offer_stands(records: Records) -> None:
    body = records.offer(records.claim(IDENTITY, claim(), NOW, 5), Offer(6, PENDING), NOW)
    body = records.complete(records.begin(body, started("TrustTakenBack"), NOW), NOW)
    assert (facts_of(body, IDENTITY).pending, facts_of(body, IDENTITY).sequence) == (PENDING, 6)


def test_a_try_that_the_cloud_refused_does_not_count(records: Records) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 5)
    body = records.unsent(records.begin(body, started("TrustChange", "sha256:d"), NOW))
    flight = facts_of(body, IDENTITY).in_flight
    assert flight is not None
    assert flight.sends == 0
    body = records.begin(body, started("TrustChange", "sha256:d"), NOW)
    assert len(body["record"]["history"]) == 1, "the same write again is no other one"


def test_what_was_begun_and_is_void_stays_in_the_history(records: Records) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 5)
    begun = records.begin(body, started("TrustChange", "sha256:d"), NOW)
    body = records.offer(begun, Offer(7, PENDING), NOW)
    assert facts_of(body, IDENTITY).in_flight is None
    assert facts_of(body, IDENTITY).used == frozenset({"sha256:d"})
    body = records.begin(body, started("TrustChange", "sha256:d"), NOW)
    body = records.begin(body, started("TrustChange", "sha256:e"), NOW)
    assert len(body["record"]["history"]) == 3


def test_an_approved_creation_forgets_the_identity_before(records: Records) -> None:
    body = records.deleted(records.claim(IDENTITY, claim(), NOW, 5), NOW, "Deleted")
    body = records.begin(body, replace(started(), creates=True), NOW)
    found = facts_of(body, IDENTITY)
    assert (found.cloud_id, found.deleted) == ("", False)


def test_a_restored_copy_is_not_settled_and_an_offer_settles_it(records: Records) -> None:
    body = records.offer(records.claim(IDENTITY, claim(), NOW, 5), Offer(5, PENDING), NOW)
    assert facts_of(body, IDENTITY).settled
    restored = {**body, "metadata": {**body["metadata"], "uid": "another"}}
    assert not facts_of(restored, IDENTITY).settled


def test_a_claim_that_came_to_nothing_can_be_taken_off_and_approvals_be_voided(
    records: Records,
) -> None:
    body = records.offer(records.claim(IDENTITY, claim(), NOW, 5), Offer(5, PENDING), NOW)
    body = records.void(body, 99)
    found = facts_of(body, IDENTITY)
    assert (found.sequence, found.pending, found.owner) == (99, None, OWNER)
    assert facts_of(records.disown(body), IDENTITY).owner is None


def test_an_offer_without_a_digest_is_none(records: Records) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 5)
    body["record"]["pending"] = {"verdict": "wider"}
    assert facts_of(body, IDENTITY).pending is None


# Voiding


def test_all_approvals_are_voided_whatever_else_goes_on(records: Records, server: Server) -> None:
    body = records.offer(records.claim(IDENTITY, claim(), NOW, 5), Offer(5, PENDING), NOW)
    records.begin(body, started("TrustChange", "sha256:d"), NOW)
    account = Claim(OWNER, "uid-1", "", None, "Claimed", lost_at=NOW)
    records.claim(Identity(ACCOUNT, "RamAccount", ACCOUNT), account, NOW, 9)
    assert [o["record"].get("lostAt") for o in server.objects.values()] == [None, NOW]
    listed = [json.loads(json.dumps(item)) for item in server.objects.values()]
    records.stop_deletions(listed[0], "", NOW)

    class Listed(ClusterApi):
        def pages(self, kind: str) -> Iterator[tuple[int, list[Json]]]:
            yield 1, listed

    configuration = Configuration()
    configuration.host = records._api._client.configuration.host
    client = ApiClient(configuration)
    count = void_all(Listed(client, lambda what, kind: None), lambda: 7.0)
    client.rest_client.pool_manager.clear()
    assert count == 2
    found = [item["record"] for item in server.objects.values()]
    assert [record["sequence"] for record in found] == [7000, 7000]
    assert not any({"pending", "inFlight", "lostAt"} & record.keys() for record in found)
    assert found[0]["history"][-1]["approval"] == "sha256:d"


@pytest.mark.parametrize("write", ["renew", "begin", "stop", "deleted"])
def test_the_first_write_to_a_restored_record_voids_what_was_approved(
    records: Records, server: Server, write: str
) -> None:
    body = records.offer(records.claim(IDENTITY, claim(), NOW, 5), Offer(6, PENDING), NOW)
    restored = {**body, "metadata": {**body["metadata"], "uid": "another"}}
    server.objects[path(IDENTITY.key)] = json.loads(json.dumps(restored))
    later = Records(records._api, lambda: 9.0)
    writes: dict[str, Any] = {
        "renew": lambda: later.renew(restored, claim(), NOW),
        "begin": lambda: later.begin(restored, started(), NOW),
        "stop": lambda: later.stop_deletions(restored, "", NOW),
        "deleted": lambda: later.deleted(restored, NOW, "Deleted"),
    }
    found = facts_of(writes[write](), IDENTITY)
    assert (found.sequence, found.pending, found.settled) == (9000, None, True)


def test_of_the_rest_of_a_write_the_record_speaks_as_of_all_of_it(records: Records) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    whole = InFlight("EscalatingGrant", "sha256:c", "sha256:a", "ann", parts={"policies[a]": "x"})
    body = records.begin(body, Start(whole), NOW)
    rest = InFlight("EscalatingGrant", "sha256:rest", "sha256:a", "ben", 2, guard="intact")
    body = records.begin(body, Start(rest), NOW)
    again = facts_of(body, IDENTITY).in_flight
    assert again == replace(whole, by="ben", sends=2)
    assert (again.parts, again.guard) == (whole.parts, "intact")
    assert [entry.operation for entry in facts_of(body, IDENTITY).history] == ["Created"]
    other = replace(rest, approval="sha256:b")
    body = records.begin(body, Start(other), NOW)
    assert facts_of(body, IDENTITY).in_flight == other
