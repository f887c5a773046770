"""Each case of cases*.yaml against the real API server: what it takes is sent by kubectl as a user
would, what it refuses as kubectl does, without the processor time of so many kubectl.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from lab.connection import Cluster, RequestFailed
from lab.world import GROUP, PLURALS
from tests.manifests.support import CASE_FILES, Json, holds, manifest_of

_CASES = [case for file in CASE_FILES for case in file["cases"]]


def _case(case: Json) -> Any:
    return pytest.param(case, id=case["id"])


@pytest.mark.parametrize("case", [_case(c) for c in _CASES if "refused" not in c])
def test_accepted(installed: Cluster, case: Json) -> None:
    manifest = manifest_of(case)
    result = installed.kubectl(
        "create", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(manifest)
    )
    assert holds(json.loads(result.stdout), manifest)
    assert result.stderr == ""


@pytest.mark.parametrize("case", [_case(c) for c in _CASES if "refused" in c])
def test_refused(installed: Cluster, case: Json) -> None:
    manifest = manifest_of(case)
    where = "" if manifest["kind"] == "RamAccount" else "/namespaces/default"
    path = f"{GROUP}{where}/{PLURALS[manifest['kind']]}?dryRun=All&fieldValidation=Strict"
    with pytest.raises(RequestFailed) as refused:
        installed.request("POST", path, manifest)
    words = case["refused"]
    for text in [words] if isinstance(words, str) else words:
        assert text in refused.value.body["message"]


def test_kubectl_tells_what_was_refused(installed: Cluster) -> None:
    case = next(case for case in _CASES if "unknown field" in case.get("refused", ""))
    text = json.dumps(manifest_of(case))
    result = installed.kubectl("create", "--dry-run=server", "-f", "-", stdin=text, check=False)
    assert result.returncode != 0
    assert case["refused"] in result.stderr


@pytest.mark.parametrize(
    "case",
    [_case(c) for c in _CASES if "refused" in c and "statement" in c],
)
def test_nothing_in_a_document_is_dropped_where_the_client_does_not_check(
    installed: Cluster, case: Json, namespace: str
) -> None:
    """Without kubectl's strict mode unknown fields are dropped: a condition lost is a trust won."""
    manifest = manifest_of(case)
    plural = "ramroles" if case["kind"] == "RamRole" else "rampolicies"
    path = f"/apis/ram.alibabacloud.com/v1alpha1/namespaces/{namespace}/{plural}"
    with pytest.raises(RequestFailed) as refused:
        installed.request("POST", f"{path}?dryRun=All&fieldValidation=Ignore", manifest)
    assert refused.value.status == 422


def _largest_role() -> Json:
    principal = {
        "RAM": [f"acs:ram::{n:016}:user/{'u' * 64}" for n in range(50)],
        "Federated": [f"acs:ram::{n:016}:oidc-provider/{'p' * 90}" for n in range(50)],
    }
    condition = {
        f"StringLike{n}": {f"oidc:{k}": ["v" * 50] * 3 for k in range(20)} for n in range(6)
    }
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    manifest = manifest_of({"kind": "RamRole"})
    manifest["spec"] |= {
        "trustPolicy": {"Version": "1", "Statement": [{**statement, "Condition": condition}] * 20},
        "policies": [{"type": "RamPolicy", "name": f"{n:0128}"} for n in range(30)],
        "tags": {f"{n:0128}": "v" * 256 for n in range(15)},
        "description": "d" * 1024,
    }
    return manifest


def _largest_account() -> Json:
    tenant = {
        "kinds": ["RamRole", "RamPolicy"],
        "namePrefixes": [f"{n:064}" for n in range(20)],
        "policies": [{"type": "Custom", "name": f"{n:0128}*"} for n in range(20)],
    }
    manifest = manifest_of({"kind": "RamAccount"})
    manifest["spec"] |= {
        "tenants": [{**tenant, "namespace": f"{n:063}"} for n in range(200)],
        "protected": {"names": [f"{n:0128}" for n in range(200)]},
        "gate": {"trustedAccounts": [f"{n:016}" for n in range(200)]},
    }
    return manifest


def _largest_group() -> Json:
    end = "2027-06-30T18:00:00.000000+08:00"
    manifest = manifest_of({"kind": "RamGroup"})
    manifest["spec"] |= {
        "members": [{"type": "RamUser", "name": f"{n:064}", "expiresAt": end} for n in range(500)],
        "policies": [{"type": "RamPolicy", "name": f"{n:0128}"} for n in range(30)],
    }
    return manifest


@pytest.mark.parametrize(
    "manifest",
    [_largest_role(), _largest_group(), _largest_account()],
    ids=["role", "group", "account"],
)
def test_the_rules_are_affordable_on_the_largest_objects(
    installed: Cluster, manifest: Json
) -> None:
    """The API server bounds what the CEL rules of one object may cost."""
    text = json.dumps(manifest)
    command = ["create", "--dry-run=server", "-o", "json", "-f", "-"]
    result = installed.kubectl(*command, stdin=text, check=False)
    if result.returncode != 0:
        # Its rules are asked before the admission that counts its bytes.
        assert "and at most 64 are taken" in result.stderr
        return
    assert holds(json.loads(result.stdout), manifest)
