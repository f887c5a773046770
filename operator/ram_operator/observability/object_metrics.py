"""Metrics per object, made when they are scraped from one small value per object.

A series of the client library costs a kilobyte, and ten thousand objects have eighty thousand of
them; kept as values they cost a tenth. An object that is gone has no series.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from .. import times
from ..constants import FLAPPING_REVERTS, FLAPPING_SECONDS, ConditionType, Reason, Severity
from ..kinds.table import KINDS
from ..model.objects import Key
from ..model.outcome import Outcome
from ..model.vocabulary import DriftAction, HeldKind
from ..reporting import conditions, expiries

LABELS: Final = ("account", "kind", "resource_namespace", "resource_name")
_RANK: Final = tuple(Severity)


@dataclass(frozen=True, slots=True)
class ObjectState:
    """What is told of one object. Times are seconds since the epoch."""

    conditions: tuple[tuple[str, str], ...] = ()
    """(type, status) as in its status."""
    account: str = ""
    """The RamAccount that it lives in, or is."""
    stalled: tuple[str, float] | None = None
    """The reason for which it is stalled, and since when it is."""
    widened: float | None = None
    """1.0 while drift that lasts gives rights."""
    drift: str = ""
    """The highest severity of drift that lasts, or "" for none."""
    pending_since: float | None = None
    pending: str = ""
    """What is held of it, by the word of `status.pending.kind`."""
    looked_at: float | None = None
    braked_since: float | None = None
    """Of an account: when its deletions were stopped."""
    records_lost: float | None = None
    """1.0 of an account whose records are gone."""
    interval: float | None = None
    """Seconds between two looks, as its manifest or its account asks for."""
    observe_only: float | None = None
    """1.0 while it is stalled for no other reason than that its account is in mode Observe."""
    found: float | None = None
    """1.0 while it has more in the cloud than was agreed on, since nobody looked in between."""
    findings: tuple[tuple[str, str], ...] = ()
    """(rule, severity) of what its status says that the rules find in what is there."""
    drift_only: float | None = None
    """1.0 while it is stalled for no other reason than drift that is left as it is."""
    acknowledged: tuple[tuple[str, int], ...] = ()
    """(severity, how many) of the differences that stay since somebody acknowledged them."""
    acknowledged_until: float | None = None
    """When that ends, whether or not any of it is there."""
    corrected: tuple[tuple[str, float], ...] = ()
    """(severity, when) of the last drift that was put right, as far as its status remembers."""
    expiries: tuple[tuple[str, float], ...] = ()
    """(what, when) of what ends or is due, see `Expiry`."""
    flapping_until: float | None = None
    """Until when it counts as put right too often; None if it never was so often at all."""


def state_of(
    outcome: Outcome,
    status: Mapping[str, Any],
    pending_since: float | None,
    before: ObjectState,
    now: float,
) -> ObjectState:
    """The state after a pass that leaves this status; one that could not compare leaves the last
    look. What people are shown of drift is what is measured.
    """
    listed = status.get("drift") or ()
    entries = [e for e in listed if e.get("action") not in _QUIET]
    severities = {str(entry.get("severity")) for entry in entries}
    drift = next((rank.value for rank in reversed(_RANK) if rank.value in severities), "")
    looked = outcome.plan is not None or outcome.verified
    looked_at = now if looked else before.looked_at
    present = _one(tuple((str(c["type"]), str(c["status"])) for c in status["conditions"]))
    observe_only = 1.0 if outcome.reason is Reason.OBSERVE_ONLY else None
    kind = (status.get("pending") or {}).get("kind")
    drift_only = 1.0 if drift and outcome.reason in _DRIFT else None
    return ObjectState(
        present,
        drift=drift,
        widened=1.0 if any(entry.get("widens") for entry in entries) else None,
        stalled=_stalled(status, before, now),
        pending_since=pending_since,
        pending=str(kind or ""),
        looked_at=looked_at,
        observe_only=observe_only,
        findings=_one(_findings(status)),
        found=1.0 if kind == HeldKind.FOUND else None,
        drift_only=drift_only,
        corrected=_last_corrected(status),
        flapping_until=_flapping_until(status),
        expiries=expiries.told(status),
        acknowledged=_count_acknowledged(status),
        acknowledged_until=times.seconds_or_none(
            str((status.get("acknowledged") or {}).get("until"))
        ),
    )


_QUIET: Final = (DriftAction.RESPELLED, DriftAction.ACKNOWLEDGED)


def _count_acknowledged(status: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """How much of the drift is acknowledged, by severity."""
    listed = [e for e in status.get("drift") or () if e.get("action") == DriftAction.ACKNOWLEDGED]
    return tuple(sorted(Counter(str(e.get("severity")) for e in listed).items()))


def _stalled(
    status: Mapping[str, Any], before: ObjectState, now: float
) -> tuple[str, float] | None:
    """A condition keeps its time when only the reason moves: a process that saw it move knows."""
    found = conditions.find(status["conditions"], ConditionType.STALLED)
    if found is None:
        return None
    reason = str(found.get("reason"))
    if before.stalled is not None:
        return before.stalled if before.stalled[0] == reason else (reason, now)
    with contextlib.suppress(KeyError, ValueError):
        return reason, times.seconds(found["lastTransitionTime"])
    return reason, now


def _findings(status: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    counting = (each for each in status.get("findings") or () if "suppressedUntil" not in each)
    return tuple(sorted({(str(each["id"]), str(each["severity"])) for each in counting}))


_DRIFT: Final = frozenset({Reason.DRIFTED, Reason.NOT_FOUND})
"""Of a stalled object whose status shows drift: that is all that is wrong."""


def _last_corrected(status: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    found: dict[str, float] = {}
    for entry in status.get("corrected") or ():
        with contextlib.suppress(KeyError, ValueError):
            severity, at = str(entry["severity"]), times.seconds(entry["at"])
            found[severity] = max(at, found.get(severity, at))
    return tuple(sorted(found.items()))


def _flapping_until(status: Mapping[str, Any]) -> float | None:
    """The times are in the status, so a start of the operator takes none out of mind."""
    listed = status.get("correctedAt") or ()
    if len(listed) < FLAPPING_REVERTS:
        return None
    at = times.seconds_or_none(str(listed[FLAPPING_REVERTS - 1]))
    return at + FLAPPING_SECONDS if at is not None else None


class ObjectStates(Collector):
    """All objects' states. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[Key, ObjectState] = {}

    def get(self, key: Key) -> ObjectState:
        with self._lock:
            return self._states.get(key, ObjectState())

    def set(self, key: Key, state: ObjectState) -> None:
        with self._lock:
            self._states[key] = state

    def forget(self, key: Key) -> None:
        with self._lock:
            self._states.pop(key, None)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        with self._lock:
            states = list(self._states.items())
        for name, (text, more, rows) in _FAMILIES.items():
            family = GaugeMetricFamily(name, text, labels=[*LABELS, *more])
            family.samples = _OnDemand(name, (*LABELS, *more), states, rows)
            yield family
        approvals = GaugeMetricFamily(
            "ram_operator_approvals_pending",
            "Objects with a change that waits for approval.",
            labels=["kind"],
        )
        waiting = Counter(key.kind for key, state in states if state.pending_since is not None)
        for kind in KINDS:
            approvals.add_metric([kind], waiting[kind])
        yield approvals


Rows = list[tuple[tuple[str, ...], float]]


class _OnDemand(list[Sample]):
    """The samples of a family, made one by one as they are asked for.

    A hundred thousand of them at once are more than all that is kept of ten thousand objects.
    """

    def __init__(
        self,
        name: str,
        labels: tuple[str, ...],
        states: list[tuple[Key, ObjectState]],
        rows: Callable[[ObjectState], Rows],
    ) -> None:
        super().__init__()
        self._name, self._labels, self._states, self._rows = name, labels, states, rows

    def __iter__(self) -> Iterator[Sample]:
        for key, state in self._states:
            for more, value in self._rows(state):
                values = (state.account, key.kind, key.namespace, key.name, *more)
                yield Sample(self._name, dict(zip(self._labels, values, strict=True)), value)


@lru_cache(4096)
def _one(present: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """One value for all objects that have the same, as most objects have."""
    return present


def _conditions(state: ObjectState) -> Rows:
    return [(condition, 1.0) for condition in state.conditions]


def _found_by_rules(state: ObjectState) -> Rows:
    return [(finding, 1.0) for finding in state.findings]


def _drift(state: ObjectState) -> Rows:
    return [((state.drift,), 1.0)] if state.drift else []


def _stalled_since(state: ObjectState) -> Rows:
    return [((state.stalled[0],), state.stalled[1])] if state.stalled is not None else []


def _pending(state: ObjectState) -> Rows:
    return [((state.pending,), state.pending_since)] if state.pending_since is not None else []


def _corrected(state: ObjectState) -> Rows:
    return [((severity,), at) for severity, at in state.corrected]


def _expiries(state: ObjectState) -> Rows:
    return [((what,), at) for what, at in state.expiries]


def _acknowledged(state: ObjectState) -> Rows:
    return [((severity,), float(count)) for severity, count in state.acknowledged]


def _number(name: str) -> Callable[[ObjectState], Rows]:
    def rows(state: ObjectState) -> Rows:
        value = getattr(state, name)
        return [((), value)] if value is not None else []

    return rows


_FAMILIES: Final[Mapping[str, tuple[str, tuple[str, ...], Callable[[ObjectState], Rows]]]] = {
    "ram_operator_resource_condition": (
        "1 for the status that a condition of an object has now.",
        ("type", "status"),
        _conditions,
    ),
    "ram_operator_drift_detected": (
        "1 while the cloud differs from what was applied to an object.",
        ("severity",),
        _drift,
    ),
    "ram_operator_drift_acknowledged": (
        "Differences of an object that stay for a while since somebody acknowledged them.",
        ("severity",),
        _acknowledged,
    ),
    "ram_operator_drift_acknowledged_until_timestamp_seconds": (
        "When the acknowledgement of an object's drift ends, whether or not any of it is there.",
        (),
        _number("acknowledged_until"),
    ),
    "ram_operator_access_widened": (
        "1 while drift that lasts gives an object rights, or may give it some.",
        (),
        _number("widened"),
    ),
    "ram_operator_finding": (
        "1 for each rule that finds something in what an object has, held or not.",
        ("rule", "severity"),
        _found_by_rules,
    ),
    "ram_operator_approval_pending_since_timestamp_seconds": (
        "Since when a change of an object waits for approval, by what it is (`TrustChange`, …).",
        ("change",),
        _pending,
    ),
    "ram_operator_stalled_since_timestamp_seconds": (
        "Since when an object gets no further until a person acts, by the reason.",
        ("reason",),
        _stalled_since,
    ),
    "ram_operator_last_successful_reconcile_timestamp_seconds": (
        "When an object was last compared with the cloud.",
        (),
        _number("looked_at"),
    ),
    "ram_operator_look_interval_seconds": (
        "How often an object should be compared with the cloud.",
        (),
        _number("interval"),
    ),
    "ram_operator_observe_only": (
        "1 while an object is stalled only because its account is in mode Observe.",
        (),
        _number("observe_only"),
    ),
    "ram_operator_found_in_cloud": (
        "1 while an object has more in the cloud than was agreed on, given while nobody looked.",
        (),
        _number("found"),
    ),
    "ram_operator_stalled_by_drift": (
        "1 while an object is stalled only because drift is left as it is.",
        (),
        _number("drift_only"),
    ),
    "ram_operator_drift_corrected_timestamp_seconds": (
        "When drift of an object was last put right, by its severity.",
        ("severity",),
        _corrected,
    ),
    "ram_operator_drift_flapping_until_timestamp_seconds": (
        "An hour after the fourth last time that drift of an object was put right: as long as that"
        " is to come, it was put right four times within an hour.",
        (),
        _number("flapping_until"),
    ),
    "ram_operator_expiry_timestamp_seconds": (
        "When something of an object ends or is due: the operator's own `credentials` for an"
        " account, as far as their Secret says; the rotation of a program's `accessKey`; the next"
        " end of a `member`.",
        ("what",),
        _expiries,
    ),
    "ram_operator_records_lost": (
        "1 while records of an account are gone: nobody knows any more what was held before.",
        (),
        _number("records_lost"),
    ),
    "ram_operator_deletion_brake_since_timestamp_seconds": (
        "Since when deletions of an account, or of a namespace in it, are stopped.",
        (),
        _number("braked_since"),
    ),
}
"""Name → (help, labels besides the object's, rows of one object)."""
