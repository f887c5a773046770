"""The one object that a pass is about: what its manifest, status and annotations mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .. import legible
from ..constants import ANNOTATION_RECONCILE, ANNOTATION_SUSPENDED_BY, FINALIZER
from ..errors import InvalidSpec
from ..kinds import manifest
from ..kinds.record import Identity
from ..kinds.schema import Kind, Shape
from ..kinds.table import KINDS
from ..model import digests
from ..model.objects import Key, Options, Owner
from ..model.records import DELETION
from ..model.state import Applied
from ..planning.last_applied import applied_from


@dataclass(frozen=True, slots=True)
class Subject:
    """A managed object in one pass."""

    key: Key
    body: Mapping[str, Any]
    row: Kind
    options: Options

    @classmethod
    def of(cls, key: Key, body: Mapping[str, Any]) -> Subject:
        """Raises InvalidSpec."""
        return cls(key, body, KINDS[key.kind], manifest.options(body.get("spec") or {}))

    @classmethod
    def lenient(cls, key: Key, body: Mapping[str, Any]) -> Subject:
        """Also of a manifest that does not say well how it is to be managed: then that it is
        suspended, and in which account it is, counts all the same.
        """
        try:
            return cls.of(key, body)
        except InvalidSpec:
            spec = body.get("spec") or {}
            known = {name: spec[name] for name in ("accountRef", "suspend") if name in spec}
            return cls(key, body, KINDS[key.kind], manifest.options(known))

    @classmethod
    def gone(cls, key: Key, uid: str, account: str) -> Subject:
        """Stands for an object that is not there any more, or never was."""
        meta = {"name": key.name, "namespace": key.namespace, "uid": uid}
        spec = {"accountRef": {"name": account}}
        return cls.lenient(key, {"metadata": meta, "spec": spec})

    @property
    def spec(self) -> Mapping[str, Any]:
        spec: Mapping[str, Any] = self.body.get("spec") or {}
        return spec

    @property
    def status(self) -> Mapping[str, Any]:
        status: Mapping[str, Any] = self.body.get("status") or {}
        return status

    @property
    def uid(self) -> str:
        return str(self.body["metadata"]["uid"])

    @property
    def cloud_name(self) -> str:
        """Raises InvalidSpec."""
        return manifest.cloud_name(self.row, self.key.name, self.spec)

    def applied_to(self, cloud_id: str) -> Applied:
        """What was applied. To another identity of that name: that says nothing about this one."""
        known = str(self.status.get("cloudId") or "")
        if cloud_id and known and known != cloud_id:
            return Applied()
        names = [field.name for field in self.row.fields if field.shape is Shape.ENTRIES]
        return applied_from(self.status, names)

    @property
    def has_finalizer(self) -> bool:
        return FINALIZER in (self.body["metadata"].get("finalizers") or ())

    def annotation(self, name: str) -> str:
        return str((self.body["metadata"].get("annotations") or {}).get(name, ""))

    @property
    def suspended(self) -> str:
        """That it is suspended, in words, and by whom as far as admission stamped it."""
        by = " ".join(self.annotation(ANNOTATION_SUSPENDED_BY).split())[:256]
        return f"suspended by {by}" if by else "spec.suspend is true"

    @property
    def asked(self) -> dict[str, str]:
        """What it asks for where the gate judges it, a digest by field. Being deleted it asks
        for that alone: what was offered before has ended.
        """
        found = manifest.asked(self.row, self.key.name, self.spec)
        return {**found, DELETION: digests.compact(self.uid)} if self.deleting else found

    @property
    def deleting(self) -> bool:
        return bool(self.body["metadata"].get("deletionTimestamp"))

    @property
    def request(self) -> str:
        """The value that a person last wrote to ask for a look."""
        return legible.line(self.annotation(ANNOTATION_RECONCILE))[:128]

    def owner(self, cluster: str) -> Owner:
        return Owner(cluster, self.key.namespace, self.key.name)

    def identity(self, account_id: str) -> Identity:
        """Raises InvalidSpec."""
        return Identity(account_id, self.key.kind, self.cloud_name)
