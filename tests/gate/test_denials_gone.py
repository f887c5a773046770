"""A denial that is taken away by hand, and out of the manifest at once, is missed all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab.waiting import until
from lab.world import World, condition, trust
from tests.gate.approving import approve, held, offer, say
from tests.gate.attacks import ADMIN, ECS, FC, NAME, ROLE
from tests.gate.escalation_attacks import EVE, a_user
from tests.gate.launderings import Part
from tests.gate.swaps import spec_of
from tests.gate.test_denials import GUARD, RAM, a_guard, actions, denying
from tests.gate.triples import Entry, Moment, Resource, Triple, attack, rows
from tests.support.hands import Hands

Json = dict[str, Any]
CUSTOM: Final = {"type": "Custom", "name": "guard"}
OSS: Final = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
KINDS: Final = ("RamRole", "RamUser", "RamGroup")
BACK: Final = {kind: f"AttachPolicyTo{kind[3:]}" for kind in KINDS}


def _guarded(kind: str, reference: Json) -> Callable[[World, str], None]:
    """An identity that reads, and is kept from rights to change rights."""

    def prepare(world: World, drift: str) -> None:
        if reference == GUARD:
            a_guard(world)
        else:
            Hands(world).create_policy("guard", denying(*RAM))
        spec = spec_of(kind, driftPolicy=drift, policies=[OSS, reference])
        world.create(kind, NAME, spec)
        world.ready(kind, NAME)
        world.settle()

    return prepare


def detached(world: World, kind: str, policy: str = "guard") -> None:
    noun = kind[3:].lower()
    request = getattr(ram, f"DetachPolicyFrom{kind[3:]}Request")(
        policy_type="Custom", policy_name=policy, **{f"{noun}_name": NAME}
    )
    getattr(world.hand, f"detach_policy_from_{noun}")(request)


def has(world: World, kind: str, policy: str = "guard") -> bool:
    pairs = world.cloud()[f"{kind[3:].lower()}s"][NAME]["policies"]
    return ["Custom", policy] in [[pair[0], pair[1].lower()] for pair in pairs]


def attached(kind: str, reference: Json) -> Part:
    return Part(
        kind,
        Resource.DENYING_POLICY,
        _guarded(kind, reference),
        lambda world: detached(world, kind),
        lambda world: {"policies": [OSS]},
        lambda world: not has(world, kind),
    )


def _kept(world: World, drift: str) -> None:
    a_guard(world)
    a_user(world)
    spec = {"policies": [GUARD], "members": [EVE], "driftPolicy": drift}
    world.create("RamGroup", NAME, spec)
    world.ready("RamGroup", NAME)
    world.settle()


def _left(world: World) -> None:
    request = ram.RemoveUserFromGroupRequest(user_name="eve", group_name=NAME)
    world.hand.remove_user_from_group(request)


MEMBER: Final = Part(
    "RamGroup",
    Resource.DENYING_GROUP,
    _kept,
    _left,
    lambda world: {"members": []},
    lambda world: "eve" not in world.cloud()["groups"][NAME]["members"],
)
HALF: Final = denying("ram:*", "oss:*")


def _document(world: World, drift: str) -> None:
    world.policy(NAME, document=denying(*RAM), driftPolicy=drift)
    world.ready("RamPolicy", NAME)
    world.role("holder", policies=[{"type": "RamPolicy", "name": NAME}])
    world.ready(ROLE, "holder")
    world.settle()


DOCUMENT: Final = Part(
    "RamPolicy",
    Resource.DENYING_DOCUMENT,
    _document,
    lambda world: Hands(world).version_policy(NAME, HALF),
    lambda world: {"document": HALF},
    lambda world: world.cloud()["policies"][NAME]["document"] == HALF,
)


def _trusting(*, kept: bool) -> Json:
    """Two services may assume the role, but for one of them."""
    found = trust(FC, ECS)
    if kept:
        denial = {"Effect": "Deny", "Action": "sts:AssumeRole", "Principal": {ECS[0]: [ECS[1]]}}
        found["Statement"].append(denial)
    return found


def _trusted(world: World, drift: str) -> None:
    """No manifest has a denial in a trust; one that is adopted may have it in the cloud."""
    Hands(world).create_role(NAME, _trusting(kept=True))
    world.settle()
    asked = _trusting(kept=False)
    world.role(NAME, trustPolicy=asked, driftPolicy=drift, adoptionPolicy="IfExists")
    held(world, ROLE, NAME)
    world.settle()
    # What it has is known from a look that takes nothing over.
    world.look(ROLE, NAME)
    world.settle()


TRUST: Final = Part(
    ROLE,
    Resource.TRUST,
    _trusted,
    lambda world: Hands(world).update_role(NAME, trust=_trusting(kept=False)),
    lambda world: {"trustPolicy": _trusting(kept=False)},
    lambda world: "Deny" not in str(world.cloud()["roles"][NAME]["trust"]),
)
PARTS: Final = {
    "role": attached("RamRole", GUARD),
    "user": attached("RamUser", CUSTOM),
    "group": attached("RamGroup", GUARD),
    "member": MEMBER,
    "document": DOCUMENT,
    "trust": TRUST,
}
ENTRIES: Final = {name: PARTS[name] for name in ("role", "user", "group", "member")}


def taken_away(moment: Moment) -> Callable[[Part], Triple]:
    return lambda part: (Entry.LAUNDERED, part.resource, moment)


@pytest.mark.parametrize("part", rows(PARTS, taken_away(Moment.SETTLED)))
def test_it_is_put_back_and_its_end_waits(world: World, part: Part) -> None:
    part.prepare(world, "RevertExcess")
    part.by_hand(world)
    world.edit(part.kind, NAME, **part.asked(world))
    world.settle()
    world.look(part.kind, NAME)
    until(lambda: not part.there(world), "that it is put back")
    held(world, part.kind, NAME)
    world.settle()
    world.look(part.kind, NAME)
    assert not part.there(world)
    # And it ends by an approval of exactly that.
    approve(world, part.kind, NAME)
    world.ready(part.kind, NAME)
    assert part.there(world)
    world.settle()
    start = world.journal_end()
    world.look(part.kind, NAME)
    world.ready(part.kind, NAME)
    assert world.writes(start) == []


@pytest.mark.parametrize("part", rows(ENTRIES, taken_away(Moment.REPORTED)))
def test_under_report_it_is_found_and_agreed_on_by_an_approval(world: World, part: Part) -> None:
    part.prepare(world, "Report")
    start = world.journal_end()
    part.by_hand(world)
    world.edit(part.kind, NAME, **part.asked(world))
    world.settle()
    world.look(part.kind, NAME)
    item = world.reason(part.kind, NAME, "FoundInCloud")
    assert condition(item, "ApprovalRequired")["status"] == "True"
    assert {entry["severity"] for entry in item["status"]["drift"]} == {"critical"}
    assert "denied, is gone" in item["status"]["pending"]["gains"][0]
    world.look(part.kind, NAME)
    digest = offer(world, part.kind, NAME)
    assert say(world, part.kind, NAME, approve=digest)
    world.ready(part.kind, NAME)
    world.settle()
    world.look(part.kind, NAME)
    world.ready(part.kind, NAME)
    assert world.writes(start) == []


@attack(Entry.LAUNDERED, Resource.DENYING_POLICY, Moment.SUSPENDED)
def test_what_ended_while_nobody_might_write_is_found_and_goes_back_once_rejected(
    world: World,
) -> None:
    part = PARTS["role"]
    part.prepare(world, "RevertExcess")
    world.edit(ROLE, NAME, suspend=True)
    world.settle()
    part.by_hand(world)
    world.edit(ROLE, NAME, **part.asked(world))
    world.settle()
    world.look(ROLE, NAME)
    start = world.journal_end()
    world.edit(ROLE, NAME, suspend=False)
    world.reason(ROLE, NAME, "FoundInCloud")
    assert actions(world, start) == []
    assert say(world, ROLE, NAME, reject=f"{offer(world, ROLE, NAME)} it stays")
    until(lambda: has(world, ROLE), "that it is put back")
    assert actions(world, start) == [BACK[ROLE]]


@attack(Entry.LAUNDERED, Resource.DENYING_POLICY, Moment.GONE)
def test_a_policy_that_is_no_more_what_it_was_is_not_put_back(world: World) -> None:
    """Somebody has made the denial into a right meanwhile."""
    part = PARTS["user"]
    part.prepare(world, "RevertExcess")
    start = world.journal_end()
    part.by_hand(world)
    document = denying("oss:*")
    document["Statement"].append({"Effect": "Allow", "Action": ["ram:*"], "Resource": ["*"]})
    Hands(world).version_policy("guard", document)
    world.edit(part.kind, NAME, **part.asked(world))
    world.settle()
    world.look(part.kind, NAME)
    world.reason(part.kind, NAME, "FoundInCloud")
    assert actions(world, start) == []


@attack(Entry.DOCUMENT_BY_HAND, Resource.DENYING_POLICY, Moment.SETTLED)
def test_a_denial_that_others_took_out_of_a_policy_is_missed_when_it_goes(world: World) -> None:
    """Nobody here owns the policy: whoever has it is told, and detaching it waits as before."""
    part = PARTS["user"]
    part.prepare(world, "RevertExcess")
    Hands(world).version_policy("guard", denying("oss:*"))
    world.settle()
    world.look(part.kind, NAME)
    world.reason(part.kind, NAME, "FoundInCloud")
    start = world.journal_end()
    world.edit(part.kind, NAME, **part.asked(world))
    held(world, part.kind, NAME)
    assert actions(world, start) == []


@attack(Entry.GIVEN_BACK, Resource.DENYING_POLICY, Moment.SETTLED)
@pytest.mark.parametrize("kind", KINDS)
def test_a_denial_that_is_detached_by_hand_is_put_back(world: World, kind: str) -> None:
    _guarded(kind, GUARD)(world, "RevertExcess")
    start = world.journal_end()
    detached(world, kind)
    world.settle()
    world.look(kind, NAME)
    until(lambda: has(world, kind), "that it is put back")
    world.ready(kind, NAME)
    assert actions(world, start) == [BACK[kind]]


@attack(Entry.DELETED, Resource.DENYING_GROUP, Moment.DRIFTED)
@pytest.mark.parametrize("way", ["policy", "member"])
def test_a_group_that_denied_something_until_now_is_deleted_as_approved(
    world: World, way: str
) -> None:
    """Whoever empties it by hand first is no quicker."""
    _kept(world, "RevertExcess")
    world.edit("RamGroup", NAME, deletionPolicy="Delete")
    world.ready("RamGroup", NAME)
    world.settle()
    start = world.journal_end()
    if way == "policy":
        detached(world, "RamGroup")
    else:
        _left(world)
    world.delete("RamGroup", NAME)
    item = held(world, "RamGroup", NAME)
    assert item["status"]["pending"]["kind"] == "Deletion"
    world.settle()
    assert "DeleteGroup" not in actions(world, start)


@pytest.mark.legitimate
def test_what_denied_nothing_of_rights_is_missed_by_nobody(world: World) -> None:
    world.policy("quiet", document=denying("oss:*"))
    world.ready("RamPolicy", "quiet")
    world.role(NAME, policies=[OSS, {"type": "RamPolicy", "name": "quiet"}])
    world.ready(ROLE, NAME)
    world.settle()
    start = world.journal_end()
    detached(world, ROLE, "quiet")
    world.edit(ROLE, NAME, policies=[OSS])
    world.settle()
    world.look(ROLE, NAME)
    world.ready(ROLE, NAME)
    assert actions(world, start) == []


@pytest.mark.legitimate
def test_a_denial_that_an_administrator_gives_himself_up_is_put_back_beside_what_he_has(
    world: World,
) -> None:
    a_guard(world)
    world.role(NAME)
    world.ready(ROLE, NAME)
    world.edit(ROLE, NAME, policies=[ADMIN, GUARD])
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    world.settle()
    start = world.journal_end()
    detached(world, ROLE)
    world.edit(ROLE, NAME, policies=[ADMIN])
    until(lambda: has(world, ROLE), "that it is put back")
    held(world, ROLE, NAME)
    assert actions(world, start) == [BACK[ROLE]]
