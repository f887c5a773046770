"""RamRecords: one name per identity, and every write a compare-and-swap; over real HTTP.

The API server here is a stub, see `record_world`; a real one is used by the scenarios.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator import documents
from ram_operator.cluster.api import Conflicted, Gone, path
from ram_operator.cluster.record_history import HISTORY
from ram_operator.cluster.record_writer import Claim, Records, Start
from ram_operator.constants import API_VERSION
from ram_operator.errors import Retry
from ram_operator.kinds import record
from ram_operator.kinds.record import Identity, facts_of
from ram_operator.kinds.table import RECORD
from ram_operator.model.objects import Key, Owner
from ram_operator.model.records import HistoryEntry, InFlight, RecordFacts
from tests.unit.profiles import examples
from tests.unit.record_world import (
    ACCOUNT,
    ECS,
    FC,
    IDENTITY,
    NOW,
    OWNER,
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


# The name of a record


def test_the_name_tells_account_kind_and_identity() -> None:
    assert IDENTITY.key == Key(RECORD, "", f"{ACCOUNT}.ramrole.web-server")
    assert IDENTITY.key.namespace == "", "a record outlives the namespace of its owner"


def test_names_that_ram_does_not_tell_apart_have_one_record() -> None:
    assert Identity(ACCOUNT, "RamRole", "WEB-SERVER").key == IDENTITY.key


DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
cloud_names = st.from_regex(r"[A-Za-z0-9._@-]{1,128}", fullmatch=True)


@examples(300)
@given(name=cloud_names, kind=st.sampled_from(["RamRole", "RamPolicy", "RamUser"]))
def test_every_name_in_the_cloud_gives_a_legal_name_of_an_object(name: str, kind: str) -> None:
    made = Identity(ACCOUNT, kind, name).key.name
    assert DNS_NAME.fullmatch(made)
    assert len(made) <= 253
    assert made.startswith(f"{ACCOUNT}.{kind.lower()}.")


@examples(300)
@given(one=st.from_regex(r"[aA.@_-]{1,4}", fullmatch=True), two=cloud_names | st.just("a"))
def test_different_names_have_different_records(one: str, two: str) -> None:
    left, right = (Identity(ACCOUNT, "RamUser", name) for name in (one, two))
    assert (left.key == right.key) == (one.lower() == two.lower())


@pytest.mark.parametrize("name", ["a..b", "a.-b", "a-.b", "-a", "a.", "@", "a_b", "a@b.example"])
def test_names_that_kubernetes_does_not_take_get_a_hash(name: str) -> None:
    assert re.search(r"\.[0-9a-f]{16}$", Identity(ACCOUNT, "RamUser", name).key.name)


@pytest.mark.parametrize("name", ["a_b", "-a", "_"])
def test_no_readable_name_passes_for_one_with_a_hash(name: str) -> None:
    victim = Identity(ACCOUNT, "RamUser", name)
    alike = victim.key.name.removeprefix(f"{ACCOUNT}.ramuser.")
    assert Identity(ACCOUNT, "RamUser", alike).key != victim.key


# What the gate reads from a record


def test_no_record_says_nothing() -> None:
    assert facts_of(None, IDENTITY) == RecordFacts()


def test_a_record_is_read_back_as_it_was_claimed(records: Records) -> None:
    assert records.read(IDENTITY) is None
    body = records.claim(IDENTITY, claim(), NOW, 17)
    assert records.read(IDENTITY) == body
    assert facts_of(body, IDENTITY) == RecordFacts(
        exists=True,
        owner=OWNER,
        owner_uid="uid-1",
        cloud_id="cloud-1",
        baseline=FC,
        sequence=17,
        latest=NOW,
        history=(HistoryEntry(NOW, "Created", FC.digest),),
    )
    assert (body["apiVersion"], body["kind"]) == (API_VERSION, RECORD)
    block = body["record"]
    assert (block["sequence"], block["cloudName"]) == (17, "Web-Server")
    assert block["baseline"] == {"trust": FC.to_json(), "digest": FC.digest}
    assert block["history"] == [{"at": NOW, "operation": "Created", "digest": FC.digest}]


def test_what_is_not_known_is_not_written(records: Records) -> None:
    unknown = Claim(OWNER, "uid-1", "", None, "Claimed")
    body = records.claim(IDENTITY, unknown, NOW, 1)
    assert not {"cloudId", "baseline"} & body["record"].keys()
    assert facts_of(body, IDENTITY).baseline is None
    assert not facts_of(body, IDENTITY).baseline_unreadable


@pytest.mark.parametrize(
    "other",
    [
        Identity("9999999999999999", "RamRole", "web-server"),
        Identity(ACCOUNT, "RamPolicy", "web-server"),
        Identity(ACCOUNT, "RamRole", "web"),
    ],
)
def test_a_record_of_another_identity_is_not_believed(records: Records, other: Identity) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    assert facts_of(body, other) == RecordFacts(exists=True, baseline_unreadable=True)


@pytest.mark.parametrize("text", ["{", "[]", '{"Statement": 3}', "no json"])
def test_a_baseline_that_cannot_be_read_is_not_taken_for_none(records: Records, text: str) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    body["record"]["baseline"]["trust"] = text
    found = facts_of(body, IDENTITY)
    if not found.baseline_unreadable:
        # It is read as something of which nothing is known: nothing is provably within it.
        assert found.baseline is not None
        verdict = documents.compare_trust(found.baseline, FC).verdict
        assert verdict is documents.Verdict.UNKNOWN


def test_a_record_without_content_belongs_to_nobody() -> None:
    assert facts_of({}, IDENTITY) == RecordFacts(exists=True, baseline_unreadable=True)
    assert facts_of({"record": None}, IDENTITY).baseline_unreadable


# Writes


def test_an_identity_is_claimed_once(records: Records) -> None:
    records.claim(IDENTITY, claim(), NOW, 1)
    with pytest.raises(Conflicted):
        records.claim(Identity(ACCOUNT, "RamRole", "web-server"), claim(ECS), NOW, 2)
    assert facts_of(records.read(IDENTITY), IDENTITY).baseline == FC


def test_every_change_names_the_version_and_the_uid_that_was_read(
    records: Records, server: Server
) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    server.writes.clear()
    body = records.begin(body, started(), NOW)
    body = records.complete(body, NOW)
    body = records.renew(body, claim(ECS, "Updated"), NOW)
    body = records.deleted(body, NOW, "Deleted")
    versions = [write["metadata"]["resourceVersion"] for write in server.writes]
    assert versions == ["101", "102", "103", "104"]
    assert {write["record"]["uid"] for write in server.writes} == {body["metadata"]["uid"]}


CHANGES = [
    lambda records, body: records.stop_deletions(body, "", NOW),
    lambda records, body: records.renew(body, claim(), NOW),
    lambda records, body: records.begin(body, started(), NOW),
    lambda records, body: records.complete(body, NOW),
    lambda records, body: records.deleted(body, NOW, "Deleted"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_who_read_before_somebody_else_wrote_writes_nothing(
    records: Records, server: Server, change: Any
) -> None:
    stale = records.claim(IDENTITY, claim(), NOW, 1)
    records.stop_deletions(stale, "", NOW)
    before = json.dumps(server.objects)
    with pytest.raises(Conflicted):
        change(records, stale)
    assert json.dumps(server.objects) == before


@pytest.mark.parametrize("change", CHANGES)
def test_a_record_that_is_gone_is_not_brought_back(
    records: Records, server: Server, change: Any
) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    del server.objects[path(IDENTITY.key)]
    with pytest.raises(Gone):
        change(records, body)
    assert server.objects == {}


def test_a_trust_write_is_noted_before_and_struck_off_after(records: Records) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 5)
    body = records.begin(body, started(), NOW)
    assert body["record"]["sequence"] == 6, "an approval of the old state opens nothing any more"
    flight = body["record"]["inFlight"]
    assert flight == {
        "operation": "TrustChange",
        "digest": ECS.digest,
        "before": FC.to_json(),
        "after": ECS.to_json(),
        "sends": 1,
    }
    body = records.complete(body, "2026-01-01T00:00:05Z")
    assert "inFlight" not in body["record"]
    assert body["record"]["history"][-1] == {
        "at": "2026-01-01T00:00:05Z",
        "operation": "TrustChange",
        "digest": ECS.digest,
    }
    assert facts_of(body, IDENTITY).baseline == FC, "the new baseline is claimed by who looked"


def test_completing_what_was_not_begun_leaves_a_bare_entry(records: Records) -> None:
    body = records.complete(records.claim(IDENTITY, claim(), NOW, 1), NOW)
    assert body["record"]["history"][-1] == {"at": NOW}


def test_a_deleted_identity_keeps_its_baseline_for_who_comes_next(records: Records) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    body = records.deleted(records.begin(body, started(), NOW), NOW, "Deleted")
    found = facts_of(body, IDENTITY)
    assert (found.owner, found.owner_uid, found.deleted) == (None, "", True)
    assert found.baseline == FC
    assert "inFlight" not in body["record"]


def test_an_abandoned_identity_was_not_deleted_by_us(records: Records) -> None:
    body = records.deleted(records.claim(IDENTITY, claim(), NOW, 1), NOW, "Abandoned")
    assert (facts_of(body, IDENTITY).owner, facts_of(body, IDENTITY).deleted) == (None, False)


def test_a_new_owner_takes_over_and_the_deletion_is_forgotten(records: Records) -> None:
    body = records.deleted(records.claim(IDENTITY, claim(), NOW, 1), NOW, "Deleted")
    other = Owner("blue", "apps", "web-2")
    body = records.renew(body, Claim(other, "uid-2", "cloud-2", ECS, "Created"), NOW)
    assert facts_of(body, IDENTITY) == RecordFacts(
        exists=True,
        owner=other,
        owner_uid="uid-2",
        cloud_id="cloud-2",
        baseline=ECS,
        sequence=2,
        settled=True,
        latest=NOW,
        history=(
            HistoryEntry(NOW, "Created", FC.digest),
            HistoryEntry(NOW, "Deleted"),
            HistoryEntry(NOW, "Created", ECS.digest),
        ),
    )


def test_ends_are_agreed_on_with_the_write_or_alone(records: Records) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    assert facts_of(body, IDENTITY).ends == {}
    flight = InFlight("EscalatingGrant", "sha256:c", "sha256:a", "ann")
    ends = {"members[ann]": "2026-06-01T00:00:00Z", "members[bob]": ""}
    body = records.begin(body, Start(flight, ends=ends), NOW)
    assert facts_of(body, IDENTITY).ends == {"members[ann]": "2026-06-01T00:00:00Z"}
    body = records.agree(body, ends={"members[ann]": "", "members[eve]": NOW})
    assert facts_of(body, IDENTITY).ends == {"members[eve]": NOW}
    assert facts_of(body, IDENTITY).in_flight == flight


GIT, IDP = "oidc-provider/git", "saml-provider/idp"


def approved(**providers: str) -> Start:
    seen = {GIT if name == "git" else IDP: text for name, text in providers.items()}
    flight = InFlight("TrustChange", "sha256:c", "sha256:a", "ann", providers=seen)
    return Start(replace(flight, digest=ECS.digest))


def test_what_providers_are_is_noted_once_and_never_overwritten_by_a_look(records: Records) -> None:
    body = records.claim(IDENTITY, replace(claim(), providers={GIT: "one"}), NOW, 1)
    assert facts_of(body, IDENTITY).providers == {GIT: "one"}
    body = records.renew(body, replace(claim(), providers={IDP: "x", GIT: "two"}), NOW)
    body = records.agree(body, providers={GIT: "three"})
    assert facts_of(body, IDENTITY).providers == {GIT: "one", IDP: "x"}
    body = records.deleted(body, NOW, "Deleted")
    assert facts_of(body, IDENTITY).providers == {GIT: "one", IDP: "x"}
    body = records.agree(body, providers={IDP: ""})
    assert facts_of(body, IDENTITY).providers == {GIT: "one"}


def test_what_was_approved_of_providers_holds_once_the_write_is_done(records: Records) -> None:
    body = records.claim(IDENTITY, replace(claim(), providers={GIT: "one"}), NOW, 1)
    body = records.begin(body, approved(git="two", idp="x"), NOW)
    known = facts_of(body, IDENTITY)
    assert known.providers == {GIT: "one"}
    assert known.in_flight is not None
    assert known.in_flight.providers == {GIT: "two", IDP: "x"}
    other = records.begin(body, approved(git="three"), NOW)
    assert facts_of(other, IDENTITY).in_flight == approved(git="three").flight
    none = records.begin(other, approved(), NOW)
    assert facts_of(none, IDENTITY).in_flight == approved().flight
    body = records.complete(records.begin(none, approved(git="two"), NOW), NOW, ECS)
    assert facts_of(body, IDENTITY).providers == {GIT: "two"}


@pytest.mark.parametrize("there", [True, False])
def test_a_write_whose_end_was_not_seen_counts_where_its_trust_is_there(
    records: Records, there: bool
) -> None:
    body = records.claim(IDENTITY, replace(claim(), providers={GIT: "one"}), NOW, 1)
    body = records.begin(body, approved(git="two"), NOW)
    # The baseline is what was agreed on before, whatever the cloud has by now.
    seen = replace(claim(FC, "Renewed"), live_digest=(ECS if there else FC).digest)
    body = records.renew(body, seen, NOW)
    assert facts_of(body, IDENTITY).providers == {GIT: "two" if there else "one"}
    assert facts_of(body, IDENTITY).in_flight is None


@pytest.mark.parametrize(
    "written",
    [
        {"providers": {GIT: "one", IDP: None}},
        {"ends": {"members[ann]": NOW}},
        {"inFlight": {"operation": "TrustChange", "providers": {GIT: "one"}}},
        {"pending": {"digest": "sha256:d", "providers": GIT}},
        {"accessKey": {"id": "LTAI", "ending": None}},
    ],
)
def test_a_kind_that_has_no_place_for_it_is_noticed(written: dict[str, Any]) -> None:
    """An older one, of which the API server drops what it does not know."""
    sent = {"record": written}
    record.check(sent, json.loads(json.dumps(sent)))
    pruned = {name: {"digest": "sha256:d"} for name in written if name in ("inFlight", "pending")}
    with pytest.raises(Retry, match="older than this operator"):
        record.check(sent, {"record": pruned})


@pytest.mark.parametrize(
    "written", [{}, {"ends": None}, {"ends": {"members[ann]": None}}, {"inFlight": None}]
)
def test_what_is_taken_away_needs_no_place(written: dict[str, Any]) -> None:
    record.check({"record": written}, {"record": {}})


def test_without_a_new_baseline_the_old_one_stays(records: Records) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    body = records.renew(body, claim(None, "Renewed"), NOW)
    assert facts_of(body, IDENTITY).baseline == FC


def test_the_history_keeps_the_latest(records: Records) -> None:
    body = records.claim(IDENTITY, claim(), NOW, 1)
    for number in range(HISTORY + 5):
        body = records.renew(body, claim(None, f"Change{number}"), NOW)
    history = body["record"]["history"]
    assert len(history) == HISTORY
    assert history[-1] == {"at": NOW, "operation": f"Change{HISTORY + 4}"}


@pytest.mark.parametrize("how", ["renewed", "deleted"])
def test_a_write_whose_process_ended_stays_in_the_history(records: Records, how: str) -> None:
    body = records.begin(records.claim(IDENTITY, claim(), NOW, 1), started("TrustTakenBack"), NOW)
    if how == "renewed":
        body = records.renew(body, claim(FC, "Managed"), NOW)
    else:
        body = records.deleted(body, NOW, "Deleted")
    assert "inFlight" not in body["record"]
    begun = {"at": NOW, "operation": "TrustTakenBack", "digest": ECS.digest}
    assert begun in body["record"]["history"]
