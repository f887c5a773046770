"""The Lease by which one of several operator processes leads: whose turn it is, and its requests.

`Election` decides and does no I/O; `LeaseLock` asks and decides nothing; `leadership` runs both.
Times of others are never compared with our own: what counts is when this process saw the Lease
move, by its own clock.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final
from urllib.parse import quote

from ..constants import COMPONENT
from .api import ClusterApi, Gone

NAME: Final = COMPONENT


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds. `duration`: a Lease that has not moved for so long is free. `deadline`: a leader
    that could not renew for so long is none any more. `retry`: between two tries.
    """

    duration: float
    deadline: float
    retry: float


@dataclass(frozen=True, slots=True)
class Lease:
    """What a Lease says. Stamps are RFC 3339 and for people; nothing is computed from them."""

    holder: str
    duration: int
    acquired: str
    renewed: str
    transitions: int
    version: str = ""
    """resourceVersion, for compare-and-swap; "" before it exists."""


class Move(Enum):
    """What a candidate does next."""

    CREATE = "create"
    """There is no Lease: make it."""
    TAKE = "take"
    """It is ours, free, or expired: write it with our name, on the version that was seen."""
    WAIT = "wait"
    LOST = "lost"
    """We led, and cannot any more. There is no way back but a new process."""


class Election:
    """One candidate's view. Not thread-safe; `now` is its own clock, in seconds."""

    def __init__(self, identity: str, terms: Terms) -> None:
        self.identity = identity
        self.terms = terms
        self.leading = False
        self.deadline = -math.inf
        """Nothing may be written from then on, unless the Lease is renewed."""
        self._seen: Lease | None = None
        self._seen_at = -math.inf

    def look(self, lease: Lease | None, now: float) -> Move:
        """Judge a Lease that was just read (None: there is none)."""
        if self.leading and now >= self.deadline:
            return Move.LOST
        if lease is None:
            # Deleted by hand, whoever held it does not know yet.
            return Move.CREATE if self.leading or self._free(now) else Move.WAIT
        if lease != self._seen:
            self._seen, self._seen_at = lease, now
        if lease.holder == self.identity:
            return Move.TAKE
        if self.leading:
            return Move.LOST
        return Move.TAKE if self._free(now) else Move.WAIT

    def _free(self, now: float) -> bool:
        """Whether nobody can hold the Lease that was seen last."""
        if self._seen is None or not self._seen.holder:
            return True
        # Whoever holds it may have been started with another duration than we were.
        lasts = max(self.terms.duration, float(self._seen.duration))
        return now - self._seen_at >= lasts

    def wanted(self, stamp: str) -> Lease:
        """What to write on the Lease seen last."""
        seen = self._seen
        ours = seen is not None and seen.holder == self.identity
        return Lease(
            holder=self.identity,
            duration=math.ceil(self.terms.duration),
            acquired=seen.acquired if ours and seen is not None else stamp,
            renewed=stamp,
            transitions=0 if seen is None else seen.transitions + (0 if ours else 1),
            version=seen.version if seen is not None else "",
        )

    def resign(self, stamp: str, now: float) -> Lease | None:
        """Nothing may be written from here on. What to write to give the Lease away, if it is ours
        still: an expired one may have been taken, and ends by itself.
        """
        seen, ours = self._seen, now < self.deadline
        self.deadline = -math.inf
        if not ours or seen is None:
            return None
        return replace(seen, holder="", duration=1, renewed=stamp)

    def written(self, lease: Lease, asked: float) -> None:
        """Our write went through. `asked` is the time *before* it was sent: nobody can have seen
        it earlier, so nobody takes the Lease earlier than `duration` after that.
        """
        self._seen, self._seen_at = lease, asked
        self.leading = True
        self.deadline = asked + self.terms.deadline

    def forget(self) -> None:
        """There was no Lease when we wrote: what was seen of it is void."""
        self._seen, self._seen_at = None, -math.inf


class LeaseLock:
    """The Lease in the API server. All requests raise errors.*, Conflicted when it moved."""

    def __init__(self, api: ClusterApi, namespace: str) -> None:
        self._api = api
        self._collection = (
            f"/apis/coordination.k8s.io/v1/namespaces/{quote(namespace, safe='')}/leases"
        )
        self._namespace = namespace

    def read(self, timeout: float) -> Lease | None:
        """As it is now, or None."""
        try:
            return _lease(self._api.raw("GET", f"{self._collection}/{NAME}", timeout=timeout))
        except Gone:
            return None

    def write(self, lease: Lease, timeout: float) -> Lease:
        """Create it (version "") or replace exactly the version that was seen."""
        body = _body(lease, self._namespace)
        if lease.version:
            where = f"{self._collection}/{NAME}"
            return _lease(self._api.raw("PUT", where, body=body, timeout=timeout))
        return _lease(self._api.raw("POST", self._collection, body=body, timeout=timeout))


def _lease(body: Mapping[str, Any]) -> Lease:
    spec = body.get("spec") or {}
    return Lease(
        holder=str(spec.get("holderIdentity") or ""),
        duration=int(spec.get("leaseDurationSeconds") or 0),
        acquired=str(spec.get("acquireTime") or ""),
        renewed=str(spec.get("renewTime") or ""),
        transitions=int(spec.get("leaseTransitions") or 0),
        version=str((body.get("metadata") or {}).get("resourceVersion") or ""),
    )


def _body(lease: Lease, namespace: str) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": NAME, "namespace": namespace}
    if lease.version:
        meta["resourceVersion"] = lease.version
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": meta,
        "spec": {
            "holderIdentity": lease.holder,
            "leaseDurationSeconds": lease.duration,
            "acquireTime": lease.acquired or None,
            "renewTime": lease.renewed or None,
            "leaseTransitions": lease.transitions,
        },
    }
