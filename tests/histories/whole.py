"""What becomes of identities as a whole while histories are played: they are deleted by hand, given
up and adopted, their records are another version's, their account is another one for a while.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
from Tea.exceptions import TeaException

from lab import RequestFailed
from lab.operator_process import NAMESPACE, SERVICE_ACCOUNT
from lab.world import HOSTILE, World, condition
from ram_operator.kinds.record import Identity
from tests.faults.lab import Lab
from tests.gate.test_another_account import CHANGED, have
from tests.support.hands import Hands

Json = dict[str, Any]
PATIENCE: Final = 90.0


def remove(world: World, kind: str, name: str) -> None:
    """By hand, with all that it has; of what is not there nothing."""
    hands, noun = Hands(world), kind.removeprefix("Ram")
    live = world.cloud()[{"RamPolicy": "policies"}.get(kind, f"{noun.lower()}s")].get(name)
    if live is None:
        return
    if kind == "RamRole":
        hands.delete_role(name)
    elif kind == "RamPolicy":
        _remove_policy(world, name, live)
    else:
        _remove_principal(world, noun, name, live)


def _remove_policy(world: World, name: str, live: Json) -> None:
    """From whoever has it, too; where somebody attaches it meanwhile, it stays."""
    for holder in live["attachments"]:
        noun, _, who = holder.partition("/")
        request = getattr(ram, f"DetachPolicyFrom{noun.title()}Request")(
            policy_type="Custom", policy_name=name, **{f"{noun}_name": who}
        )
        with suppress(TeaException):
            getattr(world.hand, f"detach_policy_from_{noun}")(request)
    with suppress(TeaException):
        Hands(world).delete_policy(name)


def _remove_principal(world: World, noun: str, name: str, live: Json) -> None:
    hand, named = world.hand, {f"{noun.lower()}_name": name}
    pairs = [(name, member) for member in live.get("members", ())]
    pairs += [(group, name) for group in live.get("groups", ())]
    for group, user in pairs:
        request = ram.RemoveUserFromGroupRequest(group_name=group, user_name=user)
        with suppress(TeaException):
            hand.remove_user_from_group(request)
    detach = getattr(ram, f"DetachPolicyFrom{noun}Request")
    for policy_type, policy in live["policies"]:
        with suppress(TeaException):
            getattr(hand, f"detach_policy_from_{noun.lower()}")(
                detach(policy_type=policy_type, policy_name=policy, **named)
            )
    with suppress(TeaException):
        getattr(hand, f"delete_{noun.lower()}")(getattr(ram, f"Delete{noun}Request")(**named))


def adopt(lab: Lab, world: World, kind: str, name: str, spec: Json) -> bool:
    """The object gives its identity up, goes, and another one takes it over. Whether it does."""
    record = world.record(kind, name)
    item = world.get(kind, name)
    if item is None or record is None or not record.get("cloudId") or not record.get("owner"):
        return False
    world.annotate(kind, name, abandon=name)
    world.delete(kind, name)
    lab.board.wait(world, kind, name, lambda found: found is None, PATIENCE)
    world.create(kind, name, {**spec, "adoptionPolicy": "IfExists", "deletionPolicy": "Retain"})
    return True


def outdate(world: World, kind: str, name: str) -> None:
    """As if another version had written the record last, which knows less of it."""
    token = world.cluster.service_account_token(NAMESPACE, SERVICE_ACCOUNT)
    path = world.path("RamRecord", Identity(world.account_id, kind, name).key.name)
    with suppress(RequestFailed):  # there is none
        world.cluster.request(
            "PATCH",
            path,
            {"record": {"writtenBy": "0.1.0"}},
            content_type="application/merge-patch+json",
            token=token,
        )


def swap(lab: Lab, world: World, kinds: list[tuple[str, str]]) -> list[str]:
    """The RamAccount is another account for a while; what the operator has written there."""
    other = replace(world, keys=world.admin.create_account(behaviours=dict(HOSTILE)))
    have(world, other)
    for kind, name in kinds:

        def stalled(item: Json | None) -> bool:
            return item is None or condition(item, "Ready").get("reason") == CHANGED

        if (world.record(kind, name) or {}).get("owner"):
            lab.board.wait(world, kind, name, stalled, PATIENCE)
    written = [entry["action"] for entry in other.writes()]
    have(other, world)
    world.ready("RamAccount", world.namespace)
    return written
