"""What is kept of objects: of those in no tenant's namespace and of very large ones little."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from ram_operator import constants
from ram_operator.errors import InvalidSpec
from ram_operator.handlers import Intake
from ram_operator.kinds.table import ACCOUNT, RECORD
from ram_operator.model.objects import Key
from ram_operator.runtime import bodies, crowds
from ram_operator.runtime.cache import Cache, Seen, key_of
from ram_operator.runtime.queue import WorkQueue
from tests.unit.tenants import ACCOUNTS, account, with_tenants
from tests.unit.test_cache import KEY, policies, role

Json = dict[str, Any]
HUGE = {"trustPolicy": {"Statement": ["x" * 1_000] * 1_000}}
STRANGER = Key("RamRole", "strangers", "web")


def weight(cache: Cache) -> int:
    return sum(map(sys.getsizeof, cache._bodies.values()))


def known(cache: Cache, key: Key) -> Any:
    facts = cache.facts(key)
    assert facts is not None
    return facts


def test_of_an_object_in_no_tenants_namespace_nothing_but_facts_is_kept() -> None:
    cache = with_tenants(Cache())
    before = weight(cache)
    spec = {**policies("logs"), **HUGE}
    body = role(3, spec=spec, namespace="strangers", annotations={"x": "y" * 100_000})
    assert cache.put(body) == (STRANGER, Seen.NEWS, True)
    assert weight(cache) == before
    assert cache.outside(STRANGER)
    meta = {"name": "web", "namespace": "strangers", "uid": "u1", "resourceVersion": "3"}
    outline = cache.get(STRANGER)
    assert outline is not None
    assert outline["metadata"] == meta
    assert "spec" not in outline
    assert cache.dependents(Key("RamPolicy", "strangers", "logs")) == []
    # It is known where it lives, and each edit is news.
    assert cache.users("default") == [STRANGER]
    assert cache.put(role(4, namespace="strangers", generation=2))[1] is Seen.NEWS
    assert cache.remove(STRANGER, "u1")
    assert cache.get(STRANGER) is None


def test_an_object_of_an_account_that_is_not_there_is_not_kept() -> None:
    cache = with_tenants(Cache())
    cache.put(role(spec={"accountRef": {"name": "thought-of"}}))
    assert cache.outside(KEY)


def test_who_becomes_a_tenant_is_kept_when_read_again_and_who_was_one_is_not() -> None:
    cache = Cache()
    cache.put(account("default"))
    body = role(spec=policies("logs"))
    cache.put(body)
    assert cache.outside(KEY)
    cache.put(account("default", "apps", version=2))
    assert cache.outside(KEY), "nobody has read it yet"
    assert cache.put(body)[1] is Seen.ECHO, "the same version, and still"
    assert (cache.get(KEY) or {})["spec"] == policies("logs")
    assert cache.dependents(Key("RamPolicy", "apps", "logs")) == [KEY]
    cache.put(account("default", "others", version=3))
    assert cache.outside(KEY)
    assert cache.dependents(Key("RamPolicy", "apps", "logs")) == []
    cache.put(account("default", "apps", version=4))
    cache.put(body)
    assert cache.remove(Key(ACCOUNT, "", "default"), "account default")
    assert cache.outside(KEY)


def test_what_has_an_identity_is_kept_whoever_is_a_tenant() -> None:
    cache = Cache()
    owner = {"cluster": "blue", "namespace": "apps", "name": "web", "uid": "u1"}
    meta = {"name": "1.ramrole.web", "uid": "r", "resourceVersion": "1"}
    cache.put({"kind": RECORD, "metadata": meta, "record": {"kind": "RamRole", "owner": owner}})
    cache.put(role(spec=policies("logs")))
    assert not cache.outside(KEY)
    assert cache.dependents(Key("RamPolicy", "apps", "logs")) == [KEY]


def test_of_a_very_large_object_the_small_fields_are_kept_and_why_it_is_not_managed() -> None:
    cache = with_tenants(Cache())
    small = {**policies("logs"), "deletionPolicy": "Delete", "roleName": "Web"}
    status = {"conditions": [], "cloudId": "1"}
    cache.put(role(spec={**HUGE, **small}, status=status))
    kept = cache.get(KEY)
    assert kept is not None
    assert (kept["spec"], kept["status"]) == (small, status)
    assert weight(cache) < 3 * bodies.SMALL
    with pytest.raises(InvalidSpec, match=r"has 97\d kB.* at most 80 are read.* trusts of 2,048"):
        bodies.check(kept)
    assert cache.dependents(Key("RamPolicy", "apps", "logs")) == [KEY]


def test_nothing_beside_the_manifest_keeps_an_object_from_being_looked_at() -> None:
    """Neither has an author: whoever may write it would keep strangers in."""
    padding = {"ram.alibabacloud.com/padding": "x" * 200_000, "others": "x"}
    said = {"ram.alibabacloud.com/reject": "sha256:1 " + "x" * 200_000}
    stamps = {"ram.alibabacloud.com/changed-by": "ann," * 2_000}
    body = role(annotations={**padding, **said, **stamps})
    body["metadata"]["finalizers"] = ["ram.alibabacloud.com/cleanup", *["x" * 60] * 10_000]
    kept, data = bodies.kept(body)
    bodies.check(kept)
    assert len(data) < 3 * bodies.SMALL
    assert kept["metadata"]["finalizers"] == [*["x" * 60] * 16, "ram.alibabacloud.com/cleanup"]
    assert kept["metadata"]["annotations"] == {
        "ram.alibabacloud.com/reject": said["ram.alibabacloud.com/reject"][: bodies.SAID],
        **stamps,
    }


def test_every_annotation_that_is_read_is_kept() -> None:
    names = {text for name, text in vars(constants).items() if name.startswith("ANNOTATION_")}
    assert names == bodies.READ


@pytest.mark.parametrize(
    "body",
    [
        role(spec={"description": "x" * 80_000}),
        role(spec={"description": "x"}, status={"drift": ["x" * 100_000]}),
        role(annotations={"others": "x" * 200_000}),
        {**role(spec={"tenants": ["x" * 100_000]}), "kind": ACCOUNT},
    ],
    ids=["nearly", "its status", "annotations of others", "a RamAccount"],
)
def test_what_is_large_for_another_reason_is_kept(body: Json) -> None:
    kept, _ = bodies.kept(body)
    assert kept["spec"] == body["spec"]
    bodies.check(kept)


def test_any_text_can_be_kept() -> None:
    assert bodies.encoded({"a": "ü\ud800"}) == b'{"a":"\xc3\xbc\xed\xa0\x80"}'


def groups(count: int, *, names: int = 500, namespace: str = "apps") -> list[Json]:
    """Each with members of its own."""
    found = []
    for number in range(count):
        members = [{"type": "RamUser", "name": f"{number}-{n}-{'x' * 50}"} for n in range(names)]
        found.append({**role(spec={"members": members}, namespace=namespace), "kind": "RamGroup"})
        found[-1]["metadata"] |= {"name": f"g{number}", "uid": f"g{number}"}
    return found


def test_what_is_kept_of_one_namespace_is_bounded_and_of_others_no_less_is() -> None:
    cache = with_tenants(Cache())
    bodies_of = groups(200)
    for body in bodies_of:
        cache.put(body)
    crowded = [key for key in cache.keys("RamGroup") if cache.crowded(key)]
    assert 20 < len(crowded) < 150
    assert weight(cache) < crowds.OF_A_NAMESPACE
    first = Key("RamGroup", "apps", "g1")
    assert cache.dependents(Key("RamUser", "apps", f"1-1-{'x' * 50}")) == [first]
    last = crowded[-1]
    assert cache.dependents(Key("RamUser", "apps", f"{last.name[1:]}-1-{'x' * 50}")) == []
    # What is not kept is read for each look, and another namespace has its own room.
    other = role(spec=policies("logs"), namespace="team")
    cache.put(other)
    assert not cache.outside(Key("RamRole", "team", "web"))
    # Where others go there is room again.
    for body in bodies_of[:60]:
        assert cache.remove(key_of(body), body["metadata"]["uid"])
    body = next(each for each in bodies_of if key_of(each) == last)
    assert cache.put(body)[1] is Seen.ECHO
    assert not cache.outside(last)


def test_of_what_has_an_identity_all_is_kept_however_much_there_is() -> None:
    cache = with_tenants(Cache())
    for body in groups(200):
        cache.put(body)
    last = next(key for key in cache.keys("RamGroup") if cache.crowded(key))
    owner = {"cluster": "blue", "namespace": "apps", "name": last.name, "uid": last.name}
    meta = {"name": "1.ramgroup.g", "uid": "r", "resourceVersion": "1"}
    record = {"kind": "RamGroup", "owner": owner}
    cache.put({"kind": RECORD, "metadata": meta, "record": record})
    (body,) = (each for each in groups(200) if key_of(each) == last)
    cache.put(body)
    assert not cache.outside(last)


def test_all_namespaces_together_have_room_for_few_that_are_full() -> None:
    room = crowds.Crowds()
    each, keys = 2**20, [Key("RamRole", f"n{n % 10}", f"r{n}") for n in range(400)]
    taken = [key for key in keys if room.put(key, each)]
    assert len(taken) * each == crowds.OF_ALL
    assert room.put(keys[-1], each, always=True)
    for key in keys:
        assert room.put(key, 0)
    assert [key for key in keys if room.put(key, each)] == taken


def test_who_has_an_identity_now_is_read_at_once() -> None:
    cache, queue = with_tenants(Cache()), WorkQueue(lambda key: key.namespace)
    intake = Intake(cache, queue)
    intake.start()
    for body in groups(200):
        cache.put(body)
    crowded, kept = (
        next(key for key in cache.keys("RamGroup") if cache.crowded(key) is there)
        for there in (True, False)
    )
    queued = []
    for key in (kept, crowded):
        owner = {"cluster": "blue", "namespace": "apps", "name": key.name, "uid": key.name}
        meta = {"name": f"1.ramgroup.{key.name}", "uid": key.name, "resourceVersion": "1"}
        record = {"kind": "RamGroup", "owner": owner}
        intake.saw(RECORD, {"type": "ADDED", "object": {"metadata": meta, "record": record}})
        queued.append(queue.depth())
    assert queued == [len(ACCOUNTS), len(ACCOUNTS) + 1]
