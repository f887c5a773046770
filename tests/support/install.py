"""Applies what is shipped under deploy/kustomize/base and waits until it is served."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from tests.cluster import Cluster

BASE: Final = Path(__file__).resolve().parents[2] / "deploy" / "kustomize" / "base"


def install(cluster: Cluster) -> None:
    """CRDs, RBAC, admission; raises AssertionError when the kinds are not served after 30 s."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(BASE))
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    deadline = time.monotonic() + 30
    while cluster.kubectl("get", "ram", "-A", check=False).returncode != 0:
        assert time.monotonic() < deadline, "the kinds are not served after 30 s"
        time.sleep(0.2)
