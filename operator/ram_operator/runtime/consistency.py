"""What this process remembers of its own recent writes and of what it saw once. Thread-safe.

RAM may answer with the state before a write for some seconds, and a predecessor's last writes may
not be visible when this process starts. So for a while differences that look like drift, and
identities that seem to be gone, are believed only when a second look says the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from ..config import Settings
from ..model.objects import Key

_NEVER: Final = ("", -1)
"""No manifest of an object: the write was made for one that is gone."""


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
        self._suspects: dict[Key, float] = {}
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

    def wrote(self, key: Key, uid: str = "", generation: int = 0) -> None:
        """A write for that generation of that very object was sent, whatever came of it."""
        with self._lock:
            self._writes[key] = self._clock()
            self._written[key] = (uid, generation)
            self._suspects.pop(key, None)

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
        """Whether a surprising look may be believed: seen twice, or long after any write."""
        with self._lock:
            now = self._clock()
            since = max(self._started, self._writes.get(key, self._started))
            if not always_twice and now - since >= self._window:
                return True
            first = self._suspects.setdefault(key, now)
            return now - first >= self._settle

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

    def unsurprised(self, key: Key) -> None:
        """The look agreed with what was known."""
        with self._lock:
            self._suspects.pop(key, None)

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
            self._suspects.pop(key, None)
            self._refused.pop(key, None)
            if key in self._writes:
                self._written[key] = _NEVER
            now = self._clock()
            for old in [k for k, at in self._writes.items() if now - at >= self._window]:
                if self._written.get(old) == _NEVER:
                    del self._writes[old], self._written[old]
