"""The store's reverse indexes: whom a name concerns, and that they hold nothing for ever."""

from __future__ import annotations

import json
from typing import Any

from ram_operator.kinds.table import RECORD
from ram_operator.model.objects import Key
from ram_operator.runtime.cache import Store
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

    store = Store()
    key, _, _ = store.put(record(1))
    assert store.trusted("acs:ram::1:user/ANN", Key("RamRecord", "", "other"))
    assert not store.trusted("acs:ram::1:user/ann", key), "its own trust is judged by itself"
    assert not store.trusted("acs:ram::1:root", Key("RamRecord", "", "other"))
    store.put(record(2, deletedAt="2026-01-01T00:00:00Z"))
    assert not store.trusted("acs:ram::1:user/ann", Key("RamRecord", "", "other"))
    store.put(record(3, baseline={"trust": "{"}))
    assert not store.trusted("acs:ram::1:user/ann", Key("RamRecord", "", "other"))


def test_of_objects_that_are_gone_nothing_stays_in_any_index() -> None:
    store, arn = Store(), "acs:ram::1:user/ann"
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
    store.put(role(spec=spec))
    key, _, _ = store.put({"kind": RECORD, "metadata": meta, "record": record})
    assert store.trusted(arn, KEY)
    assert store.waiting(KEY)
    assert store.dependents(Key("RamPolicy", "apps", "logs"))
    assert store.users("prod")
    # What an object names no more goes as well, not only what is gone.
    store.put(role(2, spec={**policies("other"), "accountRef": {"name": "test"}}))
    assert store.remove(KEY, "u1")
    assert store.remove(key, "r")
    kept = {name: held for name, held in vars(store).items() if isinstance(held, dict) and held}
    assert kept == {}
