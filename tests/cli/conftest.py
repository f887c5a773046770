"""A cluster with objects that wait, as the operator leaves them, and people who may and may not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Cluster
from tests.cli.support import Desk

PLURALS = ["ramroles", "rampolicies", "ramusers", "ramgroups"]
GROUP = "ram.alibabacloud.com"


@pytest.fixture(scope="session")
def installed(installed: Cluster) -> Cluster:
    """With the roles of an approver and of a mere reader."""
    for name, verbs in (
        ("test-approver", ["get", "list", "patch", "approve"]),
        ("test-editor", ["get", "list", "patch"]),
    ):
        rule = {"apiGroups": [GROUP], "resources": PLURALS, "verbs": verbs}
        _apply(installed, "clusterroles", name, {"rules": [rule]})
    for user, role in (("carol", "test-approver"), ("erin", "test-editor")):
        body: dict[str, object] = {
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": role,
            },
            "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
        }
        _apply(installed, "clusterrolebindings", f"test-{user}", body)
    return installed


def _apply(cluster: Cluster, plural: str, name: str, body: dict[str, object]) -> None:
    kind = {"clusterroles": "ClusterRole", "clusterrolebindings": "ClusterRoleBinding"}[plural]
    manifest = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, **body}
    path = f"/apis/rbac.authorization.k8s.io/v1/{plural}/{name}?fieldManager=tests&force=true"
    cluster.request(
        "PATCH",
        path,
        {**manifest, "metadata": {"name": name}},
        content_type="application/apply-patch+yaml",
    )


@pytest.fixture
def desk(installed: Cluster, namespace: str, tmp_path: Path) -> Iterator[Desk]:
    """A namespace to put waiting objects into, and the plugin to run on it; emptied afterwards."""
    opened = Desk(installed, namespace, tmp_path)
    yield opened
    for plural in PLURALS:
        path = f"/apis/{GROUP}/v1alpha1/namespaces/{namespace}/{plural}"
        installed.request("DELETE", path)
