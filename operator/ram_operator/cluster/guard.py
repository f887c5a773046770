"""The operator's look at its own guard: are the admission policies in place that make an approval
mean something?

Policies and bindings are compared with what is shipped in `guard.json` (written by
scripts/guard_table.py from deploy/admission); of the parameters only the presence counts, for their
content is the customer's. And where an approval is to be honoured, they are probed on its object.
Asked at the start, when an object bears an approval, and before each gated write.

On a cluster without MutatingAdmissionPolicy nothing stamps who wrote what; the variant for those is
known as well, and is a state of its own. Policies that an API server has from files cannot be read:
where a flag says that they are there, the probe is all that is asked.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from ..constants import GuardSource
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
SUFFIX: Final = ".static.k8s.io"
"""How the names of policies end that come from files, and of no others."""
FROM_FILES: Final = ("ram-approve", "ram-configure", "ram-record", "ram-stamp", "ram-status")
"""Those that can: the others rest on what only the API has."""
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
    return _tables()["intact"]


def without_stamps() -> Mapping[str, Any]:
    """As `shipped`, for a cluster without MutatingAdmissionPolicy."""
    return _tables()["reduced"]


@cache
def _tables() -> Mapping[str, Mapping[str, Any]]:
    text = resources.files(__package__).joinpath("guard.json").read_text(encoding="utf-8")
    tables: Mapping[str, Mapping[str, Any]] = json.loads(text)
    common = {path: spec for path, spec in tables["intact"].items() if "/mutating" not in path}
    return {"intact": tables["intact"], "reduced": {**common, **tables["reduced"]}}


def in_files() -> tuple[str, ...]:
    """Paths in the API at which nothing may stand where the policies come from files: what stands
    there was written by somebody through the API.
    """
    found = (where for where in shipped() if where.rpartition("/")[2] in FROM_FILES)
    return tuple(f"{where}{SUFFIX}" for where in found)


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
    """Thread-safe. `waived`: approvals are believed without a guard. `tell` is called with (state,
    waived) whenever it was asked, `probed` with (kind, result) after each probe. `source`: where
    the policies are said to be.
    """

    def __init__(
        self,
        api: ClusterApi,
        waived: bool,
        clock: Callable[[], float],
        tell: Callable[[Guard, bool], None] = lambda *_: None,
        probed: Callable[[str, Result], None] = lambda *_: None,
        source: GuardSource = GuardSource.API,
    ) -> None:
        self._api = api
        self._files = source is GuardSource.FILES
        self._probes = Probes(api, clock, probed)
        self._waived = waived
        self._clock = clock
        self._tell = tell
        self._lock = threading.Lock()
        self._last: tuple[float, Guard] | None = None

    @property
    def stamps(self) -> bool:
        """Whether admission, as it is shipped, stamps each approval with who wrote it."""
        return any("/mutatingadmissionpolicies/" in where for where in shipped())

    def state(self, key: Key | None = None, *, fresh: bool = False) -> Guard:
        """Of the object `key`, whose approval may be honoured; else of the policies alone.

        A guard without stamps is not made more of by the flag that waives one. Raises errors.* when
        it cannot be told: then nothing is written and nothing is voided.
        """
        found = self._policies(fresh)
        holds = found is not Guard.MISSING
        try:
            if holds and key is not None:
                holds = self._probes.holds(key, found, fresh=fresh)
            elif holds and fresh:
                self._probes.again()
        finally:
            self._report()
        if holds:
            return found
        return Guard.WAIVED if self._waived else Guard.MISSING

    def _policies(self, fresh: bool) -> Guard:
        with self._lock:
            known = self._last
            if fresh or known is None or self._old(known):
                known = (self._clock(), self._look(known))
                self._last = known
        return known[1]

    def _report(self) -> None:
        with self._lock:
            known = self._last
        holds = known is not None and not self._probes.failing
        self._tell(known[1] if known is not None and holds else Guard.MISSING, self._waived)

    def _old(self, known: tuple[float, Guard]) -> bool:
        holds = known[1] is not Guard.MISSING
        return self._clock() - known[0] > (FRESH_SECONDS if holds else MISSING_SECONDS)

    def _look(self, before: tuple[float, Guard] | None) -> Guard:
        if self._files:
            return self._look_for_files(before)
        found: dict[str, Mapping[str, Any] | None] = {}
        problem = self._problem(shipped(), found)
        without = self._problem(without_stamps(), found) if problem else ""
        state = Guard.INTACT
        if problem:
            state = Guard.MISSING if without else Guard.REDUCED
        if before is None or before[1] is not state:
            _log(state, problem, without, first=before is None)
        return state

    def _look_for_files(self, before: tuple[float, Guard] | None) -> Guard:
        """Whether nobody has written through the API what is said to come from files."""
        listed = [where for where in in_files() if self._read(where) is not None]
        state = Guard.MISSING if listed else Guard.FILES
        if before is None or before[1] is not state:
            if listed:
                log.error("approvals are not honoured: %s is in the API, and in no file", listed[0])
            else:
                log.warning("the policies that guard approvals are said to come from files")
        return state

    def _problem(self, table: Mapping[str, Any], found: dict[str, Mapping[str, Any] | None]) -> str:
        """The first difference; "" without one. `found` keeps what was read."""
        for where, wanted in table.items():
            if where not in found:
                found[where] = self._read(where)
            body = found[where]
            if body is None:
                return f"{where} is missing"
            if body["metadata"].get("deletionTimestamp"):
                return f"{where} is being deleted"
            if wanted is not None and not same(wanted, body.get("spec")):
                return f"{where} was altered"
        return ""

    def _read(self, where: str) -> Mapping[str, Any] | None:
        try:
            return self._api.raw("GET", where, timeout=TIMEOUT)
        except Gone:
            return None


def _log(state: Guard, problem: str, without: str, *, first: bool) -> None:
    if state is Guard.MISSING:
        variant = f"; without MutatingAdmissionPolicy: {without}" if without != problem else ""
        log.error("approvals are not honoured: %s%s; apply deploy/admission", problem, variant)
    elif state is Guard.REDUCED:
        log.warning(
            "nothing stamps who approved what he wrote himself: approvals are honoured for accounts"
            " with gate.fourEyes false alone (%s)",
            problem,
        )
    elif not first:
        log.info("the admission policies that guard approvals are back")
