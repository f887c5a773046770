"""Numbers of a running operator: its metrics, memory and processor time."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from lab.operator_process import OperatorProcess
from ram_operator.cloud.jobs import is_write

TICKS = os.sysconf("SC_CLK_TCK")
COUNTERS = (
    "ram_operator_reconcile_total",
    "ram_operator_cloud_requests_total",
    "ram_operator_cluster_writes_total",
)


@dataclass(frozen=True)
class Sample:
    """Counters since the process started; memory in MB, processor time in seconds.

    `passes` are those over managed objects that ended well.
    """

    passes: int
    cloud_calls: dict[str, int] = field(default_factory=dict)
    cluster_writes: dict[str, int] = field(default_factory=dict)
    rss_mb: float = 0.0
    peak_rss_mb: float = 0.0
    cpu_seconds: float = 0.0

    @property
    def cloud_reads(self) -> int:
        return sum(n for name, n in self.cloud_calls.items() if _reads(name))

    @property
    def cloud_writes(self) -> int:
        return sum(self.cloud_calls.values()) - self.cloud_reads

    @property
    def all_cluster_writes(self) -> int:
        return sum(self.cluster_writes.values())

    def since(self, before: Sample) -> Sample:
        """The counters' growth; memory as it is now."""
        return Sample(
            self.passes - before.passes,
            _minus(self.cloud_calls, before.cloud_calls),
            _minus(self.cluster_writes, before.cluster_writes),
            self.rss_mb,
            self.peak_rss_mb,
            self.cpu_seconds - before.cpu_seconds,
        )


def _reads(action: str) -> bool:
    return not is_write(action)


def _minus(now: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    grown = {name: value - before.get(name, 0) for name, value in now.items()}
    return {name: value for name, value in grown.items() if value}


def sample(operator: OperatorProcess) -> Sample:
    passes = 0
    calls: dict[str, int] = {}
    writes: dict[str, int] = {}
    # Of ten thousand objects there are a hundred thousand series that nobody asks for here.
    counters = (line for line in operator.metrics().splitlines() if line.startswith(COUNTERS))
    for family in text_string_to_metric_families("\n".join(counters) + "\n"):
        for item in family.samples:
            value = int(item.value)
            if item.name == "ram_operator_reconcile_total" and _compared(item.labels):
                passes += value
            elif item.name == "ram_operator_cloud_requests_total":
                action = item.labels["action"]
                calls[action] = calls.get(action, 0) + value
            elif item.name == "ram_operator_cluster_writes_total" and _counts(item.labels):
                what = item.labels["what"]
                writes[what] = writes.get(what, 0) + value
    memory = _status(operator.child.pid)
    return Sample(
        passes,
        calls,
        writes,
        memory["VmRSS"] / 1024,
        memory["VmHWM"] / 1024,
        _cpu(operator.child.pid),
    )


def _compared(labels: dict[str, str]) -> bool:
    """A pass that compared an object with the cloud, and did not only wait for its account."""
    return labels["kind"] != "RamAccount" and labels["result"] == "success"


def _counts(labels: dict[str, str]) -> bool:
    """The account's own status is not part of what an object costs."""
    return labels["kind"] != "RamAccount"


def _status(pid: int) -> dict[str, int]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    pairs = (line.split(":", 1) for line in lines if line.startswith(("VmRSS", "VmHWM")))
    return {name: int(value.split()[0]) for name, value in pairs}


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
