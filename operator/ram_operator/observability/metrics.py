"""Prometheus metrics: names and labels in one place; series go when their object goes.

Object labels are `resource_namespace` and `resource_name`, since a scrape sets `namespace` itself.
No user name, ARN, error text or digest is ever a label.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

from .. import __version__
from ..constants import Reason
from ..gate.inputs import Guard
from ..kinds.table import ACCOUNT, KINDS
from ..model.objects import Key
from ..model.outcome import Outcome
from ..model.steps import Step, Trusting, permit_of
from ..model.vocabulary import Direction, GateVerdict, KeyChange
from .account_metrics import AccountStates
from .object_metrics import ObjectStates
from .slow_passes import SlowPasses

RESULTS: Final = ("success", "retry", "stalled", "blocked", "error")


class Metrics:
    """All metrics of the process, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        # Creation times of counters double the exposition and nobody asks for them.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._reconcile_metrics(registry)
        self._guard_metrics(registry)
        self._object_metrics(registry)
        self._cloud_metrics(registry)
        self._account_metrics(registry)
        self._key_metrics(registry)
        for kind in (*KINDS, ACCOUNT):
            for result in RESULTS:
                self.reconcile.labels(kind, result)

    def watch(
        self,
        waiting: Callable[[], int],
        running: Callable[[], int],
        longest: Callable[[], float],
    ) -> None:
        """What is asked of the queue at each scrape; `longest` is in seconds."""
        self.queue_depth.set_function(waiting)
        self.active.set_function(running)
        self.longest.set_function(longest)

    def _reconcile_metrics(self, registry: CollectorRegistry) -> None:
        build = Gauge(
            "ram_operator_build_info", "Version of the operator.", ["version"], registry=registry
        )
        build.labels(__version__).set(1)
        self.reconcile = Counter(
            "ram_operator_reconcile_total",
            "Passes over objects, by result.",
            ["kind", "result"],
            registry=registry,
        )
        self.duration = Histogram(
            "ram_operator_reconcile_duration_seconds",
            "Duration of passes.",
            ["kind"],
            registry=registry,
        )
        self.queue_depth = Gauge(
            "ram_operator_queue_depth", "Objects that wait for a worker.", registry=registry
        )
        self.active = Gauge(
            "ram_operator_reconcile_active", "Objects worked on now.", registry=registry
        )
        self.longest = Gauge(
            "ram_operator_longest_pass_seconds",
            "How long the oldest pass that has not ended has been running.",
            registry=registry,
        )
        self.cluster_writes = Counter(
            "ram_operator_cluster_writes_total",
            "Writes to the API server, by what was written and the kind that answered.",
            ["what", "kind"],
            registry=registry,
        )

        self.leads = Gauge(
            "ram_operator_leader",
            "1 while this process leads and may write, 0 while it stands by.",
            registry=registry,
        )

    def _guard_metrics(self, registry: CollectorRegistry) -> None:
        self.guard = Gauge(
            "ram_operator_approvals_guarded",
            "1 while the admission policies that guard approvals are as shipped, or said to come"
            " from files (--guard=files), and hold wherever they were probed, 0 while not.",
            registry=registry,
        )
        self.guard_reduced = Gauge(
            "ram_operator_guard_reduced",
            "1 while they are those for a cluster without MutatingAdmissionPolicy: approvals are"
            " honoured for accounts with gate.fourEyes false, whoever wrote the change.",
            registry=registry,
        )
        self.guard_probes = Counter(
            "ram_operator_guard_probes_total",
            "Rehearsed approvals by which the operator probes its guard, by result: `holds`, or why"
            " none is honoured (`accepted`, `refused_elsewhere`, `stamp_not_kept`, `unanswered`).",
            ["kind", "result"],
            registry=registry,
        )
        self.unguarded = Gauge(
            "ram_operator_unguarded_approvals",
            "1 when approvals are believed although nothing guards them (--unguarded-approvals).",
            registry=registry,
        )

    def guard_probed(self, kind: str, result: str) -> None:
        self.guard_probes.labels(kind, result).inc()

    def guarded(self, state: Guard, waived: bool) -> None:
        self.guard.set(state in (Guard.INTACT, Guard.FILES))
        self.guard_reduced.set(state is Guard.REDUCED)
        self.unguarded.set(waived)

    def _object_metrics(self, registry: CollectorRegistry) -> None:
        self.objects = ObjectStates()
        registry.register(self.objects)
        self.slow = SlowPasses()
        registry.register(self.slow)
        self.drift_changes = Counter(
            "ram_operator_drift_changes_total",
            "Drift found, by field, severity and what was done about it; what lasts counts once.",
            ["kind", "field", "severity", "action"],
            registry=registry,
        )
        self.drift_authors = Counter(
            "ram_operator_drift_authors_total",
            "Differences by who made them: a `person` in the console, a `program`, the `platform`,"
            " or `unknown`. Counted once that is known, or 20 minutes later.",
            ["kind", "author"],
            registry=registry,
        )
        self.gate = Counter(
            "ram_operator_gate_decisions_total",
            "What the gate decided on trusts and on rights to change rights: `held` (by rule),"
            " `approved` by a person, or `allowed` without one; each pass counts a verdict once,"
            " and what is held still is not counted again.",
            ["kind", "verdict", "rule"],
            registry=registry,
        )

    def _key_metrics(self, registry: CollectorRegistry) -> None:
        self.key_changes = Counter(
            "ram_operator_access_key_changes_total",
            "What was done about access keys of the operator's making: `made`, `replaced` by"
            " another one in the same Secret, `ended` (inactive), `deleted`.",
            ["change"],
            registry=registry,
        )
        for change in KeyChange:
            self.key_changes.labels(change.value)

    def key_changed(self, change: KeyChange) -> None:
        self.key_changes.labels(change.value).inc()

    def _account_metrics(self, registry: CollectorRegistry) -> None:
        self.accounts = AccountStates()
        registry.register(self.accounts)
        self.sweep_interval = Gauge(
            "ram_operator_sweep_interval_seconds",
            "How often each account should be looked at as a whole; 0 for never.",
            registry=registry,
        )

    def _cloud_metrics(self, registry: CollectorRegistry) -> None:
        self.cloud_requests = Counter(
            "ram_operator_cloud_requests_total",
            "Calls to the cloud, by account, action and outcome family. Actions of another service"
            " than RAM bear its name (`IMS.ListUsers`).",
            ["account", "action", "result"],
            registry=registry,
        )
        self.cloud_duration = Histogram(
            "ram_operator_cloud_request_duration_seconds",
            "Duration of calls to the cloud.",
            ["action"],
            registry=registry,
        )
        self.cloud_throttled = Counter(
            "ram_operator_cloud_throttled_total",
            "Calls that the cloud refused for their rate.",
            ["account"],
            registry=registry,
        )

    def cloud_call(self, action: str, result: str, seconds: float, account: str = "") -> None:
        self.cloud_requests.labels(account, action, result).inc()
        self.cloud_duration.labels(action).observe(seconds)
        # Also where it is 0: a rate of what is not there is nothing.
        throttled = self.cloud_throttled.labels(account)
        if result == Reason.THROTTLED:
            throttled.inc()

    def cluster_write(self, what: str, kind: str) -> None:
        self.cluster_writes.labels(what, kind).inc()

    def passed(
        self,
        key: Key,
        outcome: Outcome,
        old: Mapping[str, Any],
        status: Mapping[str, Any],
    ) -> None:
        """Count what this pass found and its predecessor, whose status is `old`, had not."""
        known = {(entry.get("field"), entry.get("action")) for entry in old.get("drift") or ()}
        for entry in status.get("drift") or ():
            if (entry["field"], entry["action"]) not in known:
                self._drifted(key, entry["field"], entry["severity"], entry["action"])
        self._decided(key.kind, outcome, old, status)

    def corrected(self, key: Key, outcome: Outcome) -> None:
        """Count what was put right: it comes anew when it happens again."""
        for found in outcome.drift_corrected:
            self._drifted(key, found.field, found.severity, found.action)
        for each in outcome.keys.done if outcome.keys is not None else ():
            self.key_changed(each.change)

    def _drifted(self, key: Key, field: str, severity: str, action: str) -> None:
        self.drift_changes.labels(key.kind, field.partition("[")[0], severity, action).inc()

    def _decided(
        self, kind: str, outcome: Outcome, old: Mapping[str, Any], status: Mapping[str, Any]
    ) -> None:
        """What the gate said in this pass, if it was asked and had not said it before."""
        found = {_verdict(kind, step) for step in outcome.steps_done}
        for verdict in sorted(filter(None, found)):
            self.gate.labels(kind, verdict, "none").inc()
        if outcome.plan is None or outcome.plan.held is None:
            return
        if _judgement(status.get("pending") or {}) == _judgement(old.get("pending") or {}):
            return
        rules = [finding.id for finding in outcome.plan.held.findings] or ["none"]
        for rule in rules:
            self.gate.labels(kind, GateVerdict.HELD, rule).inc()


def _verdict(kind: str, step: Step) -> GateVerdict | None:
    """How the gate let a step through that was carried out; None where it was not asked."""
    if permit_of(step) is not None:
        return GateVerdict.APPROVED
    if isinstance(step, Trusting):
        return GateVerdict.ALLOWED
    judged = {field.name for field in KINDS[kind].fields if field.escalates}
    widens = step.direction is not Direction.NARROWER
    return GateVerdict.ALLOWED if widens and judged & set(step.fields) else None


def _judgement(pending: Mapping[str, Any]) -> tuple[Any, ...]:
    """What is held and why, without when it was first seen and when it ends."""
    findings = [finding.get("id") for finding in pending.get("findings") or ()]
    return (*(pending.get(part) for part in ("kind", "summary", "gains", "losses")), findings)
