"""Records that the API server lets nobody write for a while."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from lab import RequestFailed, waiting
from lab.operator_process import NAMESPACE, SERVICE_ACCOUNT
from lab.world import World
from ram_operator.kinds.record import Identity

ADMISSION: Final = "/apis/admissionregistration.k8s.io/v1"


@contextmanager
def record_refused(world: World, kind: str, name: str) -> Iterator[None]:
    """Nobody writes the record of that identity, the operator included."""
    record = Identity(world.account_id, kind, name).key.name
    policy = f"refuse-{world.account_id}"
    made: list[str] = []
    for plural, spec in (
        (
            "validatingadmissionpolicies",
            {
                "matchConstraints": {
                    "resourceRules": [
                        {
                            "apiGroups": ["ram.alibabacloud.com"],
                            "apiVersions": ["*"],
                            "operations": ["UPDATE"],
                            "resources": ["ramrecords"],
                            "resourceNames": [record],
                        }
                    ]
                },
                "validations": [{"expression": "false", "message": "not now"}],
            },
        ),
        (
            "validatingadmissionpolicybindings",
            {"policyName": policy, "validationActions": ["Deny"]},
        ),
    ):
        body = {"apiVersion": "admissionregistration.k8s.io/v1", "metadata": {"name": policy}}
        world.cluster.request("POST", f"{ADMISSION}/{plural}", {**body, "spec": spec})
        made.append(f"{ADMISSION}/{plural}/{policy}")
    try:
        waiting.until(lambda: "not now" in _refusal(world, record), "that the record is refused")
        yield
    finally:
        for path in reversed(made):
            world.cluster.request("DELETE", path)


def _refusal(world: World, record: str) -> str:
    """What the operator would hear if it wrote the record."""
    path = world.path("RamRecord", record) + "?dryRun=All"
    token = world.cluster.service_account_token(NAMESPACE, SERVICE_ACCOUNT)
    body = {"metadata": {"annotations": {"tried": f"{time.time()}"}}}
    kind = "application/merge-patch+json"
    try:
        world.cluster.request("PATCH", path, body, content_type=kind, token=token)
    except RequestFailed as error:
        return str(error)
    return ""
