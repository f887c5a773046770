"""Objects as etcd holds them: what the API server never does, or never tells anybody of."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Mapping
from typing import Any, Final

from lab import Cluster
from lab.world import CLUSTER_SCOPED, PLURALS

_OPENER: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def put(plane: Cluster, item: Mapping[str, Any]) -> None:
    """One of our objects, uid, generation and status as they are."""
    meta = {name: value for name, value in item["metadata"].items() if name != "resourceVersion"}
    text = json.dumps({**item, "metadata": meta}, separators=(",", ":"))
    _ask(plane, "put", key=_key(item["kind"], meta.get("namespace", ""), meta["name"]), value=text)


def delete(plane: Cluster, kind: str, namespace: str, name: str) -> None:
    _ask(plane, "deleterange", key=_key(kind, namespace, name))


def _key(kind: str, namespace: str, name: str) -> str:
    where = [] if kind in CLUSTER_SCOPED else [namespace]
    return "/".join(["/registry", "ram.alibabacloud.com", PLURALS[kind], *where, name])


def _ask(plane: Cluster, verb: str, **texts: str) -> None:
    body = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    url = (plane.directory / "etcd.url").read_text() + f"/v3/kv/{verb}"
    request = urllib.request.Request(url, json.dumps(body).encode())  # noqa: S310 - on loopback
    with _OPENER.open(request, timeout=10) as reply:
        assert reply.status == 200
