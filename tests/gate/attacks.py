"""The table of attacks. Each is a story that ends with an attempt, and what has to come of it.

A story sets its scene with what is legitimate, returns the place in the journal from which on
nobody may be given anything, and the object to look at. `outcome` is the reason that the object
shows in the end; `opened` is how many openings the story itself had approved after that place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from lab import RequestFailed
from lab.world import TRUST_FC, World, trust
from tests.gate.approving import applied, approve, held, offer, patched, say
from tests.gate.triples import Entry, Moment, Resource, Triple
from tests.support.hands import Hands
from tests.support.holding import on_hold

Json = dict[str, Any]
Story = Callable[[World], tuple[int, str, str]]
FC: Final = ("Service", "fc.aliyuncs.com")
ECS: Final = ("Service", "ecs.aliyuncs.com")
LOG: Final = ("Service", "log.aliyuncs.com")
OUTSIDER: Final = ("RAM", "acs:ram::1999999999999999:root")
ADMIN: Final = {"type": "System", "name": "AdministratorAccess"}
ROLE: Final = "RamRole"
NAME: Final = "target"
WAITS: Final = "ApprovalRequired"
NOBODY: Final = "sha256:" + "0" * 64


@dataclass(frozen=True)
class Attack:
    """One row of the table."""

    name: str
    story: Story
    triple: Triple | None
    """None of what is legitimate."""
    outcome: tuple[str, ...] = (WAITS,)
    opened: int = 0


def a_role(world: World, name: str = NAME, **spec: Any) -> int:
    """A role that trusts FC, as it was agreed on. Returns where the journal ends."""
    world.role(name, **spec)
    world.ready(ROLE, name)
    return world.journal_end()


def widen(world: World, name: str = NAME) -> None:
    world.edit(ROLE, name, trustPolicy=trust(FC, ECS))


def no_annotation(world: World) -> tuple[int, str, str]:
    start = a_role(world)
    widen(world)
    return start, ROLE, NAME


def guessed_values(world: World) -> tuple[int, str, str]:
    """Everything that looks like an approval and is none."""
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    for value in (
        "true",
        "*",
        NOBODY,
        digest.removeprefix("sha256:"),
        digest.upper(),
        digest[:-1],
        digest + "0",
        f" {digest}",
        f"{digest}\n",
        f"{NOBODY},{digest}",
        digest.replace("a", "\N{CYRILLIC SMALL LETTER A}").replace(
            "e", "\N{CYRILLIC SMALL LETTER IE}"
        )
        + "\u200b",
    ):
        say(world, ROLE, NAME, approve=value)
        world.look(ROLE, NAME)
    return start, ROLE, NAME


def before_the_change(world: World) -> tuple[int, str, str]:
    """An approval in the same write as the change, with all that can be known before it."""
    start = a_role(world)
    (record,) = world.recorded(ROLE)
    for value in (record["baseline"]["digest"], NOBODY, str(record["sequence"])):
        say(world, ROLE, NAME, approve=value)
        patched(world, ROLE, NAME, value, trustPolicy=trust(FC, ECS))
        held(world, ROLE, NAME)
    return start, ROLE, NAME


def replayed(world: World) -> tuple[int, str, str]:
    """A→B, B→A, A→B: the first approval, still in git, is for the same change as the third."""
    a_role(world)
    widen(world)
    first = approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    world.edit(ROLE, NAME, trustPolicy=TRUST_FC)
    approve(world, ROLE, NAME)
    world.ready(ROLE, NAME)
    start = world.journal_end()
    say(world, ROLE, NAME, approve=first)
    widen(world)
    held(world, ROLE, NAME)
    say(world, ROLE, NAME, approve=None)
    say(world, ROLE, NAME, approve=first)
    return start, ROLE, NAME


def on_another_role(world: World) -> tuple[int, str, str]:
    a_role(world, "other")
    start = a_role(world)
    widen(world, "other")
    widen(world)
    digest = offer(world, ROLE, "other")
    held(world, ROLE, NAME)
    say(world, ROLE, NAME, approve=digest)
    return start, ROLE, NAME


def later_edit(world: World) -> tuple[int, str, str]:
    """What was approved is exchanged in the very write that approves it."""
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    patched(world, ROLE, NAME, digest, trustPolicy=trust(FC, ECS, LOG))
    return start, ROLE, NAME


def part_of_it(world: World) -> tuple[int, str, str]:
    """What is approved is more than what is then asked for."""
    start = a_role(world)
    world.edit(ROLE, NAME, trustPolicy=trust(FC, ECS, LOG))
    digest = offer(world, ROLE, NAME)
    patched(world, ROLE, NAME, digest, trustPolicy=trust(FC, ECS))
    return start, ROLE, NAME


def other_attachments(world: World) -> tuple[int, str, str]:
    """The approver saw a role that may do nothing; then rights are added before it is applied."""
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    reader = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
    patched(world, ROLE, NAME, digest, policies=[reader])
    return start, ROLE, NAME


def longer_session(world: World) -> tuple[int, str, str]:
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    patched(world, ROLE, NAME, digest, maxSessionDurationSeconds=43200)
    return start, ROLE, NAME


def rejected_and_approved(world: World) -> tuple[int, str, str]:
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    say(world, ROLE, NAME, reject=f"{digest} not before the audit")
    held(world, ROLE, NAME)
    say(world, ROLE, NAME, approve=digest)
    return start, ROLE, NAME


def _approved_while(
    world: World, meanwhile: Callable[[World], object], read: int = 1
) -> tuple[int, str, str]:
    """The role is read twice: to judge it, and once more right before the write."""
    start = a_role(world, driftPolicy="Report")
    widen(world)
    digest = offer(world, ROLE, NAME)
    with on_hold(world, "GetRole", read) as hold:
        say(world, ROLE, NAME, approve=digest)
        hold.met()
        meanwhile(world)
        world.settle()
    world.settle()
    return start, ROLE, NAME


def taken_back(world: World) -> tuple[int, str, str]:
    return _approved_while(world, lambda w: say(w, ROLE, NAME, approve=None))


def rejected_meanwhile(world: World) -> tuple[int, str, str]:
    def reject(w: World) -> None:
        digest = w.get(ROLE, NAME)["status"]["pending"]["digest"]  # type: ignore[index] # is there
        say(w, ROLE, NAME, reject=digest)

    return _approved_while(world, reject)


def suspended(world: World) -> tuple[int, str, str]:
    return _approved_while(world, lambda w: w.edit(ROLE, NAME, suspend=True))


def live_moved(world: World) -> tuple[int, str, str]:
    """Somebody writes to the role between the judgement and the write."""
    edited = trust(FC, LOG)
    return _approved_while(world, lambda w: Hands(w).update_role(NAME, trust=edited), read=2)


def forged_status(world: World) -> tuple[int, str, str]:
    """Somebody with rights on the status writes what the gate is to believe."""
    start = a_role(world)
    widen(world)
    role = held(world, ROLE, NAME)
    forged = {
        "pending": {**role["status"]["pending"], "digest": NOBODY},
        "applied": {"fields": {"trustPolicy": "00000000"}},
        "written": {"fields": {"trustPolicy": "00000000"}},
        "conditions": [],
    }
    where = world.path(ROLE, NAME, "status")
    for body in ({"status": forged}, {"status": None}):
        # Admission may refuse it; where it does not, it has to be of no use.
        with contextlib.suppress(RequestFailed):
            world.cluster.request("PATCH", where, body, content_type="application/merge-patch+json")
    say(world, ROLE, NAME, approve=NOBODY)
    return start, ROLE, NAME


def created_anew(world: World) -> tuple[int, str, str]:
    """Deleted and applied again, with the approval of the first life."""
    a_role(world, deletionPolicy="Delete")
    widen(world)
    digest = offer(world, ROLE, NAME)
    world.delete(ROLE, NAME)
    world.gone(ROLE, NAME)
    world.settle()
    start = world.journal_end()
    applied(world, ROLE, NAME, digest, trustPolicy=trust(FC, ECS))
    return start, ROLE, NAME


def dangerous_creation(world: World) -> tuple[int, str, str]:
    start = world.journal_end()
    world.role(NAME, trustPolicy=trust(OUTSIDER))
    held(world, ROLE, NAME)
    say(world, ROLE, NAME, approve=NOBODY)
    return start, ROLE, NAME


def adopted(world: World) -> tuple[int, str, str]:
    """Another trust comes in with the adoption of a role that exists."""
    Hands(world).create_role(NAME, TRUST_FC)
    world.settle()
    start = world.journal_end()
    world.role(NAME, trustPolicy=trust(FC, ECS), adoptionPolicy="IfExists")
    return start, ROLE, NAME


def second_object(world: World) -> tuple[int, str, str]:
    """Another object for the same role, in other letter case, with the first one's approval."""
    start = a_role(world)
    widen(world)
    digest = offer(world, ROLE, NAME)
    spec = {"roleName": NAME.upper(), "adoptionPolicy": "IfExists"}
    applied(world, ROLE, "second", digest, trustPolicy=trust(FC, ECS), **spec)
    return start, ROLE, "second"


def harmless_beside(world: World) -> tuple[int, str, str]:
    """A harmless edit carries no trust document along."""
    start = a_role(world)
    world.edit(ROLE, NAME, trustPolicy=trust(FC, ECS), description="new", tags={"a": "b"})
    return start, ROLE, NAME


def drift_given_back(world: World) -> tuple[int, str, str]:
    """Somebody is thrown out by hand in an incident; Revert does not let him in again."""
    world.role(NAME, trustPolicy=trust(FC, ECS), driftPolicy="Revert")
    world.ready(ROLE, NAME)
    start = world.journal_end()
    Hands(world).update_role(NAME, trust=TRUST_FC)
    world.settle()
    world.look(ROLE, NAME)
    world.settle()
    world.settle()
    return start, ROLE, NAME


ATTACKS: Final = (
    Attack("nobody approved it", no_annotation, (Entry.MANIFEST, Resource.TRUST, Moment.SETTLED)),
    Attack("guessed values", guessed_values, (Entry.FORGED, Resource.TRUST, Moment.OFFERED)),
    Attack(
        "approved before the change",
        before_the_change,
        (Entry.FORGED, Resource.TRUST, Moment.SETTLED),
    ),
    Attack(
        "replayed after there and back", replayed, (Entry.REPLAYED, Resource.TRUST, Moment.ENDED)
    ),
    Attack(
        "another role's approval", on_another_role, (Entry.BORROWED, Resource.TRUST, Moment.OFFERED)
    ),
    Attack(
        "exchanged with the approval",
        later_edit,
        (Entry.MANIFEST, Resource.TRUST, Moment.APPROVING),
    ),
    Attack(
        "a part of what was approved",
        part_of_it,
        (Entry.MANIFEST, Resource.TRUST, Moment.APPROVING),
    ),
    Attack(
        "rights added to what was approved",
        other_attachments,
        (Entry.MANIFEST, Resource.ROLE_POLICY, Moment.APPROVING),
    ),
    Attack(
        "a longer session added to what was approved",
        longer_session,
        (Entry.MANIFEST, Resource.SESSION, Moment.APPROVING),
    ),
    Attack(
        "rejected and then approved",
        rejected_and_approved,
        (Entry.REPLAYED, Resource.TRUST, Moment.REJECTED),
    ),
    Attack(
        "the approval is taken back while it is carried out",
        taken_back,
        (Entry.WITHDRAWN, Resource.TRUST, Moment.JUDGING),
    ),
    Attack(
        "rejected while it is carried out",
        rejected_meanwhile,
        (Entry.REJECTED, Resource.TRUST, Moment.JUDGING),
    ),
    Attack(
        "suspended while it is carried out",
        suspended,
        (Entry.SUSPENDED, Resource.TRUST, Moment.JUDGING),
        ("Suspended",),
    ),
    Attack(
        "the live document moves while it is carried out",
        live_moved,
        (Entry.TRUST_BY_HAND, Resource.TRUST, Moment.JUDGED),
    ),
    Attack("a forged status", forged_status, (Entry.STATUS, Resource.TRUST, Moment.OFFERED)),
    Attack("deleted and created anew", created_anew, (Entry.ANEW, Resource.NEW_ROLE, Moment.GONE)),
    Attack(
        "a dangerous creation",
        dangerous_creation,
        (Entry.CREATED, Resource.NEW_ROLE, Moment.CREATION),
    ),
    Attack(
        "an adoption with another trust", adopted, (Entry.ADOPTED, Resource.TRUST, Moment.FIRST)
    ),
    Attack(
        "a second object for the role",
        second_object,
        (Entry.CLAIMED, Resource.TRUST, Moment.OFFERED),
        ("Conflict",),
    ),
    Attack(
        "a harmless edit beside it",
        harmless_beside,
        (Entry.MANIFEST, Resource.TRUST, Moment.SETTLED),
    ),
    Attack(
        "drift that Revert would give back",
        drift_given_back,
        (Entry.GIVEN_BACK, Resource.TRUST, Moment.SETTLED),
    ),
)
