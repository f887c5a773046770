"""What the watches have told: each object as compact JSON, plus the little that finding needs.

Written by the handlers and by the resync, read by the workers. Ten thousand typical roles take
25 MB as bytes and five times that as dicts, so bodies are decoded per pass. Of objects in
namespaces that are no tenant of their RamAccount, and of which no record speaks, only the facts are
kept: anybody may write as many of them, as large as the API server takes. So it is with those of a
tenant that has more of them than fit. Thread-safe.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import replace
from enum import Enum
from typing import Any, Final

from ..kinds.table import ACCOUNT, KINDS, RECORD
from ..model.objects import Key
from . import bodies
from .crowds import Crowds
from .facts import Facts as Facts
from .facts import account_name, facts_of, outline
from .facts import key_of as key_of
from .trusted_names import TrustedNames

TOMBSTONES: Final = 1000
"""Uids of deleted objects that are remembered, so that an older list does not bring them back."""


class Seen(Enum):
    """What an event meant for us."""

    NEWS = "news"
    """New, or changed in a way that calls for a pass."""
    ECHO = "echo"
    """Only status or bookkeeping moved: most often our own write coming back."""
    STALE = "stale"
    """Of an object that the cache does not know, or older than what it knows."""


class Cache:
    """Latest known objects by key, with the reverse indexes that waking needs."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._bodies: dict[Key, bytes] = {}
        self._facts: dict[Key, Facts] = {}
        self._dependents: dict[Key, set[Key]] = {}
        self._users: dict[str, set[Key]] = {}
        self._custom: dict[tuple[str, str], set[Key]] = {}
        self._owned: dict[Key, set[Key]] = {}
        self._agreed = TrustedNames()
        self._seen = TrustedNames()
        self._waiting: dict[Key, set[Key]] = {}
        self._living: dict[tuple[str, str], set[Key]] = {}
        self._idle: dict[str, set[Key]] = {}
        self._ending: dict[str, set[Key]] = {}
        self._keyed: dict[str, set[Key]] = {}
        self._left: dict[tuple[str, str], set[Key]] = {}
        self._gone: deque[str] = deque(maxlen=TOMBSTONES)
        self._crowds = Crowds()
        self._pinned: set[Key] = set()

    def put(self, body: Mapping[str, Any]) -> tuple[Key, Seen, bool]:
        """Remember an object. Returns its key, what it meant, and whether dependents care."""
        key = key_of(body)
        if self._has(key, body["metadata"]):
            return key, Seen.ECHO, False
        account = account_name(key, body)
        data: bytes | None = None
        if self._may_stay(key, account):
            body, data = bodies.kept(body)
        else:
            body = {**body, "spec": {"accountRef": {"name": account}}}
        facts = facts_of(key, body)
        with self._lock:
            before = self._facts.get(key)
            # Versions of one kind are comparable across uids: a late word of a deleted object must
            # not replace the one that has its name now.
            older = before is not None and before.version > facts.version
            if older or facts.uid in self._gone:
                return key, Seen.STALE, False
            if before is not None and before.uid != facts.uid:
                self._gone.append(before.uid)
            cost = bodies.cost(data, facts.references) if data is not None else 0
            always = key.kind not in KINDS or key in self._owned or key in self._pinned
            if not self._crowds.put(key, cost, always=always):
                data, facts = None, replace(facts, references=(), custom=())
            if data is not None:
                self._bodies[key] = data
            else:
                self._bodies.pop(key, None)
            self._facts[key] = facts
            self._index(key, before, facts)
            if key.kind == ACCOUNT and before is not None and before.tenants - facts.tenants:
                self._let_go(key.name)
        if before is None or before.uid != facts.uid:
            return key, Seen.NEWS, True
        seen = Seen.ECHO if before.trigger == facts.trigger else Seen.NEWS
        return key, seen, before.outward != facts.outward

    def _has(self, key: Key, meta: Mapping[str, Any]) -> bool:
        """Exactly this version is there already: each list says everything once more."""
        version = str(meta.get("resourceVersion") or "")
        with self._lock:
            known = self._facts.get(key)
        return (
            known is not None
            and known.version > 0
            and str(known.version) == version
            and known.uid == str(meta["uid"])
            and self.outside(key) != self._may_stay(key, known.account)
        )

    def _may_stay(self, key: Key, account: str) -> bool:
        """Whether more than the facts is kept. Of what has an identity it is, whoever is a tenant:
        others' changes are judged by what it has.
        """
        with self._lock:
            if key.kind not in KINDS or key in self._owned:
                return True
            known = self._facts.get(Key(ACCOUNT, "", account))
        return known is not None and key.namespace in known.tenants

    def _let_go(self, account: str) -> None:
        """Some namespaces may not use the account any more."""
        for key in self.users(account):
            facts = self._facts[key]
            if key in self._bodies and not self._may_stay(key, account):
                self._drop_body(key, facts)

    def remove(self, key: Key, uid: str) -> bool:
        """Forget an object; False when the cache holds another one of that name."""
        with self._lock:
            before = self._facts.get(key)
            if before is None or (uid and before.uid != uid):
                # Perhaps a list that still has it is being read at this moment.
                if uid and uid not in self._gone:
                    self._gone.append(uid)
                return False
            self._bodies.pop(key, None)
            self._crowds.put(key, 0)
            del self._facts[key]
            self._gone.append(before.uid)
            self._index(key, before, None)
            if key.kind == ACCOUNT:
                self._let_go(key.name)
            return True

    def get(self, key: Key) -> dict[str, Any] | None:
        """The object as it is kept; without spec and status where it is `outside`."""
        with self._lock:
            data, facts = self._bodies.get(key), self._facts.get(key)
        if data is not None:
            found: dict[str, Any] = json.loads(data)
            return found
        return outline(key, facts) if facts is not None else None

    def outside(self, key: Key) -> bool:
        """Whether the object is there and nothing is kept but its facts: its namespace is no tenant
        of its RamAccount, or was none when last heard of, or has more than is kept of one.
        """
        with self._lock:
            return key in self._facts and key not in self._bodies

    def crowded(self, key: Key) -> bool:
        """Whether that is so although its namespace is a tenant: it is looked at like any other."""
        facts = self.facts(key)
        return facts is not None and self.outside(key) and self._may_stay(key, facts.account)

    def pin(self, key: Key) -> None:
        """What is put of a tenant's object is kept until `unpin`, for a pass over it: what is told
        of it meanwhile counts, and if it comes to have an identity, others' changes are judged by
        what that has.
        """
        with self._lock:
            self._pinned.add(key)

    def unpin(self, key: Key) -> None:
        """What has no identity by now is kept if there is room."""
        with self._lock:
            if key not in self._pinned:
                return
            self._pinned.discard(key)
            data, facts = self._bodies.get(key), self._facts.get(key)
            if data is None or facts is None or key in self._owned:
                return
            if not self._crowds.put(key, bodies.cost(data, facts.references)):
                self._drop_body(key, facts)

    def _drop_body(self, key: Key, facts: Facts) -> None:
        del self._bodies[key]
        self._crowds.put(key, 0)
        self._facts[key] = replace(facts, references=(), custom=())
        self._index(key, facts, self._facts[key])

    def facts(self, key: Key) -> Facts | None:
        with self._lock:
            return self._facts.get(key)

    def keys(self, kind: str) -> list[Key]:
        with self._lock:
            return [key for key in self._facts if key.kind == kind]

    def dependents(self, key: Key) -> list[Key]:
        """Objects whose manifests name this one."""
        with self._lock:
            return sorted(self._dependents.get(key, ()))

    def users(self, account: str) -> list[Key]:
        """Objects that live in this RamAccount."""
        with self._lock:
            return sorted(self._users.get(account, ()))

    def attaching(self, policy: Key, account: str, cloud_name: str) -> list[Key]:
        """Objects of this RamAccount whose manifests attach the policy: by its object, or as the
        custom policy of that name.
        """
        with self._lock:
            by_object = self._dependents.get(policy, set())
            found = by_object | self._custom.get((account, cloud_name.lower()), set())
            return sorted(key for key in found if self._facts[key].account == account)

    def in_use(self, account: str) -> bool:
        """Whether any object lives in this RamAccount."""
        with self._lock:
            return bool(self._users.get(account))

    def trusted(self, arn: str, record: Key) -> bool:
        """Whether the trust of a role that exists, other than that of `record`, mentions this name:
        the agreed one, or the live one as it was when last looked at.
        """
        name = arn.lower()
        with self._lock:
            return bool((self._agreed.mention(name) | self._seen.mention(name)) - {record})

    def saw_trust(self, record: Key, names: Iterable[str]) -> None:
        """These names are mentioned by the live trust of the role that `record` is about."""
        with self._lock:
            self._seen.put(record, names)

    def owned(self, holder: Key) -> list[Key]:
        """Records of identities that belong to this object, in whatever account."""
        with self._lock:
            return sorted(self._owned.get(holder, ()))

    def living(self, account_id: str, namespace: str = "") -> int:
        """How many identities of the account have a record and exist: those of objects in that
        namespace, or all of them.
        """
        with self._lock:
            return len(self._living.get((account_id, namespace), ()))

    def idle(self, account_id: str) -> list[tuple[str, str, Key]]:
        """Records on which nothing rests: since when, by which namespace; the oldest first."""
        with self._lock:
            keys = self._idle.get(account_id, ())
            return sorted((*f.idle[1:], key) for key in keys if (f := self._facts[key]).idle)

    def ending(self, account_id: str) -> list[Key]:
        """Records of the account that have agreed ends."""
        with self._lock:
            return sorted(self._ending.get(account_id, ()))

    def keyed(self, account_id: str) -> list[Key]:
        """Records of the account whose access keys are not ended."""
        with self._lock:
            return sorted(self._keyed.get(account_id, ()))

    def left(self, account_id: str, namespace: str) -> int:
        """How many of these that namespace has left."""
        with self._lock:
            return len(self._left.get((account_id, namespace), ()))

    def waiting(self, holder: Key) -> list[Key]:
        """Records with a change that is held, or was, for this object, on which nothing rests."""
        with self._lock:
            return sorted(self._waiting.get(holder, ()))

    def left_waiting(self) -> list[Key]:
        """Objects that are not there, while such records say that they are."""
        with self._lock:
            return sorted(holder for holder in self._waiting if holder not in self._facts)

    def _index(self, key: Key, before: Facts | None, after: Facts | None) -> None:
        self._agreed.put(key, after.trusts if after is not None else ())
        if before is not None:
            for index, names in self._entries(before):
                for name in names:
                    _drop(index, name, key)
        if after is not None:
            for index, names in self._entries(after):
                for name in names:
                    index.setdefault(name, set()).add(key)

    def _entries(self, facts: Facts) -> tuple[tuple[dict[Any, set[Key]], Iterable[Any]], ...]:
        """Each reverse index, and under what an object of these facts stands in it."""
        return (
            (self._owned, (facts.owner,) if facts.owner else ()),
            (self._waiting, (facts.waiting,) if facts.waiting else ()),
            (self._idle, (facts.idle[0],) if facts.idle else ()),
            (self._ending, (facts.ending,) if facts.ending else ()),
            (self._keyed, (facts.keyed,) if facts.keyed else ()),
            (self._left, ((facts.idle[0], facts.idle[2]),) if facts.idle else ()),
            (self._living, ((facts.lives[0], ""), facts.lives) if facts.lives else ()),
            (self._dependents, facts.references),
            (self._users, (facts.account,) if facts.account else ()),
            (self._custom, facts.custom),
        )

    def resync(
        self, kind: str, pages: Iterable[tuple[int, Iterable[Mapping[str, Any]]]], news: set[Key]
    ) -> None:
        """Make the cache equal to a complete list, and add the keys that are worth a pass to
        `news`: those of a list that breaks off too, for nobody else tells what is stored already.

        An object that came after the list's snapshot is no ghost, although the list lacks it.
        """
        listed: set[Key] = set()
        snapshot = 0
        held = set(self.keys(kind))
        for version, items in pages:
            snapshot = version
            for body in items:
                key, seen, _ = self.put({**body, "kind": kind})
                listed.add(key)
                if seen is Seen.NEWS:
                    news.add(key)
        for key in held - listed:
            facts = self.facts(key)
            if facts is not None and facts.version <= snapshot and self.remove(key, facts.uid):
                news.add(key)


def _drop(index: dict[Any, set[Key]], at: Any, key: Key) -> None:
    """Without leaving an empty entry: names come and go for as long as the process lives."""
    keys = index.get(at, set())
    keys.discard(key)
    if not keys:
        index.pop(at, None)


WATCHED_KINDS: Final = (ACCOUNT, RECORD, *KINDS)
