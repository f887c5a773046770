"""The records are gone, or everything was restored from a backup: it fails closed until a person
says that what was approved before opens nothing.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from lab import ControlPlane
from lab.install import BASE, install
from lab.operator_process import NAMESPACE, SERVICE_ACCOUNT, SOURCES, OperatorProcess
from lab.waiting import until
from lab.world import World, trust
from tests.gate.approving import approve, held, offer, opened, say
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support.runbooks import commands, run

Json = dict[str, Any]
FC = ("Service", "fc.aliyuncs.com")
ECS = ("Service", "ecs.aliyuncs.com")
ROLE = "RamRole"
RECORDS = BASE.parents[2] / "crds" / "ramrecords.yaml"


def void_approvals(plane: ControlPlane) -> str:
    """As a person runs it inside the operator's pod."""
    kubeconfig = plane.kubeconfig_for_service_account(NAMESPACE, SERVICE_ACCOUNT)
    result = subprocess.run(
        [sys.executable, "-m", "ram_operator", "void-approvals"],
        env={**plane.environment(kubeconfig), "PYTHONPATH": str(SOURCES)},
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    return result.stdout


def lose_records(plane: ControlPlane, world: World) -> None:
    """Somebody deletes the definition of the kind, and with it all records; then it is applied."""
    plane.kubectl("delete", "-f", RECORDS, "--timeout=10m")
    install(plane)

    def marked() -> bool:
        record = world.record("RamAccount", world.account_id)
        return record is not None and "lostAt" in record

    until(marked, "that the loss is noted")


def pending(world: World, name: str) -> Json:
    found: Json = held(world, ROLE, name)["status"]["pending"]
    return found


@attack(Entry.CREATED, Resource.NEW_ROLE, Moment.LOST)
def test_without_records_no_role_is_created_until_a_person_has_said_so(
    apart: ControlPlane, alone: World, tmp_path: Path
) -> None:
    with OperatorProcess.kept_running(apart, {"resync-seconds": "1"}):
        alone.role("known", trustPolicy=trust(FC))
        alone.role("again", trustPolicy=trust(FC), deletionPolicy="Delete")
        alone.ready(ROLE, "known")
        alone.ready(ROLE, "again")
        alone.delete(ROLE, "again")
        alone.gone(ROLE, "again")
        lose_records(apart, alone)
        start = alone.journal_end()
        # Under its name it had another trust, which nobody remembers; and who has none knows less.
        alone.role("again", trustPolicy=trust(FC, ECS))
        alone.role("fresh", trustPolicy=trust(FC))
        for name in ("again", "fresh"):
            assert pending(alone, name)["kind"] == "RecordsLost"
        listing, records = commands("RamOperatorRecordsLost", "tests/gate/test_lost_records.py")
        assert re.search(r"fresh\s+RecordsLost\s+sha256:", run(alone, listing, "", tmp_path))
        assert run(alone, records, "", tmp_path)
        # A role that nobody remembers may trust the name of a user; of a group none can.
        alone.create("RamUser", "anybody", {})
        alone.create("RamGroup", "team", {})
        waiting = held(alone, "RamUser", "anybody")["status"]["pending"]
        assert waiting["kind"] == "RecordsLost"
        alone.ready("RamGroup", "team")
        # What exists is compared with what it has.
        alone.edit(ROLE, "known", trustPolicy=trust(FC, ECS))
        held(alone, ROLE, "known")
        alone.settle()
        for name in ("again", "fresh", "known"):
            alone.look(ROLE, name)
        alone.settle()
        assert opened(alone, start) == []

        # One of them may be approved without giving up the rest.
        approve(alone, ROLE, "again")
        alone.ready(ROLE, "again")
        assert pending(alone, "fresh")["kind"] == "RecordsLost"
        created = [e for e in alone.writes(start) if e["action"] == "CreateRole"]
        assert [entry["parameters"]["RoleName"] for entry in created] == ["again"]

        before = pending(alone, "known")["digest"]
        assert "whatever was approved so far opens nothing" in void_approvals(apart)
        alone.ready(ROLE, "fresh")
        alone.ready("RamUser", "anybody")
        assert held(alone, ROLE, "known", instead_of=before)
        actions = sorted(entry["action"] for entry in opened(alone, start))
        assert actions == ["CreateRole", "CreateRole", "CreateUser"]


@attack(Entry.RESTORED, Resource.TRUST, Moment.DOWN)
def test_what_was_approved_before_a_restore_opens_nothing_once_it_is_voided(
    apart: ControlPlane, alone: World
) -> None:
    """A restore of etcd brings back records with their uids, and the approvals on the objects."""
    with OperatorProcess.kept_running(apart, {"resync-seconds": "1"}):
        alone.role("target", trustPolicy=trust(FC))
        alone.ready(ROLE, "target")
        start = alone.journal_end()
        alone.edit(ROLE, "target", trustPolicy=trust(FC, ECS))
        digest = offer(alone, ROLE, "target")
    assert say(alone, ROLE, "target", approve=digest)
    void_approvals(apart)
    with OperatorProcess.kept_running(apart, {"resync-seconds": "1"}):
        again = held(alone, ROLE, "target", instead_of=digest)
        alone.look(ROLE, "target")
        alone.settle()
        assert again["status"]["pending"]["digest"] != digest
        assert opened(alone, start) == []
        # Who still wants it approves what is offered now.
        approve(alone, ROLE, "target")
        alone.ready(ROLE, "target")
        assert len(opened(alone, start)) == 1
