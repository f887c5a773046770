"""Who may do what: the operator's exact rights, people's rights, RamRecords that nobody edits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import Cluster
from lab.connection import RequestFailed
from lab.waiting import until
from tests.manifests.support import BASE, MANAGED, Json, load_all

_OPERATOR = "system:serviceaccount:ram-system:ram-operator"
_RECORDS = "/apis/ram.alibabacloud.com/v1alpha1/ramrecords"
_VERBS = (
    "get",
    "list",
    "watch",
    "create",
    "update",
    "patch",
    "delete",
    "deletecollection",
)

# Resource, namespace of the question, verbs that are allowed: all other verbs must be refused.
_MATRIX = [
    ("ramroles.ram.alibabacloud.com", "default", "get list watch patch"),
    ("ramroles.ram.alibabacloud.com/status", "default", "patch"),
    ("rampolicies.ram.alibabacloud.com", "default", "get list watch patch"),
    ("rampolicies.ram.alibabacloud.com/status", "default", "patch"),
    ("ramusers.ram.alibabacloud.com", "default", "get list watch patch"),
    ("ramusers.ram.alibabacloud.com/status", "default", "patch"),
    ("ramgroups.ram.alibabacloud.com", "default", "get list watch patch"),
    ("ramgroups.ram.alibabacloud.com/status", "default", "patch"),
    ("ramaccounts.ram.alibabacloud.com", "", "get list watch patch"),
    ("ramaccounts.ram.alibabacloud.com/status", "", "patch"),
    ("ramrecords.ram.alibabacloud.com", "", "get list watch create patch delete"),
    ("events", "default", "create patch"),
    ("customresourcedefinitions.apiextensions.k8s.io", "", "get list watch"),
    ("secrets", "ram-system", "get"),
    ("secrets", "default", ""),
    ("secrets", "kube-system", ""),
    ("configmaps", "ram-system", ""),
    ("pods", "ram-system", ""),
    ("namespaces", "", ""),
    ("serviceaccounts/token", "ram-system", ""),
    ("clusterroles.rbac.authorization.k8s.io", "", ""),
    ("validatingadmissionpolicies.admissionregistration.k8s.io", "", ""),
    ("leases.coordination.k8s.io", "ram-system", "get create update"),
    ("leases.coordination.k8s.io", "default", ""),
    ("leases.coordination.k8s.io", "kube-system", ""),
]
_GUARD = "ram-stamp ram-approve ram-record ram-status ram-configure ram-delete ram-approvers"
_GUARDED = f"{_GUARD} ram-operator-record-protection".split()
# What may be read by its name alone: resource, namespace, names.
_NAMED = [
    ("configmaps", "ram-system", ["ram-approvers"]),
    ("validatingadmissionpolicies.admissionregistration.k8s.io", "", _GUARDED),
    ("validatingadmissionpolicybindings.admissionregistration.k8s.io", "", _GUARDED),
    ("mutatingadmissionpolicies.admissionregistration.k8s.io", "", _GUARDED),
    ("mutatingadmissionpolicybindings.admissionregistration.k8s.io", "", _GUARDED),
]


def _review(cluster: Cluster, resource: str, namespace: str, verb: str, named: str = "") -> bool:
    name, _, group = resource.partition(".")
    group, _, sub_of_group = group.partition("/")
    name, _, subresource = name.partition("/")
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": _OPERATOR,
            "groups": ["system:serviceaccounts", "system:authenticated"],
            "resourceAttributes": {
                "verb": verb,
                "group": group,
                "resource": name,
                "subresource": subresource or sub_of_group,
                "namespace": namespace,
                "name": named,
            },
        },
    }
    path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
    return bool(cluster.request("POST", path, body)["status"]["allowed"])


@pytest.mark.parametrize(("resource", "namespace_", "allowed"), _MATRIX)
def test_the_operator_may_do_exactly_this(
    installed: Cluster, resource: str, namespace_: str, allowed: str
) -> None:
    answers = {verb for verb in _VERBS if _review(installed, resource, namespace_, verb)}
    assert answers == set(allowed.split())


@pytest.mark.parametrize(("resource", "namespace_", "names"), _NAMED)
def test_the_operator_may_only_read_what_is_named(
    installed: Cluster, resource: str, namespace_: str, names: list[str]
) -> None:
    for name in (*names, "another"):
        answers = {verb for verb in _VERBS if _review(installed, resource, namespace_, verb, name)}
        assert answers == ({"get"} if name in names else set()), name


def test_the_matrix_names_every_rule_of_the_operator() -> None:
    allowed_in_matrix = [resource for resource, _, allowed in _MATRIX if allowed]
    asked = {
        resource.partition(".")[0] + ("/status" if "/status" in resource else "")
        for resource in (*allowed_in_matrix, *(resource for resource, *_ in _NAMED))
    }
    granted = {
        resource
        for document in load_all(BASE / "rbac-operator.yaml")
        for rule in document.get("rules", [])
        for resource in rule["resources"]
    }
    assert granted == asked


def test_can_i_as_the_operator_itself(installed: Cluster) -> None:
    kubeconfig = installed.kubeconfig_for_service_account("ram-system", "ram-operator")
    yes = installed.kubectl("auth", "can-i", "patch", "ramroles", "-A", kubeconfig=kubeconfig)
    assert yes.stdout.strip() == "yes"
    no = installed.kubectl(
        "auth", "can-i", "list", "secrets", "-A", kubeconfig=kubeconfig, check=False
    )
    assert no.stdout.strip() == "no"


_MINE = """\
apiVersion: ram.alibabacloud.com/v1alpha1
kind: RamPolicy
metadata: {name: mine}
spec:
  description: %s
  document: {Version: "1", Statement: [{Effect: Allow, Action: oss:GetObject, Resource: "*"}]}
"""


def test_the_right_to_edit_is_enough_to_apply(installed: Cluster, namespace: str) -> None:
    """Bound alone, as one binds it by hand: what kubectl does begins with reading."""
    where = ("-n", namespace)
    role, whom = "--clusterrole=ram-operator-edit", "--user=ed@shop.example"
    installed.kubectl("create", "rolebinding", "edits", *where, role, whom)
    ed = installed.kubeconfig_for_user("ed@shop.example")

    def applied(text: str) -> bool:
        done = installed.kubectl(
            "apply", *where, "-f", "-", stdin=_MINE % text, kubeconfig=ed, check=False
        )
        return done.returncode == 0

    # The API server learns of a binding a moment later.
    until(lambda: applied("One."), "that the binding counts")
    assert applied("Another.")
    shown = installed.kubectl("get", "rampolicy", "mine", *where, "-o=yaml", kubeconfig=ed)
    assert "description: Another." in shown.stdout
    installed.kubectl("delete", "rampolicy", "mine", *where, "--wait=false", kubeconfig=ed)
    may = ("auth", "can-i", "approve", "rampolicies.ram.alibabacloud.com", *where)
    assert installed.kubectl(*may, kubeconfig=ed, check=False).stdout.strip() == "no"


def test_no_secret_outside_its_own_namespace_without_a_binding(
    installed: Cluster, namespace: str
) -> None:
    (role,) = load_all(BASE / "rbac-secrets.yaml")
    (rule,) = role["rules"]
    assert (role["kind"], rule["resources"]) == ("ClusterRole", ["secrets"])
    binds = [
        document
        for file in sorted(BASE.glob("*.yaml"))
        for document in load_all(file)
        if document["kind"].endswith("Binding")
        and document["roleRef"]["name"] == role["metadata"]["name"]
    ]
    assert binds == []
    assert not any(_review(installed, "secrets", namespace, verb) for verb in _VERBS)


def test_no_star_anywhere() -> None:
    for file in sorted(BASE.glob("rbac-*.yaml")):
        for document in load_all(file):
            for rule in document.get("rules", []):
                for part in ("apiGroups", "resources", "verbs"):
                    assert "*" not in "".join(rule[part]), (file.name, rule)


def test_people_cannot_write_status_or_records() -> None:
    written: dict[str, set[str]] = {}
    for document in load_all(BASE / "rbac-users.yaml"):
        writes = {"create", "update", "patch", "delete"}
        for rule in document["rules"]:
            if writes & set(rule["verbs"]):
                key = f"{document['kind']} {document['metadata']['name']}"
                written.setdefault(key, set()).update(rule["resources"])
    assert written == {
        "ClusterRole ram-operator-edit": set(MANAGED),
        "ClusterRole ram-operator-approver": set(MANAGED),
        "ClusterRole ram-operator-configurer": {"ramaccounts"},
        "Role ram-operator-configurer": {"configmaps"},
    }


def test_who_approves_reads_the_events_of_what_he_approves() -> None:
    rules = {
        document["metadata"]["name"]: document["rules"]
        for document in load_all(BASE / "rbac-users.yaml")
    }
    (events,) = (rule for rule in rules["ram-operator-approver"] if "events" in rule["resources"])
    assert (events["apiGroups"], events["verbs"]) == (
        ["", "events.k8s.io"],
        ["get", "list", "watch"],
    )


def test_two_roles_alone_give_the_verbs_of_the_gate() -> None:
    given = {
        (document["metadata"]["name"], verb): set(rule["resources"])
        for file in sorted(BASE.glob("rbac-*.yaml"))
        for document in load_all(file)
        for rule in document.get("rules", [])
        for verb in {"approve", "configure"} & set(rule["verbs"])
    }
    assert given == {
        ("ram-operator-approver", "approve"): set(MANAGED),
        ("ram-operator-configurer", "configure"): {"ramaccounts"},
    }


def test_rights_join_the_roles_of_the_cluster() -> None:
    labels = {
        document["metadata"]["name"]: {
            key.removeprefix("rbac.authorization.k8s.io/aggregate-to-")
            for key in document["metadata"]["labels"]
            if key.startswith("rbac.authorization.k8s.io/")
        }
        for document in load_all(BASE / "rbac-users.yaml")
        if document["kind"] == "ClusterRole"
    }
    assert labels == {
        "ram-operator-view": {"view", "edit", "admin"},
        "ram-operator-edit": {"edit", "admin"},
        "ram-operator-auditor": set(),
        "ram-operator-approver": set(),
        "ram-operator-configurer": set(),
    }


def _record(name: str, sequence: int = 1) -> Json:
    return {
        "apiVersion": "ram.alibabacloud.com/v1alpha1",
        "kind": "RamRecord",
        "metadata": {"name": name},
        "record": {
            "accountId": "9999999999999999",  # no other test's: records stay behind
            "kind": "RamRole",
            "name": name,
            "sequence": sequence,
        },
    }


@pytest.fixture(scope="module")
def guarded(installed: Cluster) -> Cluster:
    """A new admission policy takes some moments to be enforced: waits until it is."""
    until(lambda: not _administrator_may_create(installed), "the protection of RamRecords")
    return installed


def _administrator_may_create(cluster: Cluster) -> bool:
    try:
        cluster.request("POST", f"{_RECORDS}?dryRun=All", _record("probe"))
    except RequestFailed as refused:
        if refused.status != 403:
            raise
        return False
    return True


@pytest.fixture
def record(guarded: Cluster, namespace: str) -> Iterator[str]:
    """A record that the operator made, named after the test's namespace."""
    token = guarded.service_account_token("ram-system", "ram-operator")
    guarded.request("POST", _RECORDS, _record(namespace), token=token)
    yield namespace
    assert guarded.request("GET", f"{_RECORDS}/{namespace}")["record"]["sequence"] == 1


@pytest.mark.parametrize(
    "command",
    [
        ["create", "-f", "-"],
        ["replace", "-f", "-"],
        ["replace", "--force", "-f", "-"],
        ["apply", "-f", "-"],
        ["apply", "--server-side", "--force-conflicts", "-f", "-"],
        ["patch", "ramrecord", "NAME", "--type=merge", "-p", '{"record": {"sequence": 9}}'],
        ["annotate", "ramrecord", "NAME", "a=b"],
        ["label", "ramrecord", "NAME", "a=b"],
        ["delete", "ramrecord", "NAME"],
        ["delete", "ramrecord", "NAME", "--grace-period=0", "--force"],
        ["delete", "ramrecord", "--all"],
    ],
    ids=lambda command: " ".join(command[:3]),
)
@pytest.mark.parametrize("who", ["administrator", "any-rights"])
def test_nobody_but_the_operator_writes_records(
    guarded: Cluster, record: str, who: str, command: list[str]
) -> None:
    kubeconfig = _kubeconfig(guarded, who)
    name = f"{record}-new" if command[0] == "create" else record
    manifest = _record(name, 9)
    result = guarded.kubectl(
        *(argument.replace("NAME", record) for argument in command),
        stdin=json.dumps(manifest) if "-" in command else None,
        kubeconfig=kubeconfig,
        check=False,
    )
    assert result.returncode == 1
    assert "only the operator writes RamRecords" in result.stderr


def _kubeconfig(cluster: Cluster, who: str) -> Path | None:
    """The administrator, or a ServiceAccount with every right, as a stock Argo CD has."""
    if who == "administrator":
        return None
    binding = "any-rights-for-record-tests"
    account = "system:serviceaccounts:any-rights"
    for command in (
        ["create", "namespace", "any-rights"],
        ["create", "serviceaccount", "controller", "-n", "any-rights"],
        [
            "create",
            "clusterrolebinding",
            binding,
            "--clusterrole=cluster-admin",
            f"--group={account}",
        ],
    ):
        cluster.kubectl(*command, check=False)
    return cluster.kubeconfig_for_service_account("any-rights", "controller")


def test_the_operator_writes_records_and_they_only_move_forward(
    guarded: Cluster, namespace: str
) -> None:
    token = guarded.service_account_token("ram-system", "ram-operator")
    guarded.request("POST", _RECORDS, _record(namespace, 5), token=token)
    path = f"{_RECORDS}/{namespace}"

    def patch(change: Json) -> Json:
        kind = "application/merge-patch+json"
        return guarded.request("PATCH", path, {"record": change}, content_type=kind, token=token)

    pending = {"verdict": "Held", "since": "2026-01-01T00:00:00Z", "by": "identity/x"}
    assert patch({"sequence": 6, "pending": pending})["record"]["sequence"] == 6
    with pytest.raises(RequestFailed, match="the sequence of a record never goes back"):
        patch({"sequence": 5})
    with pytest.raises(RequestFailed, match="a record belongs to one identity for ever"):
        patch({"name": "other"})
    shown = guarded.kubectl("get", "arrec", namespace).stdout.splitlines()
    assert shown[0].split() == ["NAME", "KIND", "IDENTITY", "VERDICT", "WAITING", "BY", "AGE"]
    assert shown[1].split()[1:4] == ["RamRole", namespace, "Held"]
