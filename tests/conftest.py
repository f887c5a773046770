"""Fixtures that several suites share: the run's control plane, a namespace for each test."""

from __future__ import annotations

import os
import shutil
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import Cluster, ControlPlane
from tests.cluster.__main__ import VARIABLE
from tests.cluster.assets import ROOT


@pytest.fixture(scope="session")
def control_plane(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """The API server of this run: the one RAM_OPERATOR_CONTROL_PLANE names, else one of its own.

    Everybody shares it: work in your own namespace, and start a ControlPlane of your own to stop
    or restart it. Its logs are kept, and their place is printed, when a test failed.
    """
    shared = os.environ.get(VARIABLE)
    if shared:
        yield Cluster.read(Path(shared))
        return
    directory = ROOT / ".cluster" / f"run-{os.getpid()}"
    with ControlPlane.start(directory) as plane:
        yield plane
    if request.session.testsfailed:
        print(f"\nThe logs of kube-apiserver and etcd are kept in {directory}", file=sys.stderr)
    else:
        shutil.rmtree(directory)


@pytest.fixture
def namespace(control_plane: Cluster) -> str:
    """A new namespace. It is left behind: nothing here would finish deleting it."""
    name = f"test-{uuid.uuid4().hex[:10]}"
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    control_plane.request("POST", "/api/v1/namespaces", body)
    return name
