"""What may change after creation, who owns which field, and what a new object looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab import Cluster
from lab.connection import RequestFailed
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
    "RamUser": {},
    "RamGroup": {},
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
        ("RamUser", {"userName": "a"}, {"userName": "b"}, "userName cannot change"),
        ("RamUser", {"userName": "a"}, {"userName": "A"}, "userName cannot change"),
        ("RamUser", {}, {"userName": "x"}, "userName cannot change, be added"),
        ("RamUser", {"userName": "a"}, {"userName": None}, "userName cannot change"),
        ("RamUser", {}, {"accountRef": {"name": "b"}}, "accountRef cannot change"),
        ("RamGroup", {"groupName": "a"}, {"groupName": "b"}, "groupName cannot change"),
        ("RamGroup", {}, {"groupName": "x"}, "groupName cannot change, be added"),
        ("RamGroup", {"groupName": "a"}, {"groupName": None}, "groupName cannot change"),
        ("RamGroup", {}, {"accountRef": {"name": "b"}}, "accountRef cannot change"),
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
    for kind in _REQUIRED:
        created = _create(installed, scratch, _manifest(kind, scratch))
        assert created["status"] == {"observedGeneration": -1}
        assert created["metadata"]["generation"] == 1


def _by_operator(cluster: Cluster, path: str, body: Json) -> Json:
    """Nobody else writes a status."""
    token = cluster.service_account_token("ram-system", "ram-operator")
    return cluster.request("PATCH", path, body, content_type=_MERGE_PATCH, token=token)


def test_the_spec_is_not_written_through_status_nor_the_reverse(
    installed: Cluster, scratch: str
) -> None:
    _create(installed, scratch, _manifest())
    both = {"spec": {"description": "x"}, "status": {"observedGeneration": 1, "arn": "y"}}
    first = installed.request("PATCH", _path(scratch), both, content_type=_MERGE_PATCH)
    assert first["status"] == {"observedGeneration": -1}
    both["spec"] = {"description": "z"}
    path = f"{_path(scratch)}/status"
    second = _by_operator(installed, path, both)
    assert second["spec"]["description"] == "x"
    assert second["status"] == {"observedGeneration": 1, "arn": "y"}
    assert second["metadata"]["generation"] == first["metadata"]["generation"] == 2


def _apply(
    cluster: Cluster, namespace: str, manager: str, spec: Json, kind: str = "RamRole"
) -> Json:
    body = _manifest(kind)
    body["spec"] = spec
    path = f"{_path(namespace, kind)}?fieldManager={manager}"
    return cluster.request("PATCH", path, body, content_type=_APPLY)


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


def test_two_managers_share_the_list_of_members(installed: Cluster, scratch: str) -> None:
    """A platform team keeps the members, a team adds its own for a while, neither undoes it."""
    ann = {"type": "RamUser", "name": "ann"}
    bob = {"type": "RamUser", "name": "bob", "expiresAt": "2027-06-30T18:00:00Z"}
    carol = {"type": "User", "name": "carol"}

    def apply(manager: str, *members: Json) -> list[Json]:
        spec = {"members": list(members)}
        applied = _apply(installed, scratch, manager, spec, "RamGroup")
        found: list[Json] = applied["spec"]["members"]
        return found

    assert apply("platform", ann, carol) == [ann, carol]
    assert apply("team", bob) == [ann, carol, bob]
    assert apply("platform", ann) == [ann, bob]
    # An entry that both name goes only when both let go of it; its end has one owner.
    assert apply("team", ann, bob) == [ann, bob]
    later = {**bob, "expiresAt": "2028-06-30T18:00:00Z"}
    with pytest.raises(RequestFailed, match=r"conflict with \"team\".*expiresAt") as refused:
        apply("platform", ann, later)
    assert refused.value.status == 409
    assert apply("platform", ann, {"type": "RamUser", "name": "bob"}) == [ann, bob]
    assert apply("team", ann) == [ann, {"type": "RamUser", "name": "bob"}]


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
    for kind in ("RamPolicy", "RamUser", "RamGroup"):
        _create(installed, scratch, _manifest(kind))
    moment = "2026-01-01T00:00:00Z"
    ready = {"type": "Ready", "status": "False", "reason": "ApprovalRequired", "message": "Held."}
    status = {
        "cloudName": "x",
        "accountId": "1234567890123456",
        "conditions": [{**ready, "lastTransitionTime": moment, "observedGeneration": 1}],
    }
    path = f"{_path(scratch)}/status"
    _by_operator(installed, path, {"status": status})
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
        "ramuser.ram.alibabacloud.com/x",
        "ramgroup.ram.alibabacloud.com/x",
    } <= set(category)


@pytest.mark.parametrize(("kind", "short"), [("RamUser", "aru"), ("RamGroup", "arg")])
def test_columns_of_people(installed: Cluster, scratch: str, kind: str, short: str) -> None:
    """And every field that the operator shows of them arrives: an unknown one would be dropped."""
    _create(installed, scratch, _manifest(kind))
    notes: Json = {"policies": ["Custom/x"]}
    status: Json = {"cloudName": "Shop-X", "accountId": "1234567890123456", "cloudId": "g-1"}
    if kind == "RamUser":
        status |= {"groups": ["shop-developers"], "access": ["loginProfile", "accessKey …AB12"]}
        notes["tags"] = ["ram-operator-owner"]
    else:
        notes["members"] = [f"User/{'x' * 64}"]
    status |= {"written": {"fields": {"comments": "0a1b2c3d"}, **notes}, "excess": notes}
    body = {"status": status}
    path = f"{_path(scratch, kind)}/status"
    stored = _by_operator(installed, path, body)["status"]
    assert stored == {"observedGeneration": -1, **status}
    shown = installed.kubectl("get", short, "-n", scratch, "-o", "wide").stdout.splitlines()
    name = kind.removeprefix("Ram").upper()
    columns = ["READY", "REASON", "DRIFTED", "ACCOUNT", "ARN", "MESSAGE", "AGE"]
    assert shown[0].split() == ["NAME", name, *columns]
    assert shown[1].split()[:3] == ["x", "Shop-X", "1234567890123456"]


def test_explain_tells_what_a_field_is_for(installed: Cluster) -> None:
    shown = installed.kubectl("explain", "ramrole.spec.trustPolicy.Statement.Principal").stdout
    assert "Wildcards are refused" in shown
