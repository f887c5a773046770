"""Every trust document that the operator sent to the cloud has its digest in a RamRecord.

Run at the end of each scenario, whatever it was about: a trust that went out without leaving a
trace in the operator's own memory went past the gate.
"""

from __future__ import annotations

from typing import Any, Final

from lab.waiting import until
from lab.world import World
from ram_operator import documents

PARAMETERS: Final = ("AssumeRolePolicyDocument", "NewAssumeRolePolicyDocument")


def trust_writes(world: World, since: int = 0) -> list[dict[str, Any]]:
    """The operator's calls that changed who may assume a role, with the document as `sent`."""
    found = []
    for entry in world.writes(since):
        for parameter in PARAMETERS:
            if parameter in entry["parameters"]:
                sent = documents.parse_trust(entry["parameters"][parameter], lenient=True)
                found.append({**entry, "sent": sent})
    return found


def unrecorded(world: World) -> list[str]:
    """One line for each trust document that no record of its role knows."""
    writes = trust_writes(world)
    known: set[tuple[str, str]] = set()
    for role in {entry["parameters"]["RoleName"].lower() for entry in writes}:
        record = world.record("RamRole", role) or {}
        blocks = [record.get("baseline"), record.get("inFlight"), *(record.get("history") or [])]
        known.update(
            (role, str(block["digest"])) for block in blocks if block and "digest" in block
        )
    return [
        f"{entry['action']} {entry['parameters']['RoleName']} (call {entry['n']})"
        for entry in writes
        if (entry["parameters"]["RoleName"].lower(), entry["sent"].digest) not in known
    ]


def assert_trusts_recorded(world: World) -> None:
    """Raises AssertionError; waits for a record that follows its write, as it does after a kill."""
    until(
        lambda: not unrecorded(world),
        lambda: f"a record of each trust document (missing: {unrecorded(world)})",
        after=20.0,
    )
