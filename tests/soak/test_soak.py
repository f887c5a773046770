"""Objects of all kinds come, are edited, held, approved and go, again and again: nothing grows.

What stays is compared between the second half of the rounds and the first, after some that warm up,
as a ratio. It is an hour compressed: what the shipped settings do in one, sweeps and readings in
turns, comes within these minutes. SOAK says how many rounds.
"""

from __future__ import annotations

import os
from pathlib import Path
from statistics import mean
from typing import Any, Final

import pytest

from lab import ControlPlane, waiting
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import World, open_world, trust
from tests.gate.approving import approve, offer

Json = dict[str, Any]
ROUNDS: Final = int(os.environ.get("SOAK", "24"))
WARM: Final = ROUNDS // 4
OUTSIDER: Final = ("RAM", "acs:ram::1098765432109876:root")
ECS: Final = ("Service", "ecs.aliyuncs.com")
FC: Final = ("Service", "fc.aliyuncs.com")
READS: Final = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}
SETS: Final = 3
"""Of objects that come and go at once."""
FLAGS: Final = {
    "unmade-seconds": "5",
    "document-settle-seconds": "2",
    # Sixty times as often as shipped.
    "sweep-seconds": "5",
    "members-seconds": "15",
    "trust-seconds": "120",
    "dangerous-trust-seconds": "15",
    "harmless-trust-seconds": "240",
    "harmless-members-seconds": "30",
    "sign-in-seconds": "180",
    "report-seconds": "240",
}
SWEEPS: Final = 12
"""Of an hour, every five minutes."""
WORDS: Final = {"RamGroup": "team", "RamRole": "app", "RamPolicy": "logs", "RamUser": "ann"}
GROWTH: Final = {"bytes": 1.15, "threads": 1.1, "descriptors": 1.2, "records": 1.1, "series": 1.1}
"""How much more of each the second half may have."""


@pytest.fixture
def world(apart: ControlPlane, emulator: EmulatorProcess) -> World:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "soak"}}
    apart.request("POST", "/api/v1/namespaces", body)
    rates = {"readsPerSecond": 100, "writesPerSecond": 20, "attachmentsPerSecond": 10}
    opened = open_world(apart, emulator, "soak", "friendly")
    opened.edit("RamAccount", "soak", rateLimit=rates)
    return opened


def churn(world: World, number: int) -> None:
    """One round. Names come again, but for those of creations that nobody approves."""
    held = [("RamRole", f"held-{number}-{n}") for n in range(SETS)]
    for n in range(SETS):
        _make(world, n, number)
        world.role(held[n][1], trustPolicy=trust(OUTSIDER))
    for n in range(SETS):
        _edit(world, n, number)
        offer(world, *held[n])
    left = [*held]
    for n in range(SETS):
        approve(world, "RamRole", f"app-{n}")
        for kind, name in _names(n):
            world.ready(kind, name)
        left += _names(n)
    for kind, name in left:
        world.delete(kind, name)
    waiting.until(lambda: _gone(world, left), f"that all of {left} goes")
    world.look("RamAccount", "soak")


def _names(n: int) -> list[tuple[str, str]]:
    """Those of one set, in the order in which they go."""
    return [(kind, f"{WORDS[kind]}-{n}") for kind in WORDS]


def _trusts(number: int) -> tuple[Json, Json]:
    """A name that comes again has the trust that it had, else its creation waits."""
    before, after = (FC, ECS) if number % 2 == 0 else (ECS, FC)
    return trust(before), trust(after)


def _make(world: World, n: int, number: int) -> None:
    own: Json = {"deletionPolicy": "Delete"}
    world.policy(f"logs-{n}", **own)
    world.create("RamUser", f"ann-{n}", own)
    attached = [{"type": "RamPolicy", "name": f"logs-{n}"}]
    world.role(f"app-{n}", policies=attached, trustPolicy=_trusts(number)[0], **own)
    members = [{"type": "RamUser", "name": f"ann-{n}"}]
    world.create("RamGroup", f"team-{n}", {"members": members, "policies": [READS], **own})


def _edit(world: World, n: int, number: int) -> None:
    for kind, name in reversed(_names(n)):
        world.ready(kind, name)
    trusted = _trusts(number)[1]
    world.edit("RamRole", f"app-{n}", description=f"round {number}", trustPolicy=trusted)
    world.edit("RamGroup", f"team-{n}", members=[], policies=[])


def _gone(world: World, left: list[tuple[str, str]]) -> bool:
    """Whoever configures lets deletions go on when the brake has stopped them."""
    account = world.get("RamAccount", "soak") or {}
    stops = account.get("status", {}).get("deletionBrake", {})
    if named := str(stops.get("reason", "")).partition("resume-deletions=")[2]:
        world.annotate("RamAccount", "soak", resume_deletions=named)
    return not any(world.get(kind, name) for kind, name in left)


def taken(process: OperatorProcess, world: World) -> dict[str, float]:
    """What the operator has between two rounds."""
    waiting.until(process.idle, "that all is done")
    lines = Path(f"/proc/{process.child.pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    series = [line for line in process.metrics().splitlines() if not line.startswith("#")]
    return {
        "bytes": 1024.0 * int(status["VmRSS"].split()[0]),
        "threads": float(status["Threads"]),
        "descriptors": float(len(list(Path(f"/proc/{process.child.pid}/fd").iterdir()))),
        "records": float(len(world.records())),
        "series": float(len(series)),
    }


@pytest.mark.timeout(900)
def test_nothing_grows(apart: ControlPlane, world: World) -> None:
    with OperatorProcess.running(apart, FLAGS) as process:
        world.ready("RamAccount", "soak")
        found = []
        for number in range(ROUNDS):
            churn(world, number)
            found.append(taken(process, world))
        log = process.log
    rounds = found[WARM:]
    first, second = rounds[: len(rounds) // 2], rounds[len(rounds) // 2 :]
    ratio = {
        name: mean(each[name] for each in second) / mean(each[name] for each in first)
        for name in GROWTH
    }
    print(f"first {found[WARM]}, last {found[-1]}, second half to first {ratio}")
    assert {name for name, grown in ratio.items() if grown > GROWTH[name]} == set(), ratio
    assert "Traceback" not in log
    assert world.cloud()["roles"] == {}
    listed = [entry["action"] for entry in world.admin.journal(world.account_id)]
    assert listed.count("ListRoles") >= SWEEPS
