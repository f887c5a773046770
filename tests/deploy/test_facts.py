"""Facts and alerts as a table: whatever happens, exactly one alert fires.

Each fact is what the operator would serve of it, by its own metrics; promtool runs all rules over
that, and all alerts that fire are counted.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client import CollectorRegistry

from lab.building import ROOT
from lab.monitoring import Monitoring, find_or_build
from ram_operator.gate.inputs import Guard
from ram_operator.model.objects import Key
from ram_operator.observability.account_metrics import AccountState
from ram_operator.observability.metrics import Metrics
from ram_operator.observability.object_metrics import ObjectState
from tests.deploy.test_rules import ALERTS, RULES

Json = dict[str, Any]
ACCOUNT: Final = Key("RamAccount", "", "default")
ROLE: Final = Key("RamRole", "identity", "web")
USER: Final = Key("RamUser", "identity", "uploader")
CONDITIONS: Final = (("Ready", "True"), ("Synced", "True"), ("Drifted", "False"))
MOVING: Final = -1.0
"""In place of a time: looked at each minute."""
FINE: Final = ObjectState(CONDITIONS, account="default", looked_at=MOVING, interval=300.0)
NOW: Final = 120
"""Minutes after which is asked what fires: nothing waits for so long."""
LATELY: Final = 60.0 * (NOW - 5)
SOON: Final = 60.0 * (NOW + 10)
DAY: Final = 86400.0


def not_ready(*conditions: str, **more: Any) -> ObjectState:
    found = (("Ready", "False"), *((condition, "True") for condition in conditions))
    return replace(FINE, conditions=found, **more)


def stalled(reason: str, **more: Any) -> ObjectState:
    return not_ready("Stalled", stalled=(reason, 60.0), **more)


def _just_now() -> dict[str, float]:
    return dict.fromkeys(("ramroles", "ramusers"), time.monotonic())


@dataclass
class World:
    """An operator with one account and two roles, and all is well until a fact is told of it."""

    metrics: Metrics = field(default_factory=lambda: Metrics(CollectorRegistry()))
    series: dict[str, str] = field(default_factory=dict)
    """By the beginning of a series: its values, where they are not those of the registry."""
    lists: AccountState = field(default_factory=lambda: AccountState({}, _just_now()))
    up: int = 1

    def __post_init__(self) -> None:
        self.metrics.leads.set(1)
        self.metrics.guarded(Guard.INTACT, False)
        self.metrics.sweep_interval.set(300)
        self.metrics.cloud_call("GetRole", "Success", 0.1, "default")
        self.has(ACCOUNT, FINE)
        self.has(ROLE, FINE)
        self.has(replace(ROLE, name="other"), FINE)

    def has(self, key: Key, state: ObjectState) -> None:
        self.metrics.objects.set(key, state)

    def all_have(self, state: ObjectState) -> None:
        for name in ("web", "other"):
            self.has(replace(ROLE, name=name), state)

    def written(self) -> list[Json]:
        """What promtool takes for series."""
        self.metrics.accounts.set("default", self.lists)
        found = [{"series": 'up{job="ram-operator",instance="a"}', "values": f"{self.up}x{NOW}"}]
        for family in self.metrics.registry.collect() if self.up else ():
            for sample in family.samples:
                labels = {**sample.labels, "job": "ram-operator", "instance": "a"}
                told = ",".join(f'{name}="{value}"' for name, value in labels.items())
                series = f"{sample.name}{{{told}}}"
                found.append({"series": series, "values": self._values(series, sample.value)})
        return found

    def _values(self, series: str, value: float) -> str:
        for begins, values in self.series.items():
            if series.startswith(begins):
                return values
        if value == MOVING:
            return f"0+60x{NOW}"
        counts = "_total{" in series or "_bucket{" in series
        return f"0+{value}x{NOW}" if counts else f"{value}x{NOW}"


def _drift(severity: str, **more: Any) -> ObjectState:
    left = stalled("Drifted", drift=severity, drift_only=1.0, **more)
    return replace(left, conditions=(*left.conditions, ("Drifted", "True")))


def _held(change: str, reason: str, **more: Any) -> ObjectState:
    waits = {"pending": change, "pending_since": 60.0}
    return not_ready("Stalled", "ApprovalRequired", stalled=(reason, 60.0), **waits, **more)


def _no_session(world: World, account: ObjectState) -> None:
    """Nothing in the account can be looked at since 0: all wait for it."""
    world.has(ACCOUNT, account)
    world.all_have(not_ready("Reconciling", looked_at=0.0))
    world.series["ram_operator_observation_age_seconds"] = f"0+60x{NOW}"


ACKNOWLEDGED: Final = replace(
    FINE,
    conditions=(("Ready", "True"), ("Synced", "False"), ("Drifted", "False")),
    acknowledged=(("critical", 1),),
    acknowledged_until=60.0 * (NOW + 10),
)


def _throttled(world: World) -> None:
    for _ in range(3):
        world.metrics.cloud_call("GetRole", "Throttled", 0.1, "default")


def _records_lost(world: World) -> None:
    world.has(ACCOUNT, replace(FINE, records_lost=1.0))
    world.all_have(_held("RecordsLost", "ApprovalRequired"))


def _braked(world: World) -> None:
    world.has(ACCOUNT, replace(FINE, braked_since=60.0))
    world.all_have(stalled("DeletionBrake"))


def _suspended_account(world: World) -> None:
    """What is in it says the same, and nobody looks."""
    world.has(ACCOUNT, stalled("Suspended", looked_at=0.0))
    world.all_have(not_ready("Stalled", stalled=("Suspended", 60.0 - DAY), looked_at=0.0))


def _key_due(after: float, state: ObjectState = FINE) -> Callable[[World], None]:
    """The rotation of a key is due so many seconds after now."""
    due = (("accessKey", 60.0 * NOW + after),)
    return lambda world: world.has(USER, replace(state, expiries=due))


def _of_role(state: ObjectState) -> Callable[[World], None]:
    return lambda world: world.has(ROLE, state)


def _with(**fields: Any) -> Callable[[World], None]:
    def told(world: World) -> None:
        for name, value in fields.items():
            setattr(world, name, value)

    return told


def _guarded(state: Guard, waived: bool) -> Callable[[World], None]:
    return lambda world: world.metrics.guarded(state, waived)


def _aged(**series: str) -> Callable[[World], None]:
    """`series` by class of what is looked at."""

    def told(world: World) -> None:
        for name, values in series.items():
            begins = f'ram_operator_observation_age_seconds{{account="default",class="{name}"'
            world.series[begins] = values

    return told


def _failing(world: World) -> None:
    world.lists = replace(world.lists, failing={"ramusers": "AccessDenied"})
    _aged(ramusers=f"0+60x{NOW}")(world)


CORRECTED: Final = "RamOperatorDriftCorrected"
FACTS: Final[Mapping[str, tuple[Callable[[World], None], tuple[str, str] | None]]] = {
    "all is well": (lambda world: None, None),
    "rights were taken away by hand": (
        _of_role(_drift("critical")), ("RamOperatorDriftDetected", "critical"),
    ),
    "the identity was deleted by hand": (
        _of_role(replace(_drift("critical"), stalled=("NotFound", 60.0))),
        ("RamOperatorDriftDetected", "critical"),
    ),
    "a description was changed by hand": (
        _of_role(_drift("warning")), ("RamOperatorDriftDetected", "warning"),
    ),
    "rights were given by hand": (
        _of_role(_drift("critical", widened=1.0)), ("RamOperatorAccessWidened", "critical"),
    ),
    "rights were taken back": (
        _of_role(replace(FINE, corrected=(("critical", LATELY),))), (CORRECTED, "critical"),
    ),
    "a description was put right": (
        _of_role(replace(FINE, corrected=(("warning", LATELY),))), (CORRECTED, "warning"),
    ),
    "the same is put right again and again": (
        _of_role(replace(FINE, corrected=(("critical", LATELY),), flapping_until=LATELY + 1800.0)),
        ("RamOperatorDriftFlapping", "critical"),
    ),
    "the same was put right again and again, and not any more": (
        _of_role(replace(FINE, corrected=(("critical", 60.0),), flapping_until=LATELY)), None,
    ),
    "rights are in the cloud that nobody agreed on": (
        _of_role(_held("FoundInCloud", "FoundInCloud", found=1.0, drift="critical", widened=1.0)),
        ("RamOperatorFoundInCloud", "critical"),
    ),
    "rights were given by hand, and somebody acknowledged that": (
        _of_role(replace(ACKNOWLEDGED, acknowledged_until=60.0 * (NOW + 60))), None,
    ),
    "what somebody acknowledged is about to come back": (
        _of_role(ACKNOWLEDGED), ("RamOperatorAcknowledgementEnding", "warning"),
    ),
    "what was acknowledged is not there": (
        _of_role(replace(ACKNOWLEDGED, acknowledged=())), None,
    ),
    "temporary credentials of an account end in ten minutes": (
        lambda world: world.has(ACCOUNT, replace(FINE, expiries=(("credentials", SOON),))),
        ("RamOperatorCredentialsExpiring", "critical"),
    ),
    "temporary credentials of an account are good for an hour": (
        lambda world: world.has(ACCOUNT, replace(FINE, expiries=(("credentials", SOON + 3e3),))),
        None,
    ),
    "temporary credentials of an account have ended": (
        lambda world: _no_session(world, stalled("CredentialsInvalid", looked_at=0.0)),
        ("RamOperatorStalled", "critical"),
    ),
    "a key is to be replaced tomorrow": (_key_due(DAY), None),
    "a key is replaced by now": (_key_due(-3600.0), None),
    "a key should have been replaced the day before yesterday": (
        _key_due(-2.0 * DAY), ("RamOperatorCredentialsExpiring", "warning"),
    ),
    "a key is not replaced since its Secret is somebody else's": (
        _key_due(-2.0 * DAY, stalled("Conflict")), ("RamOperatorStalled", "warning"),
    ),
    "a membership ends in ten minutes": (
        _of_role(replace(FINE, expiries=(("member", SOON),))), None,
    ),
    "a change waits for approval": (
        _of_role(_held("TrustChange", "ApprovalRequired")),
        ("RamOperatorApprovalPending", "warning"),
    ),
    "an object cannot go on": (_of_role(stalled("NotAdopted")), ("RamOperatorStalled", "warning")),
    "mode Observe would do something": (_of_role(stalled("ObserveOnly", observe_only=1.0)), None),
    "an object was suspended an hour ago": (_of_role(stalled("Suspended")), None),
    "an object was suspended a day ago": (
        _of_role(not_ready("Stalled", stalled=("Suspended", 60.0 - DAY))),
        ("RamOperatorSuspended", "warning"),
    ),
    "an object waits for another": (
        _of_role(not_ready("Reconciling")), ("RamOperatorNotProgressing", "warning"),
    ),
    "an object is not looked at": (
        _of_role(replace(FINE, looked_at=0.0)), ("RamOperatorNotLooking", "critical"),
    ),
    "the credentials of an account are wrong": (
        lambda world: _no_session(world, stalled("CredentialsInvalid", looked_at=0.0)),
        ("RamOperatorStalled", "critical"),
    ),
    "an account was suspended": (_suspended_account, ("RamOperatorStalled", "critical")),
    "an account cannot be reached": (
        lambda world: _no_session(world, not_ready("Reconciling", looked_at=0.0)),
        ("RamOperatorNotLooking", "critical"),
    ),
    "an account could never be reached": (
        lambda world: _no_session(world, not_ready("Reconciling", looked_at=None)),
        ("RamOperatorNotLooking", "critical"),
    ),
    "a list is not asked for any more": (
        _aged(ramroles=f"0+60x{NOW}"), ("RamOperatorNotSweeping", "critical"),
    ),
    "no sweep has ever begun": (
        _with(lists=AccountState({}, {})), ("RamOperatorNotSweeping", "critical"),
    ),
    "a list is denied": (_failing, ("RamOperatorSweepFailing", "warning")),
    "calls are throttled": (_throttled, ("RamOperatorThrottled", "warning")),
    "the guard is missing": (
        _guarded(Guard.MISSING, False), ("RamOperatorGuardMissing", "critical"),
    ),
    "the guard is that for older clusters": (_guarded(Guard.REDUCED, False), None),
    "approvals are believed by a flag": (
        _guarded(Guard.MISSING, True), ("RamOperatorApprovalsUnguarded", "critical"),
    ),
    "records were deleted": (_records_lost, ("RamOperatorRecordsLost", "critical")),
    "too much was to be deleted": (_braked, ("RamOperatorDeletionBrake", "critical")),
    "no replica answers": (_with(up=0), ("RamOperatorDown", "critical")),
    "no replica leads": (lambda world: world.metrics.leads.set(0), ("RamOperatorDown", "critical")),
}  # fmt: skip


@pytest.fixture(scope="module")
def programs() -> Monitoring:
    return find_or_build()


def test_each_alert_has_a_fact() -> None:
    told = {alert for _, alert in FACTS.values() if alert is not None}
    assert told == {(rule["alert"], rule["labels"]["severity"]) for rule in ALERTS}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_fires_one_alert(programs: Monitoring, tmp_path: Path, fact: str) -> None:
    tell, alert = FACTS[fact]
    world = World()
    tell(world)
    labels = f'{{alertname="{alert[0]}", severity="{alert[1]}"}}' if alert else ""
    expected = [{"labels": labels, "value": 1}] if alert else []
    asked = 'count by (alertname, severity) (ALERTS{alertstate="firing"})'
    query = {"expr": asked, "eval_time": f"{NOW}m", "exp_samples": expected}
    test = {"interval": "1m", "input_series": world.written(), "promql_expr_test": [query]}
    tests = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}
    file = tmp_path / "fact.yaml"
    file.write_text(yaml.safe_dump(tests))
    command = [str(programs.promtool), "test", "rules", str(file)]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert result.returncode == 0, result.stdout + result.stderr
