"""The objects of a benchmark: a fixed mix of kinds, with short documents and realistic ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from lab.world import API

Json = dict[str, Any]
POLICIES: Final = ("AliyunOSSReadOnlyAccess", "AliyunLogReadOnlyAccess", "AliyunECSReadOnlyAccess")
REALISTIC: Final = 3
"""Every third document is a realistic one (about 1.5 kB), the others are short."""


def short_document(number: int) -> Json:
    return {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["oss:GetObject"],
                "Resource": [f"acs:oss:*:*:bucket-{number}/*"],
            }
        ],
    }


def realistic_document(number: int) -> Json:
    """Eight statements over several services, as least-privilege policies come to look."""
    statements = [
        {
            "Effect": "Allow",
            "Action": [f"{service}:Get*", f"{service}:List*", f"{service}:Describe*"],
            "Resource": [f"acs:{service}:*:*:team-{number}/*"],
            "Condition": {"StringEquals": {"acs:SourceVpc": [f"vpc-{number}"]}},
        }
        for service in ("oss", "log", "ecs", "rds", "kvstore", "slb", "cms", "ots")
    ]
    return {"Version": "1", "Statement": statements}


def trust(number: int) -> Json:
    """Short: one service. Realistic: two more, under conditions on where they come from."""
    statements: list[Json] = [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": ["fc.aliyuncs.com"]},
        }
    ]
    if number % REALISTIC == 0:
        statements.append(
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": ["ecs.aliyuncs.com", "log.aliyuncs.com"]},
                "Condition": {
                    "StringEquals": {"acs:SourceVpc": [f"vpc-{number}"]},
                    "IpAddress": {"acs:SourceIp": ["10.0.0.0/8", "192.0.2.0/24"]},
                },
            }
        )
    return {"Version": "1", "Statement": statements}


def _policy(number: int) -> Json:
    realistic = number % REALISTIC == 0
    return {"document": realistic_document(number) if realistic else short_document(number)}


def _role(number: int) -> Json:
    first, second = number % len(POLICIES), (number + 1) % len(POLICIES)
    return {
        "description": f"benchmark role {number}",
        "trustPolicy": trust(number),
        "policies": [
            {"type": "System", "name": POLICIES[first]},
            {"type": "System", "name": POLICIES[second]},
        ],
    }


def _user(number: int) -> Json:
    return {"displayName": f"Person {number}", "comments": f"benchmark user {number}"}


def _group(number: int) -> Json:
    """Two members, who exist before: the users of the same round."""
    first = number - number % ROUND
    members = [f"bench-user-{first + place}" for place in USERS_OF_A_ROUND[:2]]
    return {
        "comments": f"benchmark group {number}",
        "policies": [{"type": "System", "name": POLICIES[number % len(POLICIES)]}],
        "members": [{"type": "RamUser", "name": name} for name in members],
    }


@dataclass(frozen=True, slots=True)
class Share:
    """`weight` objects of this kind for each round of the mix."""

    kind: str
    plural: str
    weight: int
    spec: Callable[[int], Json]


MIX: Final = (
    Share("RamPolicy", "rampolicies", 2, _policy),
    Share("RamUser", "ramusers", 5, _user),
    Share("RamGroup", "ramgroups", 1, _group),
    Share("RamRole", "ramroles", 10, _role),
)
"""As in the account that the budgets speak of: 1,000 roles, 500 users, 200 policies, 100 groups."""
ROUND: Final = sum(share.weight for share in MIX)
USERS_OF_A_ROUND: Final = (2, 3, 4, 5, 6)
"""Places of the users within a round of the mix."""


def objects(count: int, account: str, namespace: str) -> Iterator[tuple[str, Json]]:
    """(plural, manifest) of `count` objects, in the mix's proportions, interleaved."""
    round_: list[Share] = [share for share in MIX for _ in range(share.weight)]
    for number in range(count):
        share = round_[number % len(round_)]
        yield (
            share.plural,
            {
                "apiVersion": API,
                "kind": share.kind,
                "metadata": {
                    "name": f"bench-{share.kind.lower()[3:]}-{number}",
                    "namespace": namespace,
                },
                "spec": {"accountRef": {"name": account}, **share.spec(number)},
            },
        )
