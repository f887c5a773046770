"""`make bench REFERENCE=1`: what watching the reference account costs, and how soon drift is found.

One look at every object, which is what polling costs; then a simulated day in which nothing
happens, and two hours in which one object of a hundred moves with each sweep. Every cadence of the
sweep is divided by the same number, and the cloud runs as many times faster.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from statistics import median
from typing import Any, Final

import alibabacloud_ram20150501.models as ram

from bench import reference
from bench.measure import Sample, sample
from bench.reference import MEMBERS, PLURALS, Size
from bench.sweeping import CADENCES
from lab import Cluster
from lab.emulator_process import EmulatorProcess
from lab.operator_process import OperatorProcess
from lab.world import GROUP, World, open_world, trust

Json = dict[str, Any]
NAMESPACE: Final = "reference"
HOUR: Final = 3600.0
WARM_HOURS: Final = 3.0
"""Until what was looked at together is read apart."""
DRIFT_HOURS: Final = 2.0
LAST_HOURS: Final = 6.0
"""So long is waited for what moved in them: the credential report comes every four."""
SHARE_OF_DRIFT: Final = 0.01
POLLS: Final = 6
"""Looks in an hour, at the interval that holds without a sweep."""
EXTERNAL: Final = ("RAM", "acs:ram::1888888888888888:root")


@dataclass(frozen=True)
class Pace:
    """How long a simulated hour takes, in real seconds, and how many there are in a quiet day."""

    hour: float
    hours: float

    def real(self, simulated: float) -> float:
        """Of simulated seconds."""
        return simulated * self.hour / HOUR

    @property
    def flags(self) -> dict[str, str]:
        return {name: f"{self.real(cadence):.3f}" for name, cadence in CADENCES.items()}


@dataclass
class Edit:
    """One thing that was moved by hand, and when that was seen on its object, in real seconds."""

    sort: str
    kind: str
    name: str
    make: Callable[[], object]
    made: float = 0.0
    found: float | None = None


@dataclass
class ReferenceRun:
    cluster: Cluster
    emulator: EmulatorProcess
    size: Size
    pace: Pace
    flags: dict[str, str]
    opening: Json
    world: World = field(init=False)

    def run(self) -> Json:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        self.cluster.request("POST", "/api/v1/namespaces", body)
        behaviours = {"update_date_moves_on_trust": False}
        self.world = open_world(
            self.cluster, self.emulator, NAMESPACE, "friendly", driftInterval=None, **self.opening
        )
        self.world.admin.set_behaviours(self.world.account_id, behaviours)
        reference.seed(self.world, self.size)
        log = self.cluster.directory / "operator.log"
        operator = OperatorProcess.start(self.cluster, log, {**self.flags, **self.pace.flags})
        try:
            with self._fast_clock():
                return self._phases(operator)
        finally:
            operator.stop()

    def _phases(self, operator: OperatorProcess) -> Json:
        self._apply(operator)
        # While all is in sync: a look that finds drift is another one.
        polled = self._polled(operator)
        self._sleep(WARM_HOURS)
        began, before = time.monotonic(), sample(operator)
        self._sleep(self.pace.hours)
        quiet = sample(operator).since(before)
        hours = (time.monotonic() - began) / self.pace.hour
        self._say(f"{hours:.1f} quiet hours: {sum(quiet.cloud_calls.values())} calls")
        edits = self._drift()
        return self.keys(quiet, hours, edits, polled)

    def keys(self, quiet: Sample, hours: float, edits: list[Edit], polled: Sample) -> Json:
        """The JSON object that the run ends in; docs/reference/bench.md explains each key."""
        identities = self.size.identities
        calls = sum(quiet.cloud_calls.values())
        look = sum(polled.cloud_calls.values()) / self.size.objects
        swept = calls / hours / identities
        daily = look * self.size.objects / 24.0 / identities
        sweeps = quiet.cloud_calls.get("ListGroups", 0)
        return {
            "identities": identities,
            "objects": self.size.objects,
            "quiet_hours": round(hours, 2),
            "sweeps_of_those_due": round(sweeps / (hours * HOUR / CADENCES["sweep-seconds"]), 3),
            "sweep_calls_per_object_hour": round(swept + daily, 3),
            "sweep_calls_per_object_hour_without_daily_looks": round(swept, 3),
            "calls_by_action": quiet.cloud_calls,
            "cloud_writes": quiet.cloud_writes,
            "cluster_writes": quiet.all_cluster_writes,
            "polling_calls_per_object_hour": round(
                look * POLLS * self.size.objects / identities, 3
            ),
            "detection_minutes": self._delays(edits),
            "missed": sum(edit.found is None for edit in edits),
            "settled_rss_mb": round(polled.rss_mb, 1),
            "peak_rss_mb": round(polled.peak_rss_mb, 1),
        }

    def _delays(self, edits: list[Edit]) -> Json:
        """Worst and median, in simulated minutes, by what was moved."""
        found: dict[str, list[float]] = {}
        for edit in edits:
            if edit.found is not None:
                minutes = (edit.found - edit.made) / self.pace.hour * 60.0
                found.setdefault(edit.sort, []).append(minutes)
        return {
            sort: {
                "edits": len(delays),
                "median": round(median(delays), 1),
                "worst": round(max(delays), 1),
            }
            for sort, delays in sorted(found.items())
        }

    @contextmanager
    def _fast_clock(self) -> Iterator[None]:
        """The cloud's time passes as fast as that of the sweep."""
        over, began, given = threading.Event(), time.monotonic(), 0.0

        def advance() -> None:
            nonlocal given
            while not over.wait(0.5):
                wanted = (time.monotonic() - began) * (HOUR / self.pace.hour - 1.0)
                self.world.admin.advance_clock(wanted - given)
                given = wanted

        thread = threading.Thread(target=advance, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _apply(self, operator: OperatorProcess) -> None:
        self.world.ready("RamAccount", NAMESPACE)
        system = reference.system_policies(self.world, self.size)
        items = list(reference.manifests(self.size, system))
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda item: self._post(*item), items))
        while (ready := len(self._names(_ready))) < self.size.objects:
            self._say(f"{ready} of {self.size.objects} are Ready")
            time.sleep(5.0)

    def _post(self, kind: str, item: Json) -> None:
        body = reference.body(kind, item, NAMESPACE, NAMESPACE)
        path = f"{GROUP}/namespaces/{NAMESPACE}/{PLURALS[kind]}"
        self.cluster.request("POST", path, body)

    def _names(self, which: Callable[[Json], bool]) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        for kind, plural in PLURALS.items():
            items = self.cluster.request("GET", f"{GROUP}/namespaces/{NAMESPACE}/{plural}")
            found |= {(kind, i["metadata"]["name"]) for i in items["items"] if which(i)}
        return found

    def _drift(self) -> list[Edit]:
        """With each sweep some objects are moved by hand; then what is left is waited for."""
        known = self._names(_drifted)
        waiting, made = list(self._edits()), list[Edit]()
        each = max(1, round(self.size.objects * SHARE_OF_DRIFT))
        turn = self.pace.real(CADENCES["sweep-seconds"])
        due = began = time.monotonic()
        while time.monotonic() - began < LAST_HOURS * self.pace.hour:
            now = time.monotonic()
            if waiting and now >= due and now - began < DRIFT_HOURS * self.pace.hour:
                due += turn
                for edit in waiting[:each]:
                    edit.make()
                    edit.made = time.monotonic()
                made, waiting = made + waiting[:each], waiting[each:]
            self._see(made, known)
            over = now - began >= DRIFT_HOURS * self.pace.hour or not waiting
            if over and all(edit.found is not None for edit in made):
                break
            time.sleep(min(0.5, turn / 4.0))
        self._say(f"{len(made)} edits by hand")
        return made

    def _see(self, made: list[Edit], known: set[tuple[str, str]]) -> None:
        if not any(edit.found is None for edit in made):
            return
        shown, now = self._names(_drifted) - known, time.monotonic()
        for edit in made:
            if edit.found is None and (edit.kind, edit.name) in shown:
                edit.found = now

    def _edits(self) -> Iterator[Edit]:
        """Of each sort in turn, each on another object."""
        size, hand = self.size, self.world.hand
        spare = size.roles - size.dangerous
        calm = [f"role-{size.dangerous + n}" for n in range(spare)]
        third = spare // 3

        def let_in(name: str, *principals: tuple[str, str]) -> Callable[[], object]:
            document = json.dumps(trust(*principals))
            request = ram.UpdateRoleRequest(
                role_name=name, new_assume_role_policy_document=document
            )
            return lambda: hand.update_role(request)

        def attach(name: str) -> Callable[[], object]:
            # None of the objects asks for it.
            request = ram.AttachPolicyToRoleRequest(
                role_name=name, policy_type="System", policy_name="AliyunOSSFullAccess"
            )
            return lambda: hand.attach_policy_to_role(request)

        def describe(name: str) -> Callable[[], object]:
            request = ram.UpdateRoleRequest(role_name=name, new_description="by hand")
            return lambda: hand.update_role(request)

        def key(name: str) -> Callable[[], object]:
            return lambda: hand.create_access_key(ram.CreateAccessKeyRequest(user_name=name))

        def join(number: int) -> Callable[[], object]:
            # The next after its own members: nobody may be in more than ten groups.
            request = ram.AddUserToGroupRequest(
                user_name=f"user-{(number * 5 + MEMBERS) % size.users}",
                group_name=f"group-{number}",
            )
            return lambda: hand.add_user_to_group(request)

        service = ("Service", "fc.aliyuncs.com")
        sorts = (
            [Edit("attachment", "RamRole", n, attach(n)) for n in calm[:third]],
            [Edit("trust", "RamRole", n, let_in(n, service, EXTERNAL)) for n in calm[third:-third]],
            [Edit("list", "RamRole", n, describe(n)) for n in calm[-third:]],
            [
                Edit("dangerousTrust", "RamRole", n, let_in(n, EXTERNAL, service))
                for n in (f"role-{number}" for number in range(size.dangerous))
            ],
            [
                Edit("signIn", "RamUser", n, key(n))
                for n in (f"user-{number}" for number in range(size.console))
            ],
            [
                Edit("report", "RamUser", n, key(n))
                for n in (f"user-{size.users - 1 - number}" for number in range(size.users // 4))
            ],
            [
                Edit("membership", "RamGroup", f"group-{number}", join(number))
                for number in range(size.groups)
            ],
        )
        for row in zip_longest(*sorts):
            yield from (edit for edit in row if edit is not None)

    def _polled(self, operator: OperatorProcess) -> Sample:
        """One look at every object, as polling has it."""
        before = sample(operator)
        self.world.edit("RamAccount", NAMESPACE, driftInterval="24h")
        while sample(operator).since(before).passes < self.size.objects:
            time.sleep(2.0)
        counted = sample(operator).since(before)
        self.world.edit("RamAccount", NAMESPACE, driftInterval=None)
        # What the sweep read meanwhile is not what the looks read.
        return _looks(counted)

    def _sleep(self, hours: float) -> None:
        time.sleep(hours * self.pace.hour)

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


_SWEPT: Final = frozenset(
    {
        "ListRoles",
        "IMS.ListUsers",
        "ListGroups",
        "ListPolicies",
        "ResourceManager.ListPolicyAttachments",
        "ListUsersForGroup",
        "IMS.ListSAMLProviders",
        "IMS.ListOIDCProviders",
        "IMS.GenerateCredentialReport",
        "IMS.GetCredentialReport",
    }
)


def _looks(counted: Sample) -> Sample:
    """Without the calls of lists."""
    calls = {name: n for name, n in counted.cloud_calls.items() if name not in _SWEPT}
    return Sample(
        counted.passes,
        calls,
        counted.cluster_writes,
        counted.rss_mb,
        counted.peak_rss_mb,
        counted.cpu_seconds,
    )


def _ready(item: Json) -> bool:
    conditions = (item.get("status") or {}).get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _drifted(item: Json) -> bool:
    status = item.get("status") or {}
    return bool(status.get("drift") or status.get("corrected"))
