"""The probe of the guard on the object itself: does the API server refuse, of this object and now,
what only people may say?

Three rehearsals (`dryRun=All`) by the operator's own account, of which nothing is stored. Comparing
policies with what was shipped says what they are; this says what they do: that a policy binds this
kind in this namespace, that nobody else answers in its place, and that stamps are kept. Called by
the guard; decides nothing.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from .. import __version__
from ..constants import (
    ANNOTATION_ACKNOWLEDGE,
    ANNOTATION_APPROVE,
    ANNOTATION_CHANGED_BY,
    COMPONENT,
    GROUP,
    Reason,
)
from ..errors import RamOperatorError, Retry
from ..gate.inputs import Guard
from ..kinds.guarded import STAMPS
from ..kinds.table import PLURALS
from ..model.objects import Key
from .api import ClusterApi, Conflicted, Gone, Rehearsal

log = logging.getLogger(__name__)

AGENT: Final = f"{COMPONENT}/{__version__} guard-probe"
"""Of its requests in the audit log, see docs/security.md."""
FRESH_SECONDS: Final = 60.0
"""How old a good answer for a kind and namespace may be, except right before a gated write."""
FAILED_SECONDS: Final = 2.0
"""How old a bad one may be."""
ZEROS: Final = "sha256:" + "0" * 64
"""A well-formed approval of nothing: no digest is ever this."""
FORGED: Final = "guard-probe"
_NAMES: Final = {Guard.FILES: "ram-approve.static.k8s.io"}
_NAME: Final = "ram-approve"
_BY_US: Final = "ValidatingAdmissionPolicy '{0}' with binding '{0}' denied request: "
"""For a name in which no dot stands for anything else: names in the API may differ in just that."""
_OURS: Final = r"\S+ may not approve: "
_OF_DRIFT: Final = r"\S+ may not acknowledge: "
NO_DRIFT: Final = f"{ZEROS} until 1970-01-01T00:00:00Z"
"""The same of an acknowledgement."""
_NOBODY_STAMPS: Final = (
    r"[^:]* are written by the policy ram-stamp, which this cluster does not have"
)


class Result(StrEnum):
    """What a probe found; also the label `result` of its metric."""

    HOLDS = "holds"
    ACCEPTED = "accepted"
    REFUSED_ELSEWHERE = "refused_elsewhere"
    STAMP_NOT_KEPT = "stamp_not_kept"
    UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True)
class Probed:
    """The result, and in words what is wrong."""

    result: Result
    problem: str = ""


def probe(api: ClusterApi, key: Key, policies: Guard = Guard.INTACT) -> Probed:
    """policies: what those say that were read, intact or reduced; or that they are in files.

    Raises Gone where the object is, and Conflicted where it moved meanwhile: ask again.
    """
    body = api.get(key)
    if body is None:
        raise Gone(Reason.NOT_FOUND, f"{key} is gone")
    meta = body["metadata"]
    known = _annotations(body)
    if known.get(ANNOTATION_APPROVE) == ZEROS or known.get(ANNOTATION_ACKNOWLEDGE) == NO_DRIFT:
        raise Conflicted(Reason.RETRYING, f"{key} bears an approval of nothing")
    try:
        stamped = policies is not Guard.REDUCED
        by_us = _BY_US.format(re.escape(_NAMES.get(policies, _NAME)))
        forged = dict.fromkeys((stamp.annotation for stamp in STAMPS), FORGED) if stamped else {}
        said = _rehearse(api, key, meta, {ANNOTATION_APPROVE: ZEROS, **forged})
        found = _approving(key, said, by_us + _OURS)
        if found.result is Result.HOLDS:
            said = _rehearse(api, key, meta, {ANNOTATION_ACKNOWLEDGE: NO_DRIFT, **forged})
            found = _approving(key, said, by_us + _OF_DRIFT, "acknowledgement")
        if found.result is not Result.HOLDS:
            return found
        said = _rehearse(api, key, meta, {ANNOTATION_CHANGED_BY: FORGED})
        if not stamped:
            return _refusing_stamps(key, said, by_us + _NOBODY_STAMPS)
        return _stamping(_annotations(body).get(ANNOTATION_CHANGED_BY), said)
    except (Conflicted, Gone):
        raise
    except Retry as error:
        return Probed(Result.UNANSWERED, f"a rehearsed approval was not answered: {error.message}")


def _rehearse(
    api: ClusterApi, key: Key, meta: Mapping[str, Any], annotations: Mapping[str, str]
) -> Rehearsal:
    # Of the object as it was read: another stamp would be no wonder after an edit.
    version = str(meta.get("resourceVersion", ""))
    body = {"metadata": {"resourceVersion": version, "annotations": dict(annotations)}}
    said = api.rehearse(key, body, AGENT)
    if said.status == 429 or said.status >= 500:
        raise Retry(Reason.RETRYING, f"{said.status} {said.message}")
    return said


def _approving(key: Key, said: Rehearsal, ours: str, what: str = "approval") -> Probed:
    """Only this refusal counts: that of our policy, by our binding, for our reason."""
    if said.accepted:
        return Probed(
            Result.ACCEPTED,
            f"a rehearsed {what} by the operator's own account was accepted: no policy binds here",
        )
    return _refused(key, said, ours, f"a rehearsed {what}")


def _refusing_stamps(key: Key, said: Rehearsal, ours: str) -> Probed:
    """Where nothing computes them: what stands there was written by nobody."""
    if said.accepted:
        return Probed(
            Result.STAMP_NOT_KEPT, "a rehearsed stamp by hand was accepted, and nobody computes one"
        )
    return _refused(key, said, ours, "a rehearsed stamp by hand")


def _refused(key: Key, said: Rehearsal, ours: str, what: str) -> Probed:
    start = f'{PLURALS[key.kind]}.{GROUP} "{key.name}" is forbidden: '
    rest = said.message.removeprefix(start)
    by_us = rest != said.message and re.match(ours, rest) is not None
    if said.status == 403 and by_us:
        return Probed(Result.HOLDS)
    return Probed(
        Result.REFUSED_ELSEWHERE,
        f"{what} was refused, but not by the policy ram-approve for its reason:"
        f" {said.status} {said.message}",
    )


def _stamping(stored: str | None, said: Rehearsal) -> Probed:
    if not said.accepted:
        return Probed(
            Result.REFUSED_ELSEWHERE,
            f"a rehearsed write of a stamp was refused: {said.status} {said.message}",
        )
    if _annotations(said.body).get(ANNOTATION_CHANGED_BY) == stored:
        return Probed(Result.HOLDS)
    return Probed(
        Result.STAMP_NOT_KEPT, "a rehearsed forgery of the stamp changed-by was not taken back"
    )


def _annotations(body: Mapping[str, Any]) -> Mapping[str, str]:
    found: Mapping[str, str] = (body.get("metadata") or {}).get("annotations") or {}
    return found


@dataclass(frozen=True, slots=True)
class _Known:
    at: float
    key: Key
    """The object that was probed last in that place."""
    policies: Guard
    found: Probed


class Probes:
    """What was found for each kind and namespace. Thread-safe. `tell` gets (kind, result) of each
    probe.
    """

    def __init__(
        self,
        api: ClusterApi,
        clock: Callable[[], float],
        tell: Callable[[str, Result], None],
    ) -> None:
        self._api = api
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str], _Known] = {}

    @property
    def failing(self) -> bool:
        """Whether it did not hold somewhere when last asked there."""
        with self._lock:
            return any(known.found.result is not Result.HOLDS for known in self._known.values())

    def holds(self, key: Key, policies: Guard = Guard.INTACT, *, fresh: bool) -> bool:
        """Whether the guard of that object holds, by policies that are intact or reduced. Raises
        Retry where it cannot be told: the object moved, or nothing was answered for the first time.
        """
        with self._lock:
            known = self._known.get((key.kind, key.namespace))
        if fresh or known is None or known.policies is not policies or self._old(known):
            return self._ask(key, policies, known).result is Result.HOLDS
        return known.found.result is Result.HOLDS

    def again(self) -> None:
        """Ask once more where it did not hold, so that what is told of it stays true."""
        with self._lock:
            failing = [k for k in self._known.values() if k.found.result is not Result.HOLDS]
        for known in failing:
            try:
                self._ask(known.key, known.policies, known)
            except Gone:
                self._forget(known)
            except RamOperatorError as error:
                log.info("%s was not probed: %s", known.key, error.message)

    def _old(self, known: _Known) -> bool:
        if known.found.result is Result.UNANSWERED:
            return True
        holds = known.found.result is Result.HOLDS
        return self._clock() - known.at > (FRESH_SECONDS if holds else FAILED_SECONDS)

    def _ask(self, key: Key, policies: Guard, before: _Known | None) -> Probed:
        found = probe(self._api, key, policies)
        with self._lock:
            self._known[key.kind, key.namespace] = _Known(self._clock(), key, policies, found)
        self._tell(key.kind, found.result)
        last = before.found if before is not None else Probed(Result.HOLDS)
        _log(key, last, found)
        if found.result is Result.UNANSWERED and last.result is not Result.UNANSWERED:
            # A short trouble voids nothing: nothing is written, and it is asked once more.
            raise Retry(Reason.RETRYING, found.problem, FAILED_SECONDS)
        return found

    def _forget(self, known: _Known) -> None:
        place = (known.key.kind, known.key.namespace)
        with self._lock:
            if self._known.get(place) is known:
                del self._known[place]


def _log(key: Key, before: Probed, found: Probed) -> None:
    where = f"{PLURALS[key.kind]} in {key.namespace}"
    if found.problem and found.result is not before.result:
        log.error("approvals of %s are not honoured: %s (%s)", where, found.problem, key)
    elif before.problem and not found.problem:
        log.info("approvals of %s are guarded again", where)
