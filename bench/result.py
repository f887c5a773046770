"""What a run measured, and the JSON object that it ends in.

docs/reference/bench.md explains each key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bench import sweeping
from bench.measure import Sample

Json = dict[str, Any]


@dataclass(frozen=True)
class Measured:
    """The samples of a run, in the order of its steps."""

    objects: int
    created: Sample
    seconds: float
    """Until all were Ready."""
    role_calls: int
    trust_calls: int
    settled: Sample
    quiet: Sample
    restarted: Sample
    comparisons: float
    swept: Sample | None = None
    """Of some hours of sweeps, where they were asked for."""

    def keys(self) -> Json:
        created, quiet, restarted = self.created, self.quiet, self.restarted
        return {
            "objects": self.objects,
            "seconds_to_ready": round(self.seconds, 2),
            "create_role_cloud_calls": self.role_calls,
            "trust_change_cloud_calls": self.trust_calls,
            "cloud_calls": created.cloud_calls,
            "cluster_writes": created.cluster_writes,
            "cluster_writes_per_object": round(created.all_cluster_writes / self.objects, 3),
            "cpu_seconds": round(created.cpu_seconds, 2),
            "settled_rss_mb": round(self.settled.rss_mb, 1),
            "peak_rss_mb": round(max(self.settled.peak_rss_mb, quiet.peak_rss_mb), 1),
            "quiet_pass_cloud_reads": quiet.cloud_reads,
            "quiet_pass_cloud_writes": quiet.cloud_writes,
            "quiet_pass_cluster_writes": quiet.all_cluster_writes,
            "quiet_pass_cpu_seconds": round(quiet.cpu_seconds, 2),
            "restart_peak_rss_mb": round(restarted.peak_rss_mb, 1),
            "restart_cloud_reads": restarted.cloud_reads,
            "restart_cloud_writes": restarted.cloud_writes,
            "restart_cluster_writes": restarted.all_cluster_writes,
            "comparisons_per_second": round(self.comparisons),
            "sweep_calls_per_object_hour": self._swept,
            "sweep_cloud_calls": self.swept.cloud_calls if self.swept is not None else None,
        }

    @property
    def _swept(self) -> float | None:
        if self.swept is None:
            return None
        return round(sweeping.per_object_hour(self.swept, self.objects), 3)
