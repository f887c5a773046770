"""Metrics: series come with their first use or at once, and go with their object."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

import ram_operator
from ram_operator.constants import Reason, Severity
from ram_operator.kinds.table import ACCOUNT, KINDS
from ram_operator.model.changes import Drift, Held
from ram_operator.model.objects import Key
from ram_operator.model.outcome import Outcome, Plan
from ram_operator.model.vocabulary import Direction, Phase
from ram_operator.observability.metrics import RESULTS, Metrics
from ram_operator.observability.object_metrics import ObjectState, ObjectStates, state_of
from ram_operator.reporting.status import build_report
from ram_operator.times import seconds
from tests.unit.steps_by_example import of_difference

KEY, OTHER = Key("RamRole", "apps", "web"), Key("RamPolicy", "apps", "web")
NARROWER = Direction.NARROWER
NAMED = {"kind": "RamRole", "resource_namespace": "apps", "resource_name": "web"}
LABELS = {**NAMED, "account": ""}
NOW = 1_767_225_600.0
READY = (("Ready", "True"),)
FULL = ObjectState(READY, drift="critical", pending_since=NOW, looked_at=NOW)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"ram_operator_{name}", labels)


def series(metrics: Metrics, key: Key) -> list[str]:
    """Names of the series of one object."""
    return [
        sample.name
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.labels.get("resource_name") == key.name and sample.labels["kind"] == key.kind
    ]


def drift(severity: Severity, action: str, field: str = "policies[System/x]") -> Drift:
    return Drift(field=field, was="a", now="b", severity=severity, action=action)


def outcome(*found: Drift, **more: Any) -> Outcome:
    return Outcome(Phase.DONE, Reason.SYNCED, "", plan=Plan(drift=found), **more)


def test_label_sets_that_are_known_exist_from_the_start(metrics: Metrics) -> None:
    for kind in (*KINDS, ACCOUNT):
        for result in RESULTS:
            assert value(metrics, "reconcile_total", kind=kind, result=result) == 0
    for kind in KINDS:
        assert value(metrics, "approvals_pending", kind=kind) == 0
    assert value(metrics, "build_info", version=ram_operator.__version__) == 1


def test_two_registries_do_not_share_anything(metrics: Metrics) -> None:
    metrics.cluster_write("status", "RamRole")
    assert value(metrics, "cluster_writes_total", what="status", kind="RamRole") == 1
    other = Metrics(CollectorRegistry())
    assert value(other, "cluster_writes_total", what="status", kind="RamRole") is None


def test_cloud_calls_are_counted_timed_and_throttling_is_counted_again(metrics: Metrics) -> None:
    metrics.cloud_call("GetRole", "Success", 0.2, "default")
    assert value(metrics, "cloud_throttled_total", account="default") == 0
    metrics.cloud_call("GetRole", "Throttled", 0.1, "default")
    for result in ("Success", "Throttled"):
        labels = {"account": "default", "action": "GetRole", "result": result}
        assert value(metrics, "cloud_requests_total", **labels) == 1
    assert value(metrics, "cloud_request_duration_seconds_count", action="GetRole") == 2
    total = value(metrics, "cloud_request_duration_seconds_sum", action="GetRole")
    assert total == pytest.approx(0.3)
    assert value(metrics, "cloud_throttled_total", account="default") == 1


def test_the_gauges_of_the_queue_can_ask_the_queue(metrics: Metrics) -> None:
    depth = [3]
    metrics.queue_depth.set_function(lambda: depth[0])
    assert value(metrics, "queue_depth") == 3
    depth[0] = 7
    assert value(metrics, "queue_depth") == 7


def test_drift_is_counted_by_field_and_never_by_entry(metrics: Metrics) -> None:
    found = outcome(
        drift(Severity.CRITICAL, "corrected", "policies[System/one]"),
        drift(Severity.CRITICAL, "corrected", "policies[System/two]"),
        drift(Severity.WARNING, "corrected", "tags[a]"),
        drift(Severity.WARNING, "reported", "description"),
        steps_done=(
            of_difference("policies[System/one]"),
            of_difference("policies[System/two]"),
            of_difference("tags[a]"),
        ),
    )
    shown = {"drift": [{"field": "description", "severity": "warning", "action": "reported"}]}
    for what in (found, Outcome(Phase.RETRY, Reason.THROTTLED, "no plan")):
        metrics.corrected(KEY, what)
        metrics.passed(KEY, what, {}, shown if what is found else {})
    for field, severity, action, times in (
        ("policies", "critical", "corrected", 2),
        ("tags", "warning", "corrected", 1),
        ("description", "warning", "reported", 1),
    ):
        labels = {"kind": "RamRole", "field": field, "severity": severity, "action": action}
        assert value(metrics, "drift_changes_total", **labels) == times


def test_drift_that_lasts_is_counted_once_and_again_when_something_else_is_done(
    metrics: Metrics,
) -> None:
    def found(action: str, before: str) -> None:
        row = {"field": "members[User/a]", "severity": "critical"}
        status = {"drift": [{**row, "action": action}]}
        old = {"drift": [{**row, "action": before}]} if before else {}
        metrics.passed(
            KEY, outcome(drift(Severity.CRITICAL, action, "members[User/a]")), old, status
        )

    for action, before in (("reported", ""), *[("reported", "reported")] * 5, ("held", "reported")):
        found(action, before)
    for action in ("reported", "held"):
        labels = {"kind": "RamRole", "field": "members", "severity": "critical", "action": action}
        assert value(metrics, "drift_changes_total", **labels) == 1


def test_a_correction_that_was_not_carried_out_is_not_counted(metrics: Metrics) -> None:
    metrics.corrected(KEY, outcome(drift(Severity.CRITICAL, "corrected", "description")))
    labels = {
        "kind": "RamRole",
        "field": "description",
        "severity": "critical",
        "action": "corrected",
    }
    assert value(metrics, "drift_changes_total", **labels) is None


def test_a_change_is_counted_as_held_once_and_again_when_the_judgement_is_another(
    metrics: Metrics,
) -> None:
    result = outcome()
    assert result.plan is not None
    held = Held("TrustChange", "trust of role x", ("all of it",), (), ())
    result = replace(result, plan=replace(result.plan, held=held))
    first = {"pending": {"kind": "TrustChange", "gains": ["all of it"], "firstSeen": "then"}}
    later = {"pending": {**first["pending"], "firstSeen": "now"}}
    other = {"pending": {**first["pending"], "findings": [{"id": "TP001"}]}}
    labels = {"kind": "RamRole", "verdict": "held", "rule": "none"}
    for old, status, times in (
        ({}, first, 1),
        (first, first, 1),
        (first, later, 1),
        (later, other, 2),
    ):
        metrics.passed(KEY, result, old, status)
        assert value(metrics, "gate_decisions_total", **labels) == times


def test_each_condition_has_the_series_of_the_status_that_it_has(metrics: Metrics) -> None:
    for status in ("Unknown", "False", "True"):
        metrics.objects.set(KEY, ObjectState(conditions=(("Ready", status),)))
        found = {
            other: value(metrics, "resource_condition", **LABELS, type="Ready", status=other)
            for other in ("True", "False", "Unknown")
        }
        assert found == {other: 1 if other == status else None for other in found}


def test_an_object_that_waits_for_approval_is_counted_once(metrics: Metrics) -> None:
    waits = ObjectState(pending_since=NOW, pending="TrustChange")
    labels = {**LABELS, "change": "TrustChange"}
    for key in (KEY, KEY, Key("RamRole", "apps", "other"), OTHER, Key(ACCOUNT, "", "default")):
        metrics.objects.set(key, waits)
    assert value(metrics, "approvals_pending", kind="RamRole") == 2
    assert value(metrics, "approvals_pending", kind="RamPolicy") == 1
    assert value(metrics, "approval_pending_since_timestamp_seconds", **labels) == NOW
    metrics.objects.set(KEY, ObjectState())
    assert value(metrics, "approvals_pending", kind="RamRole") == 1
    assert value(metrics, "approval_pending_since_timestamp_seconds", **labels) is None


def test_an_object_that_is_gone_has_no_series(metrics: Metrics) -> None:
    full = ObjectState(
        (("Ready", "True"), ("Synced", "True")), drift="critical", pending_since=NOW, looked_at=NOW
    )
    metrics.objects.set(KEY, full)
    metrics.objects.set(OTHER, full)
    assert len(series(metrics, KEY)) == 5
    metrics.objects.forget(KEY)
    metrics.objects.forget(Key("RamRole", "apps", "never seen"))
    assert series(metrics, KEY) == []
    assert len(series(metrics, OTHER)) == 5
    assert metrics.objects.get(KEY) == ObjectState()
    assert value(metrics, "approvals_pending", kind="RamRole") == 0


def test_the_text_for_prometheus_has_no_creation_times(metrics: Metrics) -> None:
    metrics.cluster_write("status", "RamRole")
    text = generate_latest(metrics.registry).decode()
    assert "ram_operator_cluster_writes_total{" in text
    assert "_created" not in text


def test_no_metric_has_a_label_that_a_scrape_sets_itself_or_that_grows_without_bound(
    metrics: Metrics,
) -> None:
    metrics.objects.set(KEY, FULL)
    forbidden = {"namespace", "pod", "instance", "job", "arn", "user", "message", "digest"}
    for family in metrics.registry.collect():
        assert family.name.startswith("ram_operator_")
        assert family.documentation.endswith(".")
        for sample in family.samples:
            assert not forbidden & sample.labels.keys()


BEFORE = ObjectState(READY, drift="warning", looked_at=NOW - 60.0)
CONDITIONS = [{"type": "Ready", "status": "False", "reason": "x"}]
STATUS = {
    "drift": [{"field": "x", "was": "a", "is": "b", "severity": "warning", "action": "reported"}]
}


def after(result: Outcome, since: float | None = None) -> ObjectState:
    status = build_report(STATUS, result, 1, "2026-01-01T00:00:00Z", {}).status
    return state_of(result, {**status, "conditions": CONDITIONS}, since, BEFORE, NOW)


def test_a_pass_that_compared_renews_everything() -> None:
    wanted = ObjectState((("Ready", "False"),), pending_since=NOW - 5.0, looked_at=NOW)
    assert after(outcome(), NOW - 5.0) == wanted


def test_the_gravest_drift_counts() -> None:
    found = outcome(
        drift(Severity.WARNING, "reported"),
        drift(Severity.CRITICAL, "reported"),
        drift(Severity.INFO, "held"),
    )
    assert after(found).drift == "critical"


def test_a_pass_that_could_not_compare_leaves_drift_and_last_look() -> None:
    found = after(Outcome(Phase.RETRY, Reason.THROTTLED, ""))
    assert (found.drift, found.looked_at) == (BEFORE.drift, BEFORE.looked_at)
    assert found.conditions == (("Ready", "False"),)


def test_drift_that_is_not_believed_yet_changes_nothing() -> None:
    found = after(outcome(drift_unconfirmed=True))
    assert (found.drift, found.looked_at) == ("warning", NOW)


def test_of_a_process_that_just_began_the_status_is_the_memory() -> None:
    first = state_of(
        Outcome(Phase.RETRY, Reason.THROTTLED, ""),
        {**STATUS, "conditions": CONDITIONS},
        None,
        ObjectState(),
        NOW,
    )
    assert (first.drift, first.looked_at) == ("warning", None)


@pytest.mark.parametrize(
    ("kind", "told"), [("FoundInCloud", 1.0), ("TrustChange", None), (None, None)]
)
def test_what_was_found_in_the_cloud_is_told_by_itself(
    kind: str | None, told: float | None
) -> None:
    pending = {"pending": {"kind": kind}} if kind else {}
    status = {**STATUS, "conditions": CONDITIONS, **pending}
    found = state_of(Outcome(Phase.DONE, Reason.SYNCED, ""), status, None, ObjectState(), NOW)
    assert found.found == told


@pytest.mark.parametrize(
    ("reason", "told"),
    [(Reason.DRIFTED, 1.0), (Reason.NOT_FOUND, 1.0), (Reason.ACCESS_DENIED, None)],
)
def test_what_is_stalled_by_drift_alone_is_told(reason: Reason, told: float | None) -> None:
    left = Outcome(Phase.STALLED, reason, "", plan=Plan(drift=(drift(Severity.INFO, "reported"),)))
    assert after(left).drift_only == told
    gone = {"conditions": CONDITIONS}
    assert state_of(replace(left, plan=None), gone, None, BEFORE, NOW).drift_only is None


@pytest.mark.parametrize("widens", [True, False])
def test_drift_that_gives_rights_is_told_while_it_lasts(widens: bool) -> None:
    given = replace(drift(Severity.CRITICAL, "reported"), widens=widens)
    assert after(outcome(given)).widened == (1.0 if widens else None)
    assert after(outcome()).widened is None


def test_since_when_it_is_stalled_is_told_by_the_reason() -> None:
    """The condition's own time does not move with its reason."""

    def told(reason: str, before: ObjectState, at: str = "2026-01-01T00:00:00Z") -> ObjectState:
        row = {"type": "Stalled", "status": "True", "reason": reason, "lastTransitionTime": at}
        return state_of(outcome(), {"conditions": [row]}, None, before, NOW + 90.0)

    first = told("Drifted", ObjectState())
    assert first.stalled == ("Drifted", NOW)
    assert told("Drifted", first).stalled == ("Drifted", NOW)
    assert told("Suspended", first).stalled == ("Suspended", NOW + 90.0)
    assert told("Suspended", ObjectState(), "garbled").stalled == ("Suspended", NOW + 90.0)
    assert state_of(outcome(), {"conditions": CONDITIONS}, None, first, NOW).stalled is None


def test_when_drift_was_put_right_last_is_told_by_severity() -> None:
    at = "2026-01-01T00:00:0{}Z"
    listed = [(2, "critical"), (1, "critical"), (3, "warning"), ("x", "info")]
    corrected = [{"severity": severity, "at": at.format(second)} for second, severity in listed]
    status = {"conditions": CONDITIONS, "corrected": [*corrected, {"at": at.format(1)}]}
    found = state_of(outcome(), status, None, BEFORE, NOW).corrected
    begin = seconds(at.format(0))
    assert found == (("critical", begin + 2), ("warning", begin + 3))


def test_what_is_put_right_too_often_is_told_until_an_hour_after_the_first_of_these_times() -> None:
    at = [f"2026-01-01T00:0{minute}:00Z" for minute in (5, 4, 3, 1)]

    def until(*listed: str) -> float | None:
        status = {"conditions": CONDITIONS, "correctedAt": listed}
        return state_of(outcome(), status, None, BEFORE, NOW).flapping_until

    assert until(*at) == seconds(at[3]) + 3600.0
    assert until(*at[:3]) is None
    assert until(*at[:3], "garbled") is None
    assert after(outcome()).flapping_until is None


def test_where_nothing_is_written_all_drift_lasts() -> None:
    planned = drift(Severity.CRITICAL, "corrected")
    assert after(outcome(planned, observe_only=True)).drift == "critical"


def test_of_an_account_the_last_look_is_its_verification() -> None:
    found = after(Outcome(Phase.DONE, Reason.SYNCED, "", verified=True))
    assert (found.drift, found.looked_at) == ("warning", NOW)


def test_states_without_a_first_pass_are_empty() -> None:
    assert ObjectStates().get(KEY) == ObjectState()
