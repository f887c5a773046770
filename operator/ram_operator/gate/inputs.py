"""What one decision is made on: the object's state, what is remembered, what people said. Pure.

Filled by the pass, judged by `review`; nothing here decides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from .. import documents, legible
from ..kinds.schema import Kind
from ..model.objects import EMPTY, Account, Entry, Options, UnknownPart
from ..model.records import RecordFacts
from ..model.state import Applied, Desired, Live

_REJECT: Final = re.compile(r"(sha256:[0-9a-f]{64})(?:\s+(.*))?", re.DOTALL)
NO_REASON: Final = "no reason was given"


class Guard(StrEnum):
    """Whether the admission policies are in place that make an annotation mean something."""

    INTACT = "intact"
    REDUCED = "reduced"
    """Those for a cluster without MutatingAdmissionPolicy: whoever may approve may approve what he
    wrote himself. Honoured where the RamAccount says `gate.fourEyes: false`.
    """
    FILES = "files"
    """Policies from files of the API server, by the flag --guard=files: the API does not show them,
    so they are probed alone.
    """
    MISSING = "missing"
    WAIVED = "waived"
    """By the flag --unguarded-approvals: annotations are believed as they are."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What an approval is good for, besides the change itself."""

    cluster: str = ""
    account_id: str = ""
    kind: str = ""
    name: str = ""
    """Folded name of the identity."""
    cloud_id: str = ""
    namespace: str = ""
    object: str = ""


NOWHERE: Final = Scope()


@dataclass(frozen=True, slots=True)
class Approval:
    """What people say about the object's change, and under which circumstances.

    `now` is RFC 3339 in UTC, `milliseconds` the same since the epoch.
    """

    scope: Scope = NOWHERE
    approve: str = ""
    reject: str = ""
    acknowledge: str = ""
    """What the object says of drift, see `acknowledgements`."""
    approver: str = ""
    author: str = ""
    rejecter: str = ""
    """Who wrote the rejection, as admission stamped it."""
    asked: Mapping[str, str] = field(default_factory=dict)
    """What the manifest asks for, see `manifest.asked`."""
    guard: Guard = Guard.MISSING
    now: str = ""
    milliseconds: int = 0

    @property
    def honoured(self) -> bool:
        """Whether approvals are believed now."""
        return self.guard is not Guard.MISSING

    def rejects(self, digest: str) -> str:
        """The reason for which that change was rejected; empty when it was not."""
        found = _REJECT.fullmatch(self.reject.strip())
        if found is None or found[1] != digest:
            return ""
        return legible.line(" ".join((found[2] or NO_REASON).split()))[:512]


NO_APPROVAL: Final = Approval()
"""Nobody said anything, and nothing would be believed."""
WHATEVER: Final = "*"
"""In `status.excess`: the part could not be read yet, so all that it holds was there before."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What is remembered of an identity, and the manifest's say on differences."""

    options: Options
    applied: Applied
    record: RecordFacts
    completing: bool = False
    """The identity bears our mark but was never completed: what is missing may be added."""
    harmless_policies: frozenset[str] = frozenset()
    """Folded keys of policies whose documents are known not to escalate."""
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: EMPTY)
    """Why the documents of other policies escalate, where they could be read."""
    itself: frozenset[str] = frozenset()
    """Folded keys of policies that let the identity change itself."""
    ways: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: EMPTY)
    """How the documents of policies let act as another identity by a detour, harmless or not."""
    outsiders: tuple[str, ...] = ()
    """Of a role: who may assume it from outside the account, as it is or as asked for."""
    holds_ways: bool = False
    """Whether such a detour waits for a person, as a right to change rights does."""
    judged: Mapping[str, frozenset[str]] = field(default_factory=lambda: EMPTY)
    """Folded key of a policy → digests of the documents that all this was judged by."""
    lets: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: EMPTY)
    """Folded key of a policy → digests of what its documents let do of all that the gate speaks of,
    and of nothing else.
    """
    texts: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Folded key of a policy → its identity grants as a document, see `Agreed`. Only of policies
    whose documents are known.
    """
    not_in_force: frozenset[str] = frozenset()
    """Folded keys of those that give a right only by what is asked for and waits, or by what may
    have been written and cannot be seen: nothing is taken from anybody for it.
    """
    moved: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Folded key of a policy that is attached as agreed, and whose document no object here owns →
    its identity grants, where they are more by now than was agreed on.
    """
    less: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """The same where they are less: the record follows."""
    watched: bool = True
    """The operator has looked at the identity since it last was as agreed on."""
    sent: tuple[documents.Policy, ...] = ()
    """Of a policy: what we wrote so lately that the cloud may show what was there before."""
    attached: frozenset[str] | None = frozenset()
    """Folded keys of the policies that the identity has in the cloud; None where not known."""
    leaving: frozenset[str] = frozenset()
    """Folded keys of those of them that are detached before the change that is judged."""
    narrowing: tuple[str, ...] = ()
    """Of a policy: roles that have it and whose trust is about to lose something."""
    denials: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: EMPTY)
    """What policies that are about to go, or are gone, keep their holders from that is a right to
    change rights, by folded key: as they are, and as was agreed on.
    """
    holders: Mapping[str, Entry] | UnknownPart | None = None
    """Of a policy whose document comes to let change rights: who has it, by `noun/name`, members of
    its groups by `group/name/member`, folded; the value names the object that manages it. None
    where nobody looked.
    """
    gives_nothing: frozenset[str] = frozenset()
    """Folded keys of policies that only deny, of these and of those that were read to be judged."""
    gone: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Folded key of a policy that is neither attached nor asked for any more → what was agreed on
    of what it denies, as a document.
    """
    no_users: frozenset[str] = frozenset()
    """Folded names of members who are neither there nor asked for any more, since the cloud has no
    such user.
    """
    denying: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Folded key of a policy → what it denies of rights to change rights, as a document: of those
    that were read to be judged, and of what a group has.
    """
    says: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    """Folded key of a policy that is attached and not asked for → stands for its documents."""

    @property
    def then(self) -> Memory:
        """The same once what is leaving is gone."""
        if self.attached is None or not self.leaving:
            return self
        return replace(self, attached=self.attached - self.leaving, leaving=frozenset())


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a decision depends on."""

    row: Kind
    account: Account
    desired: Desired
    live: Live
    memory: Memory
    approval: Approval = NO_APPROVAL
    named: frozenset[str] = frozenset()
    """ARNs in lower case that known roles trust, as far as they concern the identity."""
    providers: Mapping[str, Entry | UnknownPart] = field(default_factory=lambda: EMPTY)
    """What the identity providers are that the live or the wanted trust names, see `providers`."""

    @property
    def known(self) -> bool:
        """Whether the record is about the identity that the cloud has."""
        record = self.memory.record
        return record.exists and record.cloud_id == self.live.cloud_id
