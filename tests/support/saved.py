"""What an earlier version of the operator left behind, put into a fresh cluster and cloud.

Objects and records go into etcd as they were, with their uids, generations and statuses, as after
an upgrade or a restore of etcd: the API server would give them other ones. See tests/fixtures.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from lab import Cluster
from lab.emulator_process import EmulatorProcess
from lab.waiting import until
from lab.world import World, client, put_secret
from ram_emulator.admin import AccountKeys, UserKeys
from tests.support import etcd

Json = dict[str, Any]
FIXTURES: Final = Path(__file__).resolve().parents[1] / "fixtures"
ENDPOINT: Final = "emulator.example"
"""Stands in the files for the address of the emulator."""


@dataclass(frozen=True)
class Saved:
    """The files of one version."""

    objects: list[Json]
    records: list[Json]
    cloud: Json

    @classmethod
    def read(cls, version: str) -> Saved:
        found = FIXTURES / f"v{version}"
        objects, records = (
            list(yaml.safe_load_all((found / name).read_text()))
            for name in ("objects.yaml", "records.yaml")
        )
        return cls(objects, records, json.loads((found / "cloud.json").read_text()))

    def shift(self, days: float = 0.0) -> float:
        """Seconds from now to so many days after it was saved, for the clocks of both sides."""
        return float(self.cloud["savedAt"]) + days * 86_400.0 - time.time()

    def object(self, kind: str, name: str) -> Json:
        return next(
            item
            for item in self.objects
            if (item["kind"], item["metadata"]["name"]) == (kind, name)
        )

    def record(self, kind: str, name: str) -> Json:
        """The record of an identity, by the name of its owner or its own."""
        return next(
            item["record"]
            for item in self.records
            if item["record"]["kind"] == kind
            and name in (item["record"]["name"], item["record"].get("owner", {}).get("name"))
        )

    def load(
        self, plane: Cluster, emulator: EmulatorProcess, days: float = 0.0
    ) -> dict[str, World]:
        """Both sides as they were, so many days later. Returns the worlds by their namespace.

        The control plane has the kinds, and no operator runs on it.
        """
        state = {name: value for name, value in self.cloud.items() if name != "savedAt"}
        emulator.admin.load({**state, "clockOffset": self.shift(days)})
        accounts = [item for item in self.objects if item["kind"] == "RamAccount"]
        worlds = {world.namespace: world for world in self._worlds(plane, emulator, accounts)}
        for item in (*self.records, *self.objects):
            text = json.dumps(item).replace(ENDPOINT, emulator.endpoint)
            etcd.put(plane, json.loads(text))
        last = self.objects[-1]
        world = worlds[accounts[-1]["metadata"]["name"]]
        kind, name = last["kind"], last["metadata"]["name"]
        until(lambda: world.get(kind, name) is not None, "that what is in etcd is served")
        return worlds

    def _worlds(
        self, plane: Cluster, emulator: EmulatorProcess, accounts: list[Json]
    ) -> Iterator[World]:
        for item in accounts:
            name, account = item["metadata"]["name"], item["spec"]["accountId"]
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            plane.request("POST", "/api/v1/namespaces", body)
            keys, hand = (self._key(account, user) for user in ("operator", "by-hand"))
            put_secret(plane, name, {"accessKeyId": keys[0], "accessKeySecret": keys[1]})
            arn = f"acs:ram::{account}:user/operator"
            operator = AccountKeys(account, "", arn, *keys, "", "")
            by_hand = UserKeys("", f"acs:ram::{account}:user/by-hand", *hand)
            yield World(plane, emulator, operator, name, client(emulator, *hand), by_hand)

    def _key(self, account: str, user: str) -> tuple[str, str]:
        found = next(a for a in self.cloud["accounts"] if a["accountId"] == account)
        (key,) = found["keys"][user]
        return key["key_id"], key["secret"]
