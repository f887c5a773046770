"""How much of an object is worth keeping: what the loop reads, and no more than people need.

Called for whatever comes from the API server. Pure. A document of RAM has a few thousand letters,
while the API server takes an object of more than a megabyte: of one that is larger than anything
RAM takes, only the small fields stay, so that it can be told why it is not looked at, and deleted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from ..constants import GROUP
from ..errors import InvalidSpec
from ..kinds.table import KINDS

LARGEST: Final = 81_920
"""Bytes of an object of a tenant, without its status, in compact JSON. The largest that makes sense
is a group of 500 members, each with an end: 76 kB.
"""
SMALL: Final = 8_192
"""Bytes of a field of the manifest that stays of a larger object: whatever it attaches is known."""
_SIZE: Final = "bytesOfTheWhole"
"""Beside the spec of what is kept of a larger object: no API server has a field there."""
_METADATA: Final = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "finalizers",
)


def encoded(body: Mapping[str, Any]) -> bytes:
    """Compact JSON."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="surrogatepass")


def slim(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the loop never reads: of the metadata that is most, and others' annotations."""
    found = body["metadata"]
    meta = {name: found[name] for name in _METADATA if name in found}
    annotations = found.get("annotations")
    if annotations:
        ours = {k: v for k, v in annotations.items() if k.startswith(GROUP + "/")}
        meta["annotations"] = ours
    return {**body, "metadata": meta}


def kept(body: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """What is kept of the object, and the same as JSON. See `check` for one that is too large."""
    found = slim(body)
    data = encoded(found)
    if len(data) <= LARGEST or body["kind"] not in KINDS:
        return found, data
    size = len(encoded({name: part for name, part in found.items() if name != "status"}))
    if size > LARGEST:
        found = _small(found, size)
        data = encoded(found)
    return found, data


def _small(body: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Of a manifest that is too large: what says how it is to be managed, and under which name."""
    meta, spec = dict(body["metadata"]), body.get("spec") or {}
    if len(encoded(meta)) > LARGEST // 2:
        meta.pop("annotations", None)
    small = {name: part for name, part in spec.items() if len(encoded({name: part})) <= SMALL}
    return {**body, "metadata": meta, "spec": small, _SIZE: size}


def check(body: Mapping[str, Any]) -> None:
    """Raise InvalidSpec for what is kept of an object that is too large to be managed."""
    if size := body.get(_SIZE):
        raise InvalidSpec(_too_large(size))


def _too_large(size: int) -> str:
    return (
        f"the object has {size // 1024} kB without its status, and at most {LARGEST // 1024} are"
        " read: make it smaller; RAM takes trusts of 2,048 and permission documents of 6,144"
        " characters"
    )
