"""Which format a record has, what an older version left in it, and what only a newer one can have
written.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ram_operator import __version__
from ram_operator.cluster.record_writer import Claim, Records
from ram_operator.constants import Reason
from ram_operator.errors import Stalled
from ram_operator.kinds import record, sign_in
from ram_operator.kinds.identity import Identity
from ram_operator.kinds.record import FORMAT, stored, understood
from ram_operator.model.record_changes import RecordChange
from ram_operator.model.records import NO_RIGHTS, NOT_READ, UPGRADED, Agreed, RecordFacts
from tests.support.saved import Saved
from tests.unit.core import ALLOW_ALL, ALLOW_READ, policy
from tests.unit.record_world import ACCOUNT, IDENTITY, NOW, OWNER, Server, claim, merged, served

Json = dict[str, Any]
A, B = {"policies": {"Custom/a": NO_RIGHTS}}, {"policies": {"Custom/b": NO_RIGHTS}}


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def records(server: Server) -> Iterator[Records]:
    with served(server) as opened:
        yield opened


def made(records: Records, **agreed: Any) -> Json:
    """A record of this version, settled."""
    body = records.claim(IDENTITY, claim(), NOW, 1)
    return records.agree(body, agreed=Agreed(**({"entries": A} | agreed)))


def as_written_by_0_1_0(server: Server, **changes: Any) -> Json:
    """It merges what it knows, and leaves what it does not know as it was."""
    (path,) = server.objects
    body = copy.deepcopy(server.objects[path])
    said = {"sequence": 99, "uid": body["metadata"]["uid"], **changes}
    reply = server.store(path, merged(body, {"record": said}), {})
    found: Json = json.loads(reply.body)
    return found


def test_each_write_says_in_which_format_and_by_whom(records: Records) -> None:
    first = records.claim(IDENTITY, claim(), NOW, 1)
    for body in (first, records.agree(first, agreed=Agreed(A))):
        said = body["record"]
        assert (said["format"], said["writtenBy"]) == (FORMAT, __version__)
        assert said["revision"] == body["metadata"]["generation"]
        assert not stored(body).outdated


def test_what_an_older_version_wrote_last_says_nothing_of_what_it_does_not_know(
    server: Server, records: Records
) -> None:
    made(records, document=policy(ALLOW_ALL))
    found = stored(as_written_by_0_1_0(server))
    assert found.outdated
    assert (found.agreed, found.baseline) == (
        Agreed(),
        stored(as_written_by_0_1_0(server)).baseline,
    )


def test_it_stays_so_until_one_write_has_all(server: Server, records: Records) -> None:
    made(records)
    body = as_written_by_0_1_0(server)
    body = records.agree(body, agreed=Agreed(B))
    assert stored(body).outdated
    values = {"consoleLogin": "Deny"}
    whole = Agreed({**B, "members": {}}, policy(ALLOW_READ), values, whole=True)
    body = records.agree(body, agreed=whole)
    found = stored(body)
    assert not found.outdated
    # Nothing is left of what was agreed on before the older version wrote.
    assert found.agreed == Agreed({**B, "members": {}}, policy(ALLOW_READ), values)
    assert [entry.operation for entry in found.history][-1] == UPGRADED
    assert found.history[-1].at == "1970-01-01T00:00:00Z"
    again = stored(records.agree(body, agreed=whole))
    assert [entry.operation for entry in again.history].count(UPGRADED) == 1


def test_what_lacks_a_part_of_this_format_is_filled_as_a_whole(records: Records) -> None:
    """It was the only format between two releases, and knew nothing of `agreedValues`."""
    body = made(records)
    body["record"] |= {"format": 1, "revision": body["metadata"]["generation"]}
    found = stored(body)
    assert (found.outdated, found.agreed) == (True, Agreed())


def test_a_record_without_a_format_is_an_older_one(server: Server, records: Records) -> None:
    made(records)
    gone = dict.fromkeys(("format", "writtenBy", "revision"))
    found = stored(as_written_by_0_1_0(server, **gone))
    assert (found.outdated, found.agreed) == (True, Agreed())
    old = [stored(body) for body in Saved.read("0.1.0").records]
    assert all(each.outdated and not each.newer for each in old)


def test_what_was_restored_from_a_backup_is_not_taken_for_an_older_versions(
    server: Server, records: Records
) -> None:
    """The API server gives it another uid, and its generation begins anew."""
    made(records)
    body = as_written_by_0_1_0(server)
    body["metadata"] |= {"uid": "another", "generation": 1}
    assert not stored(body).outdated


def test_an_account_has_no_gated_part_so_any_write_will_do(
    server: Server, records: Records
) -> None:
    account = Identity(ACCOUNT, "RamAccount", ACCOUNT)
    records.claim(account, Claim(OWNER, "u", "", None, "Claimed"), NOW, 1)
    body = as_written_by_0_1_0(server)
    assert stored(body).outdated
    assert not stored(records.stop_deletions(body, "", NOW)).outdated


NEWER = {
    "format": {"format": FORMAT + 1, "writtenBy": "7.0.0"},
    "write": {"inFlight": {"operation": "KeyRotation"}},
    "verdict": {"pending": {"digest": "sha256:a", "verdict": "sideways"}},
    "mode": {"agreed": {sign_in.FIELD: {sign_in.MODE: "Both"}}},
}


@pytest.mark.parametrize("changes", NEWER.values(), ids=NEWER)
def test_nothing_is_written_to_what_a_newer_version_wrote(
    server: Server, records: Records, changes: Json
) -> None:
    made(records)
    body = as_written_by_0_1_0(server, **changes)
    before = len(server.writes)
    for write in (
        lambda: understood(stored(body)),
        lambda: records.end(body),
        lambda: records.void(body, 100),
        lambda: records.renew(body, claim(), NOW),
    ):
        with pytest.raises(Stalled) as raised:
            write()
        assert raised.value.reason is Reason.NEWER_VERSION
        assert changes.get("writtenBy", __version__) in raised.value.message
    assert len(server.writes) == before


def test_what_is_known_is_understood() -> None:
    assert understood(RecordFacts()) == RecordFacts()
    assert record.stored({"record": {}}).newer == ""


def test_a_part_that_could_not_be_read_has_no_baseline() -> None:
    agreed = Agreed({"policies": {NOT_READ: "?"}, "members": {"ann": NO_RIGHTS}})
    assert (agreed.of("policies"), agreed.of("groups")) == (None, None)
    assert agreed.of("members") == {"ann": NO_RIGHTS}


def test_without_a_word_on_the_format_the_patch_leaves_that_as_it_is() -> None:
    body = {"metadata": {"resourceVersion": "1", "uid": "u"}, "record": {"kind": "RamRole"}}
    assert "format" not in record.patch(body, RecordChange())["record"]
