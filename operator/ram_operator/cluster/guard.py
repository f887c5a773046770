"""The operator's look at its own guard: are the admission policies in place that make an approval
mean something?

Policies and bindings are compared with what is shipped in `guard.json` (written by
scripts/guard_table.py from deploy/admission); of the parameters only the presence counts, for their
content is the customer's. And where an approval is to be honoured, they are probed on its object.
Asked at the start, when an object bears an approval, and before each gated write.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any, Final

from ..gate.inputs import Guard
from ..model.objects import Key
from .api import ClusterApi, Gone
from .guard_probe import Probes, Result

log = logging.getLogger(__name__)

FRESH_SECONDS: Final = 30.0
"""How old a good answer may be, except right before a gated write."""
MISSING_SECONDS: Final = 2.0
"""How old a bad one may be: whoever mends the guard should not have to wait."""
TIMEOUT: Final = 10.0
_DEFAULTS: Final[Mapping[str, Any]] = {
    "matchPolicy": "Equivalent",
    "namespaceSelector": {},
    "objectSelector": {},
    "scope": "*",
    "failurePolicy": "Fail",
    "reinvocationPolicy": "Never",
}
"""What the API server fills in where nothing is written; anything else there is a change."""


def shipped() -> Mapping[str, Any]:
    """Path in the API → the shipped spec; None where the object only has to be there."""
    text = resources.files(__package__).joinpath("guard.json").read_text(encoding="utf-8")
    table: Mapping[str, Any] = json.loads(text)
    return table


def same(wanted: Any, found: Any) -> bool:
    """Whether `found` says what is wanted, and beyond it only what the API server fills in."""
    if isinstance(wanted, Mapping):
        if not isinstance(found, Mapping):
            return False
        if not all(name in found and same(value, found[name]) for name, value in wanted.items()):
            return False
        return all(
            name in _DEFAULTS and found[name] == _DEFAULTS[name]
            for name in found.keys() - wanted.keys()
        )
    if isinstance(wanted, list):
        return (
            isinstance(found, list) and len(wanted) == len(found) and all(map(same, wanted, found))
        )
    return bool(wanted == found)


class AdmissionGuard:
    """Thread-safe. `waived`: approvals are believed without a guard. `tell` is called with (intact,
    waived) whenever it was asked, `probed` with (kind, result) after each probe.
    """

    def __init__(
        self,
        api: ClusterApi,
        waived: bool,
        clock: Callable[[], float],
        tell: Callable[[bool, bool], None] = lambda *_: None,
        probed: Callable[[str, Result], None] = lambda *_: None,
    ) -> None:
        self._api = api
        self._probes = Probes(api, clock, probed)
        self._waived = waived
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._last: tuple[float, bool] | None = None

    @property
    def stamps(self) -> bool:
        """Whether admission, as it is shipped, stamps each approval with who wrote it."""
        return any("/mutatingadmissionpolicies/" in where for where in shipped())

    def state(self, key: Key | None = None, *, fresh: bool = False) -> Guard:
        """Of the object `key`, whose approval may be honoured; else of the policies alone.

        Raises errors.* when it cannot be told: then nothing is written and nothing is voided.
        """
        intact = self._policies(fresh)
        try:
            if intact and key is not None:
                intact = self._probes.holds(key, fresh=fresh)
            elif intact and fresh:
                self._probes.again()
        finally:
            self._report()
        if intact:
            return Guard.INTACT
        return Guard.WAIVED if self._waived else Guard.MISSING

    def _policies(self, fresh: bool) -> bool:
        with self._lock:
            known = self._last
            if fresh or known is None or self._old(known):
                known = (self._clock(), self._look(known))
                self._last = known
        return known[1]

    def _report(self) -> None:
        with self._lock:
            known = self._last
        self._tell(known is not None and known[1] and not self._probes.failing, self._waived)

    def _old(self, known: tuple[float, bool]) -> bool:
        return self._clock() - known[0] > (FRESH_SECONDS if known[1] else MISSING_SECONDS)

    def _look(self, before: tuple[float, bool] | None) -> bool:
        problem = next(filter(None, map(self._problem, shipped().items())), "")
        if problem and (before is None or before[1]):
            log.error("approvals are not honoured: %s; apply deploy/admission", problem)
        elif not problem and before is not None and not before[1]:
            log.info("the admission policies that guard approvals are back")
        return not problem

    def _problem(self, row: tuple[str, Any]) -> str:
        where, wanted = row
        try:
            found = self._api.raw("GET", where, timeout=TIMEOUT)
        except Gone:
            return f"{where} is missing"
        if found["metadata"].get("deletionTimestamp"):
            return f"{where} is being deleted"
        return "" if wanted is None or same(wanted, found.get("spec")) else f"{where} was altered"
