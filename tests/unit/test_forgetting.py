"""Records of what was never made go after a while, and come back before anything is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ram_operator import times
from ram_operator.cluster.record_writer import Claim, Records
from ram_operator.config import Settings
from ram_operator.errors import Retry, Stalled
from ram_operator.kinds import forgotten
from ram_operator.kinds.record import Identity, facts_of
from ram_operator.kinds.table import ACCOUNT, RECORD
from ram_operator.loop import forgetting, ownership
from ram_operator.loop.ports import Clock, Ports
from ram_operator.model.objects import Owner
from ram_operator.model.records import (
    ADOPTED,
    CLAIMED,
    CREATED,
    DELETED,
    OFFERED,
    Agreed,
    RecordFacts,
)
from tests.unit import record_world, test_reconcile_edits
from tests.unit.record_world import OWNER, Server, connected

ID = "1234567890123456"
MINE = Identity(ID, ACCOUNT, ID)
DAY = 24 * 3600.0
THEN = times.seconds(record_world.NOW)


def identity(number: int) -> Identity:
    return Identity(ID, "RamRole", f"Never-{number:03}")


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def around(server: Server) -> Iterator[Ports]:
    """An account with its record, thirty-one days after everything here."""
    with connected(server) as api:
        clock = Clock(lambda: 0.0, lambda: THEN + 31 * DAY, lambda: "2026-02-01T00:00:00Z")
        settings = Settings(unmade_records=3)
        ports = replace(test_reconcile_edits.ports(api), settings=settings, clock=clock)
        account = Claim(Owner("blue", "", "default"), "uid", "", None, CLAIMED)
        ports.cache.put(ports.records.claim(MINE, account, record_world.NOW, 1))
        yield ports


def held(ports: Ports, number: int, at: str = record_world.NOW) -> None:
    """A creation that was offered, and whose object is gone."""
    offered = Claim(OWNER, "uid", "", None, OFFERED)
    body = ports.records.claim(identity(number), offered, at, 1)
    records = Records(ports.api, lambda: times.seconds(at))
    ports.cache.put(records.disown(body))


def facts(ports: Ports, number: int) -> RecordFacts:
    one = identity(number)
    return facts_of(ports.records.read(one), one)


def left(server: Server) -> int:
    return sum("ramrole" in path for path in server.objects)


def test_what_is_old_goes_and_its_name_stays(around: Ports, server: Server) -> None:
    held(around, 1)
    held(around, 2, "2026-01-20T00:00:00Z")
    forgetting.sweep(around, ID)
    assert not facts(around, 1).exists
    assert facts(around, 2).exists, "it is not old"
    assert around.cache.facts(identity(1).key) is None
    # Before it was deleted, its name was written.
    assert "forgotten" in server.writes[-2]["record"]
    assert server.writes[-1] == {"deleted": identity(1).key.name}
    forgetting.known(around, identity(1))
    back = facts(around, 1)
    assert back.never_made
    assert [each.wishes for each in back.rejections] == [()]
    assert (back.owner, back.cloud_id, back.baseline) == (None, "", None)
    assert back.sequence > THEN * 1000, "what was approved before opens nothing"


def test_a_namespace_has_room_for_three(around: Ports, server: Server) -> None:
    for number in range(3):
        forgetting.room(around, identity(number), OWNER.namespace)
        held(around, number, "2026-01-20T00:00:00Z")
    forgetting.sweep(around, ID)
    assert left(server) == 3, "none of them is old"
    with pytest.raises(Stalled, match="3 creations of namespace apps were held within 30 days"):
        forgetting.room(around, identity(3), OWNER.namespace)
    # Others have room, and so has it elsewhere.
    forgetting.room(around, identity(3), "another")
    forgetting.room(around, Identity("6543210987654321", "RamRole", "x"), OWNER.namespace)
    # What is asked for anew waits for somebody.
    body = around.records.read(identity(1))
    assert body is not None
    claim = Claim(OWNER, "uid", "", None, OFFERED)
    around.cache.put(around.records.renew(body, claim, "2026-02-01T00:00:00Z"))
    forgetting.room(around, identity(3), OWNER.namespace)


def test_what_others_left_costs_nobody_a_look(around: Ports, monkeypatch: Any) -> None:
    """Each creation that is held asks whether there is room: it counts, and sorts nothing."""
    held(around, 1)
    monkeypatch.setattr(around.cache, "idle", None)
    forgetting.room(around, identity(9), "apps")


def test_what_is_old_makes_room(around: Ports) -> None:
    for number in range(3):
        held(around, number)
    forgetting.sweep(around, ID)
    forgetting.room(around, identity(3), OWNER.namespace)


def test_thousands_go_some_at_each_look(around: Ports, server: Server) -> None:
    for number in range(forgetting.BATCH + 10):
        held(around, number)
    forgetting.sweep(around, ID)
    assert left(server) == 10
    forgetting.sweep(around, ID)
    assert left(server) == 0
    written = len(server.writes)
    forgetting.sweep(around, ID)
    assert len(server.writes) == written, "nothing is left to do"


def test_one_whose_object_was_deleted_with_our_finalizer_goes(
    around: Ports, server: Server
) -> None:
    """As records of before have it: there was nothing to delete."""
    offered = Claim(OWNER, "uid", "", None, OFFERED)
    body = around.records.claim(identity(1), offered, record_world.NOW, 1)
    around.cache.put(around.records.deleted(body, record_world.NOW, DELETED))
    forgetting.sweep(around, ID)
    assert left(server) == 0
    forgetting.known(around, identity(1))
    assert facts(around, 1).never_made


def claimed(ports: Ports, number: int, *before: Claim) -> None:
    for claim in (*before, Claim(OWNER, "uid", "", None, CLAIMED, agreed=MODE)):
        ownership.carry_out(ports, ownership.RecordWork(identity(number), claim))


MODE = Agreed({"policies": {}, "access": {"mode": "Unmanaged"}})


def test_of_a_creation_that_the_cloud_refused_nothing_stays(around: Ports, server: Server) -> None:
    claimed(around, 1)
    ownership.withdraw(around, identity(1))
    assert left(server) == 0
    assert around.cache.facts(identity(1).key) is None
    claimed(around, 2, Claim(OWNER, "uid", "", None, OFFERED))
    ownership.withdraw(around, identity(2))
    assert facts(around, 2).never_made, "somebody may have said something of that"


@pytest.mark.parametrize(
    "what", ["waits", "exists", "had a trust", "saw a provider", "is another account's", "is new"]
)
def test_what_something_rests_on_stays(around: Ports, server: Server, what: str) -> None:
    one = identity(1)
    offered = Claim(OWNER, "uid", "", None, OFFERED)
    if what == "waits":
        around.cache.put(around.records.claim(one, offered, record_world.NOW, 1))
    elif what == "exists":
        made = Claim(OWNER, "uid", "cloud", None, CREATED)
        around.cache.put(around.records.claim(one, made, record_world.NOW, 1))
    elif what == "had a trust":
        had = replace(offered, baseline=record_world.FC)
        body = around.records.claim(one, had, record_world.NOW, 1)
        around.cache.put(around.records.disown(body))
    elif what == "saw a provider":
        body = around.records.claim(one, offered, record_world.NOW, 1)
        body = around.records.agree(body, providers={"oidc-provider/git": "x"})
        around.cache.put(around.records.disown(body))
    elif what == "is another account's":
        other = Identity("6543210987654321", "RamRole", one.cloud_name)
        body = around.records.claim(other, offered, record_world.NOW, 1)
        around.cache.put(around.records.disown(body))
    else:
        held(around, 1, "2026-01-31T00:00:00Z")
    forgetting.sweep(around, ID)
    assert left(server) == 1


def test_whoever_claims_it_meanwhile_keeps_it(around: Ports, server: Server) -> None:
    """The cache is behind."""
    held(around, 1)
    body = around.records.read(identity(1))
    assert body is not None
    around.records.renew(body, Claim(OWNER, "uid", "", None, OFFERED), record_world.NOW)
    forgetting.sweep(around, ID)
    assert facts(around, 1).owner == OWNER


def test_a_process_that_dies_in_between_has_only_written_names(
    around: Ports, server: Server
) -> None:
    held(around, 1)
    account = around.records.read(MINE)
    assert account is not None
    around.records.forget(account, [forgetting.name_of(identity(1))])
    before = facts(around, 1)
    forgetting.known(around, identity(1))
    assert facts(around, 1) == before
    forgetting.sweep(around, ID)
    assert not facts(around, 1).exists


def test_of_what_nobody_let_go_nothing_comes_back(around: Ports) -> None:
    held(around, 1)
    forgetting.sweep(around, ID)
    forgetting.known(around, identity(2))
    assert not facts(around, 2).exists
    stranger = Identity("6543210987654321", "RamRole", "Never-001")
    forgetting.known(around, stranger)
    assert around.records.read(stranger) is None


def test_a_pass_that_began_before_it_went_writes_what_it_meant(around: Ports) -> None:
    held(around, 1)
    forgetting.sweep(around, ID)
    claim = Claim(OWNER, "uid", "", None, OFFERED)
    ownership.carry_out(around, ownership.RecordWork(identity(1), claim))
    assert facts(around, 1).never_made
    assert facts(around, 1).rejections, "else it is the record of what nobody knows"


def test_a_pass_that_found_it_without_its_record_begins_anew(around: Ports) -> None:
    """What it judged as a first contact was offered before: nothing of it is agreed on."""
    held(around, 1)
    forgetting.sweep(around, ID)
    claim = Claim(OWNER, "uid", "cloud", record_world.FC, ADOPTED)
    with pytest.raises(Retry):
        ownership.carry_out(around, ownership.RecordWork(identity(1), claim))
    assert facts(around, 1).never_made
    assert facts(around, 1).baseline is None
    made = replace(claim, operation=CREATED)
    ownership.carry_out(around, ownership.RecordWork(identity(1), made, made=True))
    assert not facts(around, 1).never_made


def test_what_is_known_is_what_comes_back(around: Ports) -> None:
    held(around, 1)
    assert forgetting.known(around, identity(1)) == around.cache.get(identity(1).key)
    forgetting.sweep(around, ID)
    back = forgetting.known(around, identity(1))
    assert facts_of(back, identity(1)).never_made
    assert forgetting.known(around, identity(2)) is None


def test_each_account_has_a_key_of_its_own(around: Ports) -> None:
    """Whoever knows the names that others have cannot make up others that stand for them."""
    held(around, 1)
    forgetting.sweep(around, ID)
    first = facts_of(around.records.read(MINE), MINE).forgotten
    other = Identity("6543210987654321", ACCOUNT, "6543210987654321")
    claim = Claim(Owner("blue", "", "second"), "uid", "", None, CLAIMED)
    body = around.records.claim(other, claim, record_world.NOW, 1)
    body = around.records.forget(body, [forgetting.name_of(identity(1))])
    assert facts_of(body, other).forgotten != first
    body = around.records.forget(body, ["RamRole/another"])
    second = facts_of(body, other).forgotten
    assert forgotten.has(second, forgetting.name_of(identity(1)))


def test_no_record_is_taken_for_one_of_a_managed_kind(around: Ports) -> None:
    meta: dict[str, Any] = {"name": "odd", "uid": "u", "resourceVersion": "7"}
    around.cache.put({"kind": RECORD, "metadata": meta, "record": {"accountId": ID, "kind": "?"}})
    forgetting.sweep(around, ID)
    assert around.cache.idle(ID) == []
