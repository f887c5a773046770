"""Applies what is shipped under deploy/kustomize/base and waits until it is served."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.cluster import Cluster
from tests.support.waiting import until

BASE: Final = Path(__file__).resolve().parents[2] / "deploy" / "kustomize" / "base"


def install(cluster: Cluster) -> None:
    """CRDs, RBAC, admission; raises AssertionError when the kinds are not served after 30 s."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(BASE))
    wait_served(cluster)


def wait_served(cluster: Cluster) -> None:
    """The API server takes some moments to serve a new kind."""
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    until(lambda: cluster.kubectl("get", "ram", "-A", check=False).returncode == 0, pause=0.2)
