"""A cache that keeps what a test puts into it: its namespaces are tenants of its accounts."""

from __future__ import annotations

from typing import Any

from ram_operator.constants import API_VERSION
from ram_operator.kinds.table import ACCOUNT
from ram_operator.runtime.cache import Cache

NAMESPACES = ("apps", "team", "other")
ACCOUNTS = ("default", "prod", "test", "other")


def account(name: str, *namespaces: str, version: int = 1) -> dict[str, Any]:
    """A RamAccount with these tenants."""
    meta = {"name": name, "uid": f"account {name}", "resourceVersion": str(version)}
    tenants = [{"namespace": namespace} for namespace in namespaces]
    spec = {"accountId": "1", "tenants": tenants}
    return {"apiVersion": API_VERSION, "kind": ACCOUNT, "metadata": meta, "spec": spec}


def with_tenants(cache: Cache) -> Cache:
    """The same cache."""
    for name in ACCOUNTS:
        cache.put(account(name, *NAMESPACES))
    return cache
