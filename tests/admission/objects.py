"""An object of one kind and all ways to write it, for cases that are data."""

from __future__ import annotations

import copy
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lab.connection import RequestFailed
from lab.world import DOCUMENT, GROUP, PLURALS, TRUST_FC, trust
from tests.admission.people import API, PEOPLE, Json, Person

D1: Final = "sha256:" + "1" * 64
D2: Final = "sha256:" + "2" * 64
PREFIX: Final = "ram.alibabacloud.com/"
NAMESPACE: Final = "default"
_READ: Final = {"type": "System", "name": "ReadOnlyAccess"}
_ALL: Final = {"type": "System", "name": "AdministratorAccess"}
_ANN: Final = {"type": "User", "name": "ann"}
_BOB: Final = {"type": "User", "name": "bob"}
_STAR: Final = {"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}

SPECS: Final[Mapping[str, Json]] = {
    "RamRole": {"trustPolicy": TRUST_FC},
    "RamUser": {"policies": [_READ]},
    "RamGroup": {"members": [_ANN]},
    "RamPolicy": {"document": DOCUMENT},
}
"""What each object begins with."""

CHANGES: Final[Mapping[str, Mapping[str, Json]]] = {
    "RamRole": {
        "dangerous": {"trustPolicy": trust(("RAM", "acs:ram::6666666666666666:root"))},
        "another": {"maxSessionDurationSeconds": 7200},
        "back": {"trustPolicy": TRUST_FC},
    },
    "RamUser": {
        "dangerous": {"policies": [_READ, _ALL]},
        "another": {"policies": [_READ, {"type": "System", "name": "AliyunOSSReadOnlyAccess"}]},
        "back": {"policies": [_READ]},
    },
    "RamGroup": {
        "dangerous": {"members": [_ANN, _BOB]},
        "another": {"policies": [_ALL]},
        "back": {"members": [_ANN]},
    },
    "RamPolicy": {
        "dangerous": {"document": {"Version": "1", "Statement": [_STAR]}},
        "another": {"description": "x"},
        "back": {"document": DOCUMENT},
    },
}
NOTES: Final = {
    "RamRole": "description",
    "RamUser": "comments",
    "RamGroup": "comments",
    "RamPolicy": "description",
}
IDLE_WORDS: Final[Mapping[str, Json]] = {
    "idle": {"driftInterval": "1h", "suspend": True},
    "suspended": {"suspend": True},
    "resumed": {"suspend": False},
    "unsuspended": {"suspend": None},
}
"""Changes that make nobody an author."""
STAMPS: Final[Mapping[str, str]] = {
    "authors": "changed-by",
    "approver": "approved-by",
    "rejecter": "rejected-by",
    "suspender": "suspended-by",
    "deleter": "delete-requested-by",
    "acknowledger": "acknowledged-by",
}
"""What a stamp names, and the annotation."""


SAID: Final = ("approve", "reject", "note", "delete-requested", "acknowledge-drift")


def resource(kind: str, namespace: str = NAMESPACE) -> str:
    """The path of a kind's list."""
    where = "" if kind == "RamAccount" else f"/namespaces/{namespace}"
    return f"{GROUP}{where}/{PLURALS[kind]}"


def manifest(
    kind: str, namespace: str, name: str, annotations: Mapping[str, str] | None = None
) -> Json:
    metadata: Json = {"name": name, "namespace": namespace}
    if annotations:
        metadata["annotations"] = {PREFIX + key: value for key, value in annotations.items()}
    spec = copy.deepcopy(dict(SPECS[kind]))
    return {"apiVersion": API, "kind": kind, "metadata": metadata, "spec": spec}


@dataclass
class Bench:
    """One object: `do` makes one step of a case, whose words are explained in cases.yaml."""

    people: Mapping[str, Person]
    kind: str
    name: str = field(default_factory=lambda: f"a{uuid.uuid4().hex[:10]}")
    made: list[str] = field(default_factory=list)

    @property
    def list_path(self) -> str:
        return resource(self.kind)

    @property
    def path(self) -> str:
        return f"{self.list_path}/{self.name}"

    def get(self) -> Json:
        return self.people["administrator"].send("GET", self.path)

    def do(self, step: Mapping[str, Any]) -> Json:
        """Raises RequestFailed when the API server refuses. Returns the object it answered with."""
        annotations = {
            PREFIX + key.replace("_", "-"): value
            for key, value in step.items()
            if key in (*SAID, *STAMPS.values())
        }
        spec: Json = {}
        for word in str(step.get("spec", "")).split():
            spec |= self._change(word)
        how = step.get("how", "patch")
        query = "?dryRun=All" if step.get("dry_run") else ""
        if how == "status":
            return self._write_status(query, step)
        return self._send(self.people[step["by"]], how, query, annotations, spec)

    def _change(self, word: str) -> Json:
        if word in IDLE_WORDS:
            return IDLE_WORDS[word]
        if word in ("noted", "unnoted"):
            return {NOTES[self.kind]: "x" if word == "noted" else None}
        return CHANGES[self.kind][word]

    def _send(self, person: Person, how: str, query: str, annotations: Json, spec: Json) -> Json:
        change = {"metadata": {"annotations": annotations}, "spec": spec}
        match how:
            case "patch":
                kind = "application/merge-patch+json"
                return person.send("PATCH", self.path + query, change, kind)
            case "put" | "put-bare":
                return person.send("PUT", self.path + query, self._whole(how, annotations, spec))
            case "create" | "generate-name":
                body = self._whole("new", annotations, spec)
                if how == "generate-name":
                    body["metadata"]["generateName"] = body["metadata"].pop("name") + "-"
                answer = person.send("POST", self.list_path + query, body)
                self.made.append(answer["metadata"]["name"])
                return answer
            case "server-side":
                body = self._whole("new", annotations, spec)
                query = (query + "&" if query else "?") + "fieldManager=tool&force=true"
                kind = "application/apply-patch+yaml"
                return person.send("PATCH", self.path + query, body, kind)
            case "delete":
                return person.send("DELETE", self.path + query)
        raise AssertionError(how)

    def _whole(self, how: str, annotations: Json, spec: Json) -> Json:
        """A manifest: of a new object, or the stored one with its annotations or without any."""
        if how == "new":
            body = manifest(self.kind, NAMESPACE, self.name)
            before: Json = {}
        else:
            body = self.get()
            before = body["metadata"].pop("annotations", {}) if how == "put" else {}
            body["metadata"].pop("annotations", None)
        merged = {k: v for k, v in {**before, **annotations}.items() if v is not None}
        if merged:
            body["metadata"]["annotations"] = merged
        body["spec"] |= copy.deepcopy(spec)
        return body

    def _write_status(self, query: str, step: Mapping[str, Any]) -> Json:
        """What the operator writes when everything was applied, or of a rejection."""
        status: Json = {"lastHandledRejection": step.get("handled")}
        if "rejections" in step:
            status["pending"] = {"digest": D2, "rejections": step["rejections"]}
        else:
            status |= settled(int(self.get()["metadata"]["generation"]))
        kind, body = "application/merge-patch+json", {"status": status}
        person = self.people["operator"]
        return person.send("PATCH", f"{self.path}/status{query}", body, kind)

    def write_status(self, **change: Any) -> None:
        """The operator's status of an object that was applied, with a change."""
        status = {**settled(int(self.get()["metadata"]["generation"])), **change}
        kind = "application/merge-patch+json"
        self.people["operator"].send("PATCH", f"{self.path}/status", {"status": status}, kind)

    def clear(self) -> None:
        for name in {self.name, *self.made}:
            try:
                self.people["administrator"].send("DELETE", f"{self.list_path}/{name}")
            except RequestFailed as failure:
                if failure.status != 404:
                    raise


def settled(generation: int) -> Json:
    conditions = [
        {
            "type": kind,
            "status": "True",
            "reason": "Synced",
            "message": "",
            "observedGeneration": generation,
            "lastTransitionTime": "2026-01-01T00:00:00Z",
        }
        for kind in ("Ready", "Synced")
    ]
    return {"observedGeneration": generation, "conditions": conditions}


def who(item: Mapping[str, Any], stamp: str) -> str | None:
    """Whom a stamp of one name names, by his name in the tables."""
    names = {role.user: name for name, role in PEOPLE.items()}
    found = (item["metadata"].get("annotations") or {}).get(PREFIX + STAMPS[stamp])
    return None if found is None else names.get(found, found)


def stamps(item: Mapping[str, Any]) -> tuple[list[str], str | None]:
    """Authors and approver of an object by their names in the tables."""
    names = {role.user: name for name, role in PEOPLE.items()}
    annotations = item["metadata"].get("annotations") or {}
    authors = annotations.get(PREFIX + "changed-by")
    approver = annotations.get(PREFIX + "approved-by")
    split = [] if authors is None else authors.split("\n")
    return [names.get(a, a) for a in split], None if approver is None else names.get(
        approver, approver
    )
