"""What this process remembers of its own recent writes and of what it saw once. Thread-safe.

RAM may answer with the state before a write for some seconds, and a predecessor's last writes may
not be visible when this process starts. So for a while differences that look like drift, and
identities that seem to be gone, are believed only when a second look says the same.

That is so part by part, see `Touched`: what was written of one says nothing against what is seen of
another. Whoever has one field written again and again would else hide all that is done to the rest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from ..config import Settings
from ..model.objects import Key

_NEVER: Final = ("", -1)
"""No manifest of an object: the write was made for one that is gone."""
_ALL: Final = ""
"""The place of an identity as a whole: that it is there, with everything that it has."""


@dataclass(frozen=True, slots=True)
class Touched:
    """What a write says something of, by places as in `status.drift`: those that it `writes`, and
    those that it `carries` along as they were seen.
    """

    writes: frozenset[str] = frozenset()
    carries: frozenset[str] = frozenset()

    @property
    def whole(self) -> bool:
        return _ALL in self.writes


WHOLE: Final = Touched(frozenset({_ALL}))
"""An identity that is created, deleted or emptied."""


class Consistency:
    """All times are monotonic seconds from `clock`."""

    def __init__(self, settings: Settings, clock: Callable[[], float]) -> None:
        self._settle = settings.settle_seconds
        self._window = settings.consistency_seconds
        self._clock = clock
        self._started = clock()
        """When this process became the one that writes."""
        self._lock = threading.Lock()
        self._writes: dict[Key, float] = {}
        self._written: dict[Key, tuple[str, int]] = {}
        self._touched: dict[Key, dict[str, float]] = {}
        """When each place was written last, for as long as that says anything."""
        self._surprises: dict[Key, dict[str, float]] = {}
        """When each place looked surprising first, of the looks in a row that agree on that."""
        self._refused: dict[Key, tuple[int, float]] = {}
        self._doubts: dict[Key, tuple[str, float]] = {}
        self._looked: dict[Key, tuple[str, float]] = {}

    def begin(self) -> None:
        """This process takes over now: a predecessor may have written until a moment ago."""
        with self._lock:
            self._started = self._clock()

    @property
    def settle(self) -> float:
        """Seconds after which the cloud shows what was written."""
        return self._settle

    def wrote(self, key: Key, uid: str = "", generation: int = 0, touched: Touched = WHOLE) -> None:
        """A write for that generation of that very object was sent, whatever came of it.

        What was seen before of what it wrote is settled. What it carried along it wrote as it was
        seen: a surprise there is none of its making, and a new one may be.
        """
        with self._lock:
            now = self._clock()
            self._writes[key] = now
            self._written[key] = (uid, generation)
            times = {} if touched.whole else self._recent(key, now)
            times |= dict.fromkeys((*touched.writes, *touched.carries), now)
            _keep(self._touched, key, times)
            seen = {} if touched.whole else self._surprises.get(key, {})
            left = {place: at for place, at in seen.items() if place not in touched.writes}
            _keep(self._surprises, key, left)

    def unsettled(self, key: Key) -> float:
        """Seconds until reads can be trusted for repeating or deleting; 0 when they can now."""
        with self._lock:
            since = max(self._started, self._writes.get(key, self._started))
            return max(0.0, since + self._settle - self._clock())

    def unread(self, key: Key, uid: str, generation: int) -> float:
        """Seconds until an edit that came after our own last write can be compared; 0 now.

        An old answer may agree with the new manifest by chance. Then nothing would be written, and
        what is missing would look later as if somebody had taken it away. An object that is made
        anew under the same name begins with the same generation.
        """
        with self._lock:
            if key not in self._writes or self._written.get(key) == (uid, generation):
                return 0.0
            return max(0.0, self._writes[key] + self._settle - self._clock())

    def starting(self) -> float:
        """Seconds until a predecessor's last writes are visible; 0 when they are."""
        return max(0.0, self._started + self._settle - self._clock())

    def inherits(self, seconds: float) -> bool:
        """Whether a predecessor may have written within so many seconds."""
        with self._lock:
            return self._clock() - self._started < seconds

    def looked(self, key: Key, uid: str) -> None:
        """All of the identity of that object was looked at, by one that may put it right, and it
        has nothing that was found.
        """
        with self._lock:
            self._looked[key] = (uid, self._clock())

    def unwatched(self, key: Key, uid: str) -> None:
        """From now on what is found may be older than the next look."""
        with self._lock:
            self._looked[key] = (uid, float("-inf"))

    def watched(self, key: Key, uid: str, within: float) -> bool | None:
        """Whether the last good look at that very object was less than so many seconds ago; None
        where this process has not looked at it yet.
        """
        with self._lock:
            seen, at = self._looked.get(key, ("", 0.0))
            return self._clock() - at < within if seen == uid else None

    def believes(self, key: Key, *, always_twice: bool = False) -> bool:
        """Whether a look that finds no identity may be believed: seen twice, or long after any
        write to all of it.
        """
        return not self.doubts(key, {_ALL}, always_twice=always_twice)

    def doubts(
        self,
        key: Key,
        surprising: Collection[str],
        unread: Collection[str] = (),
        *,
        always_twice: bool = False,
    ) -> frozenset[str]:
        """Of the places that look surprising those that are not to be believed yet: neither seen
        twice, nor long after any write that touched them. Told of every look, of all at once; of
        the fields in `unread` a look says nothing.
        """
        with self._lock:
            now = self._clock()
            recent, before = self._recent(key, now), self._surprises.get(key, {})
            seen = {place: before.get(place, now) for place in surprising}
            kept = {p: at for p, at in before.items() if p.partition("[")[0] in unread}
            _keep(self._touched, key, recent)
            _keep(self._surprises, key, kept | seen)
            all_recent = always_twice or now - self._started < self._window or _ALL in recent
            return frozenset(
                place
                for place, first in seen.items()
                if now - first < self._settle and (all_recent or place in recent)
            )

    def _recent(self, key: Key, now: float) -> dict[str, float]:
        """What was written lately enough to be shown as it was before. Older times say nothing, so
        there are never more than writes within that time.
        """
        times = self._touched.get(key, {})
        return {place: at for place, at in times.items() if now - at < self._window}

    def patient(self, key: Key, generation: int) -> bool:
        """Whether a refused document is still worth another try: a minute per generation.

        A user or role that was just created cannot be trusted for some seconds.
        """
        with self._lock:
            now = self._clock()
            seen, first = self._refused.get(key, (generation, now))
            if seen != generation:
                first = now
            self._refused[key] = (generation, first)
            return now - first < self._window

    def doubted(self, key: Key, seen: str) -> float | None:
        """Seconds until it may be believed that an offer ends by what the cloud says, which `seen`
        stands for; 0 when two looks in a row said the same, the settle time apart. None where the
        last look said yet another thing: then it may be a while.
        """
        with self._lock:
            now = self._clock()
            known = self._doubts.get(key)
            if known is None or known[0] != seen:
                self._doubts[key] = (seen, now)
                return self._settle if known is None else None
            return max(0.0, known[1] + self._settle - now)

    def certain(self, key: Key) -> None:
        """The look agreed with what is offered."""
        with self._lock:
            self._doubts.pop(key, None)

    def forget(self, key: Key) -> None:
        """The object is gone. What was written for it is as fresh as it was, whoever has its name
        next: its identity may be kept in the cloud, and be shown as it was before.
        """
        with self._lock:
            self._doubts.pop(key, None)
            self._looked.pop(key, None)
            self._surprises.pop(key, None)
            self._refused.pop(key, None)
            self._touched.pop(key, None)
            if key in self._writes:
                self._written[key] = _NEVER
                # Whoever has the name next may ask for the same in other parts.
                self._touched[key] = {_ALL: self._writes[key]}
            now = self._clock()
            for old in [k for k, at in self._writes.items() if now - at >= self._window]:
                if self._written.get(old) == _NEVER:
                    del self._writes[old], self._written[old]
                    self._touched.pop(old, None)


def _keep(where: dict[Key, dict[str, float]], key: Key, found: Mapping[str, float]) -> None:
    if found:
        where[key] = dict(found)
    else:
        where.pop(key, None)
