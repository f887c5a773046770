"""A control plane with everything of deploy/kustomize/base in it, for the tests beside it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab import Cluster
from tests.manifests.support import MANAGED


@pytest.fixture
def scratch(installed: Cluster, namespace: str) -> Iterator[str]:
    """A namespace, and a name for a RamAccount, whose objects are gone after the test: an operator
    that a later test starts would work on them.
    """
    yield namespace
    group = "/apis/ram.alibabacloud.com/v1alpha1"
    for plural in MANAGED:
        installed.request("DELETE", f"{group}/namespaces/{namespace}/{plural}")
    installed.kubectl("delete", "ramaccount", namespace, "--ignore-not-found")


@pytest.fixture
def no_samples(installed: Cluster) -> Iterator[None]:
    """The samples' objects are gone before and after the test; their namespace stays."""
    kinds = ",".join(MANAGED)
    for moment in ("before", "after"):
        installed.kubectl("delete", kinds, "-n", "identity", "--all", "--ignore-not-found")
        installed.kubectl("delete", "ramaccount", "default", "--ignore-not-found")
        if moment == "before":
            yield
