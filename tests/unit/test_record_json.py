"""What is written of a record is what is read from it, and what 0.1.0 wrote is still understood."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator.kinds import record
from ram_operator.kinds.record import facts_of, identity_of, stored
from ram_operator.model.objects import Key
from ram_operator.model.record_changes import Part, RecordChange
from ram_operator.model.records import (
    ABANDONED,
    CLAIMED,
    Agreed,
    HistoryEntry,
    InFlight,
    Pending,
    Rejection,
)
from tests.support.saved import Saved
from tests.unit.core import ALLOW_ALL, ALLOW_READ, policy
from tests.unit.profiles import examples
from tests.unit.record_world import ECS, FC, IDENTITY, OWNER, merged

texts = st.text("abc:", min_size=1, max_size=5)
some = st.just("") | texts
blocks = st.dictionaries(texts, texts, max_size=3)
wishes = st.lists(texts, max_size=2).map(tuple)
entries = st.builds(HistoryEntry, texts, texts | st.sampled_from([CLAIMED, ABANDONED]), some, some)
rejections = st.builds(Rejection, texts, wishes, some, some, some)
pending = st.builds(Pending, *[texts] * 3, *[some] * 7, wishes=wishes, asked=blocks, parts=blocks)
flights = st.builds(
    InFlight,
    *[texts] * 4,
    sends=st.integers(0, 2),
    digest=some,
    providers=blocks,
    expires=some,
    asked=blocks,
    wishes=wishes,
    parts=blocks,
    seen=blocks,
    before=some,
    after=some,
)
DOCUMENTS = st.sampled_from([None, policy(ALLOW_READ), policy(ALLOW_ALL)])
changes = st.builds(
    RecordChange,
    sequence=st.integers(0, 99),
    owner=st.just(OWNER),
    owner_uid=some,
    cloud_id=some,
    baseline=st.sampled_from([FC, ECS]),
    deleted_at=some,
    lost_at=some,
    pending=pending,
    rejections=st.lists(rejections, min_size=1, max_size=2).map(tuple),
    in_flight=flights,
    history=st.lists(entries, min_size=1, max_size=3).map(tuple),
    agreed=st.builds(Agreed, st.dictionaries(texts, blocks, max_size=2), DOCUMENTS, blocks),
    ends=blocks,
    providers=blocks,
    brakes=blocks,
    never_made=some,
)


def written(body: dict[str, Any], change: RecordChange) -> dict[str, Any]:
    """What the API server makes of the patch."""
    found: dict[str, Any] = merged(body, json.loads(json.dumps(record.patch(body, change))))
    return found


def created(change: RecordChange) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(json.dumps(record.first(IDENTITY, change)))
    body["metadata"] |= {"uid": "u", "resourceVersion": "1"}
    return body


def whole(flight: InFlight | None) -> tuple[Any, ...]:
    """With the parts that do not count when two writes are compared."""
    if flight is None:
        return ()
    return flight, flight.digest, flight.asked, flight.wishes, flight.before, flight.after


@examples(60)
@given(before=changes, after=changes)
def test_what_is_written_is_read_back_and_nothing_is_left_of_before(
    before: RecordChange, after: RecordChange
) -> None:
    body = created(before)
    assert not stored(body).settled
    body = written(body, after)
    found = facts_of(body, IDENTITY)
    assert found.settled
    assert (found.owner, found.owner_uid) == (after.owner, after.owner_uid)
    assert (found.sequence, found.cloud_id) == (after.sequence, after.cloud_id)
    assert (found.baseline, found.history) == (after.baseline, after.history)
    assert (found.pending, found.rejections) == (after.pending, after.rejections)
    assert whole(found.in_flight) == whole(after.in_flight)
    assert found.ends == {**before.ends, **after.ends}
    assert found.providers == {**before.providers, **after.providers}
    assert found.agreed == before.agreed.joined(after.agreed)
    assert found.deleted == bool(before.deleted_at or after.deleted_at)
    assert found.lost == bool(before.lost_at or after.lost_at)
    assert found.never_made == (after.never_made or before.never_made)
    assert found.brakes == {**before.brakes, **after.brakes}


@examples(30)
@given(before=changes)
def test_parts_can_be_taken_out_and_the_rest_stays(before: RecordChange) -> None:
    body = created(before)
    known = stored(body)
    assert stored(written(body, RecordChange())).history == known.history
    found = stored(written(body, RecordChange(frozenset(Part))))
    gone = (found.owner, found.cloud_id, found.pending, found.in_flight, found.brakes)
    assert gone == (None, "", None, None, {})
    assert (found.deleted, found.lost, found.rejections) == (False, False, ())
    assert (found.sequence, found.baseline, found.never_made) == (known.sequence, None, "")
    assert (found.ends, found.history) == (known.ends, known.history)


@pytest.mark.parametrize("text", ["no JSON", "[]"])
def test_a_document_that_cannot_be_read_any_more_agrees_on_nothing(text: str) -> None:
    body = created(RecordChange(agreed=Agreed({}, policy(ALLOW_ALL))))
    body["record"]["baseline"]["document"] = text
    found = stored(body).agreed.document
    assert found is not None
    assert found.grants == ()


def test_what_is_agreed_on_no_more_is_taken_out() -> None:
    body = created(RecordChange(agreed=Agreed({"policies": {"a": "-", "b": "-"}})))
    body = written(body, RecordChange(agreed=Agreed({"policies": {"a": ""}, "members": {}})))
    assert stored(body).agreed.entries == {"policies": {"b": "-"}, "members": {}}


def test_a_record_says_which_identity_it_is_about_and_who_manages_that() -> None:
    body = created(RecordChange(owner=OWNER))
    assert identity_of(body) == IDENTITY
    assert identity_of(None) == identity_of({}) == record.Identity("", "", "")
    assert record.holder(body) == Key("RamRole", "apps", "web")
    assert record.holder(created(RecordChange())) is None


def test_a_side_of_a_write_is_cut_where_it_is_too_long() -> None:
    flight = InFlight("TrustChange", before="b" * (record.SIDE + 1), after="a")
    begun = stored(written(created(RecordChange()), RecordChange(in_flight=flight))).in_flight
    assert begun is not None
    assert (len(begun.before), begun.after) == (record.SIDE, "a")


def test_how_often_a_write_was_sent_is_noted_beside_it() -> None:
    body = created(RecordChange(in_flight=InFlight("TrustChange", approval="a")))
    begun = stored(written(body, RecordChange(sends=2))).in_flight
    assert begun == InFlight("TrustChange", approval="a", sends=2)


OLD = Saved.read("0.1.0").records


@pytest.mark.parametrize("body", OLD, ids=[body["metadata"]["name"] for body in OLD])
def test_records_of_0_1_0_are_understood(body: dict[str, Any]) -> None:
    identity = identity_of(body)
    found = facts_of(body, identity)
    assert identity.key.name == body["metadata"]["name"]
    assert found.exists
    assert not found.baseline_unreadable
    assert found.sequence > 0
    assert found.latest >= "2026"
    block = body["record"]
    assert (found.pending is not None) == bool(block.get("pending"))
    assert (found.in_flight is not None) == bool(block.get("inFlight"))
    # Written anew as a whole, it says the same.
    patch = record.patch(
        body, RecordChange(pending=found.pending, in_flight=found.in_flight, history=found.history)
    )
    again = stored(merged(body, json.loads(json.dumps(patch))))
    assert (again.pending, again.history) == (found.pending, found.history)
    assert whole(again.in_flight) == whole(found.in_flight)
