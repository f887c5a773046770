"""The whole life of a key, with the operator killed or an answer lost at each of its writes.

What is decided and what is carried out are the operator's own; the cloud, the record and the Secret
are in memory, and each write to one of them is a place where something may go wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, Final

import pytest

from ram_operator import times
from ram_operator.cloud import key_calls
from ram_operator.cluster.secrets import Kept
from ram_operator.cluster.secrets import Secrets as Store
from ram_operator.config import Settings
from ram_operator.constants import AccessMode, Mode, Reason
from ram_operator.errors import OutcomeUnknown, RamOperatorError, Retry
from ram_operator.kinds import manifest, record, sign_in
from ram_operator.kinds.dropped import RECORD_BLOCK
from ram_operator.kinds.table import KINDS
from ram_operator.loop.access_keys import AccessKeys
from ram_operator.loop.subject import Subject
from ram_operator.model.key_state import KeyState
from ram_operator.model.objects import Entry, Key, Owner
from ram_operator.model.record_changes import RecordChange
from ram_operator.model.records import Agreed
from ram_operator.model.secret import Secret
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Presence
from ram_operator.runtime.refused_writes import Refusals
from tests.unit.test_access_keys_made import IDENTITY, _Writer
from tests.unit.test_people import asked

DAY: Final = 86_400.0
START: Final = 1_900_000_000.0
KEYED: Final[Mapping[str, Any]] = {
    "accessMode": "AccessKey",
    "accessKey": {"secretName": "kept", "rotateAfter": "2d"},
}
NONE: Final[Mapping[str, Any]] = {"accessMode": "None"}


WAITS: Final = (Reason.CONFLICT, Reason.QUOTA_EXCEEDED)


class Fault(StrEnum):
    KILLED_BEFORE = "killed before it"
    KILLED_AFTER = "killed after it"
    REFUSED = "not done, and said so"
    LOST = "done, and answered by an error"


class Killed(BaseException):
    """The process is gone, with all that it knew."""


class World:
    """A user, a Secret, a record and a clock. The write number `at` meets the fault."""

    def __init__(self, patch: pytest.MonkeyPatch, fault: Fault | None = None, at: int = 0) -> None:
        self.fault, self.at = fault, at
        self.writes: list[str] = []
        self.now = START
        self.spec: Mapping[str, Any] = KEYED
        self.keys: dict[str, tuple[bool, str]] = {}
        self.made = 0
        self.stored: set[str] = set()
        self.secret: tuple[str, str] | None = None
        self.uids = 0
        self.refusals = Refusals(lambda: self.now, 300.0)
        said = {"mode": AccessMode.ACCESS_KEY.value, "for": "uid-1 kept"}
        says = RecordChange(
            sequence=1,
            owner=Owner("blue", "team", "ann"),
            owner_uid="uid-1",
            agreed=Agreed({sign_in.FIELD: said}),
        )
        self.body = record.first(IDENTITY, says)
        self.body["metadata"] |= {"resourceVersion": "1", "uid": "u", "generation": 1}
        self._patch(patch)

    def _patch(self, patch: pytest.MonkeyPatch) -> None:
        patch.setattr(key_calls, "create", lambda *_: self.write("create", self._create))
        patch.setattr(
            key_calls, "disable", lambda _, __, key: self.write("disable", lambda: self._off(key))
        )
        patch.setattr(
            key_calls, "delete", lambda _, __, key: self.write("delete", lambda: self._gone(key))
        )
        patch.setattr(key_calls, "last_used", lambda *_: 0.0)
        patch.setattr(Store, "read", lambda *_: self._read())
        patch.setattr(Store, "reserve", lambda *_: self.write("reserve", self._reserve))
        patch.setattr(
            Store,
            "store",
            lambda _, __, kept, key: self.write("store", lambda: self._store(kept, key[0])),
        )
        patch.setattr(
            Store,
            "delete",
            lambda _, __, uid: self.write("delete Secret", lambda: self._withdraw(uid)),
        )

    def write(self, what: str, effect: Callable[[], Any]) -> Any:
        """One write, which may be the one that something befalls."""
        self.writes.append(what)
        if len(self.writes) != self.at:
            return effect()
        if self.fault is Fault.KILLED_BEFORE:
            raise Killed
        if self.fault is Fault.REFUSED:
            raise Retry(Reason.THROTTLED, "later")
        found = effect()
        if self.fault is Fault.KILLED_AFTER:
            raise Killed
        if self.fault is Fault.LOST:
            raise OutcomeUnknown("no answer")
        return found

    def _create(self) -> tuple[str, Secret]:
        assert len(self.keys) < 2, "never more than two"
        self.made += 1
        key = f"LTAI-{self.made:04}"
        self.keys[key] = (True, times.stamp(self.now))
        return key, Secret("canary")

    def _off(self, key: str) -> None:
        if key in self.keys:
            self.keys[key] = (False, self.keys[key][1])

    def _gone(self, key: str) -> None:
        assert key not in self.keys or not self.keys[key][0], "inactive before it is deleted"
        self.keys.pop(key, None)

    def _reserve(self) -> str:
        assert self.secret is None
        self.uids += 1
        self.secret = (f"s-{self.uids}", "")
        return self.secret[0]

    def _store(self, kept: Kept, key: str) -> None:
        assert self.secret is not None
        assert self.secret[0] == kept.uid
        self.secret = (kept.uid, key)
        self.stored.add(key)

    def _withdraw(self, uid: str) -> None:
        if self.secret is not None and self.secret[0] == uid:
            assert not self.keys.get(self.secret[1], (False, ""))[0], "inactive before it goes"
            self.secret = None

    def _read(self) -> Kept | None:
        if self.secret is None:
            return None
        uid, holds = self.secret
        return Kept(uid, "7", not holds, holds, locked=False, owner="uid-1")

    def change(self, _: Mapping[str, Any], change: RecordChange) -> Any:
        def effect() -> Any:
            block = record.patch(self.body, change)[RECORD_BLOCK]["accessKey"]
            block = {name: part for name, part in block.items() if part is not None}
            known = self.body[RECORD_BLOCK]
            self.body = {**self.body, RECORD_BLOCK: {**known, "accessKey": block}}
            return self.body

        return self.write("record", effect)

    @property
    def state(self) -> KeyState:
        return record.stored(self.body).keys

    def look(self) -> None:
        """One pass."""
        account = SimpleNamespace(name="a", account_id="1", mode=Mode.MANAGE, suspend=False)
        session = SimpleNamespace(
            account=account, writer=_Writer(), client=None, connection=("key",)
        )
        body = {
            "metadata": {"name": "ann", "namespace": "team", "uid": "uid-1", "generation": 1},
            "spec": self.spec,
        }
        key = Key("RamUser", "team", "ann")
        subject = Subject(key, body, KINDS["RamUser"], manifest.options(self.spec))
        ports: Any = SimpleNamespace(
            api=None,
            settings=Settings(cluster_name="blue", access_key_rest_seconds=DAY),
            refusals=self.refusals,
            clock=SimpleNamespace(wall=lambda: self.now, stamp=lambda: times.stamp(self.now)),
            records=SimpleNamespace(read=lambda _: self.body, change=self.change),
            cache=SimpleNamespace(put=lambda _: None, get=lambda _: body),
            queue=SimpleNamespace(add=lambda *_: None),
            fresh=lambda _: body,
            accounts=SimpleNamespace(find=lambda _: SimpleNamespace(account=account)),
            consistency=SimpleNamespace(
                settle=10.0, starting=lambda: 0.0, wrote=lambda *_, **__: None
            ),
        )
        wanted = manifest.keeping(asked(KINDS["RamUser"], dict(self.spec)), self.spec, "uid-1")
        found = {
            name: Entry(name, "" if on else sign_in.INACTIVE, handle=name, since=made)
            for name, (on, made) in self.keys.items()
        }
        there = Live(Presence.PRESENT, "ann", "7", fields={sign_in.FIELD: found})
        AccessKeys(ports, subject, session, IDENTITY).keep(wanted, there)  # type: ignore[arg-type]

    def rest(self) -> None:
        """Passes until one has nothing to do; a process that was killed is started again."""
        for _ in range(30):
            before = len(self.writes)
            try:
                self.look()
            except Killed:
                self.now += 20
                continue
            except RamOperatorError as error:
                # For room, or for the hour of a key that nobody planned, time has to pass.
                self.now += 3600 if error.reason in WAITS else 20
                continue
            if len(self.writes) == before:
                # What was announced and never answered may come to light for so long.
                self.now += 1000
                self.look()
                return
        raise AssertionError(f"it does not come to rest: {self.writes}")


@dataclass(frozen=True)
class Chapter:
    """What happens, and what is so once all is at rest."""

    happens: Callable[[World], None]
    active: int


def _days(world: World, days: float) -> None:
    world.now += days * DAY


def _secret_deleted(world: World) -> None:
    world.secret = None


def _none(world: World) -> None:
    world.spec = NONE


LIFE: Final = (
    Chapter(lambda world: None, 1),
    Chapter(lambda world: _days(world, 2.1), 2),
    Chapter(lambda world: _days(world, 1.1), 1),
    Chapter(lambda world: _days(world, 1.1), 2),
    Chapter(lambda world: _days(world, 1.1), 1),
    Chapter(lambda world: _days(world, 0.95), 1),
    Chapter(_secret_deleted, 2),
    Chapter(_none, 0),
    Chapter(lambda world: _days(world, 1.1), 0),
)


def lived(world: World) -> Iterator[Chapter]:
    for chapter in LIFE:
        chapter.happens(world)
        world.rest()
        yield chapter


def judged(world: World) -> None:
    """At rest record, Secret and cloud say the same."""
    state, active = world.state, {key for key, (on, _) in world.keys.items() if on}
    assert world.keys.keys() <= state.ids, "a key that nobody looks after"
    assert active <= world.stored, "a key lets in whose secret nobody has"
    holds = world.secret[1] if world.secret is not None else ""
    assert holds == state.current
    assert not holds or holds in active, "the Secret has a key that lets nobody in"
    assert state.secret_uid == (world.secret[0] if world.secret is not None else "")


def test_a_life_without_misfortune(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch)
    for chapter in lived(world):
        judged(world)
        assert sum(on for on, _ in world.keys.values()) == chapter.active
    assert (world.keys, world.secret) == ({}, None)


WRITES: Final = 60
"""More than a life without misfortune takes."""


@pytest.mark.parametrize("fault", list(Fault))
def test_whatever_befalls_one_write_no_key_is_lost(
    monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    usual = World(monkeypatch)
    for _ in lived(usual):
        pass
    assert len(usual.writes) < WRITES
    for at in range(1, len(usual.writes) + 1):
        world = World(monkeypatch, fault, at)
        for _ in lived(world):
            judged(world)
        assert (world.keys, world.secret) == ({}, None), (fault, at, world.writes)
        assert world.made <= usual.made + 1, (fault, at, world.writes)
