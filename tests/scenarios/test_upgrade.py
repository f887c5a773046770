"""The operator starts on what an earlier version left behind: offers, approvals, writes under way.

Nothing changes in the cloud, and what waited for a person goes on waiting for one. What an offer
covers is more than it was, so each is made anew, once, and what was approved is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.install import install
from lab.operator_process import OperatorProcess
from lab.world import World, condition
from ram_operator import documents
from tests.gate.approving import say
from tests.support.saved import Saved

Json = dict[str, Any]
Write = tuple[str, str, str]
VERSIONS: Final = ("0.1.0",)
ROLE, USER = "RamRole", "RamUser"
MONTH: Final = 30.0
"""Days: every offer of the fixture has ended by then."""
APPROVED: Final = (ROLE, "approved-while-down")
"""What people approved and no operator has begun."""
BEGUN: Final = ((ROLE, "killed-before"), (USER, "approved-refused"))
"""What 0.1.0 began and the cloud has not: its records do not say when the approval ends."""
NAMES: Final = ("RoleName", "UserName", "GroupName", "PolicyName")


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[ControlPlane]:
    """One of its own for each test: what was saved has names and uids of its own."""
    with ControlPlane.start(tmp_path) as plane:
        install(plane)
        yield plane


@pytest.fixture
def own_emulator() -> Iterator[EmulatorProcess]:
    with EmulatorProcess.start() as process:
        yield process


class Upgrade:
    """What was saved, loaded into a fresh world so many days later."""

    def __init__(self, version: str, plane: ControlPlane, cloud: EmulatorProcess, days: float):
        self.saved = Saved.read(version)
        self.worlds = self.saved.load(plane, cloud, days)
        self.shift = self.saved.shift(days)
        self.before = {name: world.cloud() for name, world in self.worlds.items()}

    def world_of(self, item: Json) -> World:
        return self.worlds[item["metadata"].get("namespace") or item["metadata"]["name"]]

    def look(self) -> dict[tuple[str, str], Json]:
        """All objects, each looked at twice: what looks odd is believed only then."""
        for _ in range(2):
            for world in self.worlds.values():
                world.settle()
                world.look_all(self._objects(world))
        return {
            (item["kind"], item["metadata"]["name"]): found
            for item in self.saved.objects
            if (found := self.world_of(item).get(item["kind"], item["metadata"]["name"]))
        }

    def _objects(self, world: World) -> list[tuple[str, str]]:
        return [
            (item["kind"], item["metadata"]["name"])
            for item in self.saved.objects
            if self.world_of(item) is world
        ]

    def writes(self) -> list[Write]:
        """All that the operator changed in any of the accounts."""
        return [_short(entry) for world in self.worlds.values() for entry in world.writes()]

    def offers(self) -> Iterator[tuple[Json, Json]]:
        """Objects with a change that was held, and what was offered of it."""
        for item in self.saved.objects:
            if pending := item.get("status", {}).get("pending"):
                yield item, pending


def _short(entry: Mapping[str, Any]) -> Write:
    sent = dict(entry["parameters"])
    text = sent.get("NewAssumeRolePolicyDocument") or sent.get("AssumeRolePolicyDocument")
    if text:
        return entry["action"], sent["RoleName"], documents.parse_trust(text).digest
    name = next((str(sent[key]) for key in NAMES if key in sent), "")
    return entry["action"], name, str(sent.get("PolicyName") or "")


def critical(item: Json) -> set[tuple[str, str]]:
    """Drift that an alarm rings for."""
    found = item.get("status", {}).get("drift") or ()
    return {(row["field"], row["is"]) for row in found if row["severity"] == "critical"}


def assert_nothing_else_moved(upgrade: Upgrade, after: dict[tuple[str, str], Json]) -> None:
    done = upgrade.writes()
    assert len(done) == len(set(done)), "each of them once"
    touched = {name for _, name, _ in done}
    for name, world in upgrade.worlds.items():
        now = world.cloud()
        for part in ("roles", "users", "groups", "policies"):
            for identity, was in upgrade.before[name][part].items():
                if identity not in touched:
                    assert now[part][identity] == was, identity
            assert now[part].keys() == upgrade.before[name][part].keys()
    for item in upgrade.saved.objects:
        key = (item["kind"], item["metadata"]["name"])
        assert critical(after[key]) <= critical(item), key


def assert_still_held(upgrade: Upgrade, after: dict[tuple[str, str], Json], *opened: str) -> None:
    """What was held is held, and says the same of who gains and who loses."""
    for item, offered in upgrade.offers():
        name = item["metadata"]["name"]
        now = after[(item["kind"], name)].get("status", {}).get("pending") or {}
        if name in opened:
            assert now == {}, name
            continue
        had, has = offered.get("gains", []), now.get("gains", [])
        more = has[len(had) :]
        said = ("kind", "losses")
        assert has[: len(had)] == had, name
        assert [now.get(part) for part in said] == [offered.get(part) for part in said], name
        # Who has a policy was not said before.
        assert all(text.startswith("whoever has it: ") for text in more), name


@pytest.mark.parametrize("version", VERSIONS)
def test_nothing_is_done_and_what_was_approved_is_asked_for_anew(
    plane: ControlPlane, own_emulator: EmulatorProcess, version: str
) -> None:
    upgrade = Upgrade(version, plane, own_emulator, 0.0)
    with OperatorProcess.running(plane, shift=upgrade.shift):
        after = upgrade.look()
        assert upgrade.writes() == []
        assert_nothing_else_moved(upgrade, after)
        assert_still_held(upgrade, after, "killed-after")
        assert after[APPROVED]["status"]["pending"]["voided"] == "ApprovalStale"
        assert upgrade.worlds["shop"].told("ApprovalVoided", APPROVED[1])
        assert_states(upgrade, after)
        opens_nothing_old(upgrade, after)


@pytest.mark.parametrize("version", VERSIONS)
def test_after_a_month_no_approval_of_then_opens_anything(
    plane: ControlPlane, own_emulator: EmulatorProcess, version: str
) -> None:
    upgrade = Upgrade(version, plane, own_emulator, MONTH)
    with OperatorProcess.running(plane, shift=upgrade.shift):
        after = upgrade.look()
        assert upgrade.writes() == []
        assert_nothing_else_moved(upgrade, after)
        assert_still_held(upgrade, after, "killed-after")
        assert_states(upgrade, after)
        opens_nothing_old(upgrade, after)


def opens_nothing_old(upgrade: Upgrade, after: dict[tuple[str, str], Json]) -> None:
    """What is offered under another digest than then is not opened by that of then."""
    done = upgrade.writes()
    replaced = []
    for item, offered in upgrade.offers():
        kind, name = item["kind"], item["metadata"]["name"]
        now = after[(kind, name)]["status"].get("pending") or {}
        if now and now["digest"] != offered["digest"]:
            replaced.append((kind, name))
            say(upgrade.world_of(item), kind, name, approve=offered["digest"])
    again = upgrade.look()
    assert upgrade.writes() == done
    for key in replaced:
        assert (
            again[key]["status"]["pending"]["digest"] == after[key]["status"]["pending"]["digest"]
        )


def assert_states(upgrade: Upgrade, after: dict[tuple[str, str], Json]) -> None:
    """What was begun is settled, and what each of the others showed then it shows now."""
    rejected = condition(after[(ROLE, "rejected")], "ApprovalRequired")
    assert rejected["reason"] == "ApprovalRejected"
    assert "we do not know them" in rejected["message"]
    (said,) = (upgrade.worlds["shop"].record(ROLE, "rejected") or {})["rejections"]
    assert "we do not know them" in said["reason"]
    for kind, name in (*BEGUN, ("RamGroup", "killed-after"), APPROVED):
        assert "inFlight" not in (upgrade.worlds["shop"].record(kind, name) or {})
    for key in BEGUN:
        said = after[key]["metadata"]["annotations"]["ram.alibabacloud.com/approve"]
        assert after[key]["status"]["pending"]["digest"] != said
    assert condition(after[(ROLE, "offer-lost")], "ApprovalRequired")["reason"] == "RecordsLost"
    assert condition(after[(ROLE, "suspended")], "Ready")["reason"] == "Suspended"
    for name in ("adopted", "drifted"):
        assert condition(after[(ROLE, name)], "Drifted")["status"] == "True"
    for kind, name in ((ROLE, "in-sync"), (USER, "ann"), ("RamGroup", "ends"), (ROLE, "known")):
        assert condition(after[(kind, name)], "Ready")["status"] == "True"
