"""What the dashboard asks Prometheus for, in pieces that several panels share.

Used by dashboard_rows.py. `$account` and `$namespace` are the dashboard's variables.
"""

from __future__ import annotations

from typing import Final

ACCOUNT: Final = 'account=~"$account"'
OBJECT: Final = f'{ACCOUNT},resource_namespace=~"$namespace"'
ALIVE: Final = "0 * max(ram_operator_leader == 1)"
"""Nothing found is 0 as long as somebody looks, and no number at all otherwise."""
WHO: Final = "account, kind, resource_namespace, resource_name"
RATE: Final = "[$__rate_interval]"


def count(series: str) -> str:
    return f"count({series}) or {ALIVE}"


def total(series: str) -> str:
    return f"sum({series}) or {ALIVE}"


def longest(series: str, *labels: str) -> str:
    """The objects that are longest in a state, in seconds."""
    return f"topk(20, time() - max by ({', '.join((WHO, *labels))}) ({series}))"


def slow(label: str, what: str) -> str:
    """The duration that 99 of 100 stay below."""
    buckets = f"rate(ram_operator_{what}_duration_seconds_bucket{RATE})"
    # What was not called has no number, and no line.
    return f"histogram_quantile(0.99, sum by (le, {label}) ({buckets})) >= 0"


def rate(labels: str, counter: str) -> str:
    return f"sum by ({labels}) (rate(ram_operator_{counter}_total{RATE}))"


def hourly(labels: str, counter: str) -> str:
    """Counted in the last hour. A series often begins with what it counts, of which `increase`
    knows nothing; and it begins anew with the process.
    """
    series = f"ram_operator_{counter}_total"
    return f"sum by ({labels}) ({series} - {series} offset 1h >= 0 or {series})"


def condition(kind: str, *more: str) -> str:
    selector = ",".join((f'type="{kind}"', *more, OBJECT))
    return f"ram_operator_resource_condition{{{selector}}}"


MANAGED: Final = 'kind!="RamAccount"'
WRONG: Final = condition("Reconciling|Stalled|Drifted|ApprovalRequired", 'status="True"').replace(
    "type=", "type=~"
)
PENDING: Final = f"ram_operator_approval_pending_since_timestamp_seconds{{{OBJECT}}}"
STALLED: Final = f"ram_operator_stalled_since_timestamp_seconds{{{OBJECT}}}"
BRAKE: Final = f"ram_operator_deletion_brake_since_timestamp_seconds{{{ACCOUNT}}}"
DRIFT: Final = f"ram_operator_drift_detected{{{OBJECT}}}"
WIDENED: Final = f"ram_operator_access_widened{{{OBJECT}}}"
FOUND: Final = f"ram_operator_found_in_cloud{{{OBJECT}}}"
CORRECTED: Final = f"ram_operator_drift_corrected_timestamp_seconds{{{OBJECT}}}"
ACKNOWLEDGED: Final = f"ram_operator_drift_acknowledged{{{OBJECT}}}"
ACKNOWLEDGED_UNTIL: Final = (
    f"ram_operator_drift_acknowledged_until_timestamp_seconds{{{OBJECT}}}"
    f" and on ({WHO}) {ACKNOWLEDGED}"
)
EXPIRY: Final = f"ram_operator_expiry_timestamp_seconds{{{OBJECT}}}"
LOOKED: Final = f"ram_operator_last_successful_reconcile_timestamp_seconds{{{OBJECT}}}"
INTERVAL: Final = f"ram_operator_look_interval_seconds{{{OBJECT}}}"
FINDINGS: Final = f"ram_operator_finding{{{OBJECT}}}"
IDENTITIES: Final = f"ram_operator_identities{{{ACCOUNT}}}"
UNMANAGED: Final = f"ram_operator_unmanaged_identities{{{ACCOUNT}}}"
OUTSIDE: Final = f"ram_operator_unmanaged_outside_trusts{{{ACCOUNT}}}"
UNUSED: Final = f"ram_operator_unused_identities{{{ACCOUNT}}}"
SHARE: Final = (
    f'sum by (account) (ram_operator_identities{{{ACCOUNT},state="managed"}})'
    f' / sum by (account) (ram_operator_identities{{{ACCOUNT},state=~"managed|unmanaged"}})'
)
CALLS: Final = f"rate(ram_operator_cloud_requests_total{{{ACCOUNT}}}{RATE})"
FAILED: Final = f'rate(ram_operator_cloud_requests_total{{{ACCOUNT},result!="Success"}}{RATE})'
THROTTLED: Final = f"rate(ram_operator_cloud_throttled_total{{{ACCOUNT}}}{RATE})"
PER_IDENTITY: Final = (
    f"sum by (account) (increase(ram_operator_cloud_requests_total{{{ACCOUNT}}}[1h]))"
    f" / sum by (account) ({IDENTITIES})"
)
BY_SERVICE: Final = (
    f'sum by (service) (label_replace(label_replace({CALLS}, "service", "RAM", "action", ".*"),'
    ' "service", "$1", "action", "([^.]+)[.].*"))'
)
AGE: Final = f"ram_operator_observation_age_seconds{{{ACCOUNT}}}"
FAILING: Final = f"ram_operator_list_failing{{{ACCOUNT}}}"
SLOW: Final = rate("kind, resource_namespace, resource_name", "slow_pass_processor_seconds")
GUARD: Final = "min(clamp_max(ram_operator_approvals_guarded + ram_operator_guard_reduced, 1))"
GUARD_WORDS: Final = {"0": "NOT GUARDED", "1": "guarded"}
