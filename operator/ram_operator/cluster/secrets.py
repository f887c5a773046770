"""The Secrets in which access keys are kept: the only module that reads what a `Secret` says.

A Secret is made by POST and written only under the uid that the record has. What the API server
says of a refusal is not passed on: a webhook may repeat what it was sent.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from ..constants import API_VERSION, COMPONENT, FIELD_MANAGER, Reason
from ..errors import RamOperatorError, Retry, Stalled
from ..model.objects import Key
from ..model.secret import Secret
from .api import JSON, MERGE_PATCH, ClusterApi, Conflicted, Gone

KEY_ID: Final = "ALIBABA_CLOUD_ACCESS_KEY_ID"
KEY_SECRET: Final = "ALIBABA_CLOUD_ACCESS_KEY_SECRET"  # noqa: S105
ROLE: Final = "ram-operator-secrets"


def there(api: ClusterApi, namespace: str, name: str, uid: str) -> bool:
    """Whether that very Secret is, without a word of what it holds. Raises errors.*"""
    found = api.metadata_at(path(namespace, name))
    return found is not None and found.get("uid") == uid and not found.get("deletionTimestamp")


def path(namespace: str, name: str = "") -> str:
    """URL path of a Secret; of all of the namespace without a name."""
    where = f"/api/v1/namespaces/{quote(namespace, safe='')}/secrets"
    return f"{where}/{quote(name, safe='')}" if name else where


@dataclass(frozen=True, slots=True)
class Kept:
    """A Secret as it is now, without what it holds."""

    uid: str
    version: str
    empty: bool
    holds: str
    """Id of the key that is in it, if what is there was written by the operator; else ""."""
    locked: bool
    owner: str
    """The uid of the object that it belongs to."""


class Secrets:
    """Those of one object. All raise errors.*; Stalled(AccessDenied) without the right."""

    def __init__(self, api: ClusterApi, holder: Key, uid: str) -> None:
        self._api = api
        self._holder = holder
        self._uid = uid

    def read(self, name: str) -> Kept | None:
        try:
            body = self._api.raw("GET", self._path(name), timeout=15.0)
        except Gone:
            return None
        except RamOperatorError as error:
            raise self._told(error, name) from None
        meta, data = body["metadata"], body.get("data") or {}
        owners = [str(each.get("uid")) for each in meta.get("ownerReferences") or ()]
        return Kept(
            uid=str(meta["uid"]),
            version=str(meta["resourceVersion"]),
            empty=not data,
            holds=_held(meta, data),
            locked=bool(body.get("immutable")),
            owner=owners[0] if len(owners) == 1 else "",
        )

    def reserve(self, name: str) -> str:
        """Make it, without a key; its uid. Raises Conflicted if there is one."""
        kind, holder = self._holder.kind, self._holder.name
        owner = {"apiVersion": API_VERSION, "kind": kind, "name": holder, "uid": self._uid}
        labels = {"app.kubernetes.io/managed-by": COMPONENT}
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "labels": labels, "ownerReferences": [owner]},
            "type": "Opaque",
        }
        made = self._write(name, "POST", self._path(""), body, JSON)
        return str(made["metadata"]["uid"])

    def store(self, name: str, kept: Kept, key: tuple[str, Secret]) -> None:
        """Write the key into exactly that version of it. Raises Conflicted where it moved."""
        values = {KEY_ID: key[0], KEY_SECRET: key[1].reveal()}
        data = {k: base64.b64encode(text.encode()).decode() for k, text in values.items()}
        where = {"uid": kept.uid, "resourceVersion": kept.version}
        self._write(name, "PATCH", self._path(name), {"metadata": where, "data": data}, MERGE_PATCH)

    def release(self, name: str, uid: str) -> None:
        """That very one goes with no object any more; of another there is nothing to do."""
        where = {"metadata": {"uid": uid, "ownerReferences": None}}
        try:
            self._api.write("PATCH", self._path(name), where, MERGE_PATCH, "secret")
        except (Gone, Conflicted):
            return
        except RamOperatorError as error:
            raise self._told(error, name) from None

    def delete(self, name: str, uid: str) -> None:
        """That very one; of one that is gone, or another, nothing is left to do."""
        where = {"preconditions": {"uid": uid}}
        try:
            self._api.delete_at(self._path(name), where, "Secret")
        except (Gone, Conflicted):
            return
        except RamOperatorError as error:
            raise self._told(error, name) from None

    def _write(self, name: str, method: str, where: str, body: Any, form: str) -> dict[str, Any]:
        try:
            return self._api.write(method, where, body, form, "secret")
        except (Gone, Conflicted):
            text = f"Secret {name} moved while it was written"
            raise Conflicted(Reason.RETRYING, text, 1.0) from None
        except RamOperatorError as error:
            raise self._told(error, name) from None

    def _told(self, error: RamOperatorError, name: str) -> RamOperatorError:
        """Why, without what the API server said of it."""
        namespace = self._holder.namespace
        if error.reason is Reason.ACCESS_DENIED:
            return Stalled(
                Reason.ACCESS_DENIED,
                f"the operator may not keep Secrets in namespace {namespace}; to let it: kubectl"
                f" create rolebinding {ROLE} -n {namespace} --clusterrole={ROLE}"
                " --serviceaccount=ram-system:ram-operator",
            )
        text = f"the API server did not take or give Secret {name} ({type(error).__name__})"
        return Retry(Reason.RETRYING, text)

    def _path(self, name: str) -> str:
        return path(self._holder.namespace, name)


def _held(meta: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """The id of the key in it, where both values were last written by the operator."""
    if not data.get(KEY_ID) or not data.get(KEY_SECRET):
        return ""
    wrote = [
        each for each in meta.get("managedFields") or () if each.get("manager") == FIELD_MANAGER
    ]
    ours = [(each.get("fieldsV1") or {}).get("f:data") or {} for each in wrote]
    if not any({f"f:{KEY_ID}", f"f:{KEY_SECRET}"} <= fields.keys() for fields in ours):
        return ""
    return base64.b64decode(data[KEY_ID]).decode("utf-8", "replace")
