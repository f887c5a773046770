"""What an earlier version offered or began is known by digests of 64 bits: whoever edits manifests
finds two documents that have the same one. So it opens nothing, and what was said against it stays.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest

from lab import ControlPlane
from lab.operator_process import FORGETFUL, OperatorProcess
from lab.waiting import until
from lab.world import World
from ram_operator.kinds.record import Identity
from tests.gate.approving import approve, offer, say
from tests.gate.attacks import ADMIN, NAME, ROLE
from tests.gate.triples import Entry, Moment, Resource, attack
from tests.support import etcd

Json = dict[str, Any]
MAPS = ("asked", "parts", "seen")


def shorter(text: str) -> str:
    """The first 64 bits, as an earlier version wrote them."""
    found = base64.urlsafe_b64decode(text + "=") if len(text) == 43 else b""
    return found[:8].hex() if found else text


def older(block: Json) -> Json:
    """An offer or a write under way, as an earlier version stored it."""
    maps = {name: {k: shorter(v) for k, v in block.get(name, {}).items()} for name in MAPS}
    return {**block, **maps, "wishes": [shorter(each) for each in block.get("wishes", ())]}


def put_back(plane: ControlPlane, world: World, part: str) -> None:
    item = world.get("RamRecord", Identity(world.account_id, ROLE, NAME).key.name)
    assert item is not None
    block = older(item["record"][part])
    assert all(len(each) == 16 for each in block["wishes"])
    etcd.put(plane, {**item, "record": {**item["record"], part: block}})


@pytest.mark.parametrize(
    "part",
    [
        pytest.param(
            "pending", marks=attack(Entry.REPLAYED, Resource.ROLE_POLICY, Moment.RESTARTED)
        ),
        pytest.param("inFlight", marks=attack(Entry.RESTORED, Resource.ROLE_POLICY, Moment.BEGUN)),
    ],
)
def test_what_an_earlier_version_noted_opens_nothing(
    apart: ControlPlane, alone: World, part: str
) -> None:
    process = OperatorProcess.start(apart, apart.directory / "operator.log", FORGETFUL)
    try:
        alone.role(NAME)
        alone.ready(ROLE, NAME)
        alone.settle()
        alone.edit(ROLE, NAME, policies=[ADMIN])
        digest = offer(alone, ROLE, NAME)
        if part == "inFlight":
            fault = {"account": alone.account_id, "pid": process.child.pid}
            alone.admin.add_fault("kill_before", action="AttachPolicyToRole", **fault)
            assert say(alone, ROLE, NAME, approve=digest)
            until(lambda: not process.child.running, "that it is killed", 20.0)
    finally:
        process.stop(kill=True)
    if part == "pending":
        assert say(alone, ROLE, NAME, approve=digest)
    put_back(apart, alone, part)
    start = alone.journal_end()
    with OperatorProcess.running(apart, FORGETFUL):
        anew = offer(alone, ROLE, NAME, instead_of=digest)
        alone.settle()
        alone.look(ROLE, NAME)
        assert alone.writes(start) == []
        (said,) = alone.told("ApprovalVoided")
        assert f"{digest} opens nothing any more" in said
        assert "an older version of the operator offered it" in said
        assert approve(alone, ROLE, NAME) == anew
        alone.ready(ROLE, NAME)
    assert [each["action"] for each in alone.writes(start)] == ["AttachPolicyToRole"]
