"""Applies what is shipped under deploy/kustomize/base and waits until it is served."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml

from lab import Cluster, ControlPlane, RequestFailed
from lab.waiting import until

DEPLOY: Final = Path(__file__).resolve().parents[1] / "deploy"
BASE: Final = DEPLOY / "kustomize" / "base"
NO_STAMPS: Final = DEPLOY / "admission" / "variants" / "no-stamps"
FROM_FILES: Final = DEPLOY / "admission" / "variants" / "files"


def install(cluster: Cluster, folder: Path = BASE) -> None:
    """CRDs, RBAC, admission; raises AssertionError when the kinds are not served after 30 s."""
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-k", str(folder))
    wait_served(cluster)


def overlay(folder: Path, *components: Path) -> Path:
    """Writes into the folder what a user writes who wants components; returns the folder."""
    place = folder.resolve()
    content = {
        "resources": [os.path.relpath(BASE, place)],
        "components": [os.path.relpath(component, place) for component in components],
    }
    (place / "kustomization.yaml").write_text(yaml.safe_dump(content))
    return place


@contextmanager
def installed_plane(directory: Path) -> Iterator[ControlPlane]:
    """A control plane with all of it, for the length of a block."""
    with ControlPlane.start(directory) as plane:
        install(plane)
        yield plane


@contextmanager
def put_back(cluster: Cluster, places: Iterable[str]) -> Iterator[None]:
    """What stands at these places in the API is there again after the block, as it was before,
    whatever the block does to it: far cheaper than to apply everything anew. The API server takes
    some moments to enforce a policy that is put back.
    """
    before = {place: cluster.request("GET", place) for place in places}
    try:
        yield
    finally:
        for place, body in before.items():
            with suppress(RequestFailed):
                cluster.request("DELETE", place)
            kept = ("name", "labels", "annotations")
            body.pop("status", None)
            body["metadata"] = {k: v for k, v in body["metadata"].items() if k in kept}
            cluster.request("POST", place.rpartition("/")[0], body)


def wait_served(cluster: Cluster) -> None:
    """The API server takes some moments to serve a new kind, and up to half a minute until its
    admission policies know the kind; till then it answers each write with 503.
    """
    cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=10m")
    for plural, body in _PROBES.items():
        until(partial(_known, cluster, plural, body), f"that {plural} can be written")


_API: Final = "ram.alibabacloud.com/v1alpha1"
# Valid as far as the policy that knows the kind last looks at it: none of them is stored.
_PROBES: Final[Mapping[str, dict[str, Any]]] = {
    "namespaces/default/ramroles": {"kind": "RamRole", "spec": {}},
    "namespaces/default/ramusers": {"kind": "RamUser", "spec": {}},
    "namespaces/default/ramgroups": {"kind": "RamGroup", "spec": {}},
    "namespaces/default/rampolicies": {"kind": "RamPolicy", "spec": {}},
    "ramaccounts": {"kind": "RamAccount", "spec": {"accountId": "9999999999999999"}},
    "ramrecords": {
        "kind": "RamRecord",
        "record": {
            "accountId": "9999999999999999",
            "kind": "RamRole",
            "name": "probe",
            "sequence": 1,
        },
    },
}


def _known(cluster: Cluster, plural: str, body: Mapping[str, Any]) -> bool:
    whole = {"apiVersion": _API, "metadata": {"name": "probe"}, **body}
    try:
        cluster.request("POST", f"/apis/{_API}/{plural}?dryRun=All", whole)
    except RequestFailed as refused:
        return refused.status not in (404, 429, 503)
    return True
