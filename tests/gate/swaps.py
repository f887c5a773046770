"""Stories in which a policy is harmless when it is judged and allows everything when it is written.

Each returns the place in the journal from which on nobody may be given everything, and the object
that asked for it. What happens between the judgement and the write happens while an earlier write
of the same pass is held in the cloud, and until what was read before serves for no write any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import alibabacloud_ram20150501.models as ram

from lab import waiting
from lab.world import DOCUMENT, TRUST_FC, World
from ram_operator.cloud.cached_reads import FRESH_SECONDS
from tests.gate.approving import approve
from tests.gate.replay import EVERYTHING
from tests.gate.triples import Triple
from tests.support.hands import Hands
from tests.support.holding import on_hold

Json = dict[str, Any]
Story = Callable[[World], tuple[int, str, str]]
ZZ: Final = "zz"
KINDS: Final = ("RamRole", "RamUser", "RamGroup")


@dataclass(frozen=True)
class Swap:
    """`outcomes` are the reasons that the object may show in the end."""

    name: str
    story: Story
    triple: Triple
    outcomes: tuple[str, ...] = ("ApprovalRequired",)


def harmless(world: World, *names: str, **spec: Any) -> None:
    """RamPolicies of these names."""
    for name in names:
        world.policy(name, **spec)
    for name in names:
        world.ready("RamPolicy", name)


def called(world: World, action: str, since: int, **parameters: str) -> None:
    """Wait until the operator has made such a call."""

    def made() -> bool:
        return any(
            entry["caller"] == world.keys.admin_arn
            and entry["action"] == action
            and parameters.items() <= entry["parameters"].items()
            for entry in world.admin.journal(world.account_id, since=since)
        )

    waiting.until(made, f"that the operator called {action}")


def spec_of(kind: str, **spec: Any) -> Json:
    return {**({"trustPolicy": TRUST_FC} if kind == "RamRole" else {}), **spec}


@contextmanager
def waiting_holder(world: World, kind: str, reference: str) -> Iterator[int]:
    """It gets a harmless policy and zz. For the length of the block the first is on its way to the
    cloud, and zz is judged and not attached yet.
    """
    start = world.journal_end()
    policies = [{"type": reference, "name": name} for name in ("a0", ZZ)]
    with on_hold(world, f"AttachPolicyTo{kind[3:]}") as hold:
        world.create(kind, "target", spec_of(kind, policies=policies))
        hold.met()
        called(world, "GetPolicy", start, PolicyName=ZZ)
        yield start
        unread(world)


def unread(world: World) -> None:
    """Until RAM shows what was changed, and what was read before serves for no write any more."""
    world.settle()
    time.sleep(FRESH_SECONDS)


def by_the_operator(kind: str, reference: str, cloud_name: str = ZZ) -> Story:
    """Edit rights alone: the RamPolicy is deleted, and another one of its cloud name is made."""

    def story(world: World) -> tuple[int, str, str]:
        harmless(world, "a0")
        harmless(world, ZZ, deletionPolicy="Delete")
        with waiting_holder(world, kind, reference) as start:
            world.delete("RamPolicy", ZZ)
            world.gone("RamPolicy", ZZ)
            name = ZZ if reference == "RamPolicy" else "zz2"
            world.create("RamPolicy", name, {"policyName": cloud_name, "document": EVERYTHING})
            called(world, "CreatePolicy", start, PolicyName=cloud_name)
        return start, kind, "target"

    return story


def by_hand(kind: str, swap: Callable[[Hands], None], **spec: Any) -> Story:
    """Somebody with rights in RAM does it; the RamPolicy, if any, may be gone by then."""

    def story(world: World) -> tuple[int, str, str]:
        harmless(world, "a0")
        if spec:
            harmless(world, ZZ, **spec)
            world.delete("RamPolicy", ZZ)
            world.gone("RamPolicy", ZZ)
        else:
            Hands(world).create_policy(ZZ, DOCUMENT)
        world.settle()
        with waiting_holder(world, kind, "Custom") as start:
            swap(Hands(world))
        return start, kind, "target"

    return story


def edited(hands: Hands) -> None:
    hands.version_policy(ZZ, EVERYTHING)


def made_again(hands: Hands) -> None:
    """It is v1 once more."""
    hands.delete_policy(ZZ)
    hands.create_policy(ZZ, EVERYTHING)


def approved_meanwhile(kind: str) -> Story:
    """Its owner gets everything approved for it, while somebody else waits to have it attached."""

    def story(world: World) -> tuple[int, str, str]:
        harmless(world, "a0", ZZ)
        with waiting_holder(world, kind, "Custom") as start:
            approve_everything(world)
        return start, kind, "target"

    return story


def joining(meanwhile: Callable[[World], None]) -> Story:
    """A group has zz; somebody is about to join it when zz comes to allow everything."""

    def story(world: World) -> tuple[int, str, str]:
        world.create("RamUser", "eve", {})
        harmless(world, ZZ)
        world.create("RamGroup", "target", {"policies": [{"type": "Custom", "name": ZZ}]})
        world.ready("RamUser", "eve")
        world.ready("RamGroup", "target")
        unread(world)
        start = world.journal_end()
        with on_hold(world, "UpdateGroup") as hold:
            members = [{"type": "RamUser", "name": "eve"}]
            world.edit("RamGroup", "target", comments="for eve", members=members)
            hold.met()
            called(world, "GetPolicy", start, PolicyName=ZZ)
            meanwhile(world)
            unread(world)
        return start, "RamGroup", "target"

    return story


def approve_everything(world: World) -> None:
    # An offer names whoever has the policy: one that an old answer lacked would void the approval.
    world.settle()
    start = world.journal_end()
    world.edit("RamPolicy", ZZ, document=EVERYTHING)
    approve(world, "RamPolicy", ZZ)
    called(world, "CreatePolicyVersion", start, PolicyName=ZZ)


def attach_everything(world: World) -> None:
    """The group gets another policy by hand."""
    Hands(world).create_policy("more", EVERYTHING)
    world.hand.attach_policy_to_group(
        ram.AttachPolicyToGroupRequest(
            policy_type="Custom", policy_name="more", group_name="target"
        )
    )


def while_it_is_sent(kind: str) -> Story:
    """zz is to be deleted and made anew while the call that attaches it is on its way."""

    def story(world: World) -> tuple[int, str, str]:
        harmless(world, ZZ, deletionPolicy="Delete")
        start = world.journal_end()
        with on_hold(world, f"AttachPolicyTo{kind[3:]}") as hold:
            asks_for_zz(world, kind)
            hold.met()
            world.delete("RamPolicy", ZZ)
            world.create("RamPolicy", "zz2", {"policyName": ZZ, "document": EVERYTHING})
            sent = world.journal_end()
            called(world, "GetPolicy", sent, PolicyName=ZZ)
            # Both would be carried out by now.
            unread(world)
        for _ in range(4):
            world.settle()
        return start, kind, "target"

    return story


def shows_the_past(world: World, seconds: float = 30.0) -> None:
    """From now on GetPolicy answers with what was so long ago, whoever asks."""
    fault = {"account": world.account_id, "action": "GetPolicy", "seconds": seconds, "times": -1}
    world.admin.add_fault("stale", **fault)


def asks_for_zz(world: World, kind: str, **spec: Any) -> tuple[str, str]:
    policies = [{"type": "Custom", "name": ZZ}]
    world.create(kind, "target", spec_of(kind, policies=policies, **spec))
    return kind, "target"


def approved_everything(world: World) -> None:
    """RamPolicy zz was harmless for a while, and its owner got everything approved for it."""
    harmless(world, ZZ)
    approve_everything(world)


def old_answer(kind: str, meanwhile: Callable[[World], None] = lambda _: None) -> Story:
    """Right after our own approved write RAM still shows what was there before."""

    def story(world: World) -> tuple[int, str, str]:
        approved_everything(world)
        shows_the_past(world)
        meanwhile(world)
        start = world.journal_end()
        return start, *asks_for_zz(world, kind)

    return story


def other_session(world: World) -> None:
    """A changed account has another client, and what was written is remembered all the same."""
    start = world.journal_end()
    world.patch("RamAccount", world.namespace, {"spec": {"rateLimit": {"readsPerSecond": 50}}})
    called(world, "GetCallerIdentity", start)


def old_answer_for_a_member(world: World) -> tuple[int, str, str]:
    world.create("RamUser", "eve", {})
    harmless(world, ZZ)
    world.create("RamGroup", "target", {"policies": [{"type": "Custom", "name": ZZ}]})
    world.ready("RamUser", "eve")
    world.ready("RamGroup", "target")
    approve_everything(world)
    shows_the_past(world)
    start = world.journal_end()
    world.edit("RamGroup", "target", members=[{"type": "RamUser", "name": "eve"}])
    return start, "RamGroup", "target"


def old_answer_of_the_one_before(world: World) -> tuple[int, str, str]:
    """It was deleted and made anew, and RAM still shows the one that was deleted."""
    harmless(world, ZZ, deletionPolicy="Delete")
    world.delete("RamPolicy", ZZ)
    world.gone("RamPolicy", ZZ)
    start = world.journal_end()
    world.create("RamPolicy", "zz2", {"policyName": ZZ, "document": EVERYTHING})
    called(world, "CreatePolicy", start)
    shows_the_past(world, 6.0)
    return start, *asks_for_zz(world, "RamRole")


def old_answer_after_a_lost_one(world: World) -> tuple[int, str, str]:
    """The write took effect and was answered with an error."""
    harmless(world, ZZ)
    world.edit("RamPolicy", ZZ, document=EVERYTHING)
    start = world.journal_end()
    lost = {"account": world.account_id, "action": "CreatePolicyVersion"}
    world.admin.add_fault("error_after", **lost)
    approve(world, "RamPolicy", ZZ)
    called(world, "CreatePolicyVersion", start)
    shows_the_past(world)
    return start, *asks_for_zz(world, "RamUser")


def seen_by_another(kind: str, swap: Callable[[Hands], None]) -> Story:
    """A first role got zz when it was harmless; then it is changed by hand, and a second one asks
    for it within a minute.
    """

    def story(world: World) -> tuple[int, str, str]:
        Hands(world).create_policy(ZZ, DOCUMENT)
        world.settle()
        world.role("first", policies=[{"type": "Custom", "name": ZZ}])
        world.ready("RamRole", "first")
        Hands(world).detach("first", ZZ, "Custom")
        world.settle()
        swap(Hands(world))
        time.sleep(FRESH_SECONDS)
        start = world.journal_end()
        return start, *asks_for_zz(world, kind)

    return story


def narrower_than_an_old_answer(world: World) -> tuple[int, str, str]:
    """What was narrowed by us is widened again, to less than RAM still shows."""
    approved_everything(world)
    start = world.journal_end()
    world.edit("RamPolicy", ZZ, document=DOCUMENT)
    called(world, "SetDefaultPolicyVersion", start)
    world.ready("RamPolicy", ZZ)
    shows_the_past(world, 4.0)
    start = world.journal_end()
    statement = {"Effect": "Allow", "Action": ["ram:*"], "Resource": ["*"]}
    world.edit("RamPolicy", ZZ, document={"Version": "1", "Statement": [statement]})
    return start, "RamPolicy", ZZ
