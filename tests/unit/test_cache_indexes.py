"""The cache's reverse indexes: whom a name concerns, and that they hold nothing for ever."""

from __future__ import annotations

import json
from typing import Any

from ram_operator.kinds.table import RECORD
from ram_operator.model.objects import Key
from ram_operator.runtime.cache import Cache
from tests.unit.tenants import with_tenants
from tests.unit.test_cache import KEY, policies, role


def test_a_name_is_trusted_as_long_as_a_role_that_exists_trusts_it() -> None:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"RAM": ["acs:ram::1:user/Ann", "acs:ram::1:root"]},
    }
    text = json.dumps({"Version": "1", "Statement": [statement]})

    def record(version: int, **more: Any) -> dict[str, Any]:
        block = {"cloudId": "id", "baseline": {"trust": text}, **more}
        meta = {"name": "r", "uid": "u", "resourceVersion": str(version)}
        return {"kind": "RamRecord", "metadata": meta, "record": block}

    cache = with_tenants(Cache())
    key, _, _ = cache.put(record(1))
    assert cache.trusted("acs:ram::1:user/ANN", Key("RamRecord", "", "other"))
    assert not cache.trusted("acs:ram::1:user/ann", key), "its own trust is judged by itself"
    assert not cache.trusted("acs:ram::1:root", Key("RamRecord", "", "other"))
    cache.put(record(2, deletedAt="2026-01-01T00:00:00Z"))
    assert not cache.trusted("acs:ram::1:user/ann", Key("RamRecord", "", "other"))
    cache.put(record(3, baseline={"trust": "{"}))
    assert not cache.trusted("acs:ram::1:user/ann", Key("RamRecord", "", "other"))


def test_of_objects_that_are_gone_nothing_stays_in_any_index() -> None:
    cache, arn = with_tenants(Cache()), "acs:ram::1:user/ann"
    spec = {**policies("logs"), "accountRef": {"name": "prod"}}
    meta = {"name": "123.ramrole.web", "uid": "r", "resourceVersion": "1"}
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [arn]}}
    record = {
        "kind": "RamRole",
        "cloudId": "1",
        "owner": {"cluster": "blue", "namespace": "apps", "name": "web", "uid": "u1"},
        "pending": {"digest": "sha256:d"},
        "baseline": {"trust": json.dumps({"Version": "1", "Statement": [trust]})},
    }
    cache.put(role(spec=spec))
    key, _, _ = cache.put({"kind": RECORD, "metadata": meta, "record": record})
    assert cache.trusted(arn, KEY)
    assert cache.waiting(KEY)
    assert cache.dependents(Key("RamPolicy", "apps", "logs"))
    assert cache.users("prod")
    # What an object names no more goes as well, not only what is gone.
    cache.put(role(2, spec={**policies("other"), "accountRef": {"name": "test"}}))
    assert cache.remove(KEY, "u1")
    assert cache.remove(key, "r")
    for account in cache.keys("RamAccount"):
        assert cache.remove(account, "")
    kept = {name: held for name, held in vars(cache).items() if isinstance(held, dict) and held}
    assert kept == {}


def test_identities_that_exist_are_counted_by_account_and_by_whose_they_are() -> None:
    """Of the brake on deletions: an object without an identity must not raise what may go."""
    cache = with_tenants(Cache())

    def record(name: str, namespace: str, account: str = "1", **more: Any) -> dict[str, Any]:
        owner = {"cluster": "blue", "namespace": namespace, "name": name, "uid": "u"}
        block = {"accountId": account, "kind": "RamRole", "cloudId": "id", "owner": owner, **more}
        meta = {"name": f"{account}.{name}", "uid": name, "resourceVersion": "1"}
        return {"kind": RECORD, "metadata": meta, "record": block}

    for body in (
        record("web", "apps"),
        record("job", "apps"),
        record("other", "data"),
        record("elsewhere", "apps", "2"),
        record("never-made", "apps", cloudId=""),
        record("deleted", "apps", deletedAt="2026-01-01T00:00:00Z"),
        record("nobodys", "apps", owner=None),
    ):
        cache.put(body)
    cache.put(role(spec={"accountRef": {"name": "prod"}}))
    assert (cache.living("1", "apps"), cache.living("1")) == (2, 3)
    assert (cache.living("2", "apps"), cache.living("2"), cache.living("3")) == (1, 1, 0)
    cache.remove(Key(RECORD, "", "1.web"), "web")
    assert (cache.living("1", "apps"), cache.living("1")) == (1, 2)
