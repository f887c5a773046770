"""Attacks that leave the trust alone: rights to change rights, by every way in which one gets them.

Rows for the table in `attacks`.
"""

from __future__ import annotations

import json
from typing import Any, Final

import alibabacloud_ram20150501.models as ram

from lab.world import DOCUMENT, World
from tests.gate.approving import approve, held, say
from tests.gate.attacks import ADMIN, NAME, NOBODY, ROLE, Attack, a_role
from tests.gate.triples import Entry, Moment, Resource
from tests.support.hands import Hands

Json = dict[str, Any]
EVE: Final = {"type": "RamUser", "name": "eve"}
LIMIT: Final = 6144
"""Characters of a policy document, RAM's default quota."""
MARGIN: Final = 20
READER: Final = {"type": "RamPolicy", "name": "reader"}


def allowing(**statement: Any) -> Json:
    return {"Version": "1", "Statement": [{"Effect": "Allow", "Resource": ["*"], **statement}]}


def a_user(world: World, name: str = "eve") -> None:
    world.create("RamUser", name, {})
    world.ready("RamUser", name)


def waits(world: World, kind: str, name: str) -> tuple[str, str]:
    held(world, kind, name)
    say(world, kind, name, approve=NOBODY)
    return kind, name


def administrator(world: World) -> tuple[int, str, str]:
    start = a_role(world)
    world.edit(ROLE, NAME, policies=[ADMIN])
    held(world, ROLE, NAME)
    say(world, ROLE, NAME, approve=NOBODY)
    return start, ROLE, NAME


def administrator_user(world: World) -> tuple[int, str, str]:
    world.create("RamUser", "eve", {})
    world.ready("RamUser", "eve")
    start = world.journal_end()
    world.edit("RamUser", "eve", policies=[ADMIN])
    held(world, "RamUser", "eve")
    say(world, "RamUser", "eve", approve=NOBODY)
    return start, "RamUser", "eve"


def wider_document(world: World) -> tuple[int, str, str]:
    """A policy that is attached already comes to allow everything."""
    world.policy("reader")
    world.ready("RamPolicy", "reader")
    a_role(world, policies=[{"type": "RamPolicy", "name": "reader"}])
    start = world.journal_end()
    statement = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}
    world.edit("RamPolicy", "reader", document={"Version": "1", "Statement": [statement]})
    held(world, "RamPolicy", "reader")
    say(world, "RamPolicy", "reader", approve=NOBODY)
    return start, "RamPolicy", "reader"


def member_of_administrators(world: World) -> tuple[int, str, str]:
    world.create("RamUser", "eve", {})
    world.create("RamGroup", "admins", {})
    world.ready("RamUser", "eve")
    world.ready("RamGroup", "admins")
    world.edit("RamGroup", "admins", policies=[ADMIN])
    approve(world, "RamGroup", "admins")
    world.ready("RamGroup", "admins")
    start = world.journal_end()
    world.edit("RamGroup", "admins", members=[{"type": "RamUser", "name": "eve"}])
    held(world, "RamGroup", "admins")
    say(world, "RamGroup", "admins", approve=NOBODY)
    return start, "RamGroup", "admins"


def group_of_users(world: World) -> tuple[int, str, str]:
    """A group that has members gets what they must not have."""
    a_user(world)
    world.create("RamGroup", "staff", {"members": [EVE]})
    world.ready("RamGroup", "staff")
    start = world.journal_end()
    world.edit("RamGroup", "staff", policies=[ADMIN])
    return start, *waits(world, "RamGroup", "staff")


def whole_group(world: World) -> tuple[int, str, str]:
    """A group that is made with both: it comes to be without either."""
    a_user(world)
    start = world.journal_end()
    world.create("RamGroup", "staff", {"members": [EVE], "policies": [ADMIN]})
    return start, *waits(world, "RamGroup", "staff")


def joins_what_was_given_by_hand(world: World) -> tuple[int, str, str]:
    """The manifest is harmless, and additive: what somebody attached by hand stays."""
    a_user(world)
    world.create("RamGroup", "staff", {"memberMode": "Additive", "policyMode": "Additive"})
    world.ready("RamGroup", "staff")
    request = ram.AttachPolicyToGroupRequest(
        policy_type=ADMIN["type"], policy_name=ADMIN["name"], group_name="staff"
    )
    world.hand.attach_policy_to_group(request)
    world.settle()
    start = world.journal_end()
    world.edit("RamGroup", "staff", members=[EVE])
    return start, *waits(world, "RamGroup", "staff")


def additive_role(world: World) -> tuple[int, str, str]:
    start = a_role(world, policyMode="Additive")
    world.edit(ROLE, NAME, policies=[ADMIN])
    return start, *waits(world, ROLE, NAME)


def by_another_name(document: Json) -> Any:
    """A policy of that document, made by hand under a harmless name, is attached."""

    def story(world: World) -> tuple[int, str, str]:
        Hands(world).create_policy("reports", document)
        world.settle()
        start = a_role(world)
        world.edit(ROLE, NAME, policies=[{"type": "Custom", "name": "reports"}])
        held(world, ROLE, NAME)
        return start, ROLE, NAME

    return story


def document_given_back(world: World) -> tuple[int, str, str]:
    """In an incident somebody narrows an approved document by hand; Revert does not widen it."""
    spec = {"document": allowing(Action=["ram:*"]), "driftPolicy": "Revert"}
    world.create("RamPolicy", "reader", spec)
    item = world.wait("RamPolicy", "reader", lambda o: True, "look")
    if item["status"].get("pending"):
        approve(world, "RamPolicy", "reader")
    world.ready("RamPolicy", "reader")
    world.settle()
    start = world.journal_end()
    Hands(world).version_policy("reader", DOCUMENT)
    world.settle()
    world.look("RamPolicy", "reader")
    return start, *waits(world, "RamPolicy", "reader")


def document_widened_by_hand(policy: str) -> Any:
    """Whoever holds the policy could change rights until the next look, and no longer."""

    def story(world: World) -> tuple[int, str, str]:
        world.policy("reader", driftPolicy=policy)
        world.role(NAME, policies=[READER])
        world.ready(ROLE, NAME)
        world.settle()
        start = world.journal_end()
        Hands(world).version_policy("reader", allowing(Action=["oss:Get*", "ram:*"]))
        world.settle()
        world.look("RamPolicy", "reader")
        world.ready("RamPolicy", "reader")
        assert world.cloud()["policies"]["reader"]["document"] == DOCUMENT
        return start, "RamPolicy", "reader"

    return story


def at_the_limit() -> Json:
    """The longest document that RAM takes, with what matters at its very end."""
    document = allowing(Action=["oss:Get*"])
    end = {"Effect": "Allow", "Action": "ram:AttachPolicyToRole", "Resource": "*"}
    document["Statement"].append(end)
    actions = document["Statement"][0]["Action"]
    while (left := LIMIT - len(json.dumps(document))) > MARGIN:
        actions.append(f"oss:Get{len(actions):0{min(left - MARGIN, 60)}}")
    return document


def member_given_back(world: World) -> tuple[int, str, str]:
    """Somebody is thrown out of the administrators by hand; Revert does not let him in again."""
    a_user(world)
    spec = {"members": [EVE], "policies": [ADMIN], "driftPolicy": "Revert"}
    world.create("RamGroup", "admins", spec)
    approve(world, "RamGroup", "admins")
    world.ready("RamGroup", "admins")
    world.settle()
    start = world.journal_end()
    world.hand.remove_user_from_group(
        ram.RemoveUserFromGroupRequest(user_name="eve", group_name="admins")
    )
    world.settle()
    world.look("RamGroup", "admins")
    return start, *waits(world, "RamGroup", "admins")


def adopted_user(world: World) -> tuple[int, str, str]:
    """Rights come in with the adoption of a user who exists."""
    world.admin.create_user(world.account_id, "eve")
    world.settle()
    start = world.journal_end()
    spec = {"policies": [ADMIN], "adoptionPolicy": "IfExists"}
    world.create("RamUser", "eve", spec)
    return start, *waits(world, "RamUser", "eve")


def other_policy(world: World) -> tuple[int, str, str]:
    """What was approved is exchanged for a wider right in the very write that approves it."""
    start = a_role(world)
    world.edit(ROLE, NAME, policies=[{"type": "System", "name": "AliyunRAMFullAccess"}])
    digest = held(world, ROLE, NAME)["status"]["pending"]["digest"]
    world.edit(ROLE, NAME, policies=[ADMIN])
    say(world, ROLE, NAME, approve=digest)
    return start, ROLE, NAME


ESCALATION_ATTACKS: Final = (
    Attack(
        "an administrator's rights for a role",
        administrator,
        (Entry.MANIFEST, Resource.ROLE_POLICY, Moment.SETTLED),
    ),
    Attack(
        "an administrator's rights for a user",
        administrator_user,
        (Entry.MANIFEST, Resource.USER_POLICY, Moment.SETTLED),
    ),
    Attack(
        "a policy that is attached comes to allow everything",
        wider_document,
        (Entry.MANIFEST, Resource.DOCUMENT, Moment.SETTLED),
    ),
    Attack(
        "a member of a group of administrators",
        member_of_administrators,
        (Entry.MANIFEST, Resource.MEMBER, Moment.SETTLED),
    ),
    Attack(
        "a group with members gets an administrator's rights",
        group_of_users,
        (Entry.MANIFEST, Resource.GROUP_POLICY, Moment.SETTLED),
    ),
    Attack(
        "a group made with members and an administrator's rights",
        whole_group,
        (Entry.CREATED, Resource.GROUP_POLICY, Moment.CREATION),
    ),
    Attack(
        "a member of a group that was given rights by hand",
        joins_what_was_given_by_hand,
        (Entry.ATTACHED_BY_HAND, Resource.MEMBER, Moment.SETTLED),
    ),
    Attack(
        "an administrator's rights beside others",
        additive_role,
        (Entry.MANIFEST, Resource.ROLE_POLICY, Moment.SETTLED),
    ),
    Attack(
        "everything, by another name",
        by_another_name(allowing(Action=["*"])),
        (Entry.POLICY_BY_HAND, Resource.ROLE_POLICY, Moment.SETTLED),
    ),
    Attack(
        "everything but something",
        by_another_name(allowing(NotAction=["oss:*"])),
        (Entry.POLICY_BY_HAND, Resource.ROLE_POLICY, Moment.SETTLED),
    ),
    Attack(
        "other roles, by another name",
        by_another_name(allowing(Action=["sts:Assume*"])),
        (Entry.POLICY_BY_HAND, Resource.ROLE_POLICY, Moment.SETTLED),
    ),
    Attack(
        "one write of RAM among reads",
        by_another_name(allowing(Action=["oss:Get*", "RAM:attachpolicyto?ser"])),
        (Entry.POLICY_BY_HAND, Resource.ROLE_POLICY, Moment.SETTLED),
    ),
    Attack(
        "everything in the longest document that RAM takes",
        by_another_name(at_the_limit()),
        (Entry.POLICY_BY_HAND, Resource.ROLE_POLICY, Moment.SETTLED),
    ),
    *(
        Attack(
            f"a document widened by hand under {policy}",
            document_widened_by_hand(policy),
            (Entry.DOCUMENT_BY_HAND, Resource.DOCUMENT, Moment.SETTLED),
            ("Synced",),
            opened=1,
        )
        for policy in ("Revert", "RevertExcess")
    ),
    Attack(
        "a document that Revert would give back",
        document_given_back,
        (Entry.GIVEN_BACK, Resource.DOCUMENT, Moment.SETTLED),
    ),
    Attack(
        "a member that Revert would give back",
        member_given_back,
        (Entry.GIVEN_BACK, Resource.MEMBER, Moment.SETTLED),
    ),
    Attack(
        "an adoption with an administrator's rights",
        adopted_user,
        (Entry.ADOPTED, Resource.USER_POLICY, Moment.FIRST),
    ),
    Attack(
        "one right approved, another applied",
        other_policy,
        (Entry.MANIFEST, Resource.ROLE_POLICY, Moment.OFFERED),
    ),
)
