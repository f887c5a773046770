"""What somebody makes by hand in place of a creation that was offered and never made is found in
the cloud, and no first contact: whenever it was made, and whatever became of the offer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab import ControlPlane
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, condition, trust
from tests.gate.approving import held, offer, say
from tests.gate.attacks import ADMIN, FC, NAME, OUTSIDER, a_role
from tests.gate.test_trusted_names import arn
from tests.gate.triples import Entry, Moment, Resource, attack, rows
from tests.support.hands import Hands

Json = dict[str, Any]


@dataclass(frozen=True)
class Wanted:
    """A creation that is held, and what somebody makes in its place."""

    kind: str
    spec: Json
    prepare: Callable[[World], object]
    by_hand: Callable[[World], None]
    has: Callable[[World], bool]
    """Whether the cloud has of it what nobody agreed on."""


def nothing(world: World) -> None:
    """Nobody else has to be there."""


def name_is_trusted(world: World) -> None:
    world.admin.set_behaviours(world.account_id, {"trust_principals_must_exist": False})
    a_role(world, "trusts", trustPolicy=trust(("RAM", arn(world, NAME))))
    world.recorded("RamRole")


def a_role_by_hand(world: World) -> None:
    Hands(world).create_role(NAME, trust(OUTSIDER))


def an_admin_by_hand(world: World) -> None:
    a_role_by_hand(world)
    Hands(world).attach(NAME, ADMIN["name"])


def a_user_by_hand(world: World) -> None:
    world.hand.create_user(ram.CreateUserRequest(user_name=NAME))
    request = ram.AttachPolicyToUserRequest(
        policy_type="System", policy_name=ADMIN["name"], user_name=NAME
    )
    world.hand.attach_policy_to_user(request)


def trusts_outsider(world: World) -> bool:
    """By a statement that lets him in: one that is closed names him for a time that is over."""
    found = world.cloud()["roles"].get(NAME, {}).get("trust", {}).get("Statement", [])
    return any(OUTSIDER[1] in str(each) and each.get("Condition") != OVER for each in found)


def is_admin(noun: str) -> Callable[[World], bool]:
    def has(world: World) -> bool:
        there = world.cloud()[noun].get(NAME, {}).get("policies", [])
        return ["System", ADMIN["name"]] in [list(pair) for pair in there]

    return has


OVER: Final = {"DateLessThan": {"acs:CurrentTime": ["1970-01-01T00:00:00Z"]}}
TRUST: Final = {"trustPolicy": trust(OUTSIDER)}
WANTED: Final = {
    "trust": Wanted("RamRole", TRUST, nothing, a_role_by_hand, trusts_outsider),
    "right of a role": Wanted(
        "RamRole", {**TRUST, "policies": [ADMIN]}, nothing, an_admin_by_hand, is_admin("roles")
    ),
    "name": Wanted(
        "RamUser", {"policies": [ADMIN]}, name_is_trusted, a_user_by_hand, is_admin("users")
    ),
}
OF: Final = {
    "trust": Resource.NEW_ROLE,
    "right of a role": Resource.ROLE_POLICY,
    "name": Resource.USER_NAME,
}


def every(entry: Entry, moment: Moment) -> pytest.MarkDecorator:
    """Each of them, as an attack on what it would open."""
    return pytest.mark.parametrize(
        "wanted", rows(WANTED, lambda wanted: (entry, OF[_name(wanted)], moment))
    )


def _name(wanted: Wanted) -> str:
    return next(name for name, each in WANTED.items() if each is wanted)


def offered(world: World, wanted: Wanted, **spec: Any) -> str:
    wanted.prepare(world)
    world.create(wanted.kind, NAME, {**wanted.spec, **spec})
    return offer(world, wanted.kind, NAME)


def rejected(world: World, wanted: Wanted) -> str:
    """Returns the digest under which it is offered again."""
    digest = offered(world, wanted)
    assert say(world, wanted.kind, NAME, reject=f"{digest} we do not know them")
    return offer(world, wanted.kind, NAME, instead_of=digest)


def adopts(world: World, wanted: Wanted) -> None:
    world.edit(wanted.kind, NAME, adoptionPolicy="IfExists")


def is_found(world: World, wanted: Wanted, start: int) -> Json:
    """Shown as critical, held, and nothing of it is touched."""
    item = world.reason(wanted.kind, NAME, "FoundInCloud")
    for kind, status in (("Drifted", "True"), ("ApprovalRequired", "True"), ("Ready", "False")):
        assert condition(item, kind)["status"] == status
    assert "critical" in {entry["severity"] for entry in item["status"]["drift"]}
    assert item["status"]["pending"]["kind"] == "FoundInCloud"
    assert wanted.has(world)
    assert access_writes(world, start) == []
    return item


def access_writes(world: World, start: int) -> list[str]:
    """All but our marks on what was taken over."""
    marks = ("TagResources", "UntagResources")
    return [w["action"] for w in world.writes(start) if w["action"] not in marks]


def is_made(world: World, kind: str) -> None:
    """The record follows the status."""
    until(lambda: "neverMade" not in (world.record(kind, NAME) or {}), "that the record says so")


# Variants: when it was made, and what happened in between


def before_the_offer_is_seen_to_be_rejected(world: World, wanted: Wanted) -> None:
    digest = offered(world, wanted)
    wanted.by_hand(world)
    say(world, wanted.kind, NAME, reject=f"{digest} no")
    world.settle()
    adopts(world, wanted)


def after_it_was_rejected(world: World, wanted: Wanted) -> None:
    rejected(world, wanted)
    wanted.by_hand(world)
    world.settle()
    adopts(world, wanted)


def a_second_after_the_offer(world: World, wanted: Wanted) -> None:
    """Adoption was allowed from the start."""
    offered(world, wanted, adoptionPolicy="IfExists")
    wanted.by_hand(world)
    world.settle()
    world.look(wanted.kind, NAME)


def deleted_and_applied_anew(world: World, wanted: Wanted) -> None:
    offered(world, wanted)
    world.delete(wanted.kind, NAME)
    world.gone(wanted.kind, NAME)
    wanted.by_hand(world)
    world.settle()
    world.create(wanted.kind, NAME, {**wanted.spec, "adoptionPolicy": "IfExists"})


def with_our_mark_on_it(world: World, wanted: Wanted) -> None:
    """Who may tag makes it look as if we had created it; nobody asks for an adoption."""
    offered(world, wanted)
    world.delete(wanted.kind, NAME)
    world.gone(wanted.kind, NAME)
    wanted.by_hand(world)
    if wanted.kind == "RamRole":
        pairs = {"cluster": "default", "namespace": world.namespace, "name": NAME}
        tags = {f"ram-operator/{key}": value for key, value in pairs.items()}
        Hands(world).tag("role", NAME, tags)
    world.settle()
    world.create(wanted.kind, NAME, {**wanted.spec, "adoptionPolicy": "IfExists"})


def with_a_harmless_wish_at_first(world: World, wanted: Wanted) -> None:
    """The manifest asks for less while it is taken over, and then for what is there."""
    offered(world, wanted)
    wanted.by_hand(world)
    world.settle()
    less = {"trustPolicy": trust(FC)} if wanted.kind == "RamRole" else {}
    world.edit(wanted.kind, NAME, adoptionPolicy="IfExists", policies=[], **less)
    world.reason(wanted.kind, NAME, "FoundInCloud")
    world.edit(wanted.kind, NAME, **wanted.spec)


VARIANTS: Final = {
    before_the_offer_is_seen_to_be_rejected: (Entry.ADOPTED, Moment.OFFERED),
    after_it_was_rejected: (Entry.ADOPTED, Moment.REJECTED),
    a_second_after_the_offer: (Entry.ADOPTED, Moment.OFFERED),
    deleted_and_applied_anew: (Entry.ANEW, Moment.GONE),
    with_our_mark_on_it: (Entry.ANEW, Moment.FIRST),
    with_a_harmless_wish_at_first: (Entry.LAUNDERED, Moment.OFFERED),
}
FOUND: Final = [
    pytest.param(
        variant, wanted, id=f"{variant.__name__}-{name}", marks=attack(entry, OF[name], moment)
    )
    for variant, (entry, moment) in VARIANTS.items()
    for name, wanted in WANTED.items()
]


@pytest.mark.parametrize(("variant", "wanted"), FOUND)
def test_it_is_found_and_waits(
    world: World, variant: Callable[[World, Wanted], None], wanted: Wanted
) -> None:
    start = world.journal_end()
    variant(world, wanted)
    own = {"CreateRole"} if wanted.kind == "RamUser" else set()
    item = world.reason(wanted.kind, NAME, "FoundInCloud")
    assert [each for each in access_writes(world, start) if each not in own] == []
    is_found(world, wanted, world.journal_end())
    world.look(wanted.kind, NAME)
    world.settle()
    world.look(wanted.kind, NAME)
    again = is_found(world, wanted, world.journal_end())
    assert again["status"]["pending"]["gains"] == item["status"]["pending"]["gains"]


@every(Entry.ADOPTED, Moment.RESTARTED)
def test_a_restart_in_between_changes_nothing(
    apart: ControlPlane, alone: World, wanted: Wanted
) -> None:
    with OperatorProcess.running(apart):
        alone.ready("RamAccount", alone.namespace)
        offered(alone, wanted)
    wanted.by_hand(alone)
    adopts(alone, wanted)
    alone.settle()
    start = alone.journal_end()
    with OperatorProcess.running(apart):
        is_found(alone, wanted, start)
    with OperatorProcess.running(apart):
        alone.look(wanted.kind, NAME)
        is_found(alone, wanted, start)


@every(Entry.ANEW, Moment.GONE)
def test_it_is_found_although_its_record_was_let_go(
    apart: ControlPlane, alone: World, wanted: Wanted
) -> None:
    with OperatorProcess.running(apart, {"unmade-seconds": "0"}):
        alone.ready("RamAccount", alone.namespace)
        offered(alone, wanted)
        alone.delete(wanted.kind, NAME)
        alone.gone(wanted.kind, NAME)
        until(lambda: _let_go(alone, wanted), "that its record goes")
        wanted.by_hand(alone)
        alone.settle()
        start = alone.journal_end()
        again = {**wanted.spec, "adoptionPolicy": "IfExists"}
        alone.create(wanted.kind, NAME, again)
        item = is_found(alone, wanted, start)
    said = item["status"]["pending"]["rejections"]
    assert "nobody knows any more what was said of it" in str(said)
    with OperatorProcess.running(apart):
        alone.look(wanted.kind, NAME)
        is_found(alone, wanted, start)


def _let_go(world: World, wanted: Wanted) -> bool:
    """After one more look at the account, which takes what nothing rests on."""
    world.look("RamAccount", world.namespace)
    return world.record(wanted.kind, NAME) is None


@pytest.mark.legitimate
def test_what_was_let_go_can_be_made(apart: ControlPlane, alone: World) -> None:
    wanted = WANTED["trust"]
    with OperatorProcess.running(apart, {"unmade-seconds": "0"}):
        alone.ready("RamAccount", alone.namespace)
        offered(alone, wanted)
        alone.delete(wanted.kind, NAME)
        alone.gone(wanted.kind, NAME)
        until(lambda: _let_go(alone, wanted), "that its record goes")
        alone.role(NAME)
        alone.ready("RamRole", NAME)
        is_made(alone, "RamRole")


@every(Entry.ADOPTED, Moment.APPROVING)
def test_an_approval_of_it_is_for_the_record_alone(world: World, wanted: Wanted) -> None:
    a_second_after_the_offer(world, wanted)
    world.reason(wanted.kind, NAME, "FoundInCloud")
    start = world.journal_end()
    digest = offer(world, wanted.kind, NAME)
    assert say(world, wanted.kind, NAME, approve=digest)
    item = world.ready(wanted.kind, NAME)
    assert condition(item, "Drifted")["status"] == "False"
    world.look(wanted.kind, NAME)
    world.ready(wanted.kind, NAME)
    # Its own tags, which a stale read may miss, are nobody's right.
    assert access_writes(world, start) == []
    assert wanted.has(world)
    is_made(world, wanted.kind)


@every(Entry.REJECTED, Moment.FIRST)
def test_what_is_rejected_goes_as_far_as_it_can(world: World, wanted: Wanted) -> None:
    a_second_after_the_offer(world, wanted)
    world.reason(wanted.kind, NAME, "FoundInCloud")
    start = world.journal_end()
    digest = offer(world, wanted.kind, NAME)
    assert say(world, wanted.kind, NAME, reject=f"{digest} nobody knows them")
    until(lambda: not wanted.has(world), "that it is taken back")
    pending = held(world, wanted.kind, NAME, instead_of=digest)["status"]["pending"]
    assert pending["rejections"]
    world.settle()
    world.look(wanted.kind, NAME)
    assert not wanted.has(world)
    takes = {"UpdateRole", "DetachPolicyFromRole", "DetachPolicyFromUser"}
    assert set(access_writes(world, start)) <= takes


@attack(Entry.ADOPTED, Resource.TRUST, Moment.FIRST)
def test_nobody_is_shut_out_of_what_is_not_what_the_manifest_asks_for(world: World) -> None:
    """Made with another trust than was asked for, it is judged like any adoption."""
    wanted = WANTED["trust"]
    offered(world, wanted, adoptionPolicy="IfExists")
    Hands(world).create_role(NAME, trust(FC, OUTSIDER))
    world.settle()
    world.look(wanted.kind, NAME)
    world.reason(wanted.kind, NAME, "FoundInCloud")
    start = world.journal_end()
    digest = offer(world, wanted.kind, NAME)
    assert say(world, wanted.kind, NAME, reject=f"{digest} not this one")
    again = held(world, wanted.kind, NAME, instead_of=digest)
    world.settle()
    world.look(wanted.kind, NAME)
    assert access_writes(world, start) == []
    assert say(world, wanted.kind, NAME, approve=again["status"]["pending"]["digest"])
    world.ready(wanted.kind, NAME)
    assert FC[1] not in str(world.cloud()["roles"][NAME]["trust"])


@pytest.mark.legitimate
def test_what_was_made_as_approved_is_not_found(world: World) -> None:
    digest = offered(world, WANTED["trust"])
    assert say(world, "RamRole", NAME, approve=digest)
    item = world.ready("RamRole", NAME)
    assert condition(item, "Drifted")["status"] == "False"
    is_made(world, "RamRole")


@pytest.mark.legitimate
def test_what_nobody_offered_is_a_first_contact(world: World) -> None:
    a_role_by_hand(world)
    world.settle()
    world.role(NAME, **TRUST, adoptionPolicy="IfExists")
    world.ready("RamRole", NAME)


@pytest.mark.legitimate
def test_it_is_made_when_the_manifest_asks_for_less(world: World) -> None:
    offered(world, WANTED["trust"])
    world.edit("RamRole", NAME, trustPolicy=trust(FC))
    world.ready("RamRole", NAME)
    is_made(world, "RamRole")
