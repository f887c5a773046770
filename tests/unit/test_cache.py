"""The cache: what is news, what is our own echo, what comes too late; indexes and resync."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_operator import constants
from ram_operator.kinds import manifest
from ram_operator.kinds.table import ACCOUNT, KINDS, RECORD
from ram_operator.model.objects import Key
from ram_operator.runtime.bodies import slim
from ram_operator.runtime.cache import Cache, Seen, key_of
from tests.unit.profiles import examples
from tests.unit.tenants import with_tenants

Json = dict[str, Any]
KEY = Key("RamRole", "apps", "web")


def role(version: int = 1, uid: str = "u1", **changes: Any) -> Json:
    """A RamRole as a watch tells it; `changes` replace parts of metadata, or spec and status."""
    meta: Json = {
        "namespace": "apps",
        "name": "web",
        "uid": uid,
        "resourceVersion": str(version),
        "generation": 1,
    }
    body: Json = {"apiVersion": constants.API_VERSION, "kind": "RamRole", "metadata": meta}
    body["spec"] = changes.pop("spec", {})
    body["status"] = changes.pop("status", {})
    meta.update(changes)
    return body


def ready(status: str, **more: Any) -> Json:
    conditions = [
        {"type": "Synced", "status": "True", "reason": "NoDifference"},
        {"type": "Ready", "status": status, "reason": "Synced"},
    ]
    return {"conditions": conditions, **more}


def policies(*names: str) -> Json:
    return {"policies": [{"type": "RamPolicy", "name": name} for name in names]}


def test_an_object_is_kept_without_what_is_never_read() -> None:
    cache = with_tenants(Cache())
    ours = {"ram.alibabacloud.com/reject": "sha256:1"}
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "web", **ours}
    body = role(managedFields=[{"manager": "kubectl"}], annotations=annotations)
    before = json.loads(json.dumps(body))
    assert cache.put(body) == (KEY, Seen.NEWS, True)
    kept = cache.get(KEY)
    assert kept is not None
    assert "managedFields" not in kept["metadata"]
    assert kept["metadata"]["annotations"] == ours
    assert body == before, "what the watch handed over is not changed"
    kept["metadata"]["name"] = "changed"
    assert cache.get(KEY) != kept, "everybody gets a copy"


def test_slim_leaves_objects_without_annotations_alone() -> None:
    assert slim(role()) == role()


def test_unknown_keys_have_nothing() -> None:
    cache = with_tenants(Cache())
    assert (cache.get(KEY), cache.facts(KEY)) == (None, None)
    assert (cache.keys("RamRole"), cache.dependents(KEY), cache.users("default")) == ([], [], [])
    assert not cache.remove(KEY, "u1")


@pytest.mark.parametrize(
    "changes",
    [
        {"generation": 2},
        {"annotations": {constants.ANNOTATION_RECONCILE: "now"}},
        {"annotations": {constants.ANNOTATION_ABANDON: "true"}},
        {"annotations": {constants.ANNOTATION_RESUME_DELETIONS: "x"}},
        {"deletionTimestamp": "2026-01-01T00:00:00Z"},
    ],
    ids=str,
)
def test_what_calls_for_a_pass_is_news(changes: Json) -> None:
    cache = with_tenants(Cache())
    cache.put(role(1))
    assert cache.put(role(2, **changes))[1] is Seen.NEWS
    assert cache.put(role(3, **changes))[1] is Seen.ECHO


@pytest.mark.parametrize(
    "changes",
    [
        {"status": ready("True")},
        {"labels": {"a": "b"}},
        {"annotations": {"argocd.argoproj.io/tracking-id": "x"}},
        {"finalizers": [constants.FINALIZER]},
        {"managedFields": []},
    ],
    ids=str,
)
def test_bookkeeping_is_an_echo(changes: Json) -> None:
    cache = with_tenants(Cache())
    cache.put(role(1))
    assert cache.put(role(2, **changes))[1] is Seen.ECHO


def test_while_it_is_deleted_the_finalizers_of_others_matter() -> None:
    cache = with_tenants(Cache())
    gone = "2026-01-01T00:00:00Z"
    cache.put(role(1, deletionTimestamp=gone, finalizers=["a", "b"]))
    assert cache.put(role(2, deletionTimestamp=gone, finalizers=["a"]))[1] is Seen.NEWS


@pytest.mark.parametrize(
    ("status", "cares"),
    [
        (ready("True", cloudName="web"), False),
        (ready("True", cloudName="web", observedGeneration=7), False),
        (ready("False", cloudName="web"), True),
        (ready("True", cloudName="web2"), True),
        (ready("True", cloudName="web", cloudId="3"), True),
        ({}, True),
    ],
)
def test_dependents_care_about_readiness_and_the_cloud_name_only(status: Json, cares: bool) -> None:
    cache = with_tenants(Cache())
    cache.put(role(1, status=ready("True", cloudName="web")))
    assert cache.put(role(2, status=status, generation=2)) == (KEY, Seen.NEWS, cares)


def test_an_older_version_is_stale_and_the_same_one_an_echo() -> None:
    cache = with_tenants(Cache())
    cache.put(role(10, generation=3))
    assert cache.put(role(9, generation=2)) == (KEY, Seen.STALE, False)
    assert cache.put(role(10, generation=3))[1] is Seen.ECHO
    facts = cache.facts(KEY)
    assert facts is not None
    assert facts.version == 10


def test_an_object_of_the_same_name_is_news_and_its_predecessor_does_not_return() -> None:
    cache = with_tenants(Cache())
    cache.put(role(5, "old", spec=policies("p")))
    assert cache.put(role(9, "new")) == (KEY, Seen.NEWS, True)
    assert cache.dependents(Key("RamPolicy", "apps", "p")) == []
    assert cache.put(role(7, "old"))[1] is Seen.STALE
    assert cache.put(role(11, "old"))[1] is Seen.STALE, "its last word may come late"
    facts = cache.facts(KEY)
    assert facts is not None
    assert facts.uid == "new"


def test_late_words_of_a_predecessor_that_was_never_seen_are_stale() -> None:
    cache = with_tenants(Cache())
    cache.put(role(9, "new"))
    assert cache.put(role(7, "brief"))[1] is Seen.STALE
    assert not cache.remove(KEY, "brief")
    assert cache.get(KEY) is not None


def test_a_deletion_of_another_uid_removes_nothing() -> None:
    cache = with_tenants(Cache())
    cache.put(role(2, "new"))
    assert not cache.remove(KEY, "old")
    assert cache.get(KEY) is not None
    assert cache.remove(KEY, "new")
    assert cache.get(KEY) is None


def test_without_a_uid_whatever_has_the_name_is_removed() -> None:
    cache = with_tenants(Cache())
    cache.put(role())
    assert cache.remove(KEY, "")
    assert cache.keys("RamRole") == []


@pytest.mark.parametrize("known", [True, False], ids=["known before", "never seen"])
def test_what_was_deleted_is_not_brought_back_by_an_older_list(known: bool) -> None:
    cache = with_tenants(Cache())
    if known:
        cache.put(role(1))
    cache.remove(KEY, "u1")
    assert cache.put(role(2)) == (KEY, Seen.STALE, False)
    assert cache.get(KEY) is None
    assert cache.put(role(3, "u2"))[1] is Seen.NEWS


def test_versions_that_are_no_numbers_do_not_stop_anything() -> None:
    cache = with_tenants(Cache())
    body = role()
    body["metadata"]["resourceVersion"] = "opaque"
    assert cache.put(body)[1] is Seen.NEWS
    del body["metadata"]["resourceVersion"]
    body["metadata"]["generation"] = 2
    assert cache.put(body)[1] is Seen.NEWS


def test_accounts_and_records_live_in_no_account() -> None:
    cache = with_tenants(Cache())
    for kind in (ACCOUNT, RECORD):
        meta = {"name": "default", "uid": kind, "resourceVersion": "1"}
        key, seen, _ = cache.put({"kind": kind, "metadata": meta, "spec": {}})
        assert (key, seen) == (Key(kind, "", "default"), Seen.NEWS)
    assert cache.users("default") == []


def test_an_objects_account_may_be_left_out() -> None:
    cache = with_tenants(Cache())
    cache.put(role())
    cache.put(role(2, name="other", uid="u2", spec={"accountRef": {"name": "prod"}}))
    assert cache.users("default") == [KEY]
    assert cache.users("prod") == [Key("RamRole", "apps", "other")]


Pages = list[tuple[int, list[Json]]]


def resynced(cache: Cache, kind: str, pages: Iterable[tuple[int, list[Json]]]) -> set[Key]:
    news = set[Key]()
    cache.resync(kind, pages, news)
    return news


def test_a_resync_finds_what_is_new_what_changed_and_what_is_gone() -> None:
    cache = with_tenants(Cache())
    for name in ("same", "changed", "gone"):
        cache.put(role(1, uid=name, name=name))
    del (listed := role(1, uid="same", name="same"))["kind"]
    pages: Pages = [
        (20, [listed, role(12, uid="changed", name="changed", generation=2)]),
        (20, [role(15, uid="new", name="new")]),
    ]
    news = resynced(cache, "RamRole", pages)
    assert news == {Key("RamRole", "apps", name) for name in ("changed", "gone", "new")}
    assert cache.get(Key("RamRole", "apps", "gone")) is None
    assert resynced(cache, "RamRole", pages) == set()


def test_a_resync_of_one_kind_leaves_the_others() -> None:
    cache = with_tenants(Cache())
    cache.put(role())
    assert resynced(cache, "RamPolicy", [(20, [])]) == set()
    assert cache.get(KEY) is not None


def test_what_came_or_moved_after_the_snapshot_is_no_ghost() -> None:
    cache = with_tenants(Cache())
    cache.put(role(25, uid="newer", name="newer"))

    def pages() -> Iterator[tuple[int, list[Json]]]:
        yield 20, []
        # The watch tells of this one while the list is still being read.
        cache.put(role(21, uid="later", name="later"))
        yield 20, []

    assert resynced(cache, "RamRole", pages()) == set()
    assert {key.name for key in cache.keys("RamRole")} == {"newer", "later"}


def test_what_is_deleted_while_the_list_is_read_does_not_return() -> None:
    cache = with_tenants(Cache())
    cache.put(role(1))

    def pages() -> Iterator[tuple[int, list[Json]]]:
        cache.remove(KEY, "u1")
        cache.remove(Key("RamRole", "apps", "brief"), "u2")
        yield 20, [role(1), role(2, uid="u2", name="brief")]

    assert resynced(cache, "RamRole", pages()) == set()
    assert cache.keys("RamRole") == []


def test_what_a_list_told_before_it_broke_off_is_news() -> None:
    """It is in the cache by then, and the watch that brings it later says nothing new."""
    cache = with_tenants(Cache())
    cache.put(role(1))
    news = set[Key]()

    def pages() -> Iterator[tuple[int, list[Json]]]:
        yield 20, [role(12, uid="new", name="new")]
        raise OSError("the connection is gone")

    with pytest.raises(OSError, match="gone"):
        cache.resync("RamRole", pages(), news)
    assert news == {Key("RamRole", "apps", "new")}
    assert cache.get(KEY) is not None, "an incomplete list removes nothing"


def test_without_a_list_nothing_is_removed() -> None:
    cache = with_tenants(Cache())
    cache.put(role())
    assert resynced(cache, "RamRole", []) == set()
    assert cache.get(KEY) is not None


def attaching(cache: Cache, policy: str, account: str) -> list[Key]:
    """Roles of the account that name the policy, from the bodies alone."""
    found = []
    for key in cache.keys("RamRole"):
        spec = (cache.get(key) or {})["spec"]
        kinds = {item["type"] for item in spec["policies"] if item["name"].lower() == policy}
        if kinds & {"RamPolicy", "Custom"} and spec.get("accountRef", {}).get("name") == account:
            found.append(key)
    return sorted(found)


def brute_force(cache: Cache) -> tuple[dict[Key, list[Key]], dict[str, list[Key]]]:
    """Both indexes, from the bodies alone."""
    dependents: dict[Key, list[Key]] = {}
    users: dict[str, list[Key]] = {}
    for kind, row in KINDS.items():
        for key in cache.keys(kind):
            body = cache.get(key)
            assert body is not None
            assert key_of(body) == key
            for target in manifest.references(row, key.namespace, body["spec"]):
                dependents.setdefault(target, []).append(key)
            account = body["spec"].get("accountRef", {"name": "default"})["name"]
            users.setdefault(account, []).append(key)
    return dependents, users


names = st.sampled_from("abc")
specs = st.builds(
    lambda named, account: {
        "policies": [
            *({"type": kind, "name": name} for kind, name in named),
            {"type": "System", "name": "a"},
        ],
        **({"accountRef": {"name": account}} if account else {}),
    },
    st.lists(st.tuples(st.sampled_from(["RamPolicy", "Custom"]), names), max_size=3),
    st.sampled_from(["", "prod", "test"]),
)
objects = st.builds(
    lambda name, uid, version, spec: role(version, f"{name}{uid}", name=name, spec=spec),
    names,
    st.integers(1, 3),
    st.integers(1, 30),
    specs,
)
lists = st.lists(objects, max_size=3, unique_by=lambda body: str(body["metadata"]["name"]))
operations = st.one_of(
    st.tuples(st.just("put"), objects),
    st.tuples(st.just("remove"), objects),
    st.tuples(st.just("resync"), st.tuples(st.integers(1, 30), lists)),
)


@examples(200)
@given(history=st.lists(operations, max_size=25))
def test_the_indexes_agree_with_the_bodies_over_random_histories(history: list[Any]) -> None:
    cache = with_tenants(Cache())
    gone: set[str] = set()
    for operation, value in history:
        if operation == "put":
            before = cache.facts(key_of(value))
            seen = cache.put(value)[1]
            version, uid = int(value["metadata"]["resourceVersion"]), value["metadata"]["uid"]
            late = before is not None and before.version > version
            assert (seen is Seen.STALE) == (late or uid in gone)
            if seen is not Seen.STALE and before is not None and before.uid != uid:
                gone.add(before.uid)
        elif operation == "remove":
            cache.remove(key_of(value), value["metadata"]["uid"])
            gone.add(value["metadata"]["uid"])
        else:
            held = {key: cache.facts(key) for key in cache.keys("RamRole")}
            resynced(cache, "RamRole", [value])
            left = {facts.uid for key in cache.keys("RamRole") if (facts := cache.facts(key))}
            gone |= {facts.uid for facts in held.values() if facts} - left
        dependents, users = brute_force(cache)
        for name in "abc":
            target = Key("RamPolicy", "apps", name)
            assert cache.dependents(target) == sorted(dependents.get(target, []))
            for account in ("prod", "test"):
                assert cache.attaching(target, account, name.upper()) == attaching(
                    cache, name, account
                )
        for account in ("default", "prod", "test"):
            assert cache.users(account) == sorted(users.get(account, []))
        # No uid comes back once it was deleted or replaced.
        assert not gone & {f.uid for key in cache.keys("RamRole") if (f := cache.facts(key))}
