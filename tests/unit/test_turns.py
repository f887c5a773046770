"""Whose turn a key waits for."""

from __future__ import annotations

from typing import Any

import pytest

from ram_operator.constants import ANNOTATION_REJECT, HANDLED_REJECTION
from ram_operator.handlers import lane_of
from ram_operator.model.objects import Key
from ram_operator.runtime.cache import Cache
from ram_operator.runtime.queue import Lane
from ram_operator.runtime.turns import NOBODYS, group_of

PROD = Key("RamAccount", "", "prod")


def body(key: Key, **spec: Any) -> dict[str, Any]:
    meta = {"name": key.name, "namespace": key.namespace, "uid": str(key), "generation": 1}
    return {"kind": key.kind, "metadata": meta, "spec": spec}


def role(cache: Cache, account: str) -> Key:
    key = Key("RamRole", "apps", f"in-{account}")
    cache.put(body(key, accountRef={"name": account}))
    return key


def test_objects_wait_for_the_turn_of_their_account_and_accounts_for_nobodys() -> None:
    cache = Cache()
    cache.put(body(PROD, accountId="1"))
    assert group_of(cache)(role(cache, "prod")) == "prod"
    assert group_of(cache)(PROD) == ""
    assert group_of(cache)(Key("RamRole", "apps", "gone")) == ""


def test_objects_without_an_account_share_one() -> None:
    cache = Cache()
    cache.put(body(PROD, accountId="1"))
    groups = {group_of(cache)(role(cache, f"thought-of-{number}")) for number in range(5)}
    assert groups == {NOBODYS}


@pytest.mark.parametrize(
    ("annotations", "status", "lane"),
    [
        ({}, {}, Lane.URGENT),
        ({ANNOTATION_REJECT: "sha256:1 it is too much"}, {}, Lane.NARROWING),
        ({ANNOTATION_REJECT: "sha256:1"}, {HANDLED_REJECTION: "sha256:0"}, Lane.NARROWING),
        ({ANNOTATION_REJECT: "sha256:1 so"}, {HANDLED_REJECTION: "sha256:1"}, Lane.URGENT),
    ],
    ids=["an edit", "a rejection", "another rejection", "an edit after a rejection"],
)
def test_a_rejection_goes_before_edits(annotations: Any, status: Any, lane: Lane) -> None:
    found = body(Key("RamRole", "apps", "web"))
    found = {**found, "metadata": {**found["metadata"], "annotations": annotations}}
    assert lane_of({**found, "status": status}) is lane
