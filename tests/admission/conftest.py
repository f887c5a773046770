"""The shipped installation with everybody of people.py in it, once its policies are enforced."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import pytest

from lab import Cluster
from lab.connection import RequestFailed
from lab.install import install
from lab.waiting import until
from tests.admission.objects import D1, SPECS, Bench, manifest, resource
from tests.admission.people import LISTS, Json, Person, introduce

LISTS_PATH = "/api/v1/namespaces/ram-system/configmaps/ram-approvers"


@pytest.fixture(scope="session")
def people(control_plane: Cluster) -> dict[str, Person]:
    """Everybody, on a cluster whose policies are all enforced and whose lists are known to them.

    The API server takes some moments to enforce a new policy, and to see a changed parameter.
    """
    install(control_plane)
    everybody = introduce(control_plane)
    set_lists(control_plane, LISTS)
    for what, probe in _probes(everybody).items():
        until(probe, f"the enforcement of {what}")
    return everybody


def set_lists(cluster: Cluster, lists: Mapping[str, str]) -> None:
    kind = "application/merge-patch+json"
    cluster.request("PATCH", LISTS_PATH, {"data": lists}, content_type=kind)


def _probes(people: dict[str, Person]) -> dict[str, Callable[[], bool]]:
    admin, argocd, flux = (people[n] for n in ("administrator", "argocd", "flux"))
    terraform = people["terraform"]
    roles = resource("RamRole", "default") + "?dryRun=All"
    accounts = resource("RamAccount") + "?dryRun=All"
    plain = manifest("RamRole", "default", "probe")
    bad = manifest("RamRole", "default", "probe", annotations={"approve": "x"})
    given = manifest("RamRole", "default", "probe", annotations={"approve": D1})
    account: Json = {
        "apiVersion": bad["apiVersion"],
        "kind": "RamAccount",
        "metadata": {"name": "probe"},
        "spec": {"accountId": "9999999999999999"},
    }
    lists: Json = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}, "data": {**LISTS}}
    lists["metadata"] = {"name": "ram-approvers", "namespace": "ram-system"}
    lists["data"]["serviceAccounts"] = ""

    return {
        "ram-stamp": lambda: "changed-by" in str(_sent(admin, "POST", roles, plain)),
        "ram-approve": lambda: refused(admin, "POST", roles, bad),
        "the lists of ram-approve": lambda: not refused(flux, "POST", roles, given),
        "ram-configure": lambda: refused(argocd, "POST", accounts, account),
        "the lists of ram-configure": lambda: not refused(terraform, "POST", accounts, account),
        "ram-approvers": lambda: refused(argocd, "PUT", f"{LISTS_PATH}?dryRun=All", lists),
        "ram-status": lambda: _status_refused(admin),
    }


def _status_refused(admin: Person) -> bool:
    """A status can only be tried on an object that is there."""
    probe = manifest("RamRole", "default", "probe-of-status")
    path = resource("RamRole", "default")
    _sent(admin, "POST", path, probe)
    one = f"{path}/probe-of-status"
    patch = {"status": {"observedGeneration": 1}}
    answer = refused(admin, "PATCH", f"{one}/status?dryRun=All", patch)
    admin.send("DELETE", one)
    return answer


def _sent(person: Person, method: str, path: str, body: Json) -> Json:
    try:
        return person.send(method, path, body)
    except RequestFailed:
        return {}


def refused(person: Person, method: str, path: str, body: Json) -> bool:
    """Whether admission refuses it; RBAC is another matter."""
    try:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        person.send(method, path, body, kind)
    except RequestFailed as failure:
        return "ValidatingAdmissionPolicy" in str(failure)
    return False


@pytest.fixture(params=sorted(SPECS))
def bench(request: pytest.FixtureRequest, people: dict[str, Person]) -> Iterator[Bench]:
    """An object of each kind to work on, by name; it is gone after the test."""
    yield from _bench(people, request.param)


@pytest.fixture
def role_bench(people: dict[str, Person]) -> Iterator[Bench]:
    yield from _bench(people, "RamRole")


def _bench(people: dict[str, Person], kind: str) -> Iterator[Bench]:
    bench = Bench(people, kind)
    yield bench
    bench.clear()
