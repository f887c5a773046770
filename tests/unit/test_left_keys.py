"""Keys of users whose objects are gone, and who may not be taken for one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator.cloud import key_calls
from ram_operator.cloud.writing import Writer
from ram_operator.cluster.api import path
from ram_operator.constants import GROUP, VERSION, Mode, Reason
from ram_operator.errors import RamOperatorError, Retry, Stalled
from ram_operator.kinds.record import Identity, stored
from ram_operator.kinds.table import RECORD
from ram_operator.loop import account_pass, left_ends, left_keys
from ram_operator.loop.ports import Clock, Ports
from ram_operator.model.key_state import Ending
from ram_operator.model.objects import Entry, Key, UnknownPart
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Presence
from ram_operator.reporting.events import Event
from tests.unit.fake_clock import FakeClock
from tests.unit.test_endings import ACCOUNT_BODY, PROD
from tests.unit.test_reconcile_ends import MANAGED, Api, Found, body, world

Json = dict[str, Any]
KEY: Final = Key("RamUser", "apps", "ann")
IDENTITY: Final = Identity(MANAGED.account_id, "RamUser", "ann")
ACCESS: Final = {"accessKey/…mine": Entry("accessKey …mine", handle="LTAI-mine")}
LIVE: Final = Live(Presence.PRESENT, "ann", "u-1", fields={"access": ACCESS})
OWNER: Final = {"cluster": "blue", "namespace": "apps", "name": "ann", "uid": "u"}
SERVED: Final[Json] = {
    "metadata": {},
    "spec": {"versions": [{"name": VERSION, "served": True}]},
    "status": {"conditions": [{"type": "Established", "status": "True"}]},
}
HOLDS: Final = {"holder": "apps/ann", "id": "LTAI-mine", "secretName": "kept", "secretUid": "s"}


def record(key: Json | None = None, **more: Any) -> Json:
    block = {
        "accountId": MANAGED.account_id,
        "kind": "RamUser",
        "name": "ann",
        "cloudName": "ann",
        "cloudId": "u-1",
        "owner": OWNER,
        "accessKey": HOLDS if key is None else key,
        "sequence": 7,
        "uid": "r",
        **more,
    }
    meta = {"name": IDENTITY.key.name, "uid": "r", "resourceVersion": "1"}
    return {"kind": RECORD, "metadata": meta, "record": block}


class Around:
    """What is done about it, and told."""

    def __init__(self, api: Api, ports: Ports, clock: FakeClock) -> None:
        self.api, self.ports, self.clock = api, ports, clock
        self.disabled: list[str] = []
        self.meanwhile: list[Json] = []
        self.told: list[Event] = []

    def disable(self, writer: Writer, user: str, key_id: str) -> None:
        for each in self.meanwhile:
            self.ports.cache.put(each)
            self.api.objects[path(KEY)] = each
        writer.wanted()
        self.disabled.append(key_id)

    def look(self, **account: Any) -> None:
        session = self.ports.accounts.get("default")
        changed = replace(session, account=replace(session.account, **account))
        left_keys.carry_out(self.ports, changed)

    def later(self, **account: Any) -> None:
        """The time in which it might have come back is over."""
        self.look(**account)
        self.clock.advance(self.ports.settings.left_key_seconds + 1)
        self.look(**account)

    @property
    def left(self) -> float | None:
        sample = self.ports.metrics.registry.get_sample_value
        return sample("ram_operator_left_access_keys", {"account": "default"})

    @property
    def reasons(self) -> list[str]:
        return [event.reason.value for event in self.told]


@contextmanager
def around(
    patch: pytest.MonkeyPatch, *known: Json, live: Live = LIVE, kind: bool = True
) -> Iterator[Around]:
    with world(ACCOUNT_BODY, *known, observer=Found(live)) as (api, ports):
        if kind:
            name = f"customresourcedefinitions/ramusers.{GROUP}"
            api.objects[f"/apis/apiextensions.k8s.io/v1/{name}"] = SERVED
        clock = FakeClock()
        ports = replace(ports, clock=Clock(clock, ports.clock.wall, ports.clock.stamp))
        found = Around(api, ports, clock)
        patch.setattr(key_calls, "disable", found.disable)
        patch.setattr(left_ends, "tell", lambda *said: found.told.append(said[-1]))
        yield found


def test_it_is_told_at_once_and_ended_later(monkeypatch: pytest.MonkeyPatch) -> None:
    with around(monkeypatch, record()) as found:
        found.look()
        assert (found.disabled, found.left, found.reasons) == ([], 1.0, ["AccessKeyLeft"])
        assert "in 600 s" in found.told[0].message
        found.look()
        assert len(found.told) == 1
        assert found.ports.queue._heap, "it comes back by itself"
        found.clock.advance(601)
        found.look()
        assert found.disabled == ["LTAI-mine"]
        assert (found.left, found.reasons[1:]) == (0.0, ["AccessKeyEnded"])
        assert "…mine is inactive now" in found.told[1].message
        keys = stored(found.api.objects[path(IDENTITY.key)]).keys
        assert (keys.current, keys.secret_uid, keys.opens) == ("", "", False)
        assert [each.key_id for each in keys.ending] == ["LTAI-mine"]
        found.clock.advance(601)
        found.later()
        assert found.disabled == ["LTAI-mine"]


OTHER: Final = {**HOLDS, "holder": "apps/bob"}
STAYS: Final[dict[str, tuple[Json, Live, Json]]] = {
    "of another cluster": (record(owner={**OWNER, "cluster": "green"}), LIVE, {}),
    "of another account": (record(accountId="6543210987654321"), LIVE, {}),
    "given up": (record(owner=None), LIVE, {}),
    "made for another object": (record(OTHER), LIVE, {}),
    "another user of that name": (record(), replace(LIVE, cloud_id="u-2"), {}),
    "gone in the cloud": (record(), Live(Presence.ABSENT), {}),
    "of a newer version": (record(format=99), LIVE, {}),
    "of a backup": (record(uid="of before"), LIVE, {}),
    "of a kind that is not managed": (record(kind="RamOther"), LIVE, {}),
    "in mode Observe": (record(), LIVE, {"mode": Mode.OBSERVE}),
    "whom the operator runs as": (
        record(),
        LIVE,
        {"own_principal": f"acs:ram::{MANAGED.account_id}:user/Ann"},
    ),
    "not read": (record(), Live(Presence.UNKNOWN, error=Retry(Reason.RETRYING, "no")), {}),
    "keys not read": (
        record(),
        replace(LIVE, fields={"access": UnknownPart(Stalled(Reason.ACCESS_DENIED, "no"))}),
        {},
    ),
}


@pytest.mark.parametrize(("known", "live", "account"), STAYS.values(), ids=STAYS)
def test_nobody_elses_is_touched(
    monkeypatch: pytest.MonkeyPatch, known: Json, live: Live, account: Any
) -> None:
    with around(monkeypatch, known, live=live) as found:
        found.later(**account)
        assert found.disabled == []
        assert "AccessKeyEnded" not in found.reasons


@pytest.mark.parametrize(
    "name", ["of another cluster", "of another account", "given up", "made for another object"]
)
def test_of_nobody_elses_nothing_is_told(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with around(monkeypatch, STAYS[name][0]) as found:
        found.look()
        assert (found.told, found.left) == ([], 0.0)


def test_whoever_removes_the_kind_asks_for_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with around(monkeypatch, record(), kind=False) as found:
        found.later()
        assert (found.disabled, found.left) == ([], 1.0)


DEFINITION: Final = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/ramusers.{GROUP}"
UNSERVED: Final[dict[str, Json]] = {
    "another version alone": {**SERVED, "spec": {"versions": [{"name": "v9", "served": True}]}},
    "not this version": {**SERVED, "spec": {"versions": [{"name": VERSION, "served": False}]}},
    "not yet": {**SERVED, "status": {}},
    "about to go": {**SERVED, "metadata": {"deletionTimestamp": "2020-01-01T00:00:00Z"}},
}


@pytest.mark.parametrize("definition", UNSERVED.values(), ids=UNSERVED)
def test_a_kind_that_is_not_served_has_no_objects_that_are_gone(
    monkeypatch: pytest.MonkeyPatch, definition: Json
) -> None:
    with around(monkeypatch, record()) as found:
        found.api.objects[DEFINITION] = definition
        found.later()
        assert (found.disabled, found.left) == ([], 1.0)


def test_the_objects_of_a_kind_that_is_back_have_the_whole_time_to_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with around(monkeypatch, record(), kind=False) as found:
        found.later()
        found.api.objects[DEFINITION] = SERVED
        found.look()
        assert found.disabled == []
        assert len(found.told) == 1
        found.later()
        assert found.disabled == ["LTAI-mine"]


def test_so_have_those_of_an_account_that_is_managed_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with around(monkeypatch, record()) as found:
        found.later(mode=Mode.OBSERVE)
        assert "in 600 s unless" not in found.told[0].message
        # Nobody who asks for it again is to find that it was about to end.
        assert stored(found.api.objects[path(IDENTITY.key)]).keys.current == "LTAI-mine"
        found.look()
        assert found.disabled == []
        found.later()
        assert found.disabled == ["LTAI-mine"]


@pytest.mark.parametrize(
    ("error", "begins_anew"),
    [
        (Stalled(Reason.SUSPENDED, "suspended"), True),
        (Retry(Reason.RETRYING, "no answer"), False),
    ],
)
def test_so_have_those_of_an_account_that_was_suspended(
    monkeypatch: pytest.MonkeyPatch, error: RamOperatorError, begins_anew: bool
) -> None:
    with around(monkeypatch, record()) as found:
        found.look()
        session = found.ports.accounts.get("default")
        account_pass.failed(found.ports, PROD, error, "")
        account_pass.failed(found.ports, PROD, error, "")
        found.ports.accounts.set(session)
        found.clock.advance(601)
        found.look()
        assert found.disabled == ([] if begins_anew else ["LTAI-mine"])
        found.later()
        assert found.disabled == ["LTAI-mine"]


def test_one_that_is_there_again_while_the_cloud_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with around(monkeypatch, record()) as found:
        look = Found.look

        def slowly(self: Found, kind: str, name: str) -> Live:
            back = body(KEY, {}, uid="new")
            found.ports.cache.put(back)
            found.api.objects[path(KEY)] = back
            return look(self, kind, name)

        monkeypatch.setattr(Found, "look", slowly)
        found.later()
        assert found.disabled == []
        keys = stored(found.api.objects[path(IDENTITY.key)]).keys
        assert (keys.current, keys.ending) == ("LTAI-mine", ())


@pytest.mark.parametrize("spec", [{}, {"userName": "no name!"}, {"userName": "Ann"}])
def test_of_an_object_that_is_there_its_own_passes_see_to_it(
    monkeypatch: pytest.MonkeyPatch, spec: Json
) -> None:
    with around(monkeypatch, record(), body(KEY, spec)) as found:
        found.later()
        # The store may not have heard of it yet.
        found.ports.cache.remove(KEY, "u")
        found.later()
        assert found.disabled == []


def test_an_object_of_that_name_for_another_user_sees_to_that_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with around(monkeypatch, record(), body(KEY, {"userName": "bob"})) as found:
        found.later()
        assert found.disabled == ["LTAI-mine"]


def test_what_it_has_in_another_account_is_said_there(monkeypatch: pytest.MonkeyPatch) -> None:
    other = body(KEY, {"userName": "bob", "accountRef": {"name": "other"}})
    with around(monkeypatch, record(), other) as found:
        found.later()
        assert found.disabled == []


def test_one_that_is_there_again_right_before_the_write(monkeypatch: pytest.MonkeyPatch) -> None:
    with around(monkeypatch, record()) as found:
        found.meanwhile = [body(KEY, {}, uid="new")]
        found.later()
        assert (found.disabled, found.left) == ([], 1.0)
        # Whoever asks for it again finds by whom it would have ended.
        keys = stored(found.api.objects[path(IDENTITY.key)]).keys
        assert keys.ending == (Ending("LTAI-mine"),)


def test_a_record_that_moved_meanwhile_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    with around(monkeypatch, record()) as found:
        found.look()
        # The store has one of before.
        found.api.objects[path(IDENTITY.key)] = record({"holder": "apps/ann"})
        found.clock.advance(601)
        found.look()
        assert (found.disabled, found.left) == ([], 0.0)


def test_it_is_asked_of_the_brake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Git directories that were emptied by mistake, and finalizers with them."""
    with around(monkeypatch, record()) as found:
        scope = found.ports.brake_scope(MANAGED.account_id, "apps")
        for number in range(5):
            assert found.ports.deletion_brake.release(scope, number) is None
        found.later()
        assert (found.disabled, found.left) == ([], 1.0)


def test_the_account_is_looked_at_when_such_an_object_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with around(monkeypatch, record()) as found:
        left_keys.gone(found.ports, Key("RamUser", "apps", "bob"))
        assert found.ports.queue.depth() == 0
        left_keys.gone(found.ports, KEY)
        assert found.ports.queue.get() == PROD


def test_what_was_just_written_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with around(monkeypatch, record()) as found:
        monkeypatch.setattr(type(found.ports.consistency), "unsettled", lambda *_: 5.0)
        found.later()
        assert found.disabled == []
        assert found.ports.queue._heap
