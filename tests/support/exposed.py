"""Every series that the operator can serve: what dashboards and alerts may name."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from ram_operator.model.objects import Key
from ram_operator.observability.account_metrics import AccountState
from ram_operator.observability.metrics import Metrics
from ram_operator.observability.object_metrics import ObjectState

EVERYTHING = ObjectState(
    conditions=(("Ready", "True"),),
    account="default",
    stalled=("Drifted", 0.0),
    drift="critical",
    widened=1.0,
    pending_since=0.0,
    pending="TrustChange",
    looked_at=0.0,
    braked_since=0.0,
    records_lost=1.0,
    interval=0.0,
    observe_only=1.0,
    found=1.0,
    findings=(("RAM010", "warning"),),
    drift_only=1.0,
    corrected=(("critical", 0.0),),
    flapping_until=0.0,
    expiries=(("credentials", 0.0),),
    acknowledged=(("critical", 1),),
    acknowledged_until=0.0,
)
ACCOUNT = AccountState(
    identities={("RamRole", "managed"): 1},
    looked={"ramroles": 0.0},
    failing={"ramroles": "AccessDenied"},
    unmanaged={("RamRole", "critical"): 1},
    unused={"RamUser": 1},
    outside=1,
)
SCRAPED = {"job", "instance", "namespace", "pod", "container", "endpoint"}
"""Labels that a scrape adds."""
_OF_HISTOGRAMS = {"_bucket": {"le"}, "_sum": set[str](), "_count": set[str]()}


def exposed() -> dict[str, set[str]]:
    """Name → labels of all series, without those that a scrape adds."""
    metrics = Metrics(CollectorRegistry())
    key = Key("RamRole", "namespace", "name")
    metrics.objects.set(key, EVERYTHING)
    metrics.slow.passed(key, 5.0)
    metrics.accounts.set("default", ACCOUNT)
    found = {
        sample.name: set(sample.labels)
        for family in metrics.registry.collect()
        for sample in family.samples
    }
    for metric in vars(metrics).values():
        if isinstance(metric, MetricWrapperBase):
            found.update(_of(metric))
    return found


def _of(metric: MetricWrapperBase) -> dict[str, set[str]]:
    """Also where nothing was counted yet."""
    (described,) = metric.describe()
    # The library has no public way to ask for the labels of what has no series yet.
    names = set(metric._labelnames)
    if described.type == "histogram":
        return {described.name + end: names | more for end, more in _OF_HISTOGRAMS.items()}
    return {described.name + ("_total" if described.type == "counter" else ""): names}
