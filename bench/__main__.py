"""`make bench`: N objects to Ready, a quiet pass, a restart in sync. Ends in one JSON object.

Everything is real but the cloud: kube-apiserver, RBAC, the operator's process, HTTP, signatures.
The account's rate limit is lifted, so that what is measured is the operator. Counts do not depend
on the machine; seconds and memory are of this one.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from bench import comparing, sweeping
from bench import world as bench_world
from bench.measure import Sample, sample
from bench.reference import Size
from bench.reference_run import Pace, ReferenceRun
from bench.result import Measured
from lab import Cluster, ControlPlane
from lab.approver import approve_anyhow
from lab.emulator_process import EmulatorProcess
from lab.install import install
from lab.operator_process import OperatorProcess
from lab.world import GROUP, open_world

Json = dict[str, Any]
ROOT: Final = Path(__file__).resolve().parents[1]
NAMESPACE: Final = "bench"
FLAGS: Final = {
    "settle-seconds": "2",
    "consistency-seconds": "4",
    "stalled-seconds": "300",
    "log-level": "warning",
}
QUOTAS: Final = {
    "roles": 100_000,
    "users": 100_000,
    "groups": 100_000,
    "policies": 100_000,
    "readsPerSecond": 100_000,
    "writesPerSecond": 100_000,
    "attachmentsPerSecond": 100_000,
}
RATES: Final = {"readsPerSecond": 1000, "writesPerSecond": 1000, "attachmentsPerSecond": 1000}


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("-n", type=int, default=1000, help="objects, up to 10000")
    parser.add_argument("--sweep", action="store_true", help="count the calls of the sweep, too")
    parser.add_argument("--reference", action="store_true", help="a day of the reference account")
    parser.add_argument("--share", type=float, default=1.0, help="of the reference account's size")
    parser.add_argument("--hours", type=float, default=24.0, help="quiet ones, simulated")
    parser.add_argument("--hour-seconds", type=float, default=15.0, help="how long an hour takes")
    given = parser.parse_args()
    directory = ROOT / ".cluster" / "bench"
    shutil.rmtree(directory, ignore_errors=True)
    with ControlPlane.start(directory) as cluster, EmulatorProcess.start() as emulator:
        install(cluster)
        if given.reference:
            pace, size = Pace(given.hour_seconds, given.hours), Size(given.share)
            opening = {"quotas": QUOTAS, "rateLimit": RATES}
            result = ReferenceRun(cluster, emulator, size, pace, FLAGS, opening).run()
        else:
            result = Bench(cluster, emulator, given.n).run(sweep=given.sweep)
    print(json.dumps(result, sort_keys=True))
    return 0


class Bench:
    """One run. Progress goes to standard error."""

    def __init__(self, cluster: Cluster, emulator: EmulatorProcess, count: int) -> None:
        self._cluster = cluster
        self._count = count
        # A look at what was reached costs the operator a scrape of all its series.
        self._pause = max(0.5, count / 1000)
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        cluster.request("POST", "/api/v1/namespaces", body)
        self._world = open_world(
            cluster, emulator, NAMESPACE, "friendly", quotas=QUOTAS, rateLimit=RATES
        )

    def run(self, *, sweep: bool = False) -> Json:
        operator = self._start()
        try:
            created, seconds = self._create(operator)
            role_calls = self._one_role()
            trust_calls = self._one_trust()
            settled = sample(operator)
            quiet = self._quiet(operator, "2h")
        finally:
            operator.stop()
        again = self._start()
        try:
            restarted = self._passes(again, None, self._count + 1)
            self._say(f"restart: {restarted}")
        finally:
            again.stop()
        swept = self._sweep() if sweep else None
        return Measured(
            objects=self._count,
            created=created,
            seconds=seconds,
            role_calls=role_calls,
            trust_calls=trust_calls,
            settled=settled,
            quiet=quiet,
            restarted=restarted,
            comparisons=comparing.per_second(),
            swept=swept,
        ).keys()

    def _start(self, **more: str) -> OperatorProcess:
        log = self._cluster.directory / "operator.log"
        flags = {name.replace("_", "-"): value for name, value in more.items()}
        return OperatorProcess.start(self._cluster, log, {**FLAGS, **flags})

    def _sweep(self) -> Sample:
        """Some hours in which nothing happens and nobody says how often objects are looked at."""
        hours = sweeping.Hours(self._count)
        self._world.edit("RamAccount", NAMESPACE, driftInterval=None)
        flags = {name.replace("-", "_"): value for name, value in hours.flags.items()}
        operator = self._start(**flags)
        try:
            self._passes(operator, None, self._count + 1)
            time.sleep(sweeping.WARM * hours.seconds)
            before = sample(operator)
            time.sleep(sweeping.MEASURED * hours.seconds)
            counted = sample(operator).since(before)
        finally:
            operator.stop()
        self._say(f"the sweep: {counted}")
        return counted

    def _create(self, operator: OperatorProcess) -> tuple[Sample, float]:
        self._world.ready("RamAccount", NAMESPACE)
        before = sample(operator)
        started = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            made = bench_world.objects(self._count, NAMESPACE, NAMESPACE)
            list(pool.map(lambda item: self._post(*item), made))
        self._say(f"{self._count} objects applied after {time.monotonic() - started:.1f} s")
        self._wait(lambda: self._ready() >= self._count, "objects are Ready")
        seconds = time.monotonic() - started
        # The record follows the status: let the last ones be written before counting.
        time.sleep(2.0)
        return sample(operator).since(before), seconds

    def _post(self, plural: str, body: Json) -> None:
        self._cluster.request("POST", f"{GROUP}/namespaces/{NAMESPACE}/{plural}", body)

    def _ready(self) -> int:
        ready = 0
        for share in bench_world.MIX:
            path = f"{GROUP}/namespaces/{NAMESPACE}/{share.plural}"
            for item in self._cluster.request("GET", path)["items"]:
                conditions = (item.get("status") or {}).get("conditions") or ()
                ready += any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
        return ready

    def _one_role(self) -> int:
        """Cloud calls that one role with two policies takes, by the cloud's own journal."""
        world = self._world
        world.admin.clear_journal()
        spec = bench_world.MIX[-1].spec(1)
        world.create("RamRole", "bench-one", spec)
        world.ready("RamRole", "bench-one")
        calls = self._calls_for("bench-one")
        self._say(f"a role with two policies: {', '.join(calls)}")
        return len(calls)

    def _calls_for(self, role: str) -> list[str]:
        """What the operator asked of the cloud for one role: others may still be looked at."""
        journal = self._world.admin.journal(self._world.account_id)
        mine = [entry for entry in journal if entry["caller"] == self._world.keys.admin_arn]
        return [e["action"] for e in mine if role in json.dumps(e["parameters"])]

    def _one_trust(self) -> int:
        """Cloud calls of one approved change of that role's trust, by the cloud's own journal."""
        world = self._world
        world.edit("RamRole", "bench-one", trustPolicy=bench_world.trust(bench_world.REALISTIC))
        held = world.reason("RamRole", "bench-one", "ApprovalRequired")
        world.admin.clear_journal()
        if not approve_anyhow(world, "RamRole", "bench-one", held["status"]["pending"]["digest"]):
            raise SystemExit("bench: the approval was refused")
        world.ready("RamRole", "bench-one")
        calls = self._calls_for("bench-one")
        self._say(f"an approved change of trust: {', '.join(calls)}")
        # The complete look that follows belongs to no step.
        world.look("RamRole", "bench-one")
        return len(calls)

    def _quiet(self, operator: OperatorProcess, interval: str) -> Sample:
        """One look at every object: a changed account wakes all that live in it."""
        before = sample(operator)
        self._world.patch("RamAccount", NAMESPACE, {"spec": {"driftInterval": interval}})
        return self._passes(operator, before, self._count + 1)

    def _passes(self, operator: OperatorProcess, before: Sample | None, passes: int) -> Sample:
        start = before if before is not None else Sample(0)
        self._wait(lambda: sample(operator).since(start).passes >= passes, "passes are done")
        time.sleep(1.0)
        return sample(operator).since(start)

    def _wait(self, done: Callable[[], bool], what: str, seconds: float = 1800.0) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise SystemExit(f"bench: not all {what} after {seconds:.0f} s")
            time.sleep(self._pause)
        self._say(f"all {what}")

    def _say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
