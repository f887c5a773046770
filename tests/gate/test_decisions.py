"""What was decided stands in the record of the identity, whoever asks for it later."""

from __future__ import annotations

from typing import Any

from lab.waiting import until
from lab.world import World, trust
from tests.gate.approving import offer, opened, say
from tests.gate.attacks import ADMIN, ECS, FC, NAME, OUTSIDER, ROLE, a_role, widen
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.hands import Hands

Json = dict[str, Any]


def history(world: World, last: str, kind: str = ROLE) -> list[Json]:
    """Once it ends with that operation: the record follows the status."""

    def found() -> list[Json]:
        return list((world.record(kind, NAME) or {}).get("history", []))

    until(lambda: [each["operation"] for each in found()][-1:] == [last], f"that it says {last}")
    return found()


@attack(Entry.REJECTED, Resource.TRUST, Moment.OFFERED)
def test_who_asked_who_said_no_and_who_opened_it(world: World) -> None:
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    assert say(world, ROLE, NAME, by="security", reject=f"{digest} not on a Friday")
    again = offer(world, ROLE, NAME, instead_of=digest)
    assert opened(world, start) == []
    assert say(world, ROLE, NAME, by="approver", approve=again)
    world.ready(ROLE, NAME)
    assert len(opened(world, start)) == 1
    rejected, approved = history(world, "TrustChange")[-2:]
    assert (rejected["operation"], rejected["by"]) == ("Rejected", "security")
    assert (rejected["rejection"], rejected["reason"]) == (digest, "not on a Friday")
    assert (approved["operation"], approved["by"], approved["guard"]) == (
        "TrustChange",
        "approver",
        "intact",
    )
    assert approved["approval"] == again
    for entry in (rejected, approved):
        assert entry["author"] not in ("", "approver", "security")
        assert "ecs.aliyuncs.com" in entry["says"]
        assert entry["offered"] <= entry["at"]


@attack(Entry.TRUST_BY_HAND, Resource.TRUST, Moment.SETTLED)
def test_what_was_taken_back_says_from_whom(world: World) -> None:
    a_role(world)
    world.recorded(ROLE)
    Hands(world).update_role(NAME, trust=trust(FC, OUTSIDER))
    world.settle()
    world.look(ROLE, NAME)
    until(lambda: OUTSIDER[1] not in str(world.cloud()["roles"][NAME]["trust"]), "its end")
    world.ready(ROLE, NAME)
    entry = history(world, "TrustTakenBack")[-1]
    assert entry["operation"] == "TrustTakenBack"
    assert OUTSIDER[1].split(":")[3] in entry["says"]
    assert "by" not in entry


@attack(Entry.CREATED, Resource.USER_POLICY, Moment.OFFERED)
def test_a_right_to_change_rights(world: World) -> None:
    world.create("RamUser", NAME, {"policies": [ADMIN]})
    digest = offer(world, "RamUser", NAME)
    assert "AttachPolicyToUser" not in {write["action"] for write in world.writes()}
    assert say(world, "RamUser", NAME, approve=digest)
    world.ready("RamUser", NAME)
    entry = history(world, "EscalatingGrant", "RamUser")[-1]
    assert (entry["operation"], entry["approval"]) == ("EscalatingGrant", digest)
    assert ADMIN["name"] in entry["says"]
    # What it says is bounded, whoever asks how often.
    assert len(str(world.record("RamUser", NAME))) < 20_000
    assert ECS[1] not in entry["says"]
