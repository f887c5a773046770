"""Who may change a RamAccount, who approves and configures, statuses, and what is shipped."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Final

import pytest

from lab import Cluster
from lab.connection import RequestFailed
from lab.install import install
from lab.waiting import until
from tests.admission.conftest import LISTS_PATH, refused, set_lists
from tests.admission.objects import D1, Bench, manifest, resource, settled
from tests.admission.people import API, LISTS, Json, Person
from tests.manifests.support import ROOT, load_all

MERGE: Final = "application/merge-patch+json"
MANAGE: Final[Json] = {"mode": "Manage", "suspend": False}
STOPPED: Final[Json] = {"mode": "Observe", "suspend": True}
VERB: Final = "takes the verb configure on ramaccounts"
UNLISTED: Final = "a ServiceAccount does so only if configurers"
ADMISSION: Final = ROOT / "deploy" / "admission"

# What the account has before, a change of spec (or of annotations), and whether it configures.
CHANGES: Final[dict[str, tuple[Json, Json, bool]]] = {
    "gate": (MANAGE, {"gate": {"trustedAccounts": ["6666666666666666"]}}, True),
    "gate-subjects": (MANAGE, {"gate": {"trustedSubjects": ["repo:org/*"]}}, True),
    "gate-detours": ({"gate": {"holdIndirect": True}}, {"gate": {"holdIndirect": False}}, True),
    "gate-deletions": ({"gate": {"holdDeletions": True}}, {"gate": {"holdDeletions": False}}, True),
    "gate-removed": ({"gate": {"trustedAccounts": []}}, {"gate": None}, True),
    "tenants": (
        MANAGE,
        {"tenants": [{"namespace": "evil", "kinds": ["RamRole"], "namePrefixes": ["*"]}]},
        True,
    ),
    "credentials": (MANAGE, {"credentials": {"type": "Secret", "secretName": "x"}}, True),
    "endpoints": (MANAGE, {"endpoints": {"ram": "evil.example"}}, True),
    "inventory": (
        MANAGE,
        {"inventory": {"ignore": [{"kind": "RamRole", "name": "*", "reason": "none"}]}},
        True,
    ),
    "protected": (MANAGE, {"protected": {"names": []}}, True),
    "with-a-free-field": (MANAGE, {"driftInterval": "1h", "protected": {"names": ["a"]}}, True),
    "start-managing": (STOPPED, {"mode": "Manage"}, True),
    "stop-suspending": (STOPPED, {"suspend": False}, True),
    "drop-suspend": (STOPPED, {"suspend": None}, True),
    "start-one-stop-the-other": (
        {"mode": "Manage", "suspend": True},
        {"mode": "Observe", "suspend": False},
        True,
    ),
    "stop-managing": (MANAGE, {"mode": "Observe"}, False),
    "drop-mode": (MANAGE, {"mode": None}, False),
    "suspend": (MANAGE, {"suspend": True}, False),
    "both-switches": (MANAGE, STOPPED, False),
    "how-often": (MANAGE, {"driftInterval": "1h"}, False),
    "how-fast": (MANAGE, {"rateLimit": {"readsPerSecond": 1}}, False),
    "nothing": (MANAGE, {}, False),
}


class Account:
    """A RamAccount of one test."""

    def __init__(self, people: dict[str, Person], **spec: Any) -> None:
        self.people = people
        self.name = f"a{uuid.uuid4().hex[:10]}"
        self.list = resource("RamAccount")
        self.path = f"{self.list}/{self.name}"
        self.spec = {"accountId": "9999999999999999", **spec}

    @property
    def selector(self) -> str:
        return f"fieldSelector=metadata.name={self.name}"

    @property
    def body(self) -> Json:
        meta = {"name": self.name}
        return {"apiVersion": API, "kind": "RamAccount", "metadata": meta, "spec": self.spec}

    def create(self, who: str) -> None:
        self.people[who].send("POST", self.list, self.body)

    def patch(self, who: str, change: Json) -> None:
        self.people[who].send("PATCH", self.path, change, MERGE)

    def delete(self, who: str) -> None:
        self.people[who].send("DELETE", self.path)


@pytest.fixture
def account(people: dict[str, Person]) -> Iterator[Account]:
    made = Account(people, **MANAGE)
    yield made
    people["administrator"].send("DELETE", f"{made.list}?{made.selector}")


def _expect(do: Any, refused: str | None) -> None:
    if refused is None:
        do()
        return
    with pytest.raises(RequestFailed) as failure:
        do()
    assert failure.value.status == 403
    assert refused in str(failure.value)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    ("who", "refused"),
    [
        ("account-editor", VERB),
        ("argocd", UNLISTED),
        ("platform", None),
        ("terraform", None),
        ("administrator", None),
    ],
)
def test_changes(account: Account, who: str, refused: str | None, change: str) -> None:
    before, spec, configures = CHANGES[change]
    account.spec |= before
    account.create("administrator")
    _expect(lambda: account.patch(who, {"spec": spec}), refused if configures else None)


@pytest.mark.parametrize(
    ("who", "refused"),
    [
        ("account-editor", VERB),
        ("argocd", UNLISTED),
        ("argocd-server", UNLISTED),
        ("flux", UNLISTED),
        ("platform", None),
        ("terraform", None),
    ],
)
def test_making_and_deleting(account: Account, who: str, refused: str | None) -> None:
    _expect(lambda: account.create(who), refused)
    if refused:
        account.create("administrator")
    _expect(lambda: account.delete(who), refused)
    if refused:
        many = f"{account.list}?{account.selector}"
        _expect(lambda: account.people["argocd"].send("DELETE", many), UNLISTED)


@pytest.mark.parametrize("who", ["account-editor", "argocd"])
def test_letting_deletions_go_on_is_configuring(account: Account, who: str) -> None:
    account.create("administrator")
    key = "ram.alibabacloud.com/resume-deletions"
    refused = VERB if who == "account-editor" else UNLISTED

    def annotate(value: str | None, **more: str) -> Json:
        return {"metadata": {"annotations": {key: value, **more}}}

    _expect(lambda: account.patch(who, annotate("now")), refused)
    account.patch("platform", annotate("now"))
    account.patch(who, annotate("now", note="x"))
    account.patch(who, annotate(None))


def test_the_operator_keeps_its_own_books(account: Account) -> None:
    """Finalizers and annotations of a RamAccount are no configuration."""
    account.create("platform")
    account.patch("operator", {"metadata": {"finalizers": ["ram.alibabacloud.com/cleanup"]}})
    account.patch("operator", {"metadata": {"finalizers": None}})
    _expect(lambda: account.patch("operator", {"spec": {"gate": {}}}), "may not configure")


@pytest.mark.parametrize("key", sorted(LISTS))
@pytest.mark.parametrize(
    ("who", "refused"),
    [
        ("list-editor", VERB),
        ("argocd", "configurers of the ConfigMap ram-approvers lists it already"),
        ("platform", None),
        ("terraform", None),
    ],
)
def test_who_decides_who_approves(
    people: dict[str, Person], who: str, refused: str | None, key: str
) -> None:
    path = f"{LISTS_PATH}?dryRun=All"
    for value in ("system:serviceaccount:argocd:argocd-application-controller", None):
        body = {"data": {key: value}}
        _expect(partial(people[who].send, "PATCH", path, body, MERGE), refused)


@pytest.mark.parametrize("who", ["argocd", "list-editor"])
def test_what_is_not_a_list_is_free(people: dict[str, Person], who: str) -> None:
    path = f"{LISTS_PATH}?dryRun=All"
    people[who].send("PUT", path, _config_map("ram-approvers", "ram-system", LISTS))
    people[who].send("PATCH", path, {"metadata": {"labels": {"a": "b"}}}, MERGE)
    whole = _config_map("ram-approvers", "ram-system", {})
    _expect(lambda: people[who].send("PUT", path, whole), "may not change who approves")


@pytest.mark.parametrize(
    ("who", "refused"),
    [
        ("list-editor", VERB),
        ("argocd", "configurers of the ConfigMap ram-approvers lists it already"),
        ("terraform", "configurers of the ConfigMap ram-approvers lists it already"),
        ("platform", None),
    ],
)
def test_lists_that_were_deleted_are_made_anew_by_a_person(
    people: dict[str, Person], who: str, refused: str | None
) -> None:
    """By whom nobody listed: with the ConfigMap its own list of configurers is gone."""
    path = f"{LISTS_PATH.rpartition('/')[0]}?dryRun=All"
    _expect_created(people[who], path, LISTS, refused)
    _expect_created(people[who], path, {}, None)


def _expect_created(person: Person, path: str, data: Json, refused: str | None) -> None:
    """Admission comes before the store, which says that it is there already."""
    with pytest.raises(RequestFailed) as failure:
        person.send("POST", path, _config_map("ram-approvers", "ram-system", data))
    assert failure.value.status == (403 if refused else 409), str(failure.value)
    assert refused is None or refused in str(failure.value)


def _config_map(name: str, namespace: str, data: Mapping[str, str]) -> Json:
    meta = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": {**data}}


def test_other_config_maps_are_free(people: dict[str, Person]) -> None:
    for namespace, name in (("default", "ram-approvers"), ("ram-system", "another")):
        path = f"/api/v1/namespaces/{namespace}/configmaps?dryRun=All"
        people["argocd"].send("POST", path, _config_map(name, namespace, LISTS))


@pytest.mark.parametrize("who", ["administrator", "argocd", "flux"])
def test_nobody_but_the_operator_writes_a_status(bench: Bench, who: str) -> None:
    bench.do({"by": "author", "how": "create"})
    body = {"status": settled(1)}
    only = "only the operator writes a status"
    path = f"{bench.path}/status"
    _expect(lambda: bench.people[who].send("PATCH", path, body, MERGE), only)
    whole = {**bench.get(), **body}
    _expect(lambda: bench.people[who].send("PUT", path, whole), only)
    # Beside the spec it is no error, and without effect.
    bench.people[who].send("PUT", bench.path, whole)
    assert "conditions" not in bench.get()["status"]
    bench.write_status()
    assert bench.get()["status"]["observedGeneration"] == 1


@pytest.mark.parametrize("who", ["administrator", "argocd"])
def test_nobody_but_the_operator_writes_the_status_of_an_account(
    account: Account, who: str
) -> None:
    account.create("administrator")
    path = f"{account.path}/status"
    body = {"status": {"observedGeneration": 1}}
    _expect(
        lambda: account.people[who].send("PATCH", path, body, MERGE),
        "only the operator writes a status",
    )
    account.people["operator"].send("PATCH", path, body, MERGE)


def test_a_status_brings_no_annotation_with_it(bench: Bench) -> None:
    """The operator's right to write a status is none to stamp or to approve."""
    bench.do({"by": "author", "how": "create"})
    annotations = {"ram.alibabacloud.com/approve": "x", "ram.alibabacloud.com/changed-by": "x"}
    body = {"metadata": {"annotations": annotations}, "status": {"observedGeneration": 1}}
    bench.people["operator"].send("PATCH", f"{bench.path}/status", body, MERGE)
    stored = bench.get()["metadata"]["annotations"]
    assert stored == {"ram.alibabacloud.com/changed-by": "ann@shop.example"}


def test_what_is_stored_is_what_is_shipped(people: dict[str, Person]) -> None:
    """Every default is written out, so that a policy that somebody altered can be told."""
    cluster: Cluster = people["administrator"].cluster
    seen = set()
    for file in sorted(ADMISSION.glob("ram-*.yaml")):
        for item in load_all(file):
            kind, name = item["kind"], item["metadata"]["name"]
            group = item["apiVersion"].partition("/")[0]
            plural = kind.lower().removesuffix("y") + ("s" if "Binding" in kind else "ies")
            stored = cluster.request("GET", f"/apis/{group}/v1/{plural}/{name}")
            assert stored["spec"] == item["spec"], name
            assert file.name == f"{name}.yaml"
            seen.add((kind, name))
    names = {"approve", "approvers", "configure", "delete", "record", "status"}
    wanted = {("ValidatingAdmissionPolicy", f"ram-{name}") for name in names} | {
        ("MutatingAdmissionPolicy", "ram-stamp")
    }
    assert seen == {(kind + end, name) for kind, name in wanted for end in ("", "Binding")}


def test_without_the_lists_nothing_is_written(people: dict[str, Person]) -> None:
    """And an empty ConfigMap, which anybody may make, brings it back at its strictest."""
    admin, argocd = people["administrator"], people["argocd"]
    roles = f"{resource('RamRole')}?dryRun=All"
    role = manifest("RamRole", "default", "no-lists")
    argocd.send("DELETE", LISTS_PATH)
    try:
        until(lambda: refused(admin, "POST", roles, role))
        with pytest.raises(RequestFailed, match="failed to configure binding"):
            admin.send("POST", roles, role)
        maps = LISTS_PATH.rpartition("/")[0]
        argocd.send("POST", maps, _config_map("ram-approvers", "ram-system", {}))
        until(lambda: not refused(admin, "POST", roles, role))
        given = manifest("RamRole", "default", "no-lists", annotations={"approve": D1})
        _expect(lambda: people["flux"].send("POST", roles, given), "a ServiceAccount approves only")
    finally:
        install(admin.cluster)
        set_lists(admin.cluster, LISTS)
        given = manifest("RamRole", "default", "no-lists", annotations={"approve": D1})
        until(lambda: not refused(people["flux"], "POST", roles, given))
