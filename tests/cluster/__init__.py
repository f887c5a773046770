"""A real kube-apiserver and etcd on the loopback interface, for tests and the demo.

Use ControlPlane.start() for one of your own, or the control_plane fixture for the one that a test
run shares. Nothing here is part of the product, and nothing here imports it.
"""

from __future__ import annotations

from tests.cluster.connection import Cluster, KubectlError, RequestFailed
from tests.cluster.controlplane import ControlPlane

__all__ = ["Cluster", "ControlPlane", "KubectlError", "RequestFailed"]
