"""One operator with something of everything that people are told of, and a Prometheus that looks.

Shared by all tests of a module: the facts are made once, and stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lab import Cluster
from lab.emulator_process import EmulatorProcess
from lab.operator_process import IMPATIENT, OperatorProcess
from lab.processes import free_port
from lab.prometheus_process import Prometheus
from lab.world import TRUST_FC, World, condition, open_world, put_secret, trust
from ram_operator.constants import FLAPPING_REVERTS
from tests.gate.acknowledging import acknowledge
from tests.support.hands import Hands
from tests.support.times import moment

Json = dict[str, Any]
ADMIN: Final = "AdministratorAccess"
READ: Final = "AliyunOSSReadOnlyAccess"
TERMS: Final = {
    **IMPATIENT,
    "leader-election": "true",
    "lease-duration-seconds": "12",
    "renew-deadline": "7",
    "retry-period": "0.4",
}
ACKNOWLEDGED: Final = {"acknowledged": 7200.0, "ending": 840.0}
"""For how many seconds from now: that of the latter is about to end."""
FC: Final = ("Service", "fc.aliyuncs.com")
ECS: Final = ("Service", "ecs.aliyuncs.com")


def hasty(groups: Iterable[Json]) -> list[Json]:
    """The rules, with what they wait for cut short."""
    return [
        {**group, "interval": "1s", "rules": [_hasty(rule) for rule in group["rules"]]}
        for group in groups
    ]


def _hasty(rule: Json) -> Json:
    expression = re.sub(r"> (900|86400)\b", "> 1", rule["expr"])
    waits = {"for": "1s", "keep_firing_for": "0s"} if "alert" in rule else {}
    return {**rule, "expr": expression, **waits}


@dataclass
class Observed:
    """What runs. Prometheus scrapes both ports, of which an operator alone has the first."""

    cluster: Cluster
    world: World
    prometheus: Prometheus
    operators: list[OperatorProcess]
    directory: Path
    ports: tuple[int, int]

    def kill(self, number: int = 0) -> None:
        self.operators.pop(number).stop(kill=True)

    def restart(self) -> None:
        """Another process in place of one that was killed."""
        self.operators.append(_operator(self.cluster, self.directory, self.ports[0]))

    def two(self) -> None:
        """Two replicas in place of whatever runs, of which the first one leads."""
        while self.operators:
            self.kill()
        for port in self.ports:
            self.operators.append(_operator(self.cluster, self.directory, port, TERMS))
            leads = f'ram_operator_leader{{instance="127.0.0.1:{self.ports[0]}"}} == 1'
            self.prometheus.wait_for(leads)


def _operator(
    cluster: Cluster, directory: Path, port: int, more: Mapping[str, str] | None = None
) -> OperatorProcess:
    often = {"sweep-seconds": "1", "author-seconds": "1"}
    flags = {"metrics-address": f"127.0.0.1:{port}", **often, **(more or {})}
    return OperatorProcess.start(cluster, directory / f"operator-{port}.log", flags)


@contextmanager
def observed(
    cluster: Cluster, namespace: str, directory: Path, groups: Iterable[Json]
) -> Iterator[Observed]:
    """For the length of a block. The shipped installation is there already."""
    ports = free_port(), free_port()
    with EmulatorProcess.start(log=directory / "emulator.log") as emulator:
        operators = [_operator(cluster, directory, ports[0])]
        prometheus = Prometheus.start(directory, ports, hasty(groups))
        world = open_world(cluster, emulator, namespace, "friendly")
        stage = Observed(cluster, world, prometheus, operators, directory, ports)
        try:
            yield stage
            world.close()
        finally:
            for operator in stage.operators:
                operator.stop()
            prometheus.child.stop()


def make_facts(world: World) -> None:
    """One object for each, all at once: a role is called what is so of it. The account has
    temporary credentials, which are good for a day.
    """
    values = {
        "accessKeyId": world.keys.admin_access_key_id,
        "accessKeySecret": world.keys.admin_access_key_secret,
        "expiration": moment(86_400.0),
    }
    put_secret(world.cluster, world.namespace, values)
    world.look("RamAccount", world.namespace)
    hands = Hands(world)
    hands.create_role("taken", TRUST_FC)
    report: Json = {"driftPolicy": "Report", "maxSessionDurationSeconds": 3600}
    for name in ("described", "in-order", "widened", *ACKNOWLEDGED):
        world.role(name, **report, description="as agreed")
    for name in ("corrected", "found", "pending", "flapping"):
        world.role(name)
    world.role("narrowed", policies=[{"type": "System", "name": READ}])
    named = ("described", "in-order", "widened", "narrowed", "corrected", "found", "pending")
    for name in (*named, "flapping", *ACKNOWLEDGED):
        world.ready("RamRole", name)
    world.edit("RamRole", "found", suspend=True)
    world.reason("RamRole", "found", "Suspended")
    world.role("taken")
    world.role("suspended", suspend=True)
    world.role("waiting", policies=[{"type": "RamPolicy", "name": "nobody"}])
    world.settle()
    for name in ("widened", *ACKNOWLEDGED):
        hands.update_role(name, session=43200)
    hands.update_role("described", description="by hand")
    hands.detach("narrowed", READ)
    hands.attach("corrected", ADMIN)
    hands.attach("found", ADMIN)
    world.edit("RamRole", "pending", trustPolicy=trust(FC, ECS))
    world.settle()
    admin = {"type": "System", "name": ADMIN}
    world.edit("RamRole", "found", suspend=False, policies=[admin])
    for name in ("described", "widened", "narrowed", "corrected", *ACKNOWLEDGED):
        world.annotate("RamRole", name, reconcile_requested_at="now")
    _told(world)
    for name, left in ACKNOWLEDGED.items():
        acknowledge(world, "RamRole", name, end=moment(left))
    for number in range(FLAPPING_REVERTS):
        hands.attach("flapping", ADMIN)
        world.settle()
        world.look("RamRole", "flapping")
        _taken_back(world, number + 1)


def _taken_back(world: World, times: int) -> None:
    def told(item: Json) -> bool:
        return len(item["status"].get("correctedAt") or ()) == times

    world.wait("RamRole", "flapping", told, f"that it is taken back {times} times")
    world.settle()


def _told(world: World) -> None:
    """Wait until all of it stands in the status."""
    for name, reason in (
        ("described", "Drifted"),
        ("widened", "Drifted"),
        ("narrowed", "Drifted"),
        ("found", "FoundInCloud"),
        ("pending", "ApprovalRequired"),
        ("taken", "NotAdopted"),
        ("suspended", "Suspended"),
    ):
        world.reason("RamRole", name, reason)
    world.wait("RamRole", "corrected", lambda o: bool(o["status"].get("corrected")), "correction")
    world.wait("RamRole", "waiting", lambda o: bool(condition(o, "Reconciling")), "it waits")
