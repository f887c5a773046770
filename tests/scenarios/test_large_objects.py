"""Objects as large as the API server takes without admission, or took before: what they cost the
operator, and what is told.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from lab import ControlPlane, waiting
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import DOCUMENT, World, condition, open_world
from tests.support import etcd

Json = dict[str, Any]
MANY: Final = int(os.environ.get("LARGE", "60"))
LIMIT: Final = 384 * 1024 * 1024
"""Bytes, of deploy/kustomize/base/deployment.yaml."""
STATEMENT: Final = {
    "Effect": "Allow",
    "Action": ["oss:GetObject"],
    "Resource": [f"acs:oss:*:*:{number:03}{'a' * 1000}/*" for number in range(200)],
}
HUGE: Final = {"Version": "1", "Statement": [STATEMENT] * 5}


@pytest.fixture
def worlds(apart: ControlPlane, emulator: EmulatorProcess) -> tuple[World, World]:
    """A tenant, and somebody who may edit objects of a namespace that is none."""
    for name in ("tenant", "stranger"):
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        apart.request("POST", "/api/v1/namespaces", body)
    tenant = open_world(apart, emulator, "tenant", "friendly")
    return tenant, replace(tenant, namespace="stranger")


def stored(world: World, name: str, **spec: Any) -> None:
    """As it may be in etcd since before admission refused that."""
    small = world.policy(name, **spec)
    etcd.put(world.cluster, {**small, "spec": {**small["spec"], "document": HUGE}})


def peak(process: OperatorProcess) -> int:
    """Bytes of memory that the process had at most."""
    lines = Path(f"/proc/{process.child.pid}/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


@pytest.mark.timeout(600)
def test_large_objects_are_told_of_and_cost_no_memory(
    apart: ControlPlane, worlds: tuple[World, World]
) -> None:
    tenant, stranger = worlds
    where = {"accountRef": {"name": "tenant"}}
    with OperatorProcess.running(apart) as process:
        tenant.role("app")
        tenant.ready("RamRole", "app")
        quiet = peak(process)
    for number in range(MANY):
        stored(stranger, f"huge-{number}", suspend=True, **where)
    stranger.policy("sound", **where)
    stored(tenant, "huge", deletionPolicy="Delete")
    tenant.policy("sound")
    tenant.role("other", policies=[{"type": "RamPolicy", "name": "huge"}])
    with OperatorProcess.running(apart) as process:
        tenant.ready("RamPolicy", "sound")
        told = tenant.reason("RamPolicy", "huge", "InvalidSpec")
        assert "has 99" in condition(told, "Ready")["message"]
        assert condition(told, "Stalled")["status"] == "True"
        tenant.reason("RamRole", "other", "DependencyNotReady")
        for number in range(MANY):
            stranger.reason("RamPolicy", f"huge-{number}", "InvalidSpec")
        stranger.reason("RamPolicy", "sound", "NotPermitted")
        waiting.until(process.idle, "that all is done")
        print(f"{quiet / 2**20:.0f} MB, and {peak(process) / 2**20:.0f} MB with {MANY} MB")
        assert peak(process) < LIMIT
        # It can be deleted, and made smaller.
        tenant.delete("RamPolicy", "huge")
        tenant.gone("RamPolicy", "huge")
        tenant.policy("huge", document=DOCUMENT)
        tenant.ready("RamPolicy", "huge")
        tenant.ready("RamRole", "other")
        # Who becomes a tenant is looked at, though nothing was kept of what he had.
        account = tenant.get("RamAccount", "tenant")
        assert account is not None
        tenants = account["spec"]["tenants"]
        prefixed = {**tenants[0], "namespace": "stranger", "namePrefixes": ["*"]}
        stranger.role("app-too", policies=[{"type": "RamPolicy", "name": "mine"}], **where)
        stranger.policy("mine", **where)
        stranger.reason("RamRole", "app-too", "NotPermitted")
        stranger.reason("RamPolicy", "mine", "NotPermitted")
        tenant.edit("RamAccount", "tenant", tenants=[*tenants, prefixed])
        stranger.ready("RamPolicy", "mine")
        stranger.ready("RamRole", "app-too")
        assert {"app", "other", "app-too"} <= tenant.cloud()["roles"].keys()
        assert tenant.cloud()["policies"].keys() == {"sound", "huge", "mine"}
