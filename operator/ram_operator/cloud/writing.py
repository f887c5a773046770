"""One write to the cloud: tokens and a place in the pool first, then locks, then what the decision
rests on is read once more and compared, and only then it is sent. All in one job.

Used by the verbs of `execute`. Whatever is tried again starts as another job, at the read. What
differs from what was judged raises Retry: it is judged again, and never sent anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from .. import documents
from ..constants import Reason
from ..errors import OutcomeUnknown, RamOperatorError, Retry
from ..model.state import CloudCalls
from .cached_reads import CUSTOM, PolicyDocuments, ProviderFacts
from .jobs import Jobs, Needs, Reply
from .locks import LockTable, Mode, Turn
from .readings import Compared, GroupPolicies

_OWN: Final = Mode.EXCLUSIVE
_OTHER: Final = Mode.SHARED
_NOUNS: Final = (("user", "User"), ("group", "Group"), ("role", "Role"))
_POLICY: Final = (
    "CreatePolicy",
    "CreatePolicyVersion",
    "SetDefaultPolicyVersion",
    "UpdatePolicyDescription",
    "DeletePolicy",
)
_MEMBERS: Final = ("AddUserToGroup", "RemoveUserFromGroup")
_ACCESS: Final = (
    "CreateAccessKey",
    "UpdateAccessKey",
    "DeleteAccessKey",
    "DeleteLoginProfile",
    "UnbindMFADevice",
)
# Tags say who owns an identity, and nothing rests on them when it is written.
_TAGS: Final = ("TagResources", "UntagResources", "IMS.TagResources")

Touched = tuple[tuple[str, str, Mode], ...]
_TOUCHED: Final[tuple[tuple[tuple[str, ...], Touched], ...]] = (
    *(
        ((f"Create{title}", f"Update{title}", f"Delete{title}"), ((noun, f"{title}Name", _OWN),))
        for noun, title in _NOUNS
    ),
    *(
        (
            (f"AttachPolicyTo{title}", f"DetachPolicyFrom{title}"),
            ((noun, f"{title}Name", _OWN), ("policy", "PolicyName", _OTHER)),
        )
        for noun, title in _NOUNS
    ),
    (_POLICY, (("policy", "PolicyName", _OWN),)),
    (_MEMBERS, (("group", "GroupName", _OWN), ("user", "UserName", _OTHER))),
    (_ACCESS, (("user", "UserName", _OWN),)),
    (_TAGS, ()),
)
TOUCHES: Final[Mapping[str, Touched]] = {
    action: touched for actions, touched in _TOUCHED for action in actions
}
"""Which identities a writing action touches: their kind, the parameter that names them, and whether
others may touch them meanwhile.
"""
_ATTACHES: Final = "AttachPolicyTo"
_CREATES: Final = "CreatePolicy"
_GROUP_POLICIES: Final = ("AttachPolicyToGroup", "DetachPolicyFromGroup")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a write rests on. `made` raises Retry where it is not as it was judged.

    It makes at most `reads` calls. `rests` are policies whose documents stay as they are meanwhile.
    """

    made: Callable[[CloudCalls], None]
    reads: int
    rests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Write:
    """One writing call, and what has to be true right before it."""

    action: str
    parameters: Mapping[str, Any]
    turn: Turn = Turn.OTHER
    checks: tuple[Check, ...] = ()
    document: documents.Policy | None = None
    """The document that a policy has afterwards; None where it has none."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What outlives the sessions of one account id."""

    policies: PolicyDocuments = field(default_factory=PolicyDocuments)
    providers: ProviderFacts = field(default_factory=ProviderFacts)
    groups: GroupPolicies = field(default_factory=GroupPolicies)
    compared: Compared = field(default_factory=Compared)
    locks: LockTable = field(default_factory=LockTable)


def _wanted() -> None:
    """It is."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes to one account, through its client of the moment."""

    jobs: Jobs
    kept: Kept
    patience: float = 20.0
    """Seconds that a job waits for its locks."""
    wanted: Callable[[], None] = _wanted
    """Raises where the write is not wanted any more; asked once everything that waits is over."""

    def read(self, action: str, parameters: Mapping[str, Any]) -> Reply:
        """A look by itself, on which no write may rest. Raises errors.*."""
        return self.jobs.call(action, parameters)

    def send(self, write: Write) -> Reply:
        """Check and send, or raise errors.*; Retry where something is not as it was judged."""
        policy = _policy(write)
        claim = self.kept.locks.claim(_names(write), write.turn)

        def work(calls: CloudCalls) -> Reply:
            if not claim.take(self.patience):
                text = f"{write.action} waits for another write to the same identity"
                raise Retry(Reason.PROGRESSING, text, 0.5)
            self.wanted()
            for check in write.checks:
                check.made(calls)
            if write.action == _CREATES:
                self._await_attachments(policy)
            return self._sent(calls, write, policy)

        reads = sum(check.reads for check in write.checks)
        try:
            return self.jobs.run(Needs(write.action, reads, write.action), work)
        except OutcomeUnknown:
            # Its thread may hang on, and the answer never come.
            if write.action.startswith(_ATTACHES):
                self.kept.policies.attachment_lost(policy)
            elif policy:
                self.kept.policies.lost(policy)
            raise
        finally:
            # Here and nowhere else: a job that hangs keeps no lock.
            claim.release()
            if write.action in _GROUP_POLICIES:
                self.kept.groups.forget(str(write.parameters["GroupName"]))

    def _sent(self, calls: CloudCalls, write: Write, policy: str) -> Reply:
        if not policy or write.action.startswith(_ATTACHES):
            return calls.call(write.action, write.parameters)
        policies = self.kept.policies
        note = policies.sending(policy, write.document)
        try:
            reply = calls.call(write.action, write.parameters)
        except RamOperatorError as error:
            policies.ended(note, error)
            raise
        policies.ended(note)
        return reply

    def _await_attachments(self, policy: str) -> None:
        """Whoever names the policy has judged what it was, or that it was not there."""
        policies = self.kept.policies
        if (wait := policies.attachments_open(policy)) <= 0:
            return
        text = f"an attachment of policy {policy} is not known to have ended; it is made later"
        if policies.inherits():
            text = (
                f"policy {policy} is made once nothing can arrive any more that an operator sent"
                " for this account before this one began: an attachment of that name would come"
                " into force with what the new policy says"
            )
        raise Retry(Reason.PROGRESSING, text, wait)


def _names(write: Write) -> dict[str, Mode]:
    """The locks of a write: what it touches, and what it rests on."""
    names = {lock_of("policy", name): _OTHER for name in _rests(write)}
    for noun, parameter, mode in TOUCHES[write.action]:
        names[lock_of(noun, str(write.parameters[parameter]))] = mode
    return names


def _rests(write: Write) -> tuple[str, ...]:
    return tuple(name for check in write.checks for name in check.rests)


def lock_of(noun: str, name: str) -> str:
    """RAM looks names up without regard to case."""
    return f"{noun}/{name.lower()}"


def _policy(write: Write) -> str:
    """The custom policy whose document or attachment the write changes; "" where it is none."""
    custom = write.parameters.get("PolicyType", CUSTOM) == CUSTOM
    detaches = write.action.startswith("DetachPolicyFrom")
    describes = write.action == "UpdatePolicyDescription"
    if not custom or detaches or describes:
        return ""
    return str(write.parameters.get("PolicyName", ""))
