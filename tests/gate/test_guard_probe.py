"""The probe of the guard on the object itself: what an altered admission does, and what of an
approval comes of it.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

import kubernetes.config
import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from lab import ControlPlane, RequestFailed
from lab.install import installed_plane, put_back
from lab.operator_process import IDENTITY, NAMESPACE, SERVICE_ACCOUNT, OperatorProcess
from lab.processes import free_port
from lab.waiting import until
from lab.world import TRUST_FC, World
from ram_operator.cluster.api import ClusterApi
from ram_operator.cluster.guard_probe import AGENT, Result, probe
from ram_operator.errors import RamOperatorError
from ram_operator.model.objects import Key
from tests.gate.approving import approve_until_ready, offer, opened, say
from tests.gate.test_guard import reason, widened
from tests.gate.triples import Entry, Moment, Resource, attack, names
from tests.support import webhook

Json = dict[str, Any]
Harm = Callable[[ControlPlane], Any]
API: Final = "/apis/admissionregistration.k8s.io/v1"
POLICY: Final = f"{API}/validatingadmissionpolicies/ram-approve"
BINDING: Final = f"{API}/validatingadmissionpolicybindings/ram-approve"
STAMP: Final = f"{API}/mutatingadmissionpolicies/ram-stamp"
STAMPING: Final = f"{API}/mutatingadmissionpolicybindings/ram-stamp"
LISTS: Final = f"/api/v1/namespaces/{NAMESPACE}/configmaps/ram-approvers"
ALTERED: Final = (POLICY, BINDING, STAMP, STAMPING)
ELSEWHERE: Final = {
    "matchResources": {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}}
    }
}
IMITATED: Final = (
    "ValidatingAdmissionPolicy 'ram-approve' with binding 'ram-approve' denied request:"
    f" {IDENTITY} may not approve: that takes the verb approve"
)


def patch(where: str, **spec: Any) -> Harm:
    def harm(plane: ControlPlane) -> None:
        kind = "application/merge-patch+json"
        plane.request("PATCH", where, {"spec": spec}, content_type=kind)

    return harm


def remove(where: str) -> Harm:
    return lambda plane: plane.request("DELETE", where)


def without(where: str, resource: str) -> Harm:
    """As a version would have it that does not know the kind yet."""

    def harm(plane: ControlPlane) -> None:
        spec = plane.request("GET", where)["spec"]["matchConstraints"]
        spec["resourceRules"][0]["resources"].remove(resource)
        patch(where, matchConstraints=spec)(plane)

    return harm


def unanswered(plane: ControlPlane) -> None:
    webhook.configure(plane, free_port())


NOT_OURS: Final = {"name": "x", "expression": f"request.userInfo.username != '{IDENTITY}'"}
HARMS: Final[dict[str, tuple[Harm, Result]]] = {
    "no binding": (remove(BINDING), Result.ACCEPTED),
    "a binding that denies nothing": (
        patch(BINDING, validationActions=["Audit"]),
        Result.ACCEPTED,
    ),
    "a binding for another namespace": (patch(BINDING, **ELSEWHERE), Result.ACCEPTED),
    "a condition of somebody else": (patch(POLICY, matchConditions=[NOT_OURS]), Result.ACCEPTED),
    "an older version": (without(POLICY, "ramroles"), Result.ACCEPTED),
    "no list": (remove(LISTS), Result.REFUSED_ELSEWHERE),
    "no stamps": (remove(STAMPING), Result.STAMP_NOT_KEPT),
    "stamps for another namespace": (patch(STAMPING, **ELSEWHERE), Result.STAMP_NOT_KEPT),
    "stamps of an older version": (without(STAMP, "ramroles"), Result.STAMP_NOT_KEPT),
    "a webhook that does not answer": (unanswered, Result.UNANSWERED),
}


@contextlib.contextmanager
def mended(plane: ControlPlane) -> Iterator[None]:
    """What is altered in the block is as shipped after it."""
    with put_back(plane, (*ALTERED, LISTS)):
        try:
            yield
        finally:
            with contextlib.suppress(RequestFailed):
                plane.request("DELETE", f"{webhook.CONFIGURATIONS}/{webhook.NAME}")


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Not the one of all others: its guard is altered here."""
    with installed_plane(tmp_path_factory.mktemp("altered")) as plane:
        yield plane


@pytest.fixture(scope="module")
def api(apart: ControlPlane) -> Iterator[ClusterApi]:
    """The operator's own account."""
    configuration = Configuration()
    kubeconfig = apart.kubeconfig_for_service_account(NAMESPACE, SERVICE_ACCOUNT)
    kubernetes.config.load_kube_config(str(kubeconfig), client_configuration=configuration)
    client = ApiClient(configuration)
    yield ClusterApi(client, lambda *_: None)
    client.rest_client.pool_manager.clear()


def result(api: ClusterApi, key: Key) -> Result | None:
    """None while an answer cannot be had."""
    try:
        return probe(api, key).result
    except RamOperatorError:
        return None


def becomes(api: ClusterApi, key: Key, wanted: Result) -> None:
    """The API server takes some moments to enforce what was changed."""
    until(lambda: result(api, key) is wanted, f"that the probe of {key} finds: {wanted}")


@pytest.fixture(scope="module")
def operator(apart: ControlPlane) -> Iterator[OperatorProcess]:
    process = OperatorProcess.start(apart, apart.directory / "operator.log")
    yield process
    process.stop()


@pytest.fixture
def world(alone: World, operator: OperatorProcess) -> World:
    alone.ready("RamAccount", alone.namespace)
    return alone


@pytest.mark.legitimate
@pytest.mark.parametrize("kind", ["RamRole", "RamUser", "RamGroup", "RamPolicy"])
def test_as_shipped_it_holds_for_each_kind_and_nothing_is_stored(
    api: ClusterApi, alone: World, kind: str
) -> None:
    made = {"RamRole": alone.role, "RamPolicy": alone.policy}
    made.get(kind, lambda name: alone.create(kind, name, {}))("mine")
    key = Key(kind, alone.namespace, "mine")
    becomes(api, key, Result.HOLDS)
    before = alone.get(kind, "mine")
    assert probe(api, key).result is Result.HOLDS
    assert alone.get(kind, "mine") == before


def test_the_audit_log_tells_its_requests_from_writes(
    apart: ControlPlane, api: ClusterApi, alone: World
) -> None:
    alone.role("mine")
    becomes(api, Key("RamRole", alone.namespace, "mine"), Result.HOLDS)

    def asked() -> list[Json]:
        lines = map(json.loads, (apart.directory / "audit.log").read_text().splitlines())
        return [
            entry
            for entry in lines
            if entry["userAgent"] == AGENT and f"/{alone.namespace}/" in entry["requestURI"]
        ]

    until(lambda: len(asked()) > 1, "two rehearsals in the audit log")
    for entry in asked():
        assert entry["user"]["username"] == IDENTITY
        assert "dryRun=All" in entry["requestURI"]


@pytest.mark.legitimate
def test_it_holds_for_what_is_older_than_the_stamps(
    apart: ControlPlane, api: ClusterApi, alone: World
) -> None:
    key = Key("RamRole", alone.namespace, "mine")
    with mended(apart):
        remove(STAMPING)(apart)
        body = alone.manifest("RamRole", "mine", {"trustPolicy": TRUST_FC})
        where = alone.path("RamRole")
        until(lambda: "changed-by" not in str(apart.request("POST", f"{where}?dryRun=All", body)))
        alone.role("mine")
    becomes(api, key, Result.HOLDS)


@pytest.mark.parametrize(
    "harm",
    names(
        {
            harm: (
                Entry.WEBHOOK if found is Result.UNANSWERED else Entry.ADMISSION,
                Resource.TRUST,
                Moment.OFFERED,
            )
            for harm, (_, found) in HARMS.items()
        }
    ),
)
def test_whatever_is_altered_no_approval_is_honoured(
    apart: ControlPlane, api: ClusterApi, world: World, harm: str
) -> None:
    key = Key("RamRole", world.namespace, "target")
    start, digest = widened(world)
    becomes(api, key, Result.HOLDS)
    with mended(apart):
        HARMS[harm][0](apart)
        becomes(api, key, HARMS[harm][1])
        # Without the lists nobody can write anything.
        if say(world, "RamRole", "target", approve=digest):
            said = reason(world, "AdmissionPolicyMissing")["status"]["pending"]
            assert said["voided"] == "AdmissionPolicyMissing"
            world.look("RamRole", "target")
    becomes(api, key, Result.HOLDS)
    world.look("RamRole", "target")
    assert opened(world, start) == []
    approve_until_ready(world, "RamRole", "target")
    assert len(opened(world, start)) == 1


@attack(Entry.WEBHOOK, Resource.TRUST, Moment.OFFERED)
def test_a_webhook_that_refuses_first_is_not_taken_for_the_guard(
    apart: ControlPlane, api: ClusterApi, world: World, operator: OperatorProcess
) -> None:
    """All policies are as shipped, and it says what they would say."""
    key = Key("RamRole", world.namespace, "target")
    start, digest = widened(world)
    with mended(apart), webhook.refusing(apart, IMITATED) as port:
        webhook.configure(apart, port)
        becomes(api, key, Result.REFUSED_ELSEWHERE)
        assert say(world, "RamRole", "target", approve=digest)
        reason(world, "AdmissionPolicyMissing")
        until(lambda: "ram_operator_approvals_guarded 0.0" in operator.metrics())
        assert "foreign.example.com" in operator.log
        assert "was refused, but not by the policy ram-approve" in operator.log
    becomes(api, key, Result.HOLDS)
    assert opened(world, start) == []
    offer(world, "RamRole", "target", instead_of=digest)
    approve_until_ready(world, "RamRole", "target")
    assert len(opened(world, start)) == 1
    until(lambda: "ram_operator_approvals_guarded 1.0" in operator.metrics())


def test_a_kind_that_admission_does_not_name_is_not_approved(
    apart: ControlPlane, api: ClusterApi, alone: World
) -> None:
    """That it guards another kind says nothing."""
    alone.role("mine")
    alone.policy("mine")
    role, policy = (Key(kind, alone.namespace, "mine") for kind in ("RamRole", "RamPolicy"))
    becomes(api, policy, Result.HOLDS)
    with mended(apart):
        without(POLICY, "rampolicies")(apart)
        becomes(api, policy, Result.ACCEPTED)
        becomes(api, role, Result.HOLDS)
