"""Prometheus metrics: names and labels in one place; series go when their object goes.

Object labels are `resource_namespace` and `resource_name`, since a scrape sets `namespace` itself.
No user name, ARN, error text or digest is ever a label.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from . import __version__
from .constants import ConditionType
from .kinds import ACCOUNT, KINDS
from .model import Key, Outcome

OBJECT: Final = ("kind", "resource_namespace", "resource_name")
RESULTS: Final = ("success", "retry", "stalled", "blocked", "error")
STATUSES: Final = ("True", "False", "Unknown")


class Metrics:
    """All metrics of the process, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self._lock = threading.Lock()
        self._reconcile_metrics(registry)
        self._object_metrics(registry)
        self._cloud_metrics(registry)
        for kind in KINDS:
            self.approvals.labels(kind).set(0)
        for kind in (*KINDS, ACCOUNT):
            for result in RESULTS:
                self.reconcile.labels(kind, result)

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
        self.cluster_writes = Counter(
            "ram_operator_cluster_writes_total",
            "Writes to the API server, by what was written and the kind that answered.",
            ["what", "kind"],
            registry=registry,
        )

    def _object_metrics(self, registry: CollectorRegistry) -> None:
        self.condition = Gauge(
            "ram_operator_resource_condition",
            "1 for the status that a condition of an object has.",
            [*OBJECT, "type", "status"],
            registry=registry,
        )
        self.drift = Gauge(
            "ram_operator_drift_detected",
            "1 while the cloud differs from what was applied to an object.",
            [*OBJECT],
            registry=registry,
        )
        self.drift_changes = Counter(
            "ram_operator_drift_changes_total",
            "Drift found, by field and by what was done about it.",
            ["kind", "field", "action"],
            registry=registry,
        )
        self.pending_since = Gauge(
            "ram_operator_approval_pending_since_timestamp_seconds",
            "Since when a change of an object waits for approval.",
            [*OBJECT],
            registry=registry,
        )
        self.gate = Counter(
            "ram_operator_gate_decisions_total",
            "Judgements on changes of who is trusted, by verdict and rule.",
            ["kind", "verdict", "rule"],
            registry=registry,
        )
        self.approvals = Gauge(
            "ram_operator_approvals_pending",
            "Objects with a change that waits for approval.",
            ["kind"],
            registry=registry,
        )
        self._waiting: set[Key] = set()
        self.last_success = Gauge(
            "ram_operator_last_successful_reconcile_timestamp_seconds",
            "When an object was last looked at successfully.",
            [*OBJECT],
            registry=registry,
        )

    def _cloud_metrics(self, registry: CollectorRegistry) -> None:
        self.cloud_requests = Counter(
            "ram_operator_cloud_requests_total",
            "Calls to the cloud, by action and outcome family.",
            ["action", "result"],
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
            registry=registry,
        )

    def cloud_call(self, action: str, result: str, seconds: float) -> None:
        self.cloud_requests.labels(action, result).inc()
        self.cloud_duration.labels(action).observe(seconds)
        if result == "Throttled":
            self.cloud_throttled.inc()

    def cluster_write(self, what: str, kind: str) -> None:
        self.cluster_writes.labels(what, kind).inc()

    def passed(self, key: Key, outcome: Outcome, conditions: Iterable[Mapping[str, Any]]) -> None:
        """One pass is over: condition series, drift and counters."""
        labels = (key.kind, key.namespace, key.name)
        for condition in conditions:
            for status in STATUSES:
                value = 1 if condition["status"] == status else 0
                self.condition.labels(*labels, condition["type"], status).set(value)
        present = {condition["type"] for condition in conditions}
        for kind in (ConditionType.STALLED, ConditionType.RECONCILING):
            if kind.value not in present:
                for status in STATUSES:
                    self.condition.labels(*labels, kind.value, status).set(0)
        if outcome.plan is not None:
            lasting = outcome.plan.drift if outcome.observe_only else outcome.plan.drift_lasting
            self.drift.labels(*labels).set(1 if lasting else 0)
            for entry in outcome.plan.drift:
                field = entry.field.partition("[")[0]
                self.drift_changes.labels(key.kind, field, entry.action).inc()

    def decided(self, kind: str, outcome: Outcome) -> None:
        """What the gate said in this pass, if it was asked."""
        if outcome.plan is None:
            return
        if outcome.plan.held is not None:
            rules = [finding.id for finding in outcome.plan.held.findings] or ["none"]
            for rule in rules:
                self.gate.labels(kind, "held", rule).inc()
        elif any("cleared" in step.values or step.verb == "create" for step in outcome.steps_done):
            self.gate.labels(kind, "allowed", "none").inc()

    def pending(self, key: Key, since: float | None) -> None:
        """Since when a change waits; None removes the series."""
        labels = (key.kind, key.namespace, key.name)
        with self._lock:
            (self._waiting.add if since is not None else self._waiting.discard)(key)
            if key.kind in KINDS:
                waiting = sum(1 for other in self._waiting if other.kind == key.kind)
                self.approvals.labels(key.kind).set(waiting)
        if since is not None:
            self.pending_since.labels(*labels).set(since)
        else:
            self.pending_since.remove(*labels)

    def forget(self, key: Key) -> None:
        """The object is gone, and so are its series."""
        self.pending(key, None)
        labels = (key.kind, key.namespace, key.name)
        self.drift.remove(*labels)
        self.last_success.remove(*labels)
        # By name and not by searching: that takes as long as there are objects.
        for kind in ConditionType:
            for status in STATUSES:
                self.condition.remove(*labels, kind.value, status)
