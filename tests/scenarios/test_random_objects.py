"""Whatever the API server admits and the cloud answers, each object ends in a status of its own.

None in a defect, and none that cannot be deleted. OBJECTS says how many of each; of RamAccounts
a third, as each is verified in the cloud. RamRecords are not drawn: admission lets nobody write one
but the operator.
"""

from __future__ import annotations

import os
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from lab import RequestFailed
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World
from tests.support import by_schema

Json = dict[str, Any]
COUNT: Final = int(os.environ.get("OBJECTS", "30"))
KINDS: Final = ("RamRole", "RamPolicy", "RamUser", "RamGroup")
ACCOUNTS: Final = max(10, COUNT // 3)
DEFECT: Final = "InternalError"


def drawn(kind: str, count: int = COUNT) -> list[Json]:
    """Specs of the kind, the same in each run."""
    found: list[Json] = []

    @seed(count)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(by_schema.specs(kind))
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
