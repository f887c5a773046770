"""Ends that were agreed on, of identities that no object asks for any more."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator.cluster.api import path
from ram_operator.constants import Mode, Reason
from ram_operator.errors import Retry
from ram_operator.kinds.record import Identity
from ram_operator.loop import left_ends
from ram_operator.loop.ports import Ports
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Presence
from tests.unit.test_endings import (
    ACCOUNT_BODY,
    ENDS,
    IDENTITY,
    KEY,
    LATER,
    LIVE,
    OVER,
    Json,
    carried,
    record,
)
from tests.unit.test_reconcile_ends import MANAGED, Found, body, world

__all__ = ["carried"]
GIVEN_UP = {"owner": None}


def sweep(around: Ports, **account: Any) -> None:
    session = around.accounts.get("default")
    left_ends.carry_out(around, replace(session, account=replace(session.account, **account)))


@pytest.mark.parametrize("known", [record(), record(**GIVEN_UP)], ids=["gone", "given up"])
def test_what_ended_goes_although_no_object_is_there(carried: list[str], known: Json) -> None:
    with world(ACCOUNT_BODY, known, observer=Found(LIVE)) as (_, around):
        sweep(around)
        assert carried == ["expel Ann", "expel bot"]


LEFT: dict[str, tuple[Json, Live, Json]] = {
    "not over": (record(ends={"members[bob]": LATER}), LIVE, {}),
    "without an end": (record(ends={}), LIVE, {}),
    "another identity of that name": (record(), replace(LIVE, cloud_id="g-2"), {}),
    "gone in the cloud": (record(), Live(Presence.ABSENT), {}),
    "of a newer version": (record(format=99), LIVE, {}),
    "of another account": (record(accountId="6543210987654321"), LIVE, {}),
    "of a kind that is not managed": (record(kind="RamOther"), LIVE, {}),
    "in mode Observe": (record(), LIVE, {"mode": Mode.OBSERVE}),
}


@pytest.mark.parametrize(("known", "live", "account"), LEFT.values(), ids=LEFT)
def test_nothing_else_goes(carried: list[str], known: Json, live: Live, account: Any) -> None:
    with world(ACCOUNT_BODY, known, observer=Found(live)) as (_, around):
        sweep(around, **account)
        assert carried == []


def test_of_an_object_that_is_there_its_own_passes_see_to_it(carried: list[str]) -> None:
    there = body(KEY, {})
    with world(there, ACCOUNT_BODY, record(), observer=Found(LIVE)) as (_, around):
        sweep(around)
        assert carried == []
        # The store may not have heard of it yet.
        around.cache.remove(KEY, "u")
        sweep(around)
        assert carried == []


def test_the_account_is_looked_at_when_the_next_end_comes(carried: list[str]) -> None:
    with world(ACCOUNT_BODY, record(ends={"members[bob]": LATER}), observer=Found(LIVE)) as (
        _,
        around,
    ):
        sweep(around)
        assert around.queue.depth() == 0
        assert around.queue._heap, "it comes back by itself"


def test_who_is_let_in_anew_by_others_stays(carried: list[str]) -> None:
    lately = "2025-12-31T23:30:00Z"
    ends = {"members[ann]": OVER, "members[bot]": lately, "members[bob]": LATER}
    empty = replace(LIVE, fields={**LIVE.fields, "members": {}})
    with world(ACCOUNT_BODY, record(ends=ends), observer=Found(empty)) as (api, around):
        sweep(around)
        said = api.objects[path(IDENTITY.key)]["record"]["ends"]
        assert said == {"members[bot]": lately, "members[bob]": LATER}
    with world(ACCOUNT_BODY, api.objects[path(IDENTITY.key)], observer=Found(LIVE)) as (_, around):
        sweep(around)
        assert carried == ["expel bot"]


def test_nothing_is_forgotten_of_what_was_not_read(carried: list[str]) -> None:
    with world(ACCOUNT_BODY, record(), observer=Found(replace(LIVE, fields={}))) as (api, around):
        sweep(around)
        assert api.objects[path(IDENTITY.key)]["record"]["ends"] == ENDS


def test_nothing_is_forgotten_of_what_has_another_owner_by_then(carried: list[str]) -> None:
    with world(ACCOUNT_BODY, record("other"), observer=Found(LIVE)) as (api, around):
        identity, owner = Identity(MANAGED.account_id, "RamGroup", "staff"), None
        left_ends._forget(around, identity, owner, frozenset(ENDS))
        assert api.objects[path(IDENTITY.key)]["record"]["ends"] == ENDS


@pytest.mark.parametrize("wait", [3.0, None])
def test_what_cannot_be_ended_yet_is_tried_again(carried: list[str], wait: float | None) -> None:
    unknown = Live(Presence.UNKNOWN, error=Retry(Reason.CLOUD_UNAVAILABLE, "no answer", wait))
    with world(ACCOUNT_BODY, record(), observer=Found(unknown)) as (_, around):
        sweep(around)
        assert carried == []
        assert around.queue._heap


def test_a_record_that_cannot_be_read_is_tried_again(carried: list[str]) -> None:
    with world(ACCOUNT_BODY, record(), observer=Found(LIVE)) as (api, around):
        api.objects[path(IDENTITY.key)] = {}
        del api.objects[path(IDENTITY.key)]
        sweep(around)
        assert carried == []


def test_thousands_cost_one_look_no_more_than_fifty_and_the_latest_come_first(
    carried: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(ACCOUNT_BODY, observer=Found(LIVE)) as (_, around):
        for number in range(2 * left_ends.MOST):
            ends = {"members[ann]": f"2020-01-01T00:00:{number // 2:02}Z"}
            known = record(name=f"g{number}", cloudName=f"g{number}", ends=ends)
            meta = {**known["metadata"], "name": f"r{number:03}", "uid": f"r{number}"}
            around.cache.put({**known, "metadata": meta})
        begun: list[str] = []
        monkeypatch.setattr(left_ends, "_one", lambda *found: begun.append(found[-1].name))
        sweep(around)
        assert len(begun) == left_ends.MOST
        assert begun[:25] == [f"r{number:03}" for number in range(99, 74, -1)]
        for _ in range(200):
            sweep(around)
        assert len(set(begun)) == 2 * left_ends.MOST
