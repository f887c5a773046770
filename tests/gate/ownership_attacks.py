"""Attacks by who has an identity or an account, or will have its name. Rows of `attacks`."""

from __future__ import annotations

from typing import Any, Final

from lab.world import World, trust
from tests.gate.approving import held, say
from tests.gate.attacks import ADMIN, ECS, FC, NAME, NOBODY, OUTSIDER, ROLE, Attack, a_role, widen
from tests.gate.triples import Entry, Moment, Resource

Json = dict[str, Any]
HEIR: Final = "heir"


def trusted_name(world: World) -> tuple[int, str, str]:
    """A role trusts a user by name; the user is gone, and somebody makes another of that name."""
    world.create("RamUser", "deployer", {"deletionPolicy": "Delete"})
    world.ready("RamUser", "deployer")
    world.settle()
    principal = ("RAM", f"acs:ram::{world.account_id}:user/deployer")
    a_role(world, trustPolicy=trust(principal))
    world.recorded(ROLE)
    world.delete("RamUser", "deployer")
    world.gone("RamUser", "deployer")
    world.settle()
    start = world.journal_end()
    world.create("RamUser", "second", {"userName": "Deployer"})
    held(world, "RamUser", "second")
    say(world, "RamUser", "second", approve=NOBODY)
    return start, "RamUser", "second"


def trusted_role_name(world: World) -> tuple[int, str, str]:
    """A role trusts another one by name; that is gone, and somebody makes another of its name."""
    world.role("runner", deletionPolicy="Delete")
    world.ready(ROLE, "runner")
    world.settle()
    a_role(world, trustPolicy=trust(("RAM", f"acs:ram::{world.account_id}:role/runner")))
    world.recorded(ROLE)
    world.delete(ROLE, "runner")
    world.gone(ROLE, "runner")
    world.settle()
    start = world.journal_end()
    world.role("second", roleName="Runner")
    held(world, ROLE, "second")
    say(world, ROLE, "second", approve=NOBODY)
    return start, ROLE, "second"


def given_up(world: World) -> int:
    """A role whose object has let go of it. Returns where the journal ends."""
    a_role(world, deletionPolicy="Delete")
    world.annotate(ROLE, NAME, abandon=NAME)
    world.delete(ROLE, NAME)
    world.gone(ROLE, NAME)
    world.settle()
    return world.journal_end()


def inherited(**spec: Any) -> Any:
    """Another object takes the role over and asks for more in the same breath."""

    def story(world: World) -> tuple[int, str, str]:
        start = given_up(world)
        world.role(HEIR, roleName=NAME, adoptionPolicy="IfExists", **spec)
        held(world, ROLE, HEIR)
        say(world, ROLE, HEIR, approve=NOBODY)
        return start, ROLE, HEIR

    return story


def back_with_more(world: World) -> tuple[int, str, str]:
    """The object gives the role up and comes back, as if nothing had been agreed on."""
    start = given_up(world)
    world.role(NAME, trustPolicy=trust(FC, ECS))
    held(world, ROLE, NAME)
    say(world, ROLE, NAME, approve=NOBODY)
    return start, ROLE, NAME


def renamed(world: World) -> tuple[int, str, str]:
    """The object is exchanged for one of another name, which nobody let have the role."""
    a_role(world)
    world.delete(ROLE, NAME)
    world.gone(ROLE, NAME)
    world.settle()
    start = world.journal_end()
    world.role(HEIR, roleName=NAME, adoptionPolicy="IfExists", trustPolicy=trust(FC, ECS))
    return start, ROLE, HEIR


def given_up_by_another(world: World) -> tuple[int, str, str]:
    """Who wants the role says in the name of who has it that it is free."""
    start = a_role(world)
    world.role(HEIR, roleName=NAME, adoptionPolicy="IfExists", deletionPolicy="Delete")
    world.reason(ROLE, HEIR, "Conflict")
    world.annotate(ROLE, HEIR, abandon=NAME)
    world.delete(ROLE, HEIR)
    world.gone(ROLE, HEIR)
    world.role(HEIR, roleName=NAME, adoptionPolicy="IfExists", trustPolicy=trust(FC, ECS))
    return start, ROLE, HEIR


def offered_to_who_gave_it_up(world: World) -> tuple[int, str, str]:
    """The old object's approval comes with the role to the new one."""
    a_role(world, deletionPolicy="Delete")
    widen(world)
    digest = str(held(world, ROLE, NAME)["status"]["pending"]["digest"])
    world.annotate(ROLE, NAME, abandon=NAME)
    world.delete(ROLE, NAME)
    world.gone(ROLE, NAME)
    world.settle()
    start = world.journal_end()
    world.role(HEIR, roleName=NAME, adoptionPolicy="IfExists", trustPolicy=trust(FC, ECS))
    held(world, ROLE, HEIR, instead_of=digest)
    say(world, ROLE, HEIR, approve=digest)
    return start, ROLE, HEIR


def settled_by_settings(world: World) -> tuple[int, str, str]:
    """Who waits for an approval has the account's settings say that there is no danger."""
    start = world.journal_end()
    world.role(NAME, trustPolicy=trust(OUTSIDER))
    held(world, ROLE, NAME)
    gate = {"trustedAccounts": [OUTSIDER[1].split(":")[3]]}
    world.patch("RamAccount", world.namespace, {"spec": {"gate": gate}})
    world.look("RamAccount", world.namespace)
    for _ in range(2):
        world.look(ROLE, NAME)
        world.settle()
    return start, ROLE, NAME


OWNERSHIP_ATTACKS: Final = (
    Attack(
        "a user made under a name that a role trusts",
        trusted_name,
        (Entry.CREATED, Resource.USER_NAME, Moment.GONE),
    ),
    Attack(
        "the account's settings come to allow what is held",
        settled_by_settings,
        (Entry.SETTINGS, Resource.NEW_ROLE, Moment.OFFERED),
    ),
    Attack(
        "a role made under a name that a role trusts",
        trusted_role_name,
        (Entry.CREATED, Resource.ROLE_NAME, Moment.GONE),
    ),
    Attack(
        "handed over, with another trust",
        inherited(trustPolicy=trust(FC, ECS)),
        (Entry.HANDED_OVER, Resource.TRUST, Moment.FIRST),
    ),
    Attack(
        "handed over, with an administrator's rights",
        inherited(policies=[ADMIN]),
        (Entry.HANDED_OVER, Resource.ROLE_POLICY, Moment.FIRST),
    ),
    Attack(
        "given up and taken again, with another trust",
        back_with_more,
        (Entry.HANDED_OVER, Resource.TRUST, Moment.FIRST),
    ),
    Attack(
        "an object of another name for the role",
        renamed,
        (Entry.CLAIMED, Resource.TRUST, Moment.GONE),
        ("Conflict",),
    ),
    Attack(
        "given up by who does not have it",
        given_up_by_another,
        (Entry.CLAIMED, Resource.TRUST, Moment.SETTLED),
        ("Conflict",),
    ),
    Attack(
        "the old object's approval for the new one",
        offered_to_who_gave_it_up,
        (Entry.BORROWED, Resource.TRUST, Moment.FIRST),
    ),
)
