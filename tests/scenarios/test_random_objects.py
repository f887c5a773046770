"""Whatever the API server admits and the cloud answers, each object ends in a status of its own.

None in a defect, and none that cannot be deleted. OBJECTS says how many of each kind.
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
DEFECT: Final = "InternalError"


def drawn(kind: str) -> list[Json]:
    """Specs of the kind, the same in each run."""
    found: list[Json] = []

    @seed(COUNT)
    @settings(
        max_examples=COUNT,
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


def admitted(world: World, kind: str) -> list[str]:
    """Names of those that the API server took."""
    names = []
    for number, spec in enumerate(drawn(kind)):
        own = {**spec, "accountRef": {"name": world.namespace}, "suspend": number % 7 == 6}
        try:
            world.create(kind, f"o{number}", own)
        except RequestFailed as refused:
            if refused.status != 422:
                raise
            continue
        names.append(f"o{number}")
    return names


def said(item: Json | None) -> list[Json]:
    conditions: list[Json] = ((item or {}).get("status") or {}).get("conditions") or []
    return conditions


@pytest.mark.timeout(60 + 10 * COUNT)
def test_every_object_that_is_admitted_gets_a_status_and_can_be_deleted(
    world: World, operator: OperatorProcess
) -> None:
    there = {(kind, name) for kind in KINDS for name in admitted(world, kind)}
    print(f"{len(there)} of {COUNT * len(KINDS)} were admitted")
    assert len(there) > COUNT, "so few are admitted that this shows nothing"

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
    for one in sorted(there):
        world.edit(*one, deletionPolicy="Retain", suspend=False)
        world.delete(*one)

    def left() -> list[Any]:
        return [one for one in sorted(there) if world.get(*one)]

    until(lambda: not left(), lambda: f"that these are gone: {left()}")
    assert "Traceback" not in operator.log
