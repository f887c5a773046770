"""What may stand behind a policy's name: what is read, how long it is believed, what we wrote."""

from __future__ import annotations

import pytest

from ram_operator.cloud.cached_reads import FRESH_SECONDS, SYSTEM_SECONDS, Sent
from ram_operator.constants import Reason
from ram_operator.documents import digests
from ram_operator.errors import Absent, AlreadyExists, Bug, OutcomeUnknown, Retry
from tests.unit.judged_world import ALL, MORE, READ, SETTLE, Cloud

JUDGED = digests([READ])


def read(cloud: Cloud, kind: str = "Custom", name: str = "p") -> set[str]:
    return set(digests(cloud.documents.read(cloud, kind, name)))


def wrote(cloud: Cloud, document: object, error: Retry | None = None) -> Sent:
    note = cloud.documents.sending("P", document)  # type: ignore[arg-type] # None or a policy
    cloud.documents.ended(note, error)
    return note


def test_a_custom_policy_is_believed_for_no_longer_than_a_write_takes() -> None:
    cloud = Cloud()
    assert read(cloud) == read(cloud, name="P") == {READ.digest}
    cloud.clock.advance(FRESH_SECONDS - 0.1)
    read(cloud)
    assert cloud.calls == ["GetPolicy"]
    cloud.policies["p"] = ALL
    cloud.clock.advance(0.1)
    assert read(cloud) == {ALL.digest}


def test_a_system_policy_is_believed_for_a_day() -> None:
    cloud = Cloud()
    read(cloud, "System")
    cloud.clock.advance(SYSTEM_SECONDS - 1.0)
    read(cloud, "System")
    assert cloud.calls == ["GetPolicy"]
    cloud.clock.advance(1.0)
    read(cloud, "System")
    assert cloud.calls == ["GetPolicy"] * 2


def test_a_system_policy_and_a_custom_one_of_its_name_are_two() -> None:
    cloud = Cloud()
    read(cloud, "System")
    cloud.policies["p"] = ALL
    assert read(cloud) == {ALL.digest}
    assert read(cloud, "System") == {READ.digest}


def test_what_cannot_be_read_is_not_empty() -> None:
    cloud = Cloud()
    answer = {"DefaultPolicyVersion": {"PolicyDocument": "{"}}
    cloud.call = lambda *_: answer  # type: ignore[method-assign] # no document at all
    with pytest.raises(Bug, match="cannot be read"):
        read(cloud)


def test_what_we_sent_and_what_is_read_both_count_until_it_has_settled() -> None:
    cloud = Cloud()
    wrote(cloud, ALL)
    assert read(cloud) == {READ.digest, ALL.digest}
    cloud.clock.advance(SETTLE - 0.1)
    assert read(cloud) == {READ.digest, ALL.digest}
    assert set(cloud.documents.sent("p")) == {ALL}
    cloud.clock.advance(0.1)
    assert read(cloud) == {READ.digest}
    assert cloud.documents.sent("p") == ()


def test_an_old_answer_is_of_no_use_once_our_write_counts_no_more() -> None:
    cloud = Cloud()
    wrote(cloud, ALL)
    cloud.clock.advance(SETTLE - 0.1)
    read(cloud)
    cloud.policies["p"] = ALL
    cloud.clock.advance(0.2)
    assert read(cloud) == {ALL.digest}


def test_what_was_read_before_our_write_is_forgotten() -> None:
    cloud = Cloud()
    read(cloud)
    cloud.policies["p"] = MORE
    wrote(cloud, ALL)
    assert read(cloud) == {MORE.digest, ALL.digest}


def test_an_answer_from_before_our_write_that_comes_after_it_is_not_kept() -> None:
    cloud = Cloud()

    def meanwhile(_: str) -> None:
        cloud.hook = lambda _: None
        cloud.clock.advance(0.1)
        note = wrote(cloud, ALL)
        note.until = 0.0

    cloud.hook = meanwhile
    read(cloud)
    cloud.policies["p"] = ALL
    assert read(cloud) == {ALL.digest}


def test_a_write_that_is_under_way_counts() -> None:
    cloud = Cloud()
    cloud.documents.sending("p", ALL)
    cloud.clock.advance(10 * SETTLE)
    assert read(cloud) == {READ.digest, ALL.digest}


def test_a_write_that_nobody_waits_for_any_more_counts_for_a_while() -> None:
    cloud = Cloud()
    cloud.documents.sending("p", ALL)
    cloud.documents.lost("p")
    assert read(cloud) == {READ.digest, ALL.digest}
    cloud.clock.advance(SETTLE)
    assert read(cloud) == {READ.digest}


def test_only_the_last_write_counts_unless_an_answer_was_lost() -> None:
    cloud = Cloud()
    wrote(cloud, ALL)
    wrote(cloud, MORE)
    assert read(cloud) == {READ.digest, MORE.digest}
    wrote(cloud, ALL, OutcomeUnknown("lost"))
    wrote(cloud, MORE)
    assert read(cloud) == {READ.digest, MORE.digest, ALL.digest}


def test_what_was_refused_was_not_written() -> None:
    cloud = Cloud()
    wrote(cloud, ALL, AlreadyExists("there", code="EntityAlreadyExists.Policy"))
    assert read(cloud) == {READ.digest}


def test_what_we_made_is_there_before_it_is_visible() -> None:
    cloud = Cloud()
    cloud.policies.clear()
    with pytest.raises(Absent):
        read(cloud)
    wrote(cloud, ALL)
    assert read(cloud) == {ALL.digest}


def test_what_we_deleted_is_gone_whatever_is_read() -> None:
    cloud = Cloud()
    wrote(cloud, None)
    with pytest.raises(Absent):
        read(cloud)
    wrote(cloud, MORE)
    assert read(cloud) == {READ.digest, MORE.digest}


def test_a_deletion_that_may_not_have_happened_leaves_what_is_read() -> None:
    cloud = Cloud()
    wrote(cloud, None, OutcomeUnknown("lost"))
    assert read(cloud) == {READ.digest}


@pytest.mark.parametrize("swapped", [ALL, MORE])
def test_only_what_was_judged_is_confirmed(swapped: object) -> None:
    cloud = Cloud()
    cloud.documents.confirm(cloud, "p", JUDGED)
    cloud.clock.advance(FRESH_SECONDS)
    cloud.policies["p"] = swapped  # type: ignore[assignment] # a policy
    with pytest.raises(Retry, match="moved while it was judged") as caught:
        cloud.documents.confirm(cloud, "p", JUDGED)
    assert caught.value.reason is Reason.PROGRESSING


def test_what_we_sent_has_to_be_judged_too() -> None:
    cloud = Cloud()
    wrote(cloud, ALL)
    with pytest.raises(Retry, match="moved while it was judged"):
        cloud.documents.confirm(cloud, "p", JUDGED)
    cloud.documents.confirm(cloud, "p", digests([READ, ALL]))


def test_what_does_not_exist_is_waited_for() -> None:
    cloud = Cloud()
    cloud.policies.clear()
    with pytest.raises(Retry) as caught:
        cloud.documents.confirm(cloud, "p", JUDGED)
    assert caught.value.reason is Reason.DEPENDENCY_NOT_READY


def test_readings_and_writes_of_long_ago_take_no_room() -> None:
    cloud = Cloud()
    for number in range(50):
        cloud.policies[f"p{number}"] = READ
        read(cloud, name=f"p{number}")
        cloud.clock.advance(FRESH_SECONDS)
    assert len(cloud.documents._found) <= 2
    wrote(cloud, ALL)
    cloud.clock.advance(SETTLE)
    read(cloud)
    assert (cloud.documents._sent, cloud.documents._moved) == ({}, {})


def test_what_was_written_and_is_never_asked_for_goes_as_well() -> None:
    cloud = Cloud()
    for number in range(200):
        note = cloud.documents.sending(f"p{number}", ALL)
        cloud.documents.ended(note)
        cloud.documents.attachment_lost(f"p{number}")
        cloud.clock.advance(1.0)
    assert len(cloud.documents._sent) <= 2 * SETTLE
    assert len(cloud.documents._moved) <= 2 * SETTLE
    assert len(cloud.documents._attaching) <= 2 * SETTLE
    assert cloud.documents.sent("p199") == (ALL,)
