"""Leaving, upgrading, and taking things away in the wrong order: the cloud stays as it is.

There is no controller manager here, so a namespace that goes is played by deleting what is in it.
"""

from __future__ import annotations

import re
import shlex
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.install import BASE, install
from lab.operator_process import OperatorProcess
from lab.processes import log_tail
from lab.waiting import Deadline, until
from lab.world import TRUST_FC, World, account_spec, condition, is_ready, open_world, trust
from tests.support.trusts import assert_trusts_recorded

pytestmark = pytest.mark.slow

FINALIZER: Final = "ram.alibabacloud.com/cleanup"
CRDS: Final = BASE.parents[2] / "crds"
KINDS: Final = "ramroles,rampolicies,ramusers,ramgroups"
Start = Callable[..., OperatorProcess]


@pytest.fixture
def start(apart: ControlPlane) -> Iterator[Start]:
    """Starts an operator; flags as keywords. Ends them all with the test."""
    processes = []

    def begin(**flags: str) -> OperatorProcess:
        log = apart.directory / f"operator-{uuid.uuid4().hex[:6]}.log"
        named = {name.replace("_", "-"): value for name, value in flags.items()}
        processes.append(OperatorProcess.start(apart, log, named))
        return processes[-1]

    yield begin
    for process in processes:
        process.stop()
        # Shown when the test failed.
        print(log_tail(process.child.log, 60))


@pytest.fixture
def world(apart: ControlPlane, emulator: EmulatorProcess) -> Iterator[World]:
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    apart.request("POST", "/api/v1/namespaces", body)
    opened = open_world(apart, emulator, name, "friendly")
    yield opened
    if apart.kubectl("get", "ram", "-n", name, check=False).returncode == 0:
        opened.close()


def fill(world: World, **spec: Any) -> None:
    """A role that uses a policy, both ready."""
    world.policy("reader", **spec)
    world.role("exporter", policies=[{"type": "RamPolicy", "name": "reader"}], **spec)
    world.ready("RamPolicy", "reader")
    world.ready("RamRole", "exporter")


def protected(item: dict[str, Any] | None) -> bool:
    assert item is not None
    return FINALIZER in (item["metadata"].get("finalizers") or ())


def advised(world: World, item: dict[str, Any]) -> None:
    """Do what the message says."""
    found = re.search(r"kubectl (annotate .*)$", condition(item, "Ready")["message"])
    assert found is not None, item["status"]
    world.cluster.kubectl(*shlex.split(found[1]))


def test_an_account_is_protected_while_an_object_names_it(start: Start, world: World) -> None:
    start()
    world.ready("RamAccount", world.namespace)
    assert not protected(world.get("RamAccount", world.namespace)), "nothing to protect yet"
    world.role("exporter")
    world.role("importer")
    world.ready("RamRole", "exporter")
    assert protected(world.get("RamAccount", world.namespace))
    world.delete("RamRole", "exporter")
    world.delete("RamRole", "importer")
    world.wait(
        "RamAccount", world.namespace, lambda item: not protected(item), "no finalizer any more"
    )


def test_the_documented_order_leaves_the_cloud_untouched(start: Start, world: World) -> None:
    start()
    fill(world, deletionPolicy="Delete")
    before, end = world.cloud(), world.journal_end()
    kubectl, space = world.cluster.kubectl, ["-n", world.namespace]

    named = kubectl("get", KINDS, *space, "-o", "name").stdout.split()
    for each in named:
        kubectl("patch", each, *space, "--type=merge", "-p", '{"spec":{"deletionPolicy":"Retain"}}')
    for kind, name in (("RamRole", "exporter"), ("RamPolicy", "reader")):
        world.wait(kind, name, lambda item: not protected(item), "no finalizer any more")
    kubectl("delete", KINDS, *space, "--all", "--timeout=10m")
    kubectl("delete", "ramaccount", world.namespace, "--timeout=10m")

    assert world.cloud() == before
    assert world.writes(end) == []


def test_everything_at_once_goes_in_the_right_order_by_itself(start: Start, world: World) -> None:
    """As when the namespace is deleted, and the account by the same tool."""
    start()
    fill(world, deletionPolicy="Delete")
    world.delete("RamAccount", world.namespace)
    world.delete("RamPolicy", "reader")
    world.delete("RamRole", "exporter")
    world.gone("RamRole", "exporter")
    world.gone("RamPolicy", "reader")
    world.gone("RamAccount", world.namespace)
    assert (world.cloud()["roles"], world.cloud()["policies"]) == ({}, {})


def test_the_account_first_waits_and_says_for_whom(start: Start, world: World) -> None:
    start()
    fill(world)
    before, end = world.cloud(), world.journal_end()
    world.delete("RamAccount", world.namespace)
    waiting = world.reason("RamAccount", world.namespace, "Deleting")
    message = condition(waiting, "Ready")["message"]
    assert message.startswith("2 objects live in this account and must go first: ")
    assert f"RamRole {world.namespace}/exporter" in message
    world.delete("RamPolicy", "reader")
    world.wait(
        "RamAccount",
        world.namespace,
        lambda item: condition(item, "Ready")["message"].startswith("1 object lives"),
        "one object left",
    )
    # It works on meanwhile: what waits for it would otherwise wait for ever.
    world.edit("RamRole", "exporter", policies=[])
    world.ready("RamRole", "exporter")
    assert [call["action"] for call in world.writes(end)] == ["DetachPolicyFromRole"]
    world.delete("RamRole", "exporter")
    world.gone("RamAccount", world.namespace)
    assert set(world.cloud()["roles"]) == set(before["roles"])


def test_an_account_that_is_given_up_leaves_its_objects_waiting(start: Start, world: World) -> None:
    start(deletion_blocked_seconds="1")
    fill(world, deletionPolicy="Delete")
    before, end = world.cloud(), world.journal_end()
    spec = (world.get("RamAccount", world.namespace) or {})["spec"]
    world.delete("RamAccount", world.namespace)
    # After a second it is called blocked, which on a busy machine is all that one sees.
    waiting = world.wait(
        "RamAccount",
        world.namespace,
        lambda item: condition(item, "Ready").get("reason") in ("Deleting", "DeletionBlocked"),
        "waiting for its objects",
    )
    advised(world, waiting)
    world.gone("RamAccount", world.namespace)
    world.annotate("RamRole", "exporter", reconcile_requested_at="now")
    world.delete("RamRole", "exporter")
    blocked = world.reason("RamRole", "exporter", "DeletionBlocked")
    assert world.namespace in condition(blocked, "Ready")["message"]
    assert (world.cloud(), world.writes(end)) == (before, [])

    # An account of that name brings everything back to work.
    world.create("RamAccount", world.namespace, spec)
    world.gone("RamRole", "exporter")
    assert "exporter" not in world.cloud()["roles"]


def test_the_secret_first_blocks_deletions_until_somebody_decides(
    start: Start, world: World
) -> None:
    running = start()
    fill(world, deletionPolicy="Delete")
    before, end = world.cloud(), world.journal_end()
    running.stop()
    world.cluster.kubectl("delete", "secret", "-n", "ram-system", world.namespace)
    start(deletion_blocked_seconds="1")
    world.reason("RamAccount", world.namespace, "CredentialsInvalid")
    world.delete("RamRole", "exporter")
    world.delete("RamPolicy", "reader")
    for kind, name in (("RamRole", "exporter"), ("RamPolicy", "reader")):
        advised(world, world.reason(kind, name, "DeletionBlocked"))
        world.gone(kind, name)
    world.delete("RamAccount", world.namespace)
    world.gone("RamAccount", world.namespace)
    assert (world.cloud(), world.writes(end)) == (before, [])


def test_the_operator_first_leaves_finalizers_that_a_patch_takes_off(
    start: Start, world: World
) -> None:
    running = start()
    fill(world, deletionPolicy="Delete")
    before, end = world.cloud(), world.journal_end()
    running.stop()
    kubectl, space = world.cluster.kubectl, ["-n", world.namespace]
    kubectl("delete", KINDS, *space, "--all", "--wait=false")
    kubectl("delete", "ramaccount", world.namespace, "--wait=false")
    assert protected(world.get("RamRole", "exporter"))
    patch = ["--type=merge", "-p", '{"metadata":{"finalizers":null}}']
    for each in kubectl("get", KINDS, *space, "-o", "name").stdout.split():
        kubectl("patch", each, *space, *patch)
    kubectl("patch", "ramaccount", world.namespace, *patch)
    world.gone("RamRole", "exporter")
    world.gone("RamAccount", world.namespace)
    assert (world.cloud(), world.writes(end)) == (before, [])


def test_an_upgrade_over_existing_objects_writes_nothing(start: Start, world: World) -> None:
    running = start()
    fill(world, deletionPolicy="Delete")
    world.role("keeper", description="kept")
    world.ready("RamRole", "keeper")
    running.stop()
    end = world.journal_end()
    names = (("RamRole", "exporter"), ("RamPolicy", "reader"), ("RamRole", "keeper"))
    versions = [_version(world, *each) for each in (*names, ("RamAccount", world.namespace))]
    successor = start()
    passes = 'ram_operator_reconcile_total{kind="RamRole",result="success"}'
    _until_counted(successor, passes, 2)
    assert [_version(world, *each) for each in (*names, ("RamAccount", world.namespace))] == (
        versions
    )
    assert world.writes(end) == []
    assert "ram_operator_cluster_writes_total{" not in successor.metrics()


def _version(world: World, kind: str, name: str) -> str:
    item = world.get(kind, name)
    assert item is not None
    return str(item["metadata"]["resourceVersion"])


def _until_counted(process: OperatorProcess, series: str, least: int) -> None:
    deadline = Deadline()
    while True:
        lines = process.metrics().splitlines()
        count = next((float(x.rpartition(" ")[2]) for x in lines if x.startswith(series)), 0.0)
        if count >= least:
            return
        assert not deadline.over, f"{series} is still {count}"
        time.sleep(0.1)


@pytest.fixture
def kept(apart: ControlPlane) -> Iterator[None]:
    """An operator that is started again when it ends: a watch that meets the 404 of a kind that is
    gone ends the process, unless kopf has taken the watch back before.
    """
    with OperatorProcess.kept_running(apart, {"resync-seconds": "1"}):
        yield


@pytest.mark.usefixtures("kept")
def test_without_its_memory_the_operator_changes_no_trust(world: World) -> None:
    """The records' kind is taken away and applied again while the operator runs."""
    fill(world)
    before, end = world.cloud(), world.journal_end()
    world.cluster.kubectl("delete", "-f", CRDS / "ramrecords.yaml", "--timeout=10m")
    install(world.cluster)
    kinds = {"RamAccount", "RamRole", "RamPolicy"}
    until(
        lambda: {record["kind"] for record in world.records()} == kinds,
        lambda: f"that all records are back: {world.records()}",
    )
    assert (world.cloud(), world.writes(end)) == (before, [])
    world.edit("RamRole", "exporter", trustPolicy=trust(("Service", "ecs.aliyuncs.com")))
    world.reason("RamRole", "exporter", "ApprovalRequired")
    assert (world.cloud(), world.writes(end)) == (before, [])
    world.edit("RamRole", "exporter", trustPolicy=TRUST_FC)
    world.ready("RamRole", "exporter")
    assert_trusts_recorded(world)


@pytest.mark.usefixtures("kept")
def test_kinds_that_are_removed_take_nothing_with_them(world: World) -> None:
    """Deleting a definition deletes its objects; what they asked for on deletion is not meant."""
    fill(world, deletionPolicy="Delete")
    before, end = world.cloud(), world.journal_end()
    world.cluster.kubectl("delete", "-k", CRDS, "--timeout=10m")
    assert (world.cloud(), world.writes(end)) == (before, [])

    install(world.cluster)
    spec = account_spec(world)
    world.create("RamAccount", world.namespace, spec)
    until(
        lambda: (found := world.get("RamAccount", world.namespace)) is not None and is_ready(found),
        "that the account is ready again",
        120,
    )
    world.policy("reader", deletionPolicy="Delete")
    world.role("exporter", deletionPolicy="Delete")
    for kind, name in (("RamRole", "exporter"), ("RamPolicy", "reader")):
        world.wait(kind, name, lambda item: bool(condition(item, "Ready")), "a first look")
    assert before["roles"]["exporter"]["trust"] == world.cloud()["roles"]["exporter"]["trust"]
    assert before["policies"]["reader"] == world.cloud()["policies"]["reader"]
    verbs = {call["action"] for call in world.writes(end)}
    assert not {verb for verb in verbs if verb.startswith(("Create", "Delete", "Update"))}, verbs


def test_the_whole_installation_goes(start: Start, world: World) -> None:
    """Last of all, since this control plane is no use to anybody after it."""
    start()
    fill(world)
    before, end = world.cloud(), world.journal_end()
    kubectl = world.cluster.kubectl
    kubectl("delete", KINDS, "-n", world.namespace, "--all", "--timeout=10m")
    kubectl("delete", "ramaccount", world.namespace, "--timeout=10m")
    # The namespace of the operator ends with a controller that does not run here.
    kubectl("delete", "-k", BASE, "--wait=false")
    kubectl("wait", "crd", "-l", "app.kubernetes.io/part-of=ram-operator", "--for=delete")
    assert "ram.alibabacloud.com" not in kubectl("get", "crd", "-o", "name").stdout
    assert (world.cloud(), world.writes(end)) == (before, [])
