"""Records over real HTTP, against a stub of the API server: for tests of their reads and writes.

It does what matters: it stores, merges (RFC 7386) and refuses what was read before somebody else
wrote.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from ram_operator import documents
from ram_operator.cluster.api import ClusterApi
from ram_operator.cluster.record_writer import Claim, Records, Start
from ram_operator.kinds.record import Identity
from ram_operator.model.objects import Owner
from ram_operator.model.records import InFlight
from tests.unit.stub_server import Reply, Request, stub

Json = dict[str, Any]
ACCOUNT = "1234567890123456"
IDENTITY = Identity(ACCOUNT, "RamRole", "Web-Server")
OWNER = Owner("blue", "apps", "web")
NOW = "2026-01-01T00:00:00Z"


def trust(service: str) -> documents.Trust:
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": [service]},
    }
    return documents.parse_trust({"Version": "1", "Statement": [statement]})


FC, ECS = trust("fc.aliyuncs.com"), trust("ecs.aliyuncs.com")


def claim(baseline: documents.Trust | None = FC, operation: str = "Created") -> Claim:
    return Claim(OWNER, "uid-1", "cloud-1", baseline, operation)


def started(operation: str = "TrustChange", approval: str = "", **more: Any) -> Start:
    flight = InFlight(operation, "sha256:c" if approval else "", approval, "ann" * bool(approval))
    sides = {"digest": ECS.digest, "before": FC.to_json(), "after": ECS.to_json()}
    return Start(replace(flight, **sides, **more))


def merged(target: Any, patch: Any) -> Any:
    """RFC 7386, by its own pseudo code."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


class Server:
    """Objects by path, with versions."""

    def __init__(self) -> None:
        self.objects: dict[str, Json] = {}
        self.version = 100
        self.writes: list[Json] = []

    def answer(self, request: Request) -> Reply:
        where = request.path.partition("?")[0]
        body = json.loads(request.body) if request.body else {}
        if request.method == "POST":
            where = f"{where}/{body['metadata']['name']}"
            if where in self.objects:
                return self.refuse(409, "it exists")
            body["metadata"] |= {"uid": f"uid-of-record-{self.version}", "generation": 0}
            return self.store(where, body, body)
        if where not in self.objects:
            return self.refuse(404, "it does not exist")
        found = self.objects[where]
        if request.method == "GET":
            return Reply(200, json.dumps(found).encode())
        if request.method == "DELETE":
            meta, wanted = found["metadata"], body["preconditions"]
            if any(meta[name] != wanted[name] for name in ("uid", "resourceVersion")):
                return self.refuse(409, "it was changed")
            del self.objects[where]
            self.writes.append({"deleted": meta["name"]})
            return Reply(200, json.dumps({"kind": "Status"}).encode())
        assert request.headers["Content-Type"] == "application/merge-patch+json"
        wanted = body.get("metadata", {}).get("resourceVersion")
        if wanted not in (None, found["metadata"]["resourceVersion"]):
            return self.refuse(409, "it was changed")
        return self.store(where, merged(found, body), body)

    def store(self, where: str, body: Json, sent: Json) -> Reply:
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        if "record" in body:
            body["metadata"]["generation"] = body["metadata"].get("generation", 0) + 1
        self.objects[where] = body
        self.writes.append(sent)
        return Reply(200, json.dumps(body).encode())

    @staticmethod
    def refuse(status: int, message: str) -> Reply:
        return Reply(status, json.dumps({"kind": "Status", "message": message}).encode())


@contextmanager
def connected(server: Server) -> Iterator[ClusterApi]:
    """What talks to the server."""
    with stub(server.answer) as running:
        configuration = Configuration()
        configuration.host = f"http://{running.host}"
        client = ApiClient(configuration)
        yield ClusterApi(client, lambda what, kind: None)
        client.rest_client.pool_manager.clear()


@contextmanager
def served(server: Server) -> Iterator[Records]:
    """Records that talk to the server."""
    with connected(server) as api:
        yield Records(api, lambda: 0.0)
