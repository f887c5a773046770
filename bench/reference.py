"""The account that the budgets speak of, in the cloud and as manifests, whole or a share of it.

1,000 roles (50 of them dangerous) and 20 service-linked ones, two attachments each; 500 users (120
with a password, 80 with a key, 300 with neither); 100 groups of 20; 200 custom and 60 system
policies in use; 800 attachments of users and groups; 2 identity providers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

import alibabacloud_ram20150501.models as ram

from bench.world import realistic_document, short_document, trust
from lab.world import API, World
from lab.world import trust as trusting

Json = dict[str, Any]
LOGIN: Final = "Tr0ub4dor&3x"
OUTSIDE: Final = "acs:ram::1999999999999999:root"
MEMBERS: Final = 20
"""Of each group."""
HARMLESS: Final = ["AliyunOSSReadOnlyAccess", "AliyunECSReadOnlyAccess"]
PLURALS: Final = {
    "RamRole": "ramroles",
    "RamUser": "ramusers",
    "RamGroup": "ramgroups",
    "RamPolicy": "rampolicies",
}


@dataclass(frozen=True)
class Size:
    """How many there are of each, at that share."""

    share: float = 1.0

    def of(self, whole: int) -> int:
        return max(2, round(whole * self.share))

    @property
    def roles(self) -> int:
        return self.of(1000)

    @property
    def dangerous(self) -> int:
        return self.of(50)

    @property
    def linked(self) -> int:
        return self.of(20)

    @property
    def users(self) -> int:
        return self.of(500)

    @property
    def console(self) -> int:
        return self.of(120)

    @property
    def keyed(self) -> int:
        return self.of(80)

    @property
    def groups(self) -> int:
        return self.of(100)

    @property
    def policies(self) -> int:
        return self.of(200)

    @property
    def objects(self) -> int:
        return self.roles + self.users + self.groups + self.policies

    @property
    def identities(self) -> int:
        """Managed or not."""
        return self.objects + self.linked


def seed(world: World, size: Size) -> None:
    """What is there before there are manifests: whoever signs in, whom outsiders may assume, and
    what nobody manages.
    """
    account = world.account_id
    for number in range(size.linked):
        world.admin.create_service_linked_role(account, f"s{number}.aliyuncs.com", None)
    for number in range(2):
        world.admin.create_provider(
            account,
            "oidc",
            f"provider-{number}",
            issuerUrl=f"https://issuer-{number}.example.com",
            clientIds=["sts.aliyuncs.com"],
            fingerprints=["a" * 40],
        )
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: _user(world, n, n < size.console), range(_sign_in(size))))
        list(pool.map(lambda n: _dangerous(world, n), range(size.dangerous)))


def _sign_in(size: Size) -> int:
    return size.console + size.keyed


def _user(world: World, number: int, console: bool) -> None:
    name = f"user-{number}"
    world.hand.create_user(ram.CreateUserRequest(user_name=name))
    if console:
        request = ram.CreateLoginProfileRequest(user_name=name, password=LOGIN)
        world.hand.create_login_profile(request)
    else:
        world.hand.create_access_key(ram.CreateAccessKeyRequest(user_name=name))


def _dangerous(world: World, number: int) -> None:
    document = trusting(("RAM", OUTSIDE))
    world.hand.create_role(
        ram.CreateRoleRequest(
            role_name=f"role-{number}", assume_role_policy_document=json.dumps(document)
        )
    )


def system_policies(world: World, size: Size) -> list[str]:
    """Names of those that give no right to change rights."""
    found: list[str] = []
    reply = world.hand.list_policies(ram.ListPoliciesRequest(policy_type="System", max_items=1000))
    for policy in reply.body.policies.policy:
        if policy.policy_name.endswith("ReadOnlyAccess"):
            found.append(policy.policy_name)
    return found[:60]


def manifests(size: Size, system: list[str]) -> Iterator[tuple[str, Json]]:
    """(kind, name and spec) of all objects, those that others refer to first."""
    for number in range(size.policies):
        document = realistic_document(number) if number % 3 == 0 else short_document(number)
        yield "RamPolicy", {"name": f"policy-{number}", "spec": {"document": document}}
    for number in range(size.users):
        policies = _attached(system, number, 2 if number < size.users // 5 else 1)
        spec: Json = {"policies": policies}
        if number < _sign_in(size):
            spec["adoptionPolicy"] = "IfExists"
        yield "RamUser", {"name": f"user-{number}", "spec": spec}
    for number in range(size.groups):
        members = [
            {"type": "RamUser", "name": f"user-{(number * 5 + place) % size.users}"}
            for place in range(min(MEMBERS, size.users))
        ]
        spec = {"policies": _attached(system, number, 2), "members": members}
        yield "RamGroup", {"name": f"group-{number}", "spec": spec}
    for number in range(size.roles):
        custom = {"type": "RamPolicy", "name": f"policy-{number % size.policies}"}
        second = [custom] if number % 5 == 0 else _attached(system, number + 1, 1)
        spec = {
            "description": "as agreed",
            "trustPolicy": trust(number),
            "policies": [*_attached(system, number, 1), *second],
        }
        if number < size.dangerous:
            # What lets others fetch credentials would wait for an approval: of outsiders.
            spec |= {
                "trustPolicy": trusting(("RAM", OUTSIDE)),
                "adoptionPolicy": "IfExists",
                "policies": _attached(HARMLESS, number, 2),
            }
        yield "RamRole", {"name": f"role-{number}", "spec": spec}


def _attached(system: list[str], number: int, count: int) -> list[Json]:
    names = (system[(number + place) % len(system)] for place in range(count))
    return [{"type": "System", "name": name} for name in names]


def body(kind: str, item: Json, account: str, namespace: str) -> Json:
    return {
        "apiVersion": API,
        "kind": kind,
        "metadata": {"name": item["name"], "namespace": namespace},
        "spec": {"accountRef": {"name": account}, **item["spec"]},
    }
