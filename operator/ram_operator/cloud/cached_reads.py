"""Documents of policies and states of identity providers, read from the cloud and kept for a while.

Called by the loop's lookups; judges nothing. What cannot be read raises, and never counts as empty.
"""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from .. import documents
from ..constants import SETTLE_SECONDS, Reason
from ..documents import digests
from ..errors import Absent, Bug, OutcomeUnknown, RamOperatorError, Retry
from ..model import provider_states
from ..model.state import CloudCalls
from ..model.vocabulary import PolicyType
from . import answers

FRESH_SECONDS: Final = 2.0
"""So long a reading serves the writes that rest on it: judging and writing need one, where nothing
waits, and a thousand roles that get the same policy share them.
"""
SYSTEM_SECONDS: Final = 86_400.0
"""Alibaba Cloud alone changes system policies."""
_IN_FLIGHT: Final = float("inf")
CUSTOM: Final = PolicyType.CUSTOM.value


@dataclass(eq=False, slots=True)
class Sent:
    """One write of ours to a policy. `document` None: it was deleted."""

    name: str
    document: documents.Policy | None
    until: float = _IN_FLIGHT
    """Until then it counts, whatever is read."""
    known: bool = False
    """It surely happened."""


@dataclass(frozen=True, slots=True)
class _Read:
    at: float
    document: documents.Policy
    settling: bool = False
    """Made while a write of ours counted: worth nothing once that counts no more."""


class PolicyDocuments:
    """The policies of one account."""

    def __init__(
        self,
        settle: float = SETTLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        inherited: float = 0.0,
    ) -> None:
        """`settle` and `inherited` are seconds; for the latter what another process has sent for
        the account may still arrive.
        """
        self._settle = settle
        self._predecessors = clock() + inherited
        """Until when an attachment of any policy may still be on its way that nobody here knows."""
        self._clock = clock
        self._lock = threading.Lock()
        self._swept = clock()
        self._sent: dict[str, list[Sent]] = {}
        self._moved: dict[str, float] = {}
        """When a write of ours to a policy last began or ended."""
        self._found: dict[tuple[str, str], _Read] = {}
        self._attaching: dict[str, float] = {}
        """Until when an attachment of the policy may still be on its way."""

    def read(self, calls: CloudCalls, kind: str, name: str) -> tuple[documents.Policy, ...]:
        """Every document that may be in force under the name now; at least one.

        Raises errors.*; Absent where nothing stands behind the name.
        """
        sent = self._counting(name) if kind == CUSTOM else []
        ours = tuple(each.document for each in sent if each.document is not None)
        if not ours and any(each.known for each in sent):
            # What is read now is from before our deletion, or was made since by somebody else.
            raise Absent(f"policy {name} was just deleted", code="", relation=False)
        try:
            return (*ours, self._read(calls, kind, name))
        except Absent:
            if not ours:
                raise
            # It is ours, and not visible yet.
            return ours

    def sent(self, name: str) -> tuple[documents.Policy, ...]:
        """The documents that we sent so lately that a reading may be older."""
        found = self._counting(name)
        return tuple(each.document for each in found if each.document is not None)

    def _counting(self, name: str) -> list[Sent]:
        """Our writes that count still."""
        folded, now = name.lower(), self._clock()
        with self._lock:
            left = [each for each in self._sent.get(folded, ()) if each.until > now]
            if left:
                self._sent[folded] = left
            else:
                self._sent.pop(folded, None)
                self._moved.pop(folded, None)
            return list(left)

    def _read(self, calls: CloudCalls, kind: str, name: str) -> documents.Policy:
        key = (kind, name.lower())
        asked = self._clock()
        settling = bool(self._counting(name)) if kind == CUSTOM else False
        with self._lock:
            found = self._found.get(key)
        good_for = FRESH_SECONDS if kind == CUSTOM else SYSTEM_SECONDS
        if found is not None and found.settling <= settling and asked - found.at < good_for:
            return found.document
        document = _parsed(calls, kind, name)
        with self._lock:
            # Asked before a write of ours was over, it may be from before that.
            if kind != CUSTOM or self._moved.get(key[1], -1.0) < asked:
                self._keep(key, _Read(self._clock(), document, settling))
        return document

    def _keep(self, key: tuple[str, str], found: _Read) -> None:
        """With the lock held. What is too old to be used goes, so that nothing piles up."""
        oldest = found.at - FRESH_SECONDS
        old = [k for k, v in self._found.items() if k[0] == CUSTOM and v.at < oldest]
        for each in old:
            del self._found[each]
        self._found[key] = found

    def sending(self, name: str, document: documents.Policy | None) -> Sent:
        """Right before a write to a policy is sent: from now on it may be in force.

        It ends with `ended`, and at the latest with `lost`.
        """
        note = Sent(name.lower(), document)
        with self._lock:
            self._sweep()
            self._sent.setdefault(note.name, []).append(note)
            self._move(note.name)
        return note

    def _sweep(self) -> None:
        """With the lock held, once in a while: most policies are never asked for again."""
        now = self._clock()
        if now - self._swept < self._settle:
            return
        self._swept = now
        over = [k for k, sent in self._sent.items() if all(each.until <= now for each in sent)]
        for name in over:
            del self._sent[name]
            self._moved.pop(name, None)
        self._attaching = {k: until for k, until in self._attaching.items() if until > now}

    def ended(self, note: Sent, error: RamOperatorError | None = None) -> None:
        """What became of it. An error other than OutcomeUnknown: it surely did not happen."""
        with self._lock:
            sent = self._sent.get(note.name, [])
            if error is not None and not isinstance(error, OutcomeUnknown):
                sent = [each for each in sent if each is not note]
            elif error is None:
                note.known = True
                # It came after those that were known by then. One whose answer was lost may be
                # carried out later still.
                before = sent[: sent.index(note)] if note in sent else []
                sent = [each for each in sent if not (each.known and each in before)]
            note.until = self._clock() + self._settle
            self._sent[note.name] = sent
            self._move(note.name)

    def lost(self, name: str) -> None:
        """Whoever waited for a write to the policy has given up; its thread may never end."""
        with self._lock:
            for note in self._sent.get(name.lower(), ()):
                note.until = min(note.until, self._clock() + self._settle)
            self._move(name.lower())

    def _move(self, folded: str) -> None:
        self._found.pop((CUSTOM, folded), None)
        self._moved[folded] = self._clock()

    def attachment_lost(self, name: str) -> None:
        """An attachment of the policy was sent and not answered: it may come into force later."""
        with self._lock:
            self._attaching[name.lower()] = self._clock() + self._settle

    def attachments_open(self, name: str) -> float:
        """Seconds until no attachment of the policy is on its way any more; 0 where none is.

        Whoever creates it earlier would decide what was attached after it was judged.
        """
        with self._lock:
            now = self._clock()
            known = max(0.0, self._attaching.get(name.lower(), 0.0) - now)
            if not known:
                self._attaching.pop(name.lower(), None)
            return max(known, self._predecessors - now)

    def inherits(self) -> bool:
        """Whether an attachment may be on its way that another process has sent."""
        return self._clock() < self._predecessors

    def confirm(self, calls: CloudCalls, name: str, judged: frozenset[str]) -> None:
        """Raises Retry unless each document that may be in force was judged. Raises errors.*."""
        try:
            found = self.read(calls, CUSTOM, name)
        except Absent:
            text = f"policy Custom/{name} does not exist; create it or correct its name"
            raise Retry(Reason.DEPENDENCY_NOT_READY, text, after=30.0) from None
        if not digests(found) <= judged:
            text = f"policy Custom/{name} moved while it was judged; it is looked at again"
            raise Retry(Reason.PROGRESSING, text, after=0.5)


def _parsed(calls: CloudCalls, kind: str, name: str) -> documents.Policy:
    body = calls.call("GetPolicy", {"PolicyName": name, "PolicyType": kind})
    version = answers.part(body, "GetPolicy", "DefaultPolicyVersion", "PolicyDocument")
    try:
        return documents.parse_policy(version["PolicyDocument"], lenient=True)
    except documents.DocumentError as error:
        raise Bug(f"the document of policy {kind}/{name} cannot be read: {error}") from None


PROVIDER_KEPT_SECONDS: Final = 10.0
"""So long a thousand roles that trust the same provider share one look at it."""


class ProviderFacts:
    """The identity providers of one account. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: dict[str, tuple[float, str]] = {}

    def read(self, calls: CloudCalls, name: str, now: float, *, fresh: bool) -> str:
        """What the provider is, as `providers` writes it; `now` on the monotonic clock.

        `name` is as in its ARN, `oidc-provider/git`. With `fresh` True the cloud is asked.
        Raises errors.*; one that does not exist is providers.ABSENT.
        """
        with self._lock:
            at, text = self._found.get(name, (0.0, ""))
        if text and not fresh and now - at < PROVIDER_KEPT_SECONDS:
            return text
        noun, _, plain = name.partition("/")
        try:
            text = _READS[noun](calls, plain)
        except Absent:
            text = provider_states.ABSENT
        with self._lock:
            self._found[name] = (now, text)
        return text


def _answer(calls: CloudCalls, what: str, name: str, needs: str) -> Mapping[str, Any]:
    """One without what makes it a provider is no answer, not a provider that is otherwise."""
    body = calls.call(f"IMS.Get{what}", {f"{what}Name": name})
    return answers.part(body, f"Get{what}", what, needs)


def _oidc(calls: CloudCalls, name: str) -> str:
    found = _answer(calls, "OIDCProvider", name, "IssuerUrl")
    return provider_states.oidc(
        str(found["IssuerUrl"]),
        _listed(found.get("ClientIds")),
        _listed(found.get("Fingerprints")),
        str(found.get("IssuanceLimitTime") or ""),
    )


def _listed(text: Any) -> list[str]:
    return [part.strip() for part in str(text or "").split(",") if part.strip()]


def _saml(calls: CloudCalls, name: str) -> str:
    needs = "EncodedSAMLMetadataDocument"
    # It may be broken into lines, another way each time.
    text = "".join(str(_answer(calls, "SAMLProvider", name, needs)[needs]).split())
    try:
        return provider_states.saml(base64.b64decode(text, validate=True))
    except ValueError:
        return provider_states.saml(text.encode())


_READS: Final[Mapping[str, Callable[[CloudCalls, str], str]]] = {
    "oidc-provider": _oidc,
    "saml-provider": _saml,
}
