"""Every pass ends in a status, whatever happens in it, and what is gone is forgotten at once.

The API server and the cloud are stubs over HTTP; an observer or opener that fails stands for a
defect of ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from ram_operator import documents
from ram_operator.cloud.client import CloudClient
from ram_operator.cluster.api import ClusterApi, path
from ram_operator.config import Settings
from ram_operator.constants import ANNOTATION_ABANDON as ABANDON
from ram_operator.constants import API_VERSION, FINALIZER, GROUP, Mode
from ram_operator.kinds import manifest
from ram_operator.kinds.record import Identity
from ram_operator.kinds.table import ACCOUNT, KINDS, RECORD
from ram_operator.loop.ports import Ports
from ram_operator.loop.reconcile import Reconciler
from ram_operator.model.objects import Key, Owner
from ram_operator.model.state import Live
from ram_operator.observability.object_metrics import ObjectState
from ram_operator.runtime.consistency import Consistency
from ram_operator.runtime.sessions import AccountOpener, Session
from tests.unit.core import ACCOUNT as TENANT_ACCOUNT
from tests.unit.core import FC, NOW, OUTSIDER, made, trust, trust_json
from tests.unit.record_world import Server
from tests.unit.stub_server import Reply, Request, stub
from tests.unit.test_reconcile_edits import ports

Json = dict[str, Any]
KEY, PROD = Key("RamRole", "apps", "web"), Key(ACCOUNT, "", "default")
TENANT = replace(next(iter(TENANT_ACCOUNT.tenants.values())), namespace="apps")
MANAGED = replace(TENANT_ACCOUNT, mode=Mode.MANAGE, tenants={"apps": TENANT})
IDENTITY = Identity(MANAGED.account_id, "RamRole", "web")
LONG_AGO = "2020-01-01T00:00:00Z"


def body(key: Key, spec: Json, status: Json | None = None, **metadata: Any) -> Json:
    meta = {"name": key.name, "uid": "u", "generation": 1, "resourceVersion": "1", **metadata}
    if key.namespace:
        meta["namespace"] = key.namespace
    kept = {"status": status} if status else {}
    return {"apiVersion": API_VERSION, "kind": key.kind, "metadata": meta, "spec": spec, **kept}


class Broken:
    """Of an observer or an opener, the part that has a defect; counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, *_: Any) -> Any:
        return self

    def look(self, kind: str, name: str) -> Live:
        self.asked += 1
        raise ZeroDivisionError("http://127.0.0.1/?secret")

    def open(self, *_: Any) -> Any:
        self.asked += 1
        raise ZeroDivisionError("http://127.0.0.1/?secret")


class Found(Broken):
    """An observer that works."""

    def __init__(self, live: Live) -> None:
        super().__init__()
        self.live = live

    def look(self, kind: str, name: str) -> Live:
        self.asked += 1
        return self.live


class Api(Server):
    """Takes events, and JSON patches of finalizers if it `may_patch`."""

    may_patch = True

    def answer(self, request: Request) -> Reply:
        where = request.path.partition("?")[0]
        if where.endswith("/events"):
            return Reply(201, b"{}")
        if where.endswith("/status"):
            request = replace(request, path=where.removesuffix("/status"))
        if request.headers.get("Content-Type") == "application/json-patch+json":
            if not self.may_patch:
                return self.refuse(403, "no")
            left = {**self.objects[where]["metadata"], "finalizers": []}
            return self.store(where, {**self.objects[where], "metadata": left}, {})
        return super().answer(request)

    def status(self, key: Key) -> Json:
        found: Json = self.objects[path(key)].get("status") or {}
        return found

    def reason(self, key: Key) -> tuple[str, str]:
        """Of Stalled, and what it says."""
        present = self.status(key).get("conditions") or []
        stalled = next((c for c in present if c["type"] == "Stalled"), {})
        return stalled.get("reason", ""), stalled.get("message", "")


@contextmanager
def world(*known: Json, **changes: Any) -> Iterator[tuple[Api, Ports]]:
    """Objects that are both in the API server and in the store, and an account that works."""
    api = Api()
    for plural in ("ramroles", "ramaccounts"):
        name = f"customresourcedefinitions/{plural}.{GROUP}"
        api.objects[f"/apis/apiextensions.k8s.io/v1/{name}"] = {"metadata": {}}
    with stub(api.answer) as running:
        configuration = Configuration()
        configuration.host = f"http://{running.host}"
        client = ApiClient(configuration)
        around = ports(ClusterApi(client, lambda what, kind: None))
        settings = Settings(cluster_name="blue", settle_seconds=0.0, consistency_seconds=0.0)
        consistency = Consistency(settings, around.clock.monotonic)
        around = replace(around, settings=settings, consistency=consistency, **changes)
        around.accounts.set(Session(MANAGED, cast(CloudClient, Unasked()), ()))
        for each in known:
            key, _, _ = around.cache.put(each)
            api.objects[path(key)] = each
        yield api, around
        client.rest_client.pool_manager.clear()


class Unasked:
    """A client whose calls are not what is tried."""

    def on_behalf(self, tenant: str) -> Unasked:
        return self


def as_asked() -> Live:
    """The role as its manifest asks for it."""
    circumstances = manifest.Circumstances(Owner("blue", "apps", "web"), NOW)
    return made(manifest.build(KINDS["RamRole"], KEY, ROLE, {}, circumstances))


def run_next(around: Ports) -> Key:
    """The next pass that is due, as a worker runs it."""
    key = around.queue.get()
    assert key is not None
    Reconciler(around).run(key)
    around.queue.done(key)
    return key


ROLE = {"trustPolicy": trust_json(FC)}
LEAVES = {"deletionTimestamp": LONG_AGO, "finalizers": [FINALIZER]}
ASKED = {"annotations": {"ram.alibabacloud.com/reconcile-requested-at": "now"}}


@pytest.mark.parametrize(
    ("key", "spec", "metadata", "reason"),
    [
        (KEY, ROLE, {}, "InternalError"),
        (KEY, {**ROLE, "deletionPolicy": "Delete"}, LEAVES, "DeletionBlocked"),
        (PROD, {"accountId": MANAGED.account_id}, {}, "InternalError"),
        (PROD, {"accountId": MANAGED.account_id}, {**LEAVES, **ASKED}, "InternalError"),
    ],
    ids=["an object", "a deletion", "an account", "an account asked for"],
)
def test_a_defect_ends_in_a_status_and_the_pass_comes_again(
    key: Key, spec: Json, metadata: Json, reason: str
) -> None:
    broken = Broken()
    opener = cast(AccountOpener, broken)
    # The account of an object has the finalizer already.
    others = [body(PROD, {"accountId": "1"}, finalizers=[FINALIZER])] if key != PROD else []
    if metadata.get("deletionTimestamp") and key == PROD:
        others = [body(KEY, ROLE)]
    with world(body(key, spec, **metadata), *others, observer=broken, opener=opener) as (
        api,
        around,
    ):
        around.queue.add(key)
        run_next(around)
        assert broken.asked == 1
        found, message = api.reason(key)
        assert found == reason
        assert "a defect of the operator (ZeroDivisionError); see its log" in message
        assert "secret" not in str(api.status(key))
        sample = around.metrics.registry.get_sample_value
        labels = {"kind": key.kind, "result": "error"}
        assert sample("ram_operator_reconcile_total", labels) == 1
        if key == PROD:
            # A session that nobody could verify again is not used.
            assert around.accounts.find("default") is None
        # A second one is no news, and the loop goes on.
        written = len(api.writes)
        Reconciler(around).run(key)
        assert broken.asked == 2
        assert len(api.writes) == written


def test_a_defect_after_the_report_is_reported_as_well() -> None:
    """What had to follow was not done: the object must not look as if it was."""
    live = as_asked()
    with world(
        body(KEY, ROLE),
        body(PROD, {"accountId": "1"}, finalizers=[FINALIZER]),
        record(live, "of another object of that name"),
        observer=Found(live),
    ) as (api, around):
        # What the API server has by now has no shape that anybody expects.
        api.objects[path(IDENTITY.key)] = {"kind": RECORD, "metadata": [], "record": {}}
        around.queue.add(KEY)
        run_next(around)
        assert "a defect of the operator (TypeError)" in api.reason(KEY)[1]
        assert around.queue.failures(KEY) == 1


def record(live: Live, uid: str = "u") -> Json:
    """Says that the identity is the object's."""
    baseline = live.fields["trustPolicy"]
    assert isinstance(baseline, documents.Trust)
    block = {
        "accountId": MANAGED.account_id,
        "kind": "RamRole",
        "name": "web",
        "cloudName": "web",
        "cloudId": live.cloud_id,
        "owner": {"cluster": "blue", "namespace": "apps", "name": "web", "uid": uid},
        "baseline": {"trust": baseline.to_json(), "digest": baseline.digest},
        "sequence": 7,
        "uid": "r",
    }
    meta = {"name": IDENTITY.key.name, "uid": "r", "resourceVersion": "1"}
    return {"kind": RECORD, "metadata": meta, "record": block}


@pytest.mark.parametrize("policy", ["Retain", "Delete"])
def test_what_the_api_server_no_longer_has_is_forgotten_at_once(policy: str) -> None:
    """Its deletion came in a gap of the watch, and a stranger in its trust calls for a write."""
    live = as_asked()
    strange = Found(replace(live, fields={**live.fields, "trustPolicy": trust(FC, OUTSIDER)}))
    role = body(KEY, {**ROLE, "deletionPolicy": policy})
    tenants = {"accountId": "1", "tenants": [{"namespace": "apps"}]}
    account = body(PROD, tenants, finalizers=[FINALIZER])
    user = body(Key("RamUser", "apps", "ann"), {"policies": [{"type": "RamPolicy", "name": "p"}]})
    with world(account, role, user, record(live), observer=strange) as (api, around):
        del api.objects[path(KEY)]
        around.metrics.objects.set(KEY, ObjectState(drift="critical", looked_at=1.0))
        around.queue.add(KEY)
        assert run_next(around) == KEY
        assert strange.asked == 1
        assert around.cache.get(KEY) is None
        # The pass that drops the rest is due now, and no other after it.
        assert run_next(around) == KEY
        assert strange.asked == 1
        assert around.metrics.objects.get(KEY) == ObjectState()
        assert around.queue.depth() == 0
        around.queue.add(PROD)
        assert run_next(around) == PROD, "nothing is left of it in the queue"


def test_who_is_found_missing_wakes_who_names_it_and_frees_its_account() -> None:
    policy, role = Key("RamPolicy", "apps", "logs"), KEY
    naming = body(role, {**ROLE, "policies": [{"type": "RamPolicy", "name": "logs"}]})
    with world(body(policy, {}), naming) as (api, around):
        del api.objects[path(policy)]
        assert around.fresh(policy) is None
        assert {around.queue.get(), around.queue.get()} == {policy, role}
        del api.objects[path(role)]
        assert around.fresh(role) is None
        assert around.cache.users("default") == []
        around.queue.done(role)
        assert {around.queue.get(), around.queue.get()} == {role, PROD}


def test_a_status_that_finds_no_object_forgets_it() -> None:
    with world(body(KEY, {"driftPolicy": "Nonsense"})) as (api, around):
        del api.objects[path(KEY)]
        around.queue.add(KEY)
        run_next(around)
        assert around.cache.get(KEY) is None
        # Nothing lives in the account any more, so it may be let go.
        assert {around.queue.get(), around.queue.get()} == {KEY, PROD}
        assert around.queue.depth() == 0


def test_an_object_that_is_there_again_under_its_name_is_kept() -> None:
    with world(body(KEY, ROLE)) as (_, around):
        around.cache.put(body(KEY, ROLE, uid="other", resourceVersion="9"))
        around.missing(KEY, "u")
        assert around.cache.get(KEY) is not None
        assert around.queue.depth() == 0


INVALID: Json = {**ROLE, "deletionPolicy": "Delete", "driftPolicy": "Nonsense"}


@pytest.mark.parametrize(
    "spec", [INVALID, {**INVALID, "driftPolicy": "Report", "roleName": "no name!"}], ids=str
)
@pytest.mark.parametrize("named", ["id-1", "web"])
def test_what_has_an_invalid_spec_can_be_given_up(spec: Json, named: str) -> None:
    status = {"cloudId": "id-1", "cloudName": "web", "accountId": MANAGED.account_id}
    live = as_asked()
    leaving = {**LEAVES, "annotations": {ABANDON: named}}
    with world(body(KEY, spec, status, **leaving), record(live)) as (api, around):
        around.queue.add(KEY)
        run_next(around)
        assert api.objects[path(KEY)]["metadata"]["finalizers"] == []
        left = api.objects[path(IDENTITY.key)]["record"]
        assert "owner" not in left
        assert left["history"][-1]["operation"] == "Abandoned"


@pytest.mark.parametrize("annotations", [{}, {ABANDON: "another"}], ids=["not asked", "another"])
def test_what_has_an_invalid_spec_is_not_deleted_and_the_way_out_is_named(
    annotations: Json,
) -> None:
    status = {"cloudId": "id-1", "cloudName": "web", "accountId": MANAGED.account_id}
    with world(body(KEY, INVALID, status, **LEAVES, annotations=annotations)) as (api, around):
        around.queue.add(KEY)
        run_next(around)
        reason, message = api.reason(KEY)
        assert reason == "DeletionBlocked"
        assert "spec.driftPolicy: 'Nonsense' is unknown" in message
        assert f"{ABANDON}=id-1" in message
        assert api.objects[path(KEY)]["metadata"]["finalizers"] == [FINALIZER]


@pytest.mark.parametrize("leaving", [LEAVES, {}], ids=["a deletion", "an object"])
def test_a_deletion_is_looked_at_again_wherever_it_is(
    monkeypatch: pytest.MonkeyPatch, leaving: Json
) -> None:
    """The namespace is no tenant, and what the deletion waits for tells nobody that it is over."""
    key = Key("RamRole", "nobodys", "web")
    with world(body(key, INVALID, **leaving)) as (_, around):
        assert around.cache.outside(key)
        added: list[Key] = []
        monkeypatch.setattr(around.queue, "add", lambda key, *_: added.append(key))
        Reconciler(around).run(key)
        assert added == ([key] if leaving else [])


def test_what_a_tenant_has_too_much_of_is_looked_at_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = Key("RamRole", "nobodys", "web")
    with world(body(key, INVALID)) as (_, around):
        added: list[Key] = []
        monkeypatch.setattr(around.cache, "crowded", lambda key: True)
        monkeypatch.setattr(around.queue, "add", lambda key, *_: added.append(key))
        Reconciler(around).run(key)
        assert added == [key]


@pytest.mark.parametrize("key", [KEY, PROD], ids=["a deletion", "an account"])
def test_an_api_server_that_takes_no_finalizer_off_is_told_in_the_status(key: Key) -> None:
    spec = {**ROLE, "deletionPolicy": "Retain"} if key == KEY else {"accountId": "1"}
    with world(body(key, spec, **LEAVES)) as (api, around):
        api.may_patch = False
        around.queue.add(key)
        run_next(around)
        conditions = {c["type"]: c for c in api.status(key)["conditions"]}
        assert "the API server answered 403" in conditions["Ready"]["message"]


@pytest.mark.parametrize(
    ("asked", "minimum", "given"),
    [("10s", 60.0, 60.0), ("10s", 10.0, 10.0), ("2m", 60.0, 120.0), ("10s", 3600.0, 3600.0)],
)
def test_no_object_is_looked_at_more_often_than_its_account_lets_it(
    asked: str, minimum: float, given: float
) -> None:
    live = as_asked()
    account = body(PROD, {"accountId": "1"}, finalizers=[FINALIZER])
    role = body(KEY, {**ROLE, "driftInterval": asked})
    with world(role, account, record(live), observer=Found(live)) as (api, around):
        limited = replace(MANAGED, minimum_interval=minimum)
        around.accounts.set(Session(limited, cast(CloudClient, Unasked()), ()))
        around.queue.add(KEY)
        run_next(around)
        state = around.metrics.objects.get(KEY)
        assert state is not None
        assert state.interval == given
        ready = next(c for c in api.status(KEY)["conditions"] if c["type"] == "Ready")
        assert ready["status"] == "True"
        assert ("minimumDriftInterval" in ready["message"]) == (asked == "10s" and minimum > 10.0)
