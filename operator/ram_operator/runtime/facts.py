"""What is known of an object without decoding it: what waking and finding need. Pure.

Called for whatever the cache is told. Ten thousand objects have one each, so they are small.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..constants import API_VERSION, WATCHED_ANNOTATIONS, ConditionType
from ..kinds import manifest
from ..kinds.record import account_of, holder, stored
from ..kinds.table import ACCOUNT, KINDS, RECORD
from ..model.objects import Key
from ..model.records import RecordFacts
from . import record_facts, trusted_names

_NO_RECORD: Final = RecordFacts()


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an object without decoding it."""

    uid: str
    trigger: int
    """Hash of what calls for a pass: generation, watched annotations, deletion, finalizers."""
    outward: int
    """Hash of what dependents care about: readiness and cloud name."""
    references: tuple[Key, ...]
    account: str
    version: int
    custom: tuple[tuple[str, str], ...] = ()
    """The custom policies that its manifest attaches by their names in the cloud: account, name."""
    trusts: frozenset[str] = frozenset()
    """Of the record of a role that exists: the names that its trust mentions."""
    owner: Key | None = None
    """Of a record: the object that the identity belongs to."""
    waiting: Key | None = None
    """Of a record with a change that is held: the object that asks for it."""
    lives: tuple[str, str] | None = None
    """Of the record of an identity that exists: its account's id, and its owner's namespace."""
    ends: tuple[str, ...] = ()
    """Of a record: the times until which something was agreed on."""
    ending: str = ""
    """Of a record with ends: its account's id."""
    keyed: str = ""
    """Of a record with access keys that are not ended: its account's id."""
    idle: tuple[str, str, str] | None = None
    """Of a record that is idle: its account's id, since when, and whose namespace left it."""
    tenants: frozenset[str] = frozenset()
    """Of a RamAccount: the namespaces that may use it."""


def key_of(body: Mapping[str, Any]) -> Key:
    meta = body["metadata"]
    # Kinds and namespaces are few, and JSON brings each of them anew with each object.
    kind, namespace = sys.intern(str(body["kind"])), sys.intern(str(meta.get("namespace") or ""))
    return Key(kind, namespace, str(meta["name"]))


def account_name(key: Key, body: Mapping[str, Any]) -> str:
    """The RamAccount that the object lives in; "" for what lives in none."""
    if key.kind not in KINDS:
        return ""
    return str(((body.get("spec") or {}).get("accountRef") or {}).get("name", "default"))


def facts_of(key: Key, body: Mapping[str, Any]) -> Facts:
    meta = body["metadata"]
    annotations = meta.get("annotations") or {}
    status = body.get("status") or {}
    ready = [
        (item.get("status"), item.get("reason"))
        for item in status.get("conditions") or ()
        if item.get("type") == ConditionType.READY
    ]
    trigger = (
        meta.get("generation"),
        tuple(annotations.get(name) for name in WATCHED_ANNOTATIONS),
        meta.get("deletionTimestamp"),
        tuple(meta.get("finalizers") or ()) if meta.get("deletionTimestamp") else (),
    )
    spec = body.get("spec") or {}
    row = KINDS.get(key.kind)
    references = manifest.references(row, key.namespace, spec) if row is not None else ()
    attached = manifest.custom_policies(row, spec) if row is not None else ()
    account = account_name(key, body)
    version = str(meta.get("resourceVersion") or "0")
    record = stored(body) if key.kind == RECORD else _NO_RECORD
    return Facts(
        uid=str(meta["uid"]),
        trigger=hash(trigger),
        outward=hash((tuple(ready), status.get("cloudName"), status.get("cloudId"))),
        references=references,
        account=sys.intern(account),
        custom=tuple((account, name) for name in attached),
        version=int(version) if version.isdigit() else 0,
        owner=(owner := holder(body) if key.kind == RECORD else None),
        waiting=owner if record.pending is not None or record.unmade else None,
        lives=record_facts.lives(body, record, owner),
        trusts=trusted_names.of_record(record),
        ends=record.upcoming,
        ending=sys.intern(account_of(body)) if record.ends else "",
        keyed=sys.intern(account_of(body)) if record.keys.opens else "",
        idle=record_facts.idle(body, record),
        tenants=record_facts.tenants(spec) if key.kind == ACCOUNT else frozenset(),
    )


def outline(key: Key, facts: Facts) -> dict[str, Any]:
    meta = {"name": key.name, "namespace": key.namespace, "uid": facts.uid}
    meta["resourceVersion"] = str(facts.version)
    return {"apiVersion": API_VERSION, "kind": key.kind, "metadata": meta}
