"""What may change after creation, who owns which field, and what a new object looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cluster import Cluster
from tests.cluster.connection import RequestFailed
from tests.manifests.support import Json

_TRUST: Json = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "fc.aliyuncs.com"}}
    ],
}
_DOCUMENT: Json = {
    "Version": "1",
    "Statement": [{"Effect": "Allow", "Action": "oss:GetObject", "Resource": "*"}],
}
_REQUIRED: dict[str, Json] = {
    "RamRole": {"trustPolicy": _TRUST},
    "RamPolicy": {"document": _DOCUMENT},
    "RamAccount": {"accountId": "1234567890123456"},
}
_MERGE_PATCH = "application/merge-patch+json"
_APPLY = "application/apply-patch+yaml"


def _path(namespace: str, kind: str = "RamRole", name: str = "x") -> str:
    plural = "rampolicies" if kind == "RamPolicy" else f"{kind.lower()}s"
    where = "" if kind == "RamAccount" else f"namespaces/{namespace}/"
    return f"/apis/ram.alibabacloud.com/v1alpha1/{where}{plural}/{name}"


def _manifest(kind: str = "RamRole", name: str = "x", **spec: Any) -> Json:
    return {
        "apiVersion": "ram.alibabacloud.com/v1alpha1",
        "kind": kind,
        "metadata": {"name": name},
        "spec": {**_REQUIRED[kind], **spec},
    }


def _create(cluster: Cluster, namespace: str, manifest: Json) -> Json:
    path = _path(namespace, manifest["kind"], manifest["metadata"]["name"])
    return cluster.request("POST", path.rpartition("/")[0], manifest)


@pytest.mark.parametrize(
    ("kind", "before", "after", "message"),
    [
        ("RamRole", {"roleName": "a"}, {"roleName": "b"}, "roleName cannot change"),
        ("RamRole", {"roleName": "a"}, {"roleName": "A"}, "roleName cannot change"),
        ("RamRole", {}, {"roleName": "x"}, "roleName cannot change, be added"),
        ("RamRole", {"roleName": "a"}, {"roleName": None}, "roleName cannot change"),
        ("RamRole", {}, {"accountRef": {"name": "b"}}, "accountRef cannot change"),
        ("RamRole", {"accountRef": {"name": "b"}}, {"accountRef": None}, "accountRef cannot"),
        ("RamPolicy", {"policyName": "a"}, {"policyName": "b"}, "policyName cannot change"),
        ("RamPolicy", {}, {"policyName": "x"}, "policyName cannot change, be added"),
        ("RamPolicy", {}, {"accountRef": {"name": "b"}}, "accountRef cannot change"),
        ("RamAccount", {}, {"accountId": "6543210987654321"}, "accountId cannot change"),
    ],
)
def test_immutable(
    installed: Cluster, scratch: str, kind: str, before: Json, after: Json, message: str
) -> None:
    _create(installed, scratch, _manifest(kind, scratch, **before))
    command = ["patch", kind.lower(), scratch, "--type=merge"]
    if kind != "RamAccount":
        command += ["-n", scratch]
    result = installed.kubectl(*command, "-p", json.dumps({"spec": after}), check=False)
    assert result.returncode == 1
    assert message in result.stderr


def test_everything_else_may_change(installed: Cluster, scratch: str) -> None:
    _create(installed, scratch, _manifest(roleName="A"))
    spec = {"description": "d", "deletionPolicy": "Delete", "tags": {"a": "b"}, "suspend": True}
    changed = installed.request("PATCH", _path(scratch), {"spec": spec}, content_type=_MERGE_PATCH)
    assert changed["metadata"]["generation"] == 2


def test_a_new_object_is_in_progress(installed: Cluster, scratch: str) -> None:
    """kstatus says InProgress while observedGeneration differs from generation, and Current where
    there are no conditions: without the default a new object would look finished.
    """
    for kind in ("RamRole", "RamPolicy", "RamAccount"):
        created = _create(installed, scratch, _manifest(kind, scratch))
        assert created["status"] == {"observedGeneration": -1}
        assert created["metadata"]["generation"] == 1


def test_the_spec_is_not_written_through_status_nor_the_reverse(
    installed: Cluster, scratch: str
) -> None:
    _create(installed, scratch, _manifest())
    both = {"spec": {"description": "x"}, "status": {"observedGeneration": 1, "arn": "y"}}
    first = installed.request("PATCH", _path(scratch), both, content_type=_MERGE_PATCH)
    assert first["status"] == {"observedGeneration": -1}
    both["spec"] = {"description": "z"}
    path = f"{_path(scratch)}/status"
    second = installed.request("PATCH", path, both, content_type=_MERGE_PATCH)
    assert second["spec"]["description"] == "x"
    assert second["status"] == {"observedGeneration": 1, "arn": "y"}
    assert second["metadata"]["generation"] == first["metadata"]["generation"] == 2


def _apply(cluster: Cluster, namespace: str, manager: str, spec: Json) -> Json:
    body = _manifest()
    body["spec"] = spec
    return cluster.request(
        "PATCH", f"{_path(namespace)}?fieldManager={manager}", body, content_type=_APPLY
    )


def test_two_managers_share_the_list_of_policies(installed: Cluster, scratch: str) -> None:
    read = {"type": "System", "name": "ReadOnlyAccess"}
    mine = {"type": "RamPolicy", "name": "mine"}
    same_name = {"type": "Custom", "name": "mine"}
    _apply(installed, scratch, "git", {"trustPolicy": _TRUST, "policies": [read]})
    merged = _apply(installed, scratch, "team", {"policies": [mine, same_name]})
    assert merged["spec"]["policies"] == [read, mine, same_name]
    left = _apply(installed, scratch, "team", {"policies": [mine]})
    assert left["spec"]["policies"] == [read, mine]
    assert left["spec"]["trustPolicy"] == _TRUST
    _apply(installed, scratch, "team", {"tags": {"a": "1"}})
    tags = _apply(installed, scratch, "git", {"trustPolicy": _TRUST, "tags": {"b": "2"}})
    assert tags["spec"]["tags"] == {"a": "1", "b": "2"}
    assert "policies" not in tags["spec"] or tags["spec"]["policies"] == []


def test_a_trust_policy_has_one_manager(installed: Cluster, scratch: str) -> None:
    """Two documents are never merged into a third that nobody wrote."""
    _apply(installed, scratch, "git", {"trustPolicy": _TRUST})
    statement = {**_TRUST["Statement"][0], "Principal": {"Service": "ecs.aliyuncs.com"}}
    other = {"Version": "1", "Statement": [statement]}
    with pytest.raises(RequestFailed, match=r"conflict with \"git\".*spec.trustPolicy") as refused:
        _apply(installed, scratch, "team", {"trustPolicy": other})
    assert refused.value.status == 409


def test_columns(installed: Cluster, scratch: str) -> None:
    _create(installed, scratch, _manifest())
    _create(installed, scratch, _manifest("RamPolicy"))
    moment = "2026-01-01T00:00:00Z"
    ready = {"type": "Ready", "status": "False", "reason": "ApprovalRequired", "message": "Held."}
    status = {
        "cloudName": "x",
        "accountId": "1234567890123456",
        "conditions": [{**ready, "lastTransitionTime": moment, "observedGeneration": 1}],
    }
    path = f"{_path(scratch)}/status"
    installed.request("PATCH", path, {"status": status}, content_type=_MERGE_PATCH)
    shown = installed.kubectl("get", "arr", "-n", scratch).stdout.splitlines()
    assert shown[0].split() == ["NAME", "ROLE", "READY", "REASON", "DRIFTED", "AGE"]
    assert shown[1].split()[:4] == ["x", "x", "False", "ApprovalRequired"]
    wide = installed.kubectl("get", "arr", "-n", scratch, "-o", "wide").stdout
    assert "1234567890123456" in wide
    assert "Held." in wide
    category = installed.kubectl("get", "ram", "-n", scratch, "-o", "name").stdout.split()
    assert {
        "ramrole.ram.alibabacloud.com/x",
        "rampolicy.ram.alibabacloud.com/x",
    } <= set(category)


def test_explain_tells_what_a_field_is_for(installed: Cluster) -> None:
    shown = installed.kubectl("explain", "ramrole.spec.trustPolicy.Statement.Principal").stdout
    assert "Wildcards are refused" in shown
