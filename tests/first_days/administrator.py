"""Whoever keeps it running: rights for people, what the guide and the runbooks have one type, and
how one leaves it, with the samples as what is managed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from lab.building import ROOT
from lab.world import TRUST_FC
from tests.first_days.day import (
    APPROVALS,
    GUIDE,
    INSTALL,
    NAMESPACE,
    YES,
    Day,
    gives_the_key,
    installed,
)
from tests.first_days.kubelet import pod

ADMISSION = "docs/operations/admission.md"
ARGOCD = "docs/operations/argocd.md"
AVAILABILITY = "docs/operations/high-availability.md"
TROUBLE = "docs/operations/troubleshooting.md"
UNINSTALL = "docs/operations/uninstall.md"
USERS = "docs/user/writing-users-and-groups.md"
UPGRADE = "docs/operations/upgrade.md"
RUNBOOKS = "docs/operations/runbooks/RamOperator"
SAMPLES = ("20-order-export", "30-auditor", "people/users", "people/groups")
FILES = " ".join(f"-f {ROOT}/deploy/samples/{name}.yaml" for name in ("00-namespace", *SAMPLES))
EXPORT = "ramrole/shop-order-export"
OLGA = "olga@shop.example"
# A call may take long here, and none may outlive the lease.
LEADS = {"leader-election": "true", "lease-duration-seconds": "60", "sweep-seconds": "300"}
ALL = "ramroles,rampolicies,ramusers,ramgroups"
DIGEST = "sha256:5f0cd1b1e36c1d0a3f0b4a6a70d66a8ec7a0d56f2a8f1b3f7f8d0d6c2c9ab4e1"
SERVICE = (
    """kubectl patch ramrole/shop-order-export -n identity --type=json -p"""
    """ '[{"op":"add","path":"/spec/trustPolicy/Statement/0/Principal/Service/-","value":"%s"}]'"""
)


def live(today: Day) -> None:
    with installed(today, LEADS) as operator:
        gives_the_key(today)
        today.types("kubectl apply -f -", text=_account(today))
        today.ready("ramaccount/default", "")
        _manages_the_samples(today)
        _chooses_components(today)
        _gives_rights(today)
        _looks(today)
        _reads_logs(today, operator.child.log)
        _approves(today)
        _asks_for_a_deletion(today)
        _hands_over(today)
        _lets_the_brake_go(today)
        _leaves(today)
        today.types("kubectl apply -f -", text=_account(today))
        _manages_the_samples(today)
    _leaves_without_an_operator(today)


def _account(today: Day) -> str:
    """That of the samples, where the emulator is."""
    body = yaml.safe_load((ROOT / "deploy" / "samples" / "10-account.yaml").read_text())
    endpoint = f"http://{today.emulator.endpoint}"
    body["spec"]["endpoints"] = {"ram": endpoint, "sts": endpoint}
    body["spec"]["tenants"][0]["adoption"] = True
    return yaml.safe_dump(body)


def _manages_the_samples(today: Day) -> None:
    today.types(f"kubectl apply {FILES}")
    today.types(f"kubectl wait {ALL} --all -n {NAMESPACE} --for=condition=Ready --timeout=10m")


def _chooses_components(today: Day) -> None:
    """And upgrades to the same version."""
    mine = today.home.parent / "my-manifests"
    mine.mkdir()
    today.follows(INSTALL, "cp -r dist/ram-operator ../my-manifests/ram-operator")
    today.follows(INSTALL, "kubectl apply --server-side -k ../my-manifests/ram-operator")
    with today.at(mine / "ram-operator"):
        today.follows(UPGRADE, "kubectl apply --server-side -k .")
    today.follows(UPGRADE, "kubectl get ramaccounts; kubectl get ram -A")
    today.types("kubectl create namespace argocd")
    today.types("kubectl create configmap argocd-cm -n argocd")
    with today.at(ROOT):
        patched = "kubectl patch configmap argocd-cm -n argocd --patch-file"
        today.follows(ARGOCD, f"{patched} deploy/argocd/argocd-cm.yaml")


def _gives_rights(today: Day) -> None:
    bind = "kubectl create %srolebinding ram-%s%s --%srole=ram-operator-%s --group=%s"
    for words in (
        ("cluster", "approvers", "", "cluster", "approver", "security"),
        ("", "approvers", " -n identity", "cluster", "approver", "identity-leads"),
        ("cluster", "platform", "", "cluster", "configurer", "platform"),
        ("", "platform", " -n ram-system", "", "configurer", "platform"),
    ):
        today.follows(ADMISSION, bind % words)
    today.types(
        f"kubectl create clusterrolebinding o --clusterrole=ram-operator-approver --user={OLGA}"
    )
    may = (
        "kubectl auth can-i approve ramroles.ram.alibabacloud.com -n identity --as=ann@shop.example"
    )
    today.is_refused(may, "no")
    today.follows(ADMISSION, may, **{"ann@": "olga@"})
    today.is_refused(
        "kubectl annotate ramrole/shop-auditor -n identity ram.alibabacloud.com/approve=x"
        " --dry-run=server",
        "digest",
    )


def _looks(today: Day) -> None:
    """By the guide, and by what the runbooks have one type where no pod is asked."""
    names = {"NAMESPACE": NAMESPACE, "NAME": "shop-auditor"}
    today.follows(GUIDE, "kubectl get ram -n identity")
    today.follows(GUIDE, "kubectl describe ramrole shop-auditor -n identity")
    today.follows(GUIDE, "kubectl wait ramroles --all -n identity --for=condition=Ready")
    inventory = "kubectl get ramaccount default -o jsonpath='{.status.inventory}'"
    today.sees(inventory, "identities")
    today.follows(GUIDE, inventory)
    look = "ram.alibabacloud.com/reconcile-requested-at"
    today.follows(
        GUIDE,
        f'kubectl annotate --overwrite -n identity ramrole/shop-auditor {look}="$(date -Is)"',
    )
    columns = "NAME:.metadata.name,USER:.status.cloudName,GROUPS:.status.groups"
    shown = today.follows(GUIDE, f"kubectl get ramusers -n identity -o=custom-columns={columns}")
    assert "[shop-developers]" in shown
    bob = "kubectl get ramuser bob -n identity -o jsonpath="
    assert "shop-developers" in today.follows(USERS, f"{bob}'{{.status.groups}}'")
    assert today.follows(USERS, f"{bob}'{{.status.access}}'") == ""
    events = "kubectl get events -n NAMESPACE --field-selector=involvedObject.name=NAME"
    assert "default" in today.follows(TROUBLE, "kubectl get ramaccounts")
    assert "shop-auditor" in today.follows(TROUBLE, "kubectl get ram -A")
    told = today.follows(TROUBLE, "kubectl describe ramrole NAME -n NAMESPACE", **names)
    assert "Synced" in told
    assert "Created" in today.follows(TROUBLE, events, **names)
    lease = "kubectl get lease -n ram-system ram-operator"
    assert "ram-operator" in today.follows(AVAILABILITY, lease)
    today.follows(AVAILABILITY, f"{lease} -o jsonpath='{{.spec.leaseTransitions}}'")
    _looks_by_runbooks(today)


def _looks_by_runbooks(today: Day) -> None:
    page = f"{RUNBOOKS}%s.md"
    down = page % "Down"
    with today.at(ROOT):
        assert today.follows(page % "GuardMissing", "kubectl diff -k deploy/admission") == ""
    flagged = "kubectl get deployment -n ram-system ram-operator -o yaml | grep -i unguarded"
    today.is_refused(flagged)
    today.follows(down, "kubectl get pods -n ram-system -o wide")
    pods = "kubectl describe pods -n ram-system -l app.kubernetes.io/name=ram-operator | tail -20"
    today.follows(down, pods)
    held = "NAME:.metadata.name,HOLDER:.spec.holderIdentity,RENEWED:.spec.renewTime"
    assert "ram-operator" in today.follows(
        down, f"kubectl get leases -n ram-system -o custom-columns={held}"
    )
    today.follows(down, "kubectl get networkpolicies -n ram-system")
    today.follows(page % "NotLooking", "kubectl get ramaccounts")
    limits = "kubectl get ramaccount NAME -o jsonpath='{.spec.rateLimit} {.spec.driftInterval}'"
    assert "readsPerSecond" in today.follows(page % "Throttled", limits, NAME="default")


def _reads_logs(today: Day, log: Path) -> None:
    """By the runbooks; what the pod says is what the process says that runs for it."""
    page, logs = f"{RUNBOOKS}%s.md", "kubectl logs -n ram-system deployment/ram-operator"
    hour = f"{logs} --since=1h | grep "
    with pod(today.cluster, log):
        assert "ready" in today.follows(TROUBLE, logs)
        today.follows(page % "Down", f"{logs} --previous | tail -20")
        last = f"{logs} | tail -1"
        assert today.types(last) in log.read_text()
        named = today.follows(page % "NotProgressing", f"{hour}NAME", NAME="shop-developers")
        assert "Created" in named
        for alert, words in (
            ("NotLooking", "-i -e cannot -e error | tail -20"),
            ("GuardMissing", '"approvals are not honoured" | tail -3'),
            ("NotSweeping", '-e "sweep" -e "could not be listed" | tail -20'),
            (
                "SweepFailing",
                '-e "could not be listed" -e "could not be read" -e "misses too much" | tail -5',
            ),
        ):
            today.follows(page % alert, hour + words)


def _approves(today: Day) -> None:
    """On a terminal, after a rejection, and without the plugin."""
    today.types(SERVICE % "ecs.aliyuncs.com")
    today.sees(f"kubectl get {EXPORT} -n identity", "ApprovalRequired")
    assert "ecs.aliyuncs.com" in today.follows(
        APPROVALS, f"kubectl ram show {EXPORT} -n identity", by=OLGA
    )
    today.follows(
        APPROVALS,
        f'kubectl ram reject {EXPORT} -n identity --reason "ECS gets a role of its own"',
        by=OLGA,
    )
    today.sees(f"kubectl get {EXPORT} -n identity -o jsonpath={{.status.pending}}", "rejections")
    today.follows(APPROVALS, f"kubectl ram approve {EXPORT} -n identity", by=OLGA, text=YES)
    today.ready(EXPORT)
    today.types(SERVICE % "log.aliyuncs.com")
    today.sees(f"kubectl get {EXPORT} -n identity", "ApprovalRequired")
    read = f"kubectl get {EXPORT} -n identity -o jsonpath='{{.status.pending}}'"
    assert "log.aliyuncs.com" in today.follows(APPROVALS, read, by=OLGA)
    digest = today.types(f"kubectl ram digest {EXPORT} -n identity").strip()
    manager = "--field-manager=ram-operator-approver --overwrite"
    today.follows(
        APPROVALS,
        f"kubectl annotate {EXPORT} -n identity {manager} \\\n"
        f"    ram.alibabacloud.com/approve={DIGEST}",
        by=OLGA,
        **{DIGEST: digest},
    )
    today.ready(EXPORT)
    (statement,) = today.cloud()["roles"]["shop-order-export"]["trust"]["Statement"]
    assert len(statement["Principal"]["Service"]) == 3


def _asks_for_a_deletion(today: Day) -> None:
    hold = """kubectl patch ramaccount default --type=merge -p '{"spec":{"gate":%s}}'"""
    today.types(hold % '{"holdDeletions":true}')
    today.follows(GUIDE, f"kubectl ram request-deletion {EXPORT} -n identity", text=YES)
    today.follows(GUIDE, f"kubectl delete {EXPORT} -n identity --wait=false")
    today.sees(f"kubectl get {EXPORT} -n identity", "ApprovalRequired")
    today.types(f"kubectl ram approve {EXPORT} -n identity --yes", by=OLGA)
    today.types(f"kubectl wait {EXPORT} -n identity --for=delete --timeout=10m")
    assert "shop-order-export" not in today.cloud()["roles"]
    today.types(hold % '{"holdDeletions":false}')
    today.types(f"kubectl apply {FILES}")
    # A role of that name existed, with another trust.
    today.sees(f"kubectl get {EXPORT} -n identity", "ApprovalRequired")
    today.types(f"kubectl ram approve {EXPORT} -n identity --yes", by=OLGA)
    today.ready(EXPORT)


def _hands_over(today: Day) -> None:
    delete = """--type=merge -p '{"spec":{"deletionPolicy":"Delete"}}'"""
    abandon = "ram.alibabacloud.com/abandon=shop-order-export"
    today.follows(GUIDE, f"kubectl patch {EXPORT} -n identity {delete}")
    today.follows(GUIDE, f"kubectl annotate {EXPORT} -n identity {abandon}")
    today.follows(GUIDE, f"kubectl delete {EXPORT} -n identity")
    today.follows(GUIDE, f"kubectl annotate rampolicy/shop-order-export -n identity {abandon}")
    today.types("kubectl delete rampolicy/shop-order-export -n identity")
    state = today.cloud()
    assert "shop-order-export" in state["roles"]
    assert "shop-order-export" in state["policies"]


def _lets_the_brake_go(today: Day) -> None:
    """More is deleted than is usual, and meant: by the runbook, while the brake holds."""
    page = f"{RUNBOOKS}DeletionBrake.md"
    many = [f"shop-many-{number}" for number in range(7)]
    today.types("kubectl apply -f -", text=yaml.safe_dump_all(_role(name) for name in many))
    names = " ".join(f"ramrole/{name}" for name in many)
    today.types(f"kubectl wait {names} -n identity --for=condition=Ready --timeout=10m")
    today.types(f"kubectl delete {names} -n identity --wait=false")
    stopped = "kubectl get ramaccount NAME -o jsonpath='{.status.deletionBrake}'"
    today.sees(stopped.replace("NAME", "default"), "resume-deletions=identity/")
    said = today.follows(page, stopped, NAME="default")
    leaving = (
        "kubectl get ram -A -o custom-columns='KIND:.kind,NS:.metadata.namespace,"
        "NAME:.metadata.name,SINCE:.metadata.deletionTimestamp' | grep -v '<none>'"
    )
    waiting = today.follows(page, leaving).splitlines()[1:]
    assert waiting
    assert all("shop-many-" in line for line in waiting)
    resume = "kubectl annotate --overwrite ramaccount NAME ram.alibabacloud.com/resume-deletions="
    found = re.search(r"resume-deletions=identity/([0-9TZ:.-]+)", said)
    assert found is not None, said
    today.follows(
        page, f"{resume}NAMESPACE/TIME", NAMESPACE=NAMESPACE, TIME=found[1], NAME="default"
    )
    today.types(f"kubectl wait {names} -n identity --for=delete --timeout=10m")
    assert not today.cloud()["roles"].keys() & set(many)


def _role(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "ram.alibabacloud.com/v1alpha1",
        "kind": "RamRole",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"deletionPolicy": "Delete", "trustPolicy": TRUST_FC},
    }


def _leaves(today: Day) -> None:
    before = today.cloud()
    role_id = before["roles"]["shop-auditor"]["roleId"]
    today.follows(
        UNINSTALL,
        "kubectl annotate -n identity ramroles exporter"
        " ram.alibabacloud.com/abandon=300000000000000000",
        **{"exporter": "shop-auditor", "300000000000000000": role_id},
    )
    loop = f"for each in $(kubectl get {ALL} -n identity -o name); do\n"
    retain = """    kubectl patch "$each" -n identity --type=merge -p"""
    today.follows(UNINSTALL, loop + retain + """ '{"spec":{"deletionPolicy":"Retain"}}'; done""")
    columns = "KIND:.kind,NAME:.metadata.name,FINALIZERS:.metadata.finalizers"
    left = f"kubectl get ram -A -o custom-columns={columns}"
    today.follows(UNINSTALL, left)
    today.sees(f"{left} | grep -c -e 'RamAccount.*cleanup' -e 'none>'", "")
    today.follows(UNINSTALL, f"kubectl delete {ALL} -n identity --all")
    today.follows(
        UNINSTALL,
        "kubectl annotate ramaccount default ram.alibabacloud.com/abandon=1234567890123456",
    )
    today.follows(UNINSTALL, "kubectl delete ramaccounts --all")
    after = today.cloud()
    for kind in ("roles", "users", "groups", "policies"):
        assert after[kind].keys() == before[kind].keys(), kind


def _leaves_without_an_operator(today: Day) -> None:
    before = today.cloud()
    today.types(f"kubectl delete {ALL} -n identity --all --wait=false")
    today.types("kubectl delete ramaccounts --all --wait=false")
    loop = f"for each in $(kubectl get {ALL} -n identity -o name); do\n"
    off = """    kubectl patch "$each" -n identity --type=merge -p"""
    today.follows(UNINSTALL, loop + off + """ '{"metadata":{"finalizers":null}}'; done""")
    merge = (
        """kubectl patch ramaccount default --type=merge -p '{"metadata":{"finalizers":null}}'"""
    )
    today.follows(UNINSTALL, merge)
    assert today.types("kubectl get ram -A -o name") == ""
    assert today.cloud() == before
