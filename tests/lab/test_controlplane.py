"""The launcher itself: what the other suites and the demo take for granted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lab import Cluster, ControlPlane, KubectlError, RequestFailed
from lab.building import ROOT
from lab.waiting import until

CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: %(plural)s.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: %(plural)s, singular: %(singular)s, kind: %(kind)s}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, properties: {size: {type: integer}}}}
"""

POLICY = """
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: %(name)s}
spec:
  failurePolicy: Fail
  matchConstraints:
    resourceRules:
    - {apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [configmaps]}
  validations:
  - expression: "!object.metadata.name.startsWith('forbidden')"
    message: this name is forbidden
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: %(name)s}
spec:
  policyName: %(name)s
  validationActions: [Deny]
  matchResources:
    namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: %(namespace)s}}
"""

# Not one of the built-in roles: those are aggregated by a controller that does not run here.
RIGHTS = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules:
- {apiGroups: [""], resources: [configmaps], verbs: [list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: robot}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects:
- {kind: ServiceAccount, name: robot, namespace: %s}
"""


@pytest.fixture
def own_plane(tmp_path: Path) -> Iterator[ControlPlane]:
    """A control plane that a test may stop."""
    with ControlPlane.start(tmp_path / "plane") as plane:
        yield plane


def _alive(pid: int) -> bool:
    """Whether a process runs; one that ended and waits for its parent to notice does not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return False
    return fields[0] != "Z"


def test_admin_can_create_and_use_a_crd(control_plane: Cluster, namespace: str) -> None:
    suffix = uuid.uuid4().hex[:6]
    names = {"plural": f"things{suffix}", "singular": f"thing{suffix}", "kind": f"Thing{suffix}"}
    crd = f"crd/{names['plural']}.example.com"
    control_plane.kubectl("apply", "-f", "-", stdin=CRD % names)
    control_plane.kubectl("wait", "--for=condition=Established", crd)
    body = {
        "apiVersion": "example.com/v1",
        "kind": names["kind"],
        "metadata": {"name": "one"},
        "spec": {"size": 3},
    }
    path = f"/apis/example.com/v1/namespaces/{namespace}/{names['plural']}"
    control_plane.request("POST", path, body)
    listed = control_plane.kubectl(
        "get", names["plural"], "-n", namespace, "-o", "jsonpath={.items[*].spec.size}"
    )
    assert listed.stdout == "3"
    control_plane.kubectl("delete", crd)


def test_a_service_account_has_the_rights_it_was_given_and_no_others(
    control_plane: Cluster, namespace: str
) -> None:
    control_plane.kubectl("create", "serviceaccount", "robot", "-n", namespace)
    control_plane.kubectl("apply", "-n", namespace, "-f", "-", stdin=RIGHTS % namespace)
    kubeconfig = control_plane.kubeconfig_for_service_account(namespace, "robot")

    def may_read() -> bool:
        asked = control_plane.kubectl(
            "get", "configmaps", "-n", namespace, kubeconfig=kubeconfig, check=False
        )
        return asked.returncode == 0

    until(may_read)
    with pytest.raises(KubectlError, match="is forbidden"):
        control_plane.kubectl("create", "configmap", "no", "-n", namespace, kubeconfig=kubeconfig)
    user = f"system:serviceaccount:{namespace}:robot"
    codes = {event["responseStatus"]["code"] for event in control_plane.audit_events(user)}
    assert {200, 403} <= codes


def test_users_are_told_apart_by_their_certificates(control_plane: Cluster) -> None:
    kubeconfig = control_plane.kubeconfig_for_user("alice", ["security", "staff"])
    told = control_plane.kubectl(
        "auth", "whoami", "-o", "jsonpath={.status.userInfo}", kubeconfig=kubeconfig
    )
    assert '"username":"alice"' in told.stdout
    assert '"groups":["security","staff","system:authenticated"]' in told.stdout


def test_validating_admission_policies_decide(control_plane: Cluster, namespace: str) -> None:
    values = {"name": f"{namespace}-policy", "namespace": namespace}
    control_plane.kubectl("apply", "-f", "-", stdin=POLICY % values)

    def answer() -> tuple[int, str]:
        body = {"metadata": {"generateName": "forbidden-"}}
        try:
            control_plane.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", body)
        except RequestFailed as error:
            return error.status, str(error)
        return 201, ""

    until(lambda: answer()[0] != 201)
    status, message = answer()
    assert status == 422
    assert "this name is forbidden" in message
    control_plane.kubectl("create", "configmap", "welcome", "-n", namespace)
    control_plane.kubectl("delete", "-f", "-", stdin=POLICY % values)


def test_mutating_admission_policy_is_served(control_plane: Cluster) -> None:
    served = control_plane.request("GET", "/apis/admissionregistration.k8s.io/v1")
    assert "mutatingadmissionpolicies" in {row["name"] for row in served["resources"]}


@pytest.mark.parametrize("kill", [False, True])
def test_a_restart_keeps_data_and_address(own_plane: ControlPlane, kill: bool) -> None:
    own_plane.kubectl("create", "configmap", "kept")
    where = "/api/v1/namespaces/default/configmaps"
    with ThreadPoolExecutor(1) as other:
        other.submit(own_plane.request, "GET", f"{where}/kept").result()
        own_plane.restart_apiserver(kill=kill)
        # Its connection is that of a server that is gone.
        new = {"metadata": {"generateName": "new-"}}
        other.submit(own_plane.request, "POST", where, new).result()
    own_plane.kubectl("get", "configmap", "kept")


def test_stop_leaves_nothing_running(tmp_path: Path) -> None:
    with ControlPlane.start(tmp_path) as plane:
        pids = [child.pid for child in plane.processes.values()]
        assert len(pids) == 2
        assert all(map(_alive, pids))
    assert not any(map(_alive, pids))
    with pytest.raises(FileNotFoundError):
        Cluster.read(tmp_path)


def test_a_killed_parent_leaves_nothing_running(tmp_path: Path) -> None:
    script = (
        "import sys, signal, pathlib\n"
        "from lab import ControlPlane\n"
        "plane = ControlPlane.start(pathlib.Path(sys.argv[1]))\n"
        "print(*[c.pid for c in plane.processes.values()], flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 2
        os.kill(parent.pid, signal.SIGKILL)
    until(lambda: not any(map(_alive, pids)))
