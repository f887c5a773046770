"""The Secrets that access keys are kept in, as tests see them."""

from __future__ import annotations

import base64
from contextlib import suppress
from typing import Any, Final

from lab import RequestFailed
from lab.waiting import until
from lab.world import World

Json = dict[str, Any]
ID: Final = "ALIBABA_CLOUD_ACCESS_KEY_ID"
SECRET: Final = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"
ROLE: Final = "ram-operator-secrets"


def binding(namespace: str) -> list[str]:
    """What docs tell the owner of a namespace to type, after kubectl."""
    account = "--serviceaccount=ram-system:ram-operator"
    return ["create", "rolebinding", ROLE, "-n", namespace, f"--clusterrole={ROLE}", account]


def may_keep(world: World) -> None:
    where = ("-n", world.namespace)
    world.cluster.kubectl(*binding(world.namespace))

    def counts() -> bool:
        who = "--as=system:serviceaccount:ram-system:ram-operator"
        asked = world.cluster.kubectl(
            "auth", "can-i", "create", "secrets", *where, who, check=False
        )
        return asked.stdout.strip() == "yes"

    # The API server learns of a binding a moment later.
    until(counts, "that the binding counts")


def path(world: World, name: str = "") -> str:
    where = f"/api/v1/namespaces/{world.namespace}/secrets"
    return f"{where}/{name}" if name else where


def get(world: World, name: str) -> Json | None:
    try:
        return dict(world.cluster.request("GET", path(world, name)))
    except RequestFailed as error:
        if error.status == 404:
            return None
        raise


def held(world: World, name: str) -> tuple[str, str]:
    """Id and secret of the key in it."""
    data = (get(world, name) or {}).get("data") or {}
    found = [base64.b64decode(data.get(key, "")).decode() for key in (ID, SECRET)]
    return found[0], found[1]


def put(world: World, name: str, **values: str) -> Json:
    body: Json = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}
    return dict(world.cluster.request("POST", path(world), {**body, "stringData": values}))


def patch(world: World, name: str, body: Json) -> None:
    kind = "application/merge-patch+json"
    world.cluster.request("PATCH", path(world, name), body, content_type=kind)


def delete(world: World, name: str) -> None:
    world.cluster.request("DELETE", path(world, name))


def delete_if_there(world: World, name: str) -> None:
    """As the garbage collector does, which the control plane of the tests lacks."""
    with suppress(RequestFailed):
        delete(world, name)


def keys(world: World, user: str) -> dict[str, str]:
    """Id → Active or Inactive, of a user of the cloud."""
    found = world.cloud()["users"][user]["accessKeys"]
    return {key["id"]: key["status"] for key in found}
