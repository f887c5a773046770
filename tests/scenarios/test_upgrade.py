"""The operator starts on what an earlier version left behind: offers, approvals, writes under way.

Nothing changes in the cloud, and what waited for a person goes on waiting for one. What an offer
covers is more than it was, so each is made anew, once, and what was approved is asked for again.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import alibabacloud_ram20150501.models as ram
import pytest

from lab import ControlPlane
from lab.emulator_process import EmulatorProcess
from lab.install import install
from lab.operator_process import OperatorProcess
from lab.waiting import until
from lab.world import World, condition
from ram_operator import documents
from ram_operator.kinds.record import FORMAT
from tests.gate.approving import say
from tests.support import etcd
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
        self.plane = plane
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
        # Who has a policy was not said before, nor who gets what a group gets.
        news = ("whoever has it: ", "who is in the group has it then")
        assert all(text.startswith(news) for text in more), name


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
        assert_filled(upgrade)
        filled = versions(upgrade)
        upgrade.look()
        assert versions(upgrade) == filled, "a quiet look writes no record"


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


# The format of records


def records(upgrade: Upgrade) -> list[Json]:
    found = upgrade.plane.request("GET", "/apis/ram.alibabacloud.com/v1alpha1/ramrecords")
    return list(found["items"])


def versions(upgrade: Upgrade) -> dict[str, str]:
    return {r["metadata"]["name"]: r["metadata"]["resourceVersion"] for r in records(upgrade)}


def assert_filled(upgrade: Upgrade) -> dict[str, Json]:
    """Each record of an identity that is managed says what was agreed on of all its parts."""
    found: dict[str, Json] = {}
    living = {(o["kind"], o["metadata"]["name"]) for o in upgrade.saved.objects}
    living -= {(ROLE, "suspended")}
    for body in records(upgrade):
        said, parts = body["record"], PARTS.get(body["record"]["kind"])
        if parts is None or not said.get("owner") or not said.get("cloudId"):
            continue
        if (said["kind"], said["owner"]["name"]) not in living:
            continue
        name = f"{said['kind']} {said['name']}"
        assert said.get("format") == FORMAT, name
        assert said["revision"] == body["metadata"]["generation"], name
        assert set(said.get("agreed", {})) >= parts, name
        assert set(said.get("agreedValues", {})) == VALUES.get(said["kind"], set()), name
        assert (said["kind"] == "RamPolicy") == ("document" in said.get("baseline", {})), name
        upgraded = [each for each in said["history"] if each["operation"] == "Upgraded"]
        assert len(upgraded) == 1, name
        found[name] = said
    assert len(found) > 20
    return found


PARTS: Final = {
    "RamRole": {"policies"},
    "RamUser": {"policies"},
    "RamGroup": {"policies", "members"},
    "RamPolicy": set(),
}
VALUES: Final = {"RamRole": {"maxSessionDurationSeconds", "consoleLogin"}}
STAMP: Final = ("format", "writtenBy", "revision")


def agreed(filled: dict[str, Json]) -> dict[str, list[Any]]:
    """What people agreed on, by identity."""
    return {name: [said.get("agreed"), said.get("agreedValues")] for name, said in filled.items()}


def test_what_has_no_format_yet_is_filled_with_the_same(
    plane: ControlPlane, own_emulator: EmulatorProcess
) -> None:
    """As between two releases: what was agreed on was kept, and no format."""
    upgrade = Upgrade("0.1.0", plane, own_emulator, 0.0)
    with OperatorProcess.running(plane, shift=upgrade.shift):
        before = upgrade.look()
    once = agreed(assert_filled(upgrade))
    for body in records(upgrade):
        said = {name: part for name, part in body["record"].items() if name not in STAMP}
        said["history"] = [e for e in said["history"] if e["operation"] != "Upgraded"]
        etcd.put(plane, {**body, "record": said})
    with OperatorProcess.running(plane, shift=upgrade.shift):
        after = upgrade.look()
        assert upgrade.writes() == []
        assert_nothing_else_moved(upgrade, after)
        now = agreed(assert_filled(upgrade))
    assert now == once
    offered = {key: item["status"].get("pending") for key, item in before.items()}
    assert {key: item["status"].get("pending") for key, item in after.items()} == offered


def written_by_0_1_0(upgrade: Upgrade, kind: str, name: str, **changes: Any) -> None:
    """It merges what it knows into the record, and leaves what it does not know as it was."""
    (body,) = (
        each
        for each in records(upgrade)
        if (each["record"]["kind"], each["record"]["name"]) == (kind, name)
    )
    body["metadata"]["generation"] += 1
    body["record"] |= changes
    etcd.put(upgrade.plane, body)


def remembered(upgrade: Upgrade, kind: str, name: str, policies: list[str]) -> None:
    """What the status says was applied, as that version left it, which kept it under another name
    and knows of no other.
    """
    world = upgrade.worlds["shop"]
    item = world.get(kind, name)
    assert item is not None
    item["status"]["applied"] = {**item["status"]["written"], "policies": policies}
    item["status"]["observedGeneration"] = item["metadata"]["generation"]
    etcd.put(upgrade.plane, {**item, "kind": kind, "apiVersion": "ram.alibabacloud.com/v1alpha1"})


ADMIN: Final = {"type": "System", "name": "AdministratorAccess"}
ADMINS: Final = "System/administratoraccess"
SYSTEM: Final = {"policy_type": "System", "policy_name": "AdministratorAccess"}


def test_downgraded_and_upgraded_again(plane: ControlPlane, own_emulator: EmulatorProcess) -> None:
    """Meanwhile 0.1.0 gave one role a right that people approved, and took one from a group."""
    upgrade = Upgrade("0.1.0", plane, own_emulator, 0.0)
    world, group = upgrade.worlds["shop"], ("RamGroup", "killed-after")
    with OperatorProcess.running(plane, shift=upgrade.shift):
        upgrade.look()
    assert ADMINS in (world.record(*group) or {})["agreed"]["policies"]
    before = (world.get("RamUser", "ann") or {})["spec"].get("policies", [])
    world.edit("RamUser", "ann", policies=[*before, ADMIN])
    world.edit(*group, policies=[])
    request = ram.AttachPolicyToUserRequest(**SYSTEM, user_name="ann")
    world.hand.attach_policy_to_user(request)
    detach = ram.DetachPolicyFromGroupRequest(**SYSTEM, group_name=group[1])
    world.hand.detach_policy_from_group(detach)
    status = (world.get("RamUser", "ann") or {})["status"]["written"].get("policies", [])
    remembered(upgrade, "RamUser", "ann", [*status, ADMINS])
    remembered(upgrade, *group, [])
    written_by_0_1_0(upgrade, "RamUser", "ann", sequence=int(time.time() * 1000) + 10**9)
    written_by_0_1_0(upgrade, *group, sequence=int(time.time() * 1000) + 10**9)
    with OperatorProcess.running(plane, shift=upgrade.shift):
        after = upgrade.look()
        assert upgrade.writes() == []
        for key in (("RamUser", "ann"), group):
            assert condition(after[key], "Ready")["status"] == "True"
            assert condition(after[key], "Drifted")["status"] == "False"
        assert ADMINS in (world.record("RamUser", "ann") or {})["agreed"]["policies"]
        assert ADMINS not in (world.record(*group) or {})["agreed"]["policies"]
        # What was agreed on before the downgrade is so no more.
        attach = ram.AttachPolicyToGroupRequest(**SYSTEM, group_name=group[1])
        world.hand.attach_policy_to_group(attach)
        world.edit(*group, policies=[ADMIN])
        world.settle()
        world.look(*group)
        until(lambda: world.cloud()["groups"][group[1]]["policies"] == [], "that it is taken back")


def test_what_a_newer_version_wrote_is_left_alone(
    plane: ControlPlane, own_emulator: EmulatorProcess
) -> None:
    upgrade = Upgrade("0.1.0", plane, own_emulator, 0.0)
    world, name = upgrade.worlds["shop"], "drifted"
    with OperatorProcess.running(plane, shift=upgrade.shift):
        upgrade.look()
    written_by_0_1_0(upgrade, ROLE, name, format=FORMAT + 1, writtenBy="9.0.0")
    world.edit(ROLE, name, description="another", policies=[])
    record, start = world.record(ROLE, name), world.journal_end()
    with OperatorProcess.running(plane, shift=upgrade.shift):
        item = world.reason(ROLE, name, "NewerVersion")
        assert condition(item, "Stalled")["status"] == "True"
        assert "9.0.0" in condition(item, "Ready")["message"]
        world.look(ROLE, name)
        world.cluster.request("DELETE", world.path(ROLE, name))
        world.settle()
        assert [w for w in world.writes(start) if name in str(w["parameters"])] == []
    assert world.record(ROLE, name) == record
