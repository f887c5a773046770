"""Faults on demand: which call meets which misfortune.

`Faults.plan` counts every armed fault that a call matches and returns those that fire. What a fault
does is `gateway`'s business; the table of kinds here says when it acts and what a caller sees.
"""

from __future__ import annotations

import asyncio
import fnmatch
import os
import signal as signals
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# kind -> what happens; also the list of legal kinds.
KINDS: Mapping[str, str] = {
    "throttle": "Throttling.User before any effect",
    "throttle_retry_after": "the same with the header x-acs-retry-after",
    "error_before": "an error (default InternalError, 500) before any effect",
    "error_after": "the call takes effect, then an error is answered",
    "delay": "the call waits for `seconds`, then goes on",
    "hold": "the call waits until the fault is disarmed, then goes on",
    "drop_before": "the connection is cut before any effect",
    "drop_after": "the call takes effect, then the connection is cut",
    "deny": "NoPermission before any effect",
    "bad_gateway": "a 502 that is not JSON, before any effect",
    "bad_gateway_after": "the call takes effect, then a 502 that is not JSON",
    "kill_before": "the process `pid` gets `signal` before any effect",
    "kill_after": "the call takes effect, then the process `pid` gets `signal`",
    "stale": "the read shows the state of `seconds` ago (default 60)",
}

_NUMBERS = {"nth": 1, "times": 1, "seconds": 0.0, "pid": 0, "status": 0}


@dataclass(slots=True)
class Fault:
    """An armed fault and its counters.

    nth: the first matching call that it fires on, from 1. times: how many in a row, -1 for all.
    """

    identifier: str
    kind: str
    account: str | None
    action: str
    writes: bool
    nth: int
    times: int
    seconds: float
    pid: int
    signal: int
    code: str
    status: int
    seen: int = 0
    hits: int = 0
    disarmed: asyncio.Event = field(default_factory=asyncio.Event)

    def matches(self, account: str, service: str, action: str, effect: str) -> bool:
        """Whether a call is of the kind that this fault waits for."""
        if self.account not in (None, account) or (self.writes and effect != "write"):
            return False
        return fnmatch.fnmatchcase(action, self.action) or fnmatch.fnmatchcase(
            f"{service}:{action}", self.action
        )

    def count(self) -> bool:
        """Count a matching call; True if the fault fires on it."""
        self.seen += 1
        fires = self.seen >= self.nth and (self.times < 0 or self.seen < self.nth + self.times)
        self.hits += fires
        return fires

    async def wait(self) -> None:
        """As long as a fault that makes a call wait wants it to."""
        if self.kind == "delay":
            await asyncio.sleep(self.seconds)
        elif self.kind == "hold":
            await self.disarmed.wait()

    def strike(self) -> None:
        """Send the signal of a kill fault; a process that is gone already is fine."""
        try:
            os.kill(self.pid, self.signal)
        except ProcessLookupError:
            return

    def shown(self) -> dict[str, Any]:
        """The fault as the admin API lists it."""
        names = ("kind", "account", "action", "nth", "times", "seconds", "pid", "code", "status")
        row = {name: getattr(self, name) for name in names}
        return {"id": self.identifier, **row, "seen": self.seen, "hits": self.hits}


class Faults:
    """All armed faults of a server, oldest first."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._created = 0

    def add(self, row: Mapping[str, Any]) -> Fault:
        """Arm a fault; ValueError says what is wrong with the row."""
        self._created += 1
        fault = _parse(f"fault-{self._created}", row)
        self._armed.append(fault)
        return fault

    def plan(self, account: str, service: str, action: str, effect: str) -> list[Fault]:
        """The faults that fire on a call; counts it for all that match."""
        if not self._armed:
            return []
        matching = [f for f in self._armed if f.matches(account, service, action, effect)]
        return [fault for fault in matching if fault.count()]

    def listed(self) -> list[dict[str, Any]]:
        """All faults with their counters."""
        return [fault.shown() for fault in self._armed]

    def clear(self) -> list[dict[str, Any]]:
        """Disarm all; their last counters."""
        last = self.listed()
        for fault in self._armed:
            fault.disarmed.set()
        self._armed.clear()
        return last

    def remove(self, identifier: str) -> dict[str, Any]:
        """Disarm one; its last counters. KeyError if it is not armed."""
        for fault in self._armed:
            if fault.identifier == identifier:
                fault.disarmed.set()
                self._armed.remove(fault)
                return fault.shown()
        raise KeyError(identifier)


def _parse(identifier: str, row: Mapping[str, Any]) -> Fault:
    known = {"kind", "account", "action", "writes", "signal", "code", *_NUMBERS}
    unknown = sorted(set(row) - known)
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}; known: {', '.join(sorted(known))}")
    kind = row.get("kind")
    if kind not in KINDS:
        raise ValueError(f"unknown kind {kind!r}; known: {', '.join(KINDS)}")
    for name, default in _NUMBERS.items():
        value = row.get(name, default)
        if isinstance(value, bool) or not isinstance(value, (int, type(default))):
            raise ValueError(f"{name} must be a number, not {value!r}")
    pid = int(row.get("pid", 0))
    # Anything at or below 1 would hit process groups or init.
    if str(kind).startswith("kill") and (pid <= 1 or pid == os.getpid()):
        raise ValueError("a kill fault needs the pid of another process")
    return Fault(
        identifier=identifier,
        kind=str(kind),
        account=row.get("account"),
        action=str(row.get("action") or "*"),
        writes=bool(row.get("writes", False)),
        nth=int(row.get("nth", 1)),
        times=int(row.get("times", 1)),
        seconds=float(row.get("seconds", 0.0)),
        pid=pid,
        signal=_signal(row.get("signal", "KILL")),
        code=str(row.get("code") or ""),
        status=int(row.get("status", 0)),
    )


def _signal(value: Any) -> int:
    name = str(value).upper().removeprefix("SIG")
    try:
        return int(signals.Signals[f"SIG{name}"])
    except KeyError:
        raise ValueError(f"unknown signal {value!r}") from None
