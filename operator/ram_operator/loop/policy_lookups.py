"""What stands behind the name of a policy, and what that keeps its holders from.

Called by the lookups, and by the pass over an object that is being deleted. What cannot be read is
never taken for harmless.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .. import documents
from ..errors import Absent, InvalidSpec, RamOperatorError
from ..kinds import manifest
from ..kinds.entries import only_reads, policy_key
from ..kinds.policy import DOCUMENT, POLICY
from ..kinds.record import Identity, facts_of
from ..kinds.table import KINDS
from ..model.objects import EMPTY, Entry, Key
from ..model.vocabulary import PolicyType
from .sources import Sources
from .subject import Subject

UNREAD_DENIAL: Final = "may not be kept any more from what a policy denies that cannot be read"


@dataclass(frozen=True, slots=True)
class Denied:
    """What policies keep their holders from: `rights` to change rights by folded key, those that
    give nothing at all, and a sentence for each that could not be read.
    """

    rights: Mapping[str, tuple[str, ...]]
    gives_nothing: frozenset[str]
    unread: tuple[str, ...]
    says: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Stands for their documents, by folded key, as far as they could be read."""


def denied(sources: Sources, attached: Mapping[str, Entry]) -> Denied:
    """Of policies that are about to be detached, or to be deleted with who has them. Never raises;
    what cannot be read counts as something that denies.
    """
    rights: dict[str, tuple[str, ...]] = {}
    nothing: set[str] = set()
    unread: list[str] = []
    says: dict[str, str] = {}
    for key, entry in sorted(attached.items()):
        if only_reads(key):
            continue
        try:
            found = stands_for(sources, None, entry)
        except Absent:
            continue
        if not found:
            unread.append(f"the policy {entry.display} to be read")
            rights[key] = (UNREAD_DENIAL,)
            continue
        says[key] = " ".join(sorted(documents.digests(found)))
        texts = {text for document in found for text in documents.denies(document)}
        if texts:
            rights[key] = tuple(sorted(texts))
        if all(map(documents.only_denies, found)):
            nothing.add(key)
    return Denied(rights, frozenset(nothing), tuple(unread), says)


def stands_for(sources: Sources, wanted: Any, entry: Entry) -> tuple[documents.Policy, ...]:
    """All that may stand behind the name of a policy; nothing where a part of it is not known.

    Raises Absent where nothing stands behind it.
    """
    try:
        asked = () if wanted is None else (documents.parse_policy(wanted),)
    except documents.DocumentError:
        return ()
    kind, _, name = entry.display.partition("/")
    try:
        live = sources.readings.policy(kind, name)
        return (*asked, *live, *_predecessors(sources, entry))
    except Absent:
        if not asked:
            raise
        # It is about to be made, and then it is what the manifest says.
        return asked
    except (RamOperatorError, documents.DocumentError):
        return ()


def in_force(sources: Sources, entry: Entry) -> tuple[documents.Policy, ...]:
    """What the policy says in the cloud, whatever is asked for; nothing where that is not known."""
    kind, _, name = entry.display.partition("/")
    try:
        return sources.readings.policy(kind, name)
    except (RamOperatorError, documents.DocumentError):
        return ()


def _predecessors(sources: Sources, entry: Entry) -> tuple[documents.Policy, ...]:
    """What another process may have written right before this one began to lead: what the object
    that owns the policy asks for. An answer of the cloud may be older than that. Raises
    DocumentError.
    """
    kind, _, name = entry.display.partition("/")
    if kind != PolicyType.CUSTOM or not sources.readings.predecessor():
        return ()
    identity = Identity(sources.account.account_id, POLICY.kind, name)
    owner = facts_of(sources.objects.get(identity.key), identity).owner
    if owner is None or owner.cluster != sources.cluster:
        return ()
    body = sources.objects.get(Key(POLICY.kind, owner.namespace, owner.name))
    # Nothing is kept of a document that is too large: then it cannot be read.
    spec = None if body is None else body.get("spec") or {}
    return () if spec is None else (documents.parse_policy(spec.get(DOCUMENT.spec)),)


def manifests(sources: Sources, subject: Subject) -> dict[str, Any]:
    """The documents that referenced RamPolicies ask for, by folded key."""
    found: dict[str, Any] = {}
    for key in manifest.references(subject.row, subject.key.namespace, subject.spec):
        body = sources.objects.get(key) if key.kind == POLICY.kind else None
        if body is not None:
            found.update(_manifest(key, body.get("spec") or {}))
    return found


def _manifest(key: Key, spec: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    try:
        name = manifest.cloud_name(KINDS[key.kind], key.name, spec)
    except InvalidSpec:
        return
    # Nothing is kept of a document that is too large: then it cannot be read.
    yield policy_key(PolicyType.CUSTOM, name), spec.get(DOCUMENT.spec, "")
