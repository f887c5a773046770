"""A world for one scenario: a namespace, an emulated cloud account and a RamAccount between them.

Manifests go in through the real API server, and what is asserted on is what the emulated cloud saw.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import alibabacloud_ram20150501.client as ram_client
from alibabacloud_tea_openapi.models import Config

from lab import Cluster, RequestFailed, waiting
from lab.emulator_process import EmulatorProcess
from lab.kstatus import assert_kstatus_legal
from lab.operator_process import NAMESPACE, SERVICE_ACCOUNT
from lab.waiting import PATIENCE, Deadline, Pauses
from ram_emulator.admin import AccountKeys, Admin, UserKeys
from ram_operator.kinds.record import Identity

Json = dict[str, Any]
API: Final = "ram.alibabacloud.com/v1alpha1"
GROUP: Final = f"/apis/{API}"
PLURALS: Final = {
    "RamRole": "ramroles",
    "RamPolicy": "rampolicies",
    "RamUser": "ramusers",
    "RamGroup": "ramgroups",
    "RamAccount": "ramaccounts",
    "RamRecord": "ramrecords",
}
CLUSTER_SCOPED: Final = ("RamAccount", "RamRecord")
STALE: Final = 0.5
TRUST_FC: Final[Json] = {
    "Version": "1",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": ["fc.aliyuncs.com"]},
        }
    ],
}
DOCUMENT: Final[Json] = {
    "Version": "1",
    "Statement": [
        {"Effect": "Allow", "Action": ["oss:GetObject"], "Resource": ["acs:oss:*:*:a/*"]}
    ],
}
HOSTILE: Final = {"stale_read_seconds": STALE, "detach_visible_after_seconds": 0.3}


def trust(*principals: tuple[str, str], condition: Json | None = None) -> Json:
    """A trust document with one statement per (kind, principal)."""
    statements = []
    for kind, name in principals:
        statement: Json = {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {kind: [name]},
        }
        if condition is not None:
            statement["Condition"] = condition
        statements.append(statement)
    return {"Version": "1", "Statement": statements}


@dataclass
class World:
    """See the module. `hand` is the SDK under another key: what somebody does by hand."""

    cluster: Cluster
    emulator: EmulatorProcess
    keys: AccountKeys
    namespace: str
    hand: ram_client.Client = field(repr=False)
    by_hand: UserKeys = field(repr=False)

    @property
    def admin(self) -> Admin:
        return self.emulator.admin

    @property
    def account_id(self) -> str:
        return self.keys.account_id

    def path(self, kind: str, name: str = "", subresource: str = "") -> str:
        where = "" if kind in CLUSTER_SCOPED else f"/namespaces/{self.namespace}"
        tail = f"/{name}" if name else ""
        return f"{GROUP}{where}/{PLURALS[kind]}{tail}" + (f"/{subresource}" if subresource else "")

    def manifest(self, kind: str, name: str, spec: Json, **metadata: Any) -> Json:
        meta: Json = {"name": name, **metadata}
        if kind not in CLUSTER_SCOPED:
            meta["namespace"] = self.namespace
            spec = {"accountRef": {"name": self.namespace}, **spec}
        return {"apiVersion": API, "kind": kind, "metadata": meta, "spec": spec}

    def create(self, kind: str, name: str, spec: Json, **metadata: Any) -> Json:
        body = self.manifest(kind, name, spec, **metadata)
        return dict(self.cluster.request("POST", self.path(kind), body))

    def role(self, name: str, **spec: Any) -> Json:
        return self.create("RamRole", name, {"trustPolicy": TRUST_FC, **spec})

    def policy(self, name: str, **spec: Any) -> Json:
        return self.create("RamPolicy", name, {"document": DOCUMENT, **spec})

    def get(self, kind: str, name: str) -> Json | None:
        try:
            return dict(self.cluster.request("GET", self.path(kind, name)))
        except RequestFailed as error:
            if error.status == 404:
                return None
            raise

    def patch(self, kind: str, name: str, body: Json) -> Json:
        return dict(
            self.cluster.request(
                "PATCH", self.path(kind, name), body, content_type="application/merge-patch+json"
            )
        )

    def edit(self, kind: str, name: str, **spec: Any) -> Json:
        return self.patch(kind, name, {"spec": spec})

    def annotate(self, kind: str, name: str, **annotations: str | None) -> Json:
        named = {f"ram.alibabacloud.com/{k.replace('_', '-')}": v for k, v in annotations.items()}
        return self.patch(kind, name, {"metadata": {"annotations": named}})

    def write_status(self, kind: str, name: str, status: Json | None) -> None:
        """A merge patch of the status by the operator's account, which alone may write one: as if
        the operator were confused, or the status lost. None takes all of it away.
        """
        token = self.cluster.service_account_token(NAMESPACE, SERVICE_ACCOUNT)
        self.cluster.request(
            "PATCH",
            self.path(kind, name, "status"),
            {"status": status},
            content_type="application/merge-patch+json",
            token=token,
        )

    def delete(self, kind: str, name: str) -> None:
        self.cluster.request("DELETE", self.path(kind, name))

    def look(self, kind: str, name: str) -> Json:
        """Ask for a look now and wait until it was made."""
        stamp = f"{time.time():.6f}"
        self.annotate(kind, name, reconcile_requested_at=stamp)
        return self.wait(kind, name, _looked(stamp), f"look {stamp}")

    def look_all(self, objects: Iterable[tuple[str, str]]) -> dict[str, Json]:
        """A look at each of them, asked for at once; the objects by name."""
        asked = list(objects)
        stamp = f"{time.time():.6f}"
        for kind, name in asked:
            self.annotate(kind, name, reconcile_requested_at=stamp)
        return {
            name: self.wait(kind, name, _looked(stamp), f"look {stamp}") for kind, name in asked
        }

    def wait(
        self,
        kind: str,
        name: str,
        until: Callable[[Json], bool],
        what: str,
        seconds: float = PATIENCE,
    ) -> Json:
        """The object once `until` holds; every status seen on the way must be kstatus-legal.

        seconds: of `waiting.seconds`, as wherever something is waited for here.
        """
        deadline, pauses = Deadline(seconds), Pauses()
        last: Json | None = None
        while not deadline.over:
            last = self.get(kind, name)
            if last is not None:
                assert_kstatus_legal(last)
                if last.get("status", {}).get("conditions") and until(last):
                    return last
            pauses.rest()
        shown = {key: (last or {}).get(key) for key in ("spec", "status")}
        raise AssertionError(f"{kind} {name}: {what} did not come in {seconds} s; last: {shown}")

    def ready(self, kind: str, name: str) -> Json:
        """Wait until Ready is True for the current generation."""
        return self.wait(kind, name, is_ready, "Ready")

    def reason(self, kind: str, name: str, reason: str) -> Json:
        """Wait until Ready is not True for this reason, for the current generation."""
        return self.wait(
            kind,
            name,
            lambda o: (
                condition(o, "Ready").get("reason") == reason
                and condition(o, "Ready").get("observedGeneration") == o["metadata"]["generation"]
            ),
            f"reason {reason}",
        )

    def gone(self, kind: str, name: str, seconds: float = PATIENCE) -> None:
        deadline, pauses = Deadline(seconds), Pauses()
        while (last := self.get(kind, name)) is not None:
            assert not deadline.over, f"{kind} {name} is still there: {last}"
            pauses.rest()

    def cloud(self) -> Json:
        """The true state of the account: roles and policies by name."""
        return self.admin.state(self.account_id)

    def writes(self, since: int = 0) -> list[Json]:
        """The journal's calls of the operator that had an effect."""
        return [
            entry
            for entry in self.admin.journal(self.account_id, since=since, writes=True)
            if entry["effect"] == "write" and entry["caller"] == self.keys.admin_arn
        ]

    def journal_end(self) -> int:
        entries = self.admin.journal(self.account_id)
        return int(entries[-1]["n"]) if entries else 0

    def records(self) -> list[Json]:
        listed = self.cluster.request("GET", self.path("RamRecord"))["items"]
        return [item["record"] for item in listed if item["record"]["accountId"] == self.account_id]

    def record(self, kind: str, cloud_name: str) -> Json | None:
        """That of one identity: where many worlds share a cluster, a list of all is long."""
        found = self.get("RamRecord", Identity(self.account_id, kind, cloud_name).key.name)
        return found["record"] if found is not None else None

    def recorded(self, kind: str) -> list[Json]:
        """The records of a kind, which follow the status."""
        return waiting.found(
            lambda: [record for record in self.records() if record["kind"] == kind] or None,
            f"a record of a {kind}",
        )

    def events(self) -> list[Json]:
        path = f"/api/v1/namespaces/{self.namespace}/events"
        return list(self.cluster.request("GET", path)["items"])

    def told(self, reason: str, name: str | None = None, least: int = 1) -> list[str]:
        """The messages of the events of a reason, once there are so many: they follow the status.

        name: of one object; without it those of all in the namespace count.
        """
        deadline, pauses = Deadline(PATIENCE), Pauses()
        while True:
            found = [
                str(event["message"])
                for event in self.events()
                if event["reason"] == reason and name in (None, event["involvedObject"]["name"])
            ]
            if len(found) >= least or deadline.over:
                assert len(found) >= least, f"{reason} of {name}: {len(found)} times: {found}"
                return found
            pauses.rest()

    def settle(self) -> None:
        """Let a write made by hand become visible."""
        time.sleep(STALE + 0.2)

    def close(self) -> None:
        """Leave nothing behind that another operator process would work on.

        What the operator lets go of meanwhile is gone all the same.
        """
        for kind in ("RamRole", "RamPolicy", "RamGroup", "RamUser"):
            for item in self.cluster.request("GET", self.path(kind))["items"]:
                with _gone_is_fine():
                    self._remove(kind, item)
        with _gone_is_fine():
            self.delete("RamAccount", self.namespace)

    def _remove(self, kind: str, item: Json) -> None:
        name = item["metadata"]["name"]
        if item["metadata"].get("finalizers"):
            asked = {"ram.alibabacloud.com/delete-requested": "the world ends"}
            self.patch(kind, name, {"metadata": {"finalizers": None, "annotations": asked}})
        if not item["metadata"].get("deletionTimestamp"):
            self.delete(kind, name)


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    try:
        yield
    except RequestFailed as error:
        if error.status != 404:
            raise


def condition(item: Mapping[str, Any], kind: str) -> Json:
    """The condition of that type, or {}."""
    found = (item.get("status") or {}).get("conditions") or []
    return next((dict(c) for c in found if c["type"] == kind), {})


def _looked(stamp: str) -> Callable[[Json], bool]:
    return lambda item: bool(item["status"].get("lastHandledReconcileAt") == stamp)


def is_ready(item: Json) -> bool:
    ready = condition(item, "Ready")
    generation = item["metadata"]["generation"]
    return ready.get("status") == "True" and ready.get("observedGeneration") == generation


def open_world(
    cluster: Cluster,
    emulator: EmulatorProcess,
    namespace: str,
    behaviours: Any,
    *,
    quotas: Mapping[str, int] | None = None,
    **account: Any,
) -> World:
    """Make the account on both sides. `account` overrides fields of the RamAccount's spec."""
    keys = emulator.admin.create_account(behaviours=behaviours, quotas=quotas)
    secret = {
        "accessKeyId": keys.admin_access_key_id,
        "accessKeySecret": keys.admin_access_key_secret,
    }
    put_secret(cluster, namespace, secret)
    by_hand = emulator.admin.create_user(
        keys.account_id, "by-hand", policies=[("System", "AdministratorAccess")]
    )
    hand = client(emulator, by_hand.access_key_id, by_hand.access_key_secret)
    world = World(cluster, emulator, keys, namespace, hand, by_hand)
    world.create("RamAccount", namespace, {**account_spec(world), **account})
    return world


def account_spec(world: World) -> Json:
    endpoint = f"http://{world.emulator.endpoint}"
    return {
        "accountId": world.account_id,
        "mode": "Manage",
        "credentials": {"type": "Secret", "secretName": world.namespace},
        "endpoints": {"ram": endpoint, "sts": endpoint},
        "rateLimit": {"readsPerSecond": 100, "writesPerSecond": 100, "attachmentsPerSecond": 100},
        "driftInterval": "1h",
        "minimumDriftInterval": "10s",
        "tenants": [
            {
                "namespace": world.namespace,
                "kinds": ["RamRole", "RamPolicy", "RamUser", "RamGroup"],
                "namePrefixes": ["*"],
                "policies": [{"type": "System", "name": "*"}, {"type": "Custom", "name": "*"}],
                "adoption": True,
            }
        ],
    }


def put_secret(cluster: Cluster, name: str, values: Mapping[str, str]) -> None:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": data}
    where = "/api/v1/namespaces/ram-system/secrets"
    try:
        cluster.request("POST", where, body)
    except RequestFailed as error:
        if error.status != 409:
            raise
        cluster.request("PUT", f"{where}/{name}", body)


def client(emulator: EmulatorProcess, key_id: str, secret: str) -> ram_client.Client:
    """The real SDK against the emulator."""
    config = Config(
        access_key_id=key_id,
        access_key_secret=secret,
        endpoint=emulator.endpoint,
        protocol="http",
    )
    return ram_client.Client(config)
