"""An object from the API server → the change that waits on it. Pure; believes no type in a status.

A status is shown to people and never decides, so what is missing or of a wrong type is read as
absent instead of failing the whole list.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from ..constants import (
    ANNOTATION_APPROVE,
    ANNOTATION_APPROVE_REASON,
    ANNOTATION_CHANGED_BY,
    ANNOTATION_REJECT,
    API_VERSION,
    ConditionType,
)
from ..reporting.conditions import find
from .screen import plain
from .targets import Target

DOCUMENT_VERSION: Final = "plugin.ram.alibabacloud.com/v1alpha1"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule says about the change."""

    id: str
    severity: str
    text: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Rejection:
    """Somebody said no to the change, or to a part of it."""

    by: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Pending:
    """`status.pending`; texts are empty where it lacks them."""

    kind: str
    verdict: str
    summary: str
    gains: tuple[str, ...]
    losses: tuple[str, ...]
    findings: tuple[Finding, ...]
    since: str
    expires: str
    digest: str
    before: str
    after: str
    rejected: str
    rejections: tuple[Rejection, ...]
    voided: str


class State(StrEnum):
    """What people have said of a change."""

    APPROVED = "approved"
    REJECTED = "rejected"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A change that waits, on which object, and what was answered so far."""

    target: Target
    uid: str
    version: str
    """The object's resourceVersion."""
    account: str
    cloud_name: str
    asked_by: tuple[str, ...]
    approve: str
    """The annotations as they stand, empty where there is none."""
    reject: str
    reasoned: bool
    """Whether a reason of an approval is on the object."""
    current: bool
    """Whether the operator has looked at the object since its spec was edited last."""
    pending: Pending
    shown: Mapping[str, Any]
    """status.pending as it came."""

    @property
    def state(self) -> State:
        """Whether this very change was approved or rejected, or waits for an answer.

        What was rejected is offered again, and can be approved by who knows of the rejection.
        """
        digest = self.pending.digest
        if self.refused:
            return State.REJECTED
        if digest and self.approve == digest:
            return State.APPROVED
        rejected = self.pending.rejected or self.pending.rejections
        return State.REJECTED if rejected else State.WAITING

    @property
    def refused(self) -> bool:
        """Whether a rejection of the very digest is on the object: another one will be offered."""
        digest = self.pending.digest
        return bool(digest) and self.reject.split(" ")[0] == digest

    @property
    def rejection(self) -> str:
        """The reason that was given last, or an empty text."""
        digest, _, reason = self.reject.partition(" ")
        return reason if digest == self.pending.digest else self.pending.rejected

    def is_same(self, other: Waiting) -> bool:
        """Whether whoever saw this has seen `other`: not only the digest, all that is shown."""
        mine, theirs = replace(self.pending, voided=""), replace(other.pending, voided="")
        return (self.uid, mine) == (other.uid, theirs)

    def document(self) -> dict[str, Any]:
        """For -o json and -o yaml."""
        return {
            "apiVersion": DOCUMENT_VERSION,
            "kind": "PendingChange",
            "object": {
                "apiVersion": API_VERSION,
                "kind": self.target.kind,
                "namespace": self.target.namespace,
                "name": self.target.name,
                "resourceVersion": self.version,
            },
            "accountId": self.account,
            "cloudName": self.cloud_name,
            "askedBy": list(self.asked_by),
            "state": str(self.state),
            "pending": dict(self.shown),
        }


def read(item: Mapping[str, Any], kind: str) -> Waiting | None:
    """What waits on the object, or None. `kind`, since items of lists do not say their kind."""
    meta, status = _mapping(item.get("metadata")), _mapping(item.get("status"))
    pending = status.get("pending")
    if not isinstance(pending, Mapping) or not pending:
        return None
    notes = _mapping(meta.get("annotations"))
    return Waiting(
        target=Target(plain(_text(meta, "namespace")), kind, plain(_text(meta, "name"))),
        uid=_text(meta, "uid"),
        version=_text(meta, "resourceVersion"),
        account=_text(status, "accountId"),
        cloud_name=_text(status, "cloudName"),
        asked_by=tuple(filter(None, _text(notes, ANNOTATION_CHANGED_BY).split("\n"))),
        approve=_text(notes, ANNOTATION_APPROVE),
        reject=_text(notes, ANNOTATION_REJECT),
        reasoned=ANNOTATION_APPROVE_REASON in notes,
        current=_looked_at(status) == meta.get("generation"),
        pending=_pending(pending),
        shown=pending,
    )


def _pending(block: Mapping[str, Any]) -> Pending:
    return Pending(
        kind=_text(block, "kind"),
        verdict=_text(block, "verdict"),
        summary=_text(block, "summary"),
        gains=_texts(block, "gains"),
        losses=_texts(block, "losses"),
        findings=tuple(
            Finding(_text(f, "id"), _text(f, "severity"), _text(f, "text"), _text(f, "remedy"))
            for f in _list(block, "findings")
            if isinstance(f, Mapping)
        ),
        since=_text(block, "since"),
        expires=_text(block, "expires"),
        digest=_text(block, "digest"),
        before=_text(block, "before"),
        after=_text(block, "after"),
        rejected=_text(block, "rejected"),
        rejections=tuple(
            Rejection(_text(r, "by"), _text(r, "at"), _text(r, "reason"))
            for r in _list(block, "rejections")
            if isinstance(r, Mapping)
        ),
        voided=_text(block, "voided"),
    )


def _looked_at(status: Mapping[str, Any]) -> Any:
    """The generation that the word on approvals is about."""
    conditions = [each for each in _list(status, "conditions") if isinstance(each, Mapping)]
    found = find(conditions, ConditionType.APPROVAL_REQUIRED)
    return None if found is None else found.get("observedGeneration")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(block: Mapping[str, Any], name: str) -> str:
    value = block.get(name)
    return value if isinstance(value, str) else ""


def _list(block: Mapping[str, Any], name: str) -> list[Any]:
    value = block.get(name)
    return value if isinstance(value, list) else []


def _texts(block: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(value for value in _list(block, name) if isinstance(value, str))
