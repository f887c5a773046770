"""How much of an object is worth keeping: what the loop reads, and no more than people need.

Called for whatever comes from the API server. Pure. A document of RAM has a few thousand letters,
while the API server takes an object of more than a megabyte: of one that is larger than anything
RAM takes, only the small fields stay, so that it can be told why it is not looked at, and deleted.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from ..constants import ANNOTATION_APPROVE_REASON, FINALIZER, STAMPS, WATCHED_ANNOTATIONS
from ..errors import InvalidSpec
from ..kinds.table import KINDS

LARGEST: Final = 81_920
"""Bytes of the manifest of a tenant's object, in compact JSON. The largest that makes sense is a
group of 500 members, each with an end: 76 kB. Only the manifest counts: nobody moves that without
being known as its author, and an object that nobody looks at any more would keep strangers in.
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
)
REFERENCE: Final = 600
"""Bytes that one name takes in indexes, where no other object mentions it."""
OTHERS: Final = 16
"""Finalizers of others that are kept: a deletion that waits for one is looked at when it goes."""
READ: Final = frozenset({*WATCHED_ANNOTATIONS, *STAMPS, ANNOTATION_APPROVE_REASON})
"""The annotations that a pass reads."""
SAID: Final = 4_096
"""Letters of what a person says in one of them. What admission stamps is kept whole: it names all
who wrote a change.
"""


def encoded(body: Mapping[str, Any]) -> bytes:
    """Compact JSON."""
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return text.encode(errors="surrogatepass")


def slim(body: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the loop never reads: of the metadata that is most, others' annotations and
    most of their finalizers among it. Whoever writes those back reads the object itself before.
    """
    found = body["metadata"]
    meta = {name: found[name] for name in _METADATA if name in found}
    finalizers = list(found.get("finalizers") or ())
    if finalizers:
        kept = [name for name in finalizers if name != FINALIZER][:OTHERS]
        meta["finalizers"] = [*kept, FINALIZER] if FINALIZER in finalizers else kept
    said = {k: v for k, v in (found.get("annotations") or {}).items() if k in READ}
    if said:
        meta["annotations"] = {
            name: text if name in STAMPS else str(text)[:SAID] for name, text in said.items()
        }
    return {**body, "metadata": meta}


def kept(body: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
    """What is kept of the object, and the same as JSON. See `check` for one that is too large."""
    found = slim(body)
    data = encoded(found)
    if len(data) <= LARGEST or body["kind"] not in KINDS:
        return found, data
    size = len(encoded({"spec": found.get("spec") or {}}))
    if size > LARGEST:
        found = _small(found, size)
        data = encoded(found)
    return found, data


def cost(data: bytes, references: Collection[Any]) -> int:
    """Bytes of memory that an object takes about: it stands in an index under each reference."""
    return len(data) + REFERENCE * len(references)


def _small(body: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Of a manifest that is too large: what says how it is to be managed, and under which name."""
    spec = body.get("spec") or {}
    small = {name: part for name, part in spec.items() if len(encoded({name: part})) <= SMALL}
    return {**body, "spec": small, _SIZE: size}


def check(body: Mapping[str, Any]) -> None:
    """Raise InvalidSpec for what is kept of an object that is too large to be managed."""
    if size := body.get(_SIZE):
        raise InvalidSpec(_too_large(size))


def _too_large(size: int) -> str:
    return (
        f"the manifest has {size // 1024} kB, and at most {LARGEST // 1024} are"
        " read: make it smaller; RAM takes trusts of 2,048 and permission documents of 6,144"
        " characters"
    )
