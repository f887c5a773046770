"""Whatever the API server admits and the cloud answers, each object ends in a status of its own.

None in a defect, and none that cannot be deleted. OBJECTS says how many of each; of RamAccounts
a third, as each is verified in the cloud. RamRecords are written with the operator's own token, as
admission lets nobody else: each is of an identity that an object has, or comes to have.
"""

from __future__ import annotations

import os
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from lab import RequestFailed
from lab.operator_process import NAMESPACE, SERVICE_ACCOUNT, OperatorProcess
from lab.waiting import until
from lab.world import API, DOCUMENT, TRUST_FC, World
from ram_operator.kinds.identity import Identity
from tests.support import by_schema

Json = dict[str, Any]
COUNT: Final = int(os.environ.get("OBJECTS", "30"))
KINDS: Final = ("RamRole", "RamPolicy", "RamUser", "RamGroup")
ACCOUNTS: Final = max(10, COUNT // 3)
DEFECT: Final = "InternalError"


def drawn(kind: str, count: int = COUNT, block: str = "spec") -> list[Json]:
    """Specs of the kind, or another block of it, the same in each run."""
    found: list[Json] = []

    @seed(count)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(by_schema.specs(kind, block))
    def collect(spec: Json) -> None:
        found.append(spec)

    collect()
    return found


def taken(world: World, kind: str, specs: list[Json], prefix: str) -> list[str]:
    """Names of those that the API server took."""
    names = []
    for number, spec in enumerate(specs):
        try:
            world.create(kind, f"{prefix}{number}", spec)
        except RequestFailed as refused:
            if refused.status != 422:
                raise
            continue
        names.append(f"{prefix}{number}")
    return names


def admitted(world: World, kind: str) -> list[str]:
    where = {"accountRef": {"name": world.namespace}}
    specs = enumerate(drawn(kind))
    own = [{**spec, **where, "suspend": number % 7 == 6} for number, spec in specs]
    return taken(world, kind, own, "o")


def accounts(world: World) -> list[Json]:
    """Specs that ask nobody but this world's cloud. Some have keys that work, and some of these
    are for its account, which has a RamAccount already.
    """
    known = world.get("RamAccount", world.namespace)
    assert known is not None
    mine = known["spec"]
    found = []
    for number, spec in enumerate(drawn("RamAccount", ACCOUNTS)):
        own = {**spec, "endpoints": mine["endpoints"], "suspend": number % 7 == 6}
        if number % 2:
            own["credentials"] = mine["credentials"]
        if number % 4 == 1:
            own["accountId"] = mine["accountId"]
        found.append(own)
    return found


def write_record(world: World, kind: str, name: str, drawn_record: Json) -> bool:
    """Of the identity that the object of that name has. Whether the API server took it."""
    identity = Identity(world.account_id, kind, name)
    key, token = identity.key.name, world.cluster.service_account_token(NAMESPACE, SERVICE_ACCOUNT)
    own = {"accountId": world.account_id, "kind": kind, "name": name, "cloudName": name}
    record = {**drawn_record, **own}
    try:
        if world.get("RamRecord", key) is None:
            body = {"apiVersion": API, "kind": "RamRecord", "metadata": {"name": key}}
            path = world.path("RamRecord")
            world.cluster.request("POST", path, {**body, "record": record}, token=token)
        else:
            whole = [{"op": "replace", "path": "/record", "value": record}]
            world.cluster.request(
                "PATCH",
                world.path("RamRecord", key),
                whole,
                content_type="application/json-patch+json",
                token=token,
            )
    except RequestFailed as refused:
        # Another one was written meanwhile, or it is none by the CRD's rules.
        if refused.status not in (409, 422):
            raise
        return False
    return True


def said(item: Json | None) -> list[Json]:
    conditions: list[Json] = ((item or {}).get("status") or {}).get("conditions") or []
    return conditions


def told(world: World, there: set[tuple[str, str]]) -> None:
    """Each has a status, and none speaks of a defect."""

    def silent() -> list[Any]:
        return [one for one in sorted(there) if not said(world.get(*one))]

    until(lambda: not silent(), lambda: f"a status of {silent()}")
    defects = {
        one: condition
        for one in sorted(there)
        for condition in said(world.get(*one))
        if condition["reason"] == DEFECT
    }
    assert defects == {}


def gone(world: World, there: set[tuple[str, str]]) -> None:
    """Each of them, once it was deleted."""

    def left() -> list[Any]:
        return [one for one in sorted(there) if world.get(*one)]

    until(lambda: not left(), lambda: f"that these are gone: {left()}")


@pytest.mark.timeout(60 + 10 * COUNT)
def test_every_object_that_is_admitted_gets_a_status_and_can_be_deleted(
    world: World, operator: OperatorProcess
) -> None:
    there = {(kind, name) for kind in KINDS for name in admitted(world, kind)}
    print(f"{len(there)} of {COUNT * len(KINDS)} were admitted")
    assert len(there) > COUNT, "so few are admitted that this shows nothing"

    told(world, there)
    for one in sorted(there):
        world.edit(*one, deletionPolicy="Retain", suspend=False)
        world.delete(*one)

    gone(world, there)
    assert "Traceback" not in operator.log


@pytest.mark.timeout(60 + 10 * ACCOUNTS)
def test_every_account_that_is_admitted_gets_a_status_and_can_be_deleted(
    world: World, operator: OperatorProcess
) -> None:
    prefix = f"{world.namespace}-"
    there = {("RamAccount", name) for name in taken(world, "RamAccount", accounts(world), prefix)}
    print(f"{len(there)} of {ACCOUNTS} were admitted")
    assert len(there) > ACCOUNTS // 3, "so few are admitted that this shows nothing"
    told(world, there)
    # Whatever they say, the one that was there first goes on.
    world.role("app")
    world.ready("RamRole", "app")
    for one in sorted(there):
        world.delete(*one)
    gone(world, there)
    assert "Traceback" not in operator.log


@pytest.mark.timeout(120 + 10 * COUNT)
def test_whatever_a_record_says_its_object_gets_a_status_and_can_be_deleted(
    world: World, operator: OperatorProcess
) -> None:
    """Whoever restores a backup, or has the operator's token, may have written any."""
    own: dict[str, Json] = {
        "RamRole": {"trustPolicy": TRUST_FC},
        "RamPolicy": {"document": DOCUMENT},
    }
    there = {(kind, f"x{n}") for n in range(COUNT // 4 + 1) for kind in KINDS}
    order = sorted(there)
    records = drawn("RamRecord", len(order), "record")
    # Half of them are there before their object is, and before the operator has a reason to write.
    taken = sum(
        write_record(world, *one, record)
        for one, record in zip(order[::2], records[::2], strict=True)
    )
    for kind, name in order:
        world.create(kind, name, {"deletionPolicy": "Retain", **own.get(kind, {})})
    told(world, there)
    taken += sum(
        write_record(world, *one, record)
        for one, record in zip(order[1::2], records[1::2], strict=True)
    )
    print(f"{taken} of {len(order)} records were admitted")
    assert taken > len(order) // 4, "so few are admitted that this shows nothing"
    world.look_all(order)
    told(world, there)
    for one in order:
        world.delete(*one)
    gone(world, there)
    assert "Traceback" not in operator.log
