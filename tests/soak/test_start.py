"""The start with ten thousand sound objects and a thousand hostile ones: the memory that it takes.

They are put into etcd as they are, which is quick, and listed and watched like any others. MANY and
HOSTILE say how many.
"""

from __future__ import annotations

import copy
import os
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from lab import ControlPlane, waiting
from lab.building import ROOT
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import DOCUMENT, TRUST_FC, World, condition, open_world
from tests.support import etcd

Json = dict[str, Any]
MANY: Final = int(os.environ.get("MANY", "10000"))
HOSTILE: Final = int(os.environ.get("HOSTILE", "1000"))
HUGE: Final = max(1, HOSTILE // 50)
"""Of the hostile ones so many are as large as etcd takes; of these the operator keeps little. The
others are as large as admission takes, every other one a group whose members do not exist.
"""
RATES: Final = {"readsPerSecond": 20, "writesPerSecond": 4, "attachmentsPerSecond": 2}
READ: Final = {"type": "System", "name": "AliyunOSSReadOnlyAccess"}


def limit() -> int:
    """Bytes of memory that the shipped container may have."""
    path = ROOT / "deploy" / "kustomize" / "base" / "deployment.yaml"
    (container,) = yaml.safe_load(path.read_text())["spec"]["template"]["spec"]["containers"]
    number = re.fullmatch(r"([0-9]+)Mi", container["resources"]["limits"]["memory"])
    assert number is not None
    return int(number[1]) * 2**20


def document(size: int) -> Json:
    """One that the CRD takes, and that has about so many bytes."""
    resources = [f"acs:oss:*:*:{number:04}{'*a' * 490}b" for number in range(size // 1000)]
    lists = [resources[first : first + 700] for first in range(0, len(resources), 700)]
    statement = {"Effect": "Allow", "Action": ["oss:*Get*Object*"]}
    return {"Version": "1", "Statement": [{**statement, "Resource": one} for one in lists]}


def put(world: World, template: Json, name: str, **spec: Any) -> None:
    """As if the API server had taken it long ago."""
    item = copy.deepcopy(template)
    item["metadata"] |= {"name": name, "uid": str(uuid.uuid4())}
    item["spec"] |= spec
    etcd.put(world.cluster, item)


def fill(world: World) -> None:
    """Sound ones of each kind, and hostile ones beside them in the same namespace."""
    templates = {
        "RamRole": world.role("role", policies=[READ]),
        "RamPolicy": world.policy("policy"),
        "RamUser": world.create("RamUser", "user", {"policies": [READ]}),
        "RamGroup": world.create("RamGroup", "group", {"policies": [READ]}),
    }
    own: Json = {"RamRole": {"trustPolicy": TRUST_FC}, "RamPolicy": {"document": DOCUMENT}}
    kinds = sorted(templates)
    full, huge = document(63_000), document(1_000_000)

    def one(number: int) -> None:
        kind = kinds[number % len(kinds)]
        put(world, templates[kind], f"sound-{number}", **own.get(kind, {}))

    def hostile(number: int) -> None:
        name = f"hostile-{number}"
        if number % 2:
            # Each name is one that somebody may wait for.
            members = [{"type": "RamUser", "name": f"{number}-{n}-{'x' * 40}"} for n in range(500)]
            put(world, templates["RamGroup"], name, members=members)
        else:
            large = huge if number < 2 * HUGE else full
            put(world, templates["RamPolicy"], name, document=large)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(one, range(MANY)))
        list(threads.map(hostile, range(HOSTILE)))


def of(process: OperatorProcess, name: str) -> int:
    """Bytes of memory, by its word in /proc."""
    lines = Path(f"/proc/{process.child.pid}/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


@pytest.mark.timeout(900)
def test_a_start_with_all_of_it_is_within_the_limit(
    apart: ControlPlane, emulator: EmulatorProcess
) -> None:
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "full"}}
    apart.request("POST", "/api/v1/namespaces", body)
    world = open_world(apart, emulator, "full", "friendly")
    world.edit("RamAccount", "full", rateLimit=RATES)
    fill(world)
    with OperatorProcess.running(apart) as process:
        world.ready("RamAccount", "full")
        # Each of them had a turn or waits for one, so that all were listed.
        waiting.until(lambda: waiting_for(process) > 0.8 * (MANY + HOSTILE), "that all is listed")
        told = world.look("RamPolicy", "hostile-0")
        assert condition(told, "Ready")["reason"] == "InvalidSpec"
        # RAM refuses it, perhaps for a moment: it is sent once more before that is said.
        told = world.look("RamPolicy", f"hostile-{HOSTILE - 2}")
        assert condition(told, "Ready")["status"] != "True"
        # Who edits one meanwhile does not wait for all of them.
        world.edit("RamRole", "role", description="by somebody who waits for it")
        world.ready("RamRole", "role")
        assert world.cloud()["roles"]["role"]["description"].startswith("by somebody")
        most = of(process, "VmHWM")
        print(f"{most / 2**20:.0f} of {limit() / 2**20:.0f} MB with {MANY} and {HOSTILE}")
        assert most < limit()
        assert "Traceback" not in process.log


def waiting_for(process: OperatorProcess) -> float:
    """Objects that wait for a worker."""
    found = re.search(r"(?m)^ram_operator_queue_depth (\S+)$", process.metrics())
    assert found is not None
    return float(found[1])
