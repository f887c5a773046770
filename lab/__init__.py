"""What tests, demo and bench run on: a real kube-apiserver and etcd on loopback, worlds, processes.

Use ControlPlane.start() for one of your own, or the control_plane fixture for the one that a test
run shares. A world is an account of the emulated cloud with a namespace that is managed in it; it
runs the operator as a process of its own. Nothing here is part of the product.
"""

from __future__ import annotations

from lab.connection import Cluster, KubectlError, RequestFailed
from lab.controlplane import ControlPlane

__all__ = ["Cluster", "ControlPlane", "KubectlError", "RequestFailed"]
