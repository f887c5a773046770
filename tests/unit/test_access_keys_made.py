"""A key that was made, and what came between it and its Secret."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any, Final

import pytest

from ram_operator.cloud import key_calls
from ram_operator.cluster.api import Conflicted
from ram_operator.cluster.secrets import Kept
from ram_operator.cluster.secrets import Secrets as Store
from ram_operator.config import Settings
from ram_operator.constants import AccessMode, Mode, Reason
from ram_operator.errors import Bug, OutcomeUnknown, RamOperatorError, Retry, Stalled
from ram_operator.kinds import manifest, record, sign_in
from ram_operator.kinds.dropped import RECORD_BLOCK
from ram_operator.kinds.record import Identity
from ram_operator.kinds.table import KINDS
from ram_operator.loop.access_keys import AccessKeys
from ram_operator.loop.subject import Subject
from ram_operator.model.key_state import Ending, KeyState
from ram_operator.model.objects import Entry, Key, Owner
from ram_operator.model.record_changes import RecordChange
from ram_operator.model.records import Agreed
from ram_operator.model.secret import Secret
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Presence
from ram_operator.runtime.consistency import Consistency
from ram_operator.runtime.refused_writes import Refusals
from tests.unit.fake_clock import FakeClock
from tests.unit.test_people import asked

NOW: Final = 1_900_000_000.0
IDENTITY: Final = Identity("1234567890123456", "RamUser", "ann")
SPEC: Final[Mapping[str, Any]] = {"accessMode": "AccessKey", "accessKey": {"secretName": "kept"}}
BODY: Final = {
    "metadata": {"name": "ann", "namespace": "team", "uid": "uid-1", "generation": 1},
    "spec": SPEC,
}
TEXT: Final = "c4n4ry-0f-4-s3cr3t"
READY: Final = KeyState("kept", "team/ann", "uid-2")


class World:
    """A record and one Secret; what is stored is refused as the test says."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, state: KeyState, made: str) -> None:
        self.refuses: Callable[[], RamOperatorError] | None = None
        self.fails: RamOperatorError | None = None
        self.clock = FakeClock()
        self.consistency = Consistency(Settings(), self.clock)
        self.refusals = Refusals(self.clock, 300.0)
        self.sent = 0
        said = {"mode": AccessMode.ACCESS_KEY.value, "for": "uid-1 kept"}
        says = RecordChange(
            sequence=1,
            owner=Owner("blue", "team", "ann"),
            owner_uid="uid-1",
            agreed=Agreed({sign_in.FIELD: said}),
            keys=state,
        )
        self.body = record.first(IDENTITY, says)
        self.body["metadata"] |= {"resourceVersion": "1", "uid": "u", "generation": 1}
        self.holds = ""

        def create(*_: Any) -> tuple[str, Secret]:
            self.sent += 1
            if self.fails is not None:
                raise self.fails
            return made, Secret(TEXT)

        def store(_: Store, name: str, kept: Kept, key: tuple[str, Secret]) -> None:
            if self.refuses is not None:
                raise self.refuses()
            self.holds = key[0]

        def read(*_: Any) -> Kept:
            return Kept("uid-2", "7", not self.holds, self.holds, locked=False, owner="uid-1")

        monkeypatch.setattr(key_calls, "create", create)
        monkeypatch.setattr(Store, "store", store)
        monkeypatch.setattr(Store, "read", read)

    def change(self, body: Mapping[str, Any], change: RecordChange) -> Any:
        block = record.patch(body, change)[RECORD_BLOCK]["accessKey"]
        block = {name: part for name, part in block.items() if part is not None}
        self.body = {**self.body, RECORD_BLOCK: {**self.body[RECORD_BLOCK], "accessKey": block}}
        return self.body

    @property
    def keys(self) -> KeyState:
        return record.stored(self.body).keys

    def keep(self, *live: str) -> None:
        self._pass(lambda keys, wanted, there: keys.keep(wanted, there), live)

    def leave(self, *live: str) -> None:
        """The object is being deleted, and what is in the Secret stays."""
        self._pass(lambda keys, _, there: keys.end(there, keeps=True), live)

    def _pass(self, does: Callable[[AccessKeys, Any, Live], None], live: tuple[str, ...]) -> None:
        account = SimpleNamespace(name="a", account_id="1", mode=Mode.MANAGE, suspend=False)
        session = SimpleNamespace(
            account=account, writer=_Writer(), client=None, connection=("key",)
        )
        options = manifest.options(SPEC)
        subject = Subject(Key("RamUser", "team", "ann"), BODY, KINDS["RamUser"], options)
        ports: Any = SimpleNamespace(
            api=None,
            settings=Settings(cluster_name="blue", access_key_rest_seconds=86_400.0),
            refusals=self.refusals,
            clock=SimpleNamespace(wall=lambda: NOW, stamp=lambda: "2030-03-17T17:46:40Z"),
            records=SimpleNamespace(read=lambda _: self.body, change=self.change),
            cache=SimpleNamespace(put=lambda _: None, get=lambda _: BODY),
            queue=SimpleNamespace(add=lambda *_: None),
            fresh=lambda _: BODY,
            accounts=SimpleNamespace(find=lambda _: SimpleNamespace(account=account)),
            consistency=SimpleNamespace(
                settle=10.0, starting=lambda: 0.0, wrote=self.consistency.wrote
            ),
        )
        wanted = manifest.keeping(asked(KINDS["RamUser"], dict(SPEC)), SPEC, "uid-1")
        found = {name: Entry(name, handle=name, since="?") for name in live}
        there = Live(Presence.PRESENT, "ann", "7", fields={sign_in.FIELD: found})
        keys = AccessKeys(ports, subject, session, IDENTITY)  # type: ignore[arg-type]
        does(keys, wanted, there)


@dataclass(frozen=True)
class _Writer:
    """Of which a copy is made, and nothing more."""

    wanted: Any = None


def test_a_key_that_is_stored_is_the_current_one(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, READY, "LTAI-new")
    world.keep()
    assert (world.keys.current, world.keys.intent) == ("LTAI-new", None)


@pytest.mark.parametrize(
    "error",
    [
        Conflicted(Reason.RETRYING, "it moved"),
        Stalled(Reason.ACCESS_DENIED, "the right was taken away"),
    ],
)
def test_a_key_that_cannot_be_stored_is_known_by_its_id(
    monkeypatch: pytest.MonkeyPatch, error: RamOperatorError
) -> None:
    """Whatever the cloud says of when it was made, if it lists it at all."""
    world = World(monkeypatch, READY, "LTAI-new")
    world.refuses = lambda: error
    with pytest.raises(type(error)):
        world.keep()
    assert world.keys.ending == (Ending("LTAI-new"),)
    # Nobody is taken for whom it is: keys that come later are somebody else's.
    assert world.keys.intent is None
    assert world.keys.opens


MINE: Final = KeyState("kept", "team/ann", "uid-2", "LTAI-mine", "2030-03-17T17:00:00Z")


@pytest.mark.parametrize(("state", "made"), [(MINE, "LTAI-mine"), (READY, "LTAI-theirs")])
def test_an_answer_that_names_a_key_of_before_makes_it_nobodys(
    monkeypatch: pytest.MonkeyPatch, state: KeyState, made: str
) -> None:
    world = World(monkeypatch, state, made)
    world.holds = "something else"
    with pytest.raises(OutcomeUnknown):
        world.keep(made)
    assert (world.keys.current, world.keys.ending) == (state.current, ())
    assert world.holds == "something else"


@pytest.mark.parametrize(
    ("error", "open_"),
    [
        (OutcomeUnknown("no answer"), True),
        # The SDK could not read the answer, whatever it was.
        (Bug("unexpected KeyError in the SDK"), True),
        (Retry(Reason.THROTTLED, "it is tried again more slowly"), False),
        (Stalled(Reason.QUOTA_EXCEEDED, "two keys"), False),
    ],
)
def test_what_may_have_been_made_is_looked_for_and_what_was_not_does_not_count(
    monkeypatch: pytest.MonkeyPatch, error: RamOperatorError, open_: bool
) -> None:
    world = World(monkeypatch, MINE, "LTAI-new")
    world.holds, world.fails = "something else", error
    with pytest.raises(type(error)):
        world.keep("LTAI-mine")
    assert (world.keys.intent is not None) is open_
    assert bool(world.keys.unplanned) is open_


def test_whoever_has_keys_asked_for_again_and_again_hides_no_other_drift(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """By hand a policy came; meanwhile the cloud refuses one key after the other."""
    world = World(monkeypatch, READY, "LTAI-new")
    world.fails = Stalled(Reason.QUOTA_EXCEEDED, "one key")
    world.clock.advance(3600)
    mine, policy = "access[accessKey/…-new]", "policies[System/x]"
    key = Key("RamUser", "team", "ann")
    for sent in range(1, 4):
        with pytest.raises(Stalled):
            world.keep()
        assert not world.consistency.doubts(key, {mine, policy})
        assert world.sent == sent
        world.clock.advance(3600)
    # Of the key itself there may be an old answer.
    world.fails = None
    world.keep()
    assert world.consistency.doubts(key, {mine, policy}) == {mine}


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        ("", 0.0),
        ("N/A", 0.0),
        ("2020-01-01T00:00:00Z", 1_577_836_800.0),
        ("nonsense", NOW),
        # Later than now is no time that anybody can have used it at, or that could be shown.
        ("2099-01-01T00:00:00Z", NOW),
        ("9999-12-31T23:59:59-23:59", NOW),
    ],
)
def test_a_use_that_cannot_be_is_one_of_now(said: str, counts: float) -> None:
    answer = {"AccessKeyLastUsed": {"LastUsedDate": said}}
    calls: Any = SimpleNamespace(call=lambda *_: answer)
    assert key_calls.last_used(calls, "ann", "LTAI", NOW) == counts


def test_a_key_that_is_refused_is_asked_for_again_an_hour_later_at_most(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Looked at once a minute. Neither the cloud nor the record is written meanwhile."""
    world = World(monkeypatch, READY, "LTAI-new")
    world.fails = Stalled(Reason.QUOTA_EXCEEDED, "no more keys")
    asked, said = [], set()
    for minute in range(6 * 60):
        before = (world.sent, world.body)
        with pytest.raises(Stalled) as told:
            world.keep()
        said.add(str(told.value))
        if world.sent > before[0]:
            asked.append(minute)
        else:
            assert world.body is before[1]
        world.clock.advance(60)
    assert asked == [0, 5, 15, 35, 75, 135, 195, 255, 315]
    assert len(said) == 1
    assert "; sent again within 60m" in said.pop()
    # Somebody made room by hand, which is no edit.
    with pytest.raises(Stalled):
        world.keep("LTAI-another")
    assert world.sent == len(asked) + 1
    world.fails = None
    world.clock.advance(3600)
    world.keep()
    assert world.keys.current == "LTAI-new"


def test_a_key_that_may_not_be_ended_is_tried_again_after_five_minutes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(monkeypatch, replace(READY, ending=(Ending("LTAI-old"),)), "LTAI-new")
    sent = []

    def disable(*_: Any) -> None:
        sent.append(world.clock.now)
        raise Stalled(Reason.ACCESS_DENIED, "may not")

    monkeypatch.setattr(key_calls, "disable", disable)
    begun = world.clock.now
    for _ in range(15):
        with pytest.raises(Stalled, match="sent again within 5m"):
            world.keep("LTAI-old")
        world.clock.advance(60)
    assert [at - begun for at in sent] == [0, 300, 600]


def test_of_an_object_that_keeps_its_key_the_one_in_the_secret_is_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It was stored although the API server did not say so, and then the object was deleted."""
    ended: list[str] = []
    monkeypatch.setattr(key_calls, "disable", lambda *found: ended.append(found[-1]))
    monkeypatch.setattr(Store, "release", lambda *_: None)
    state = replace(READY, current="LTAI-mine", ending=(Ending("LTAI-new"),))
    world = World(monkeypatch, state, "")
    world.holds = "LTAI-new"
    world.leave("LTAI-mine", "LTAI-new")
    assert ended == ["LTAI-mine"]
    assert (world.keys.current, world.keys.secret_uid, world.keys.opens) == ("", "", False)
