"""Ends that were agreed on, of objects whose manifest says nothing that could be read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ram_operator.cluster.api import path
from ram_operator.constants import FINALIZER, Mode, Reason
from ram_operator.errors import RamOperatorError, Retry, Stalled
from ram_operator.kinds.record import Identity
from ram_operator.kinds.table import ACCOUNT, RECORD
from ram_operator.loop import applying, endings
from ram_operator.loop.applying import Carried
from ram_operator.model.objects import Entry, Key, UnknownPart
from ram_operator.model.outcome import Plan
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Presence
from tests.unit.test_reconcile_ends import MANAGED, Found, body, run_next, world

Json = dict[str, Any]
KEY, PROD = Key("RamGroup", "apps", "staff"), Key(ACCOUNT, "", "default")
IDENTITY = Identity(MANAGED.account_id, "RamGroup", "staff")
INVALID: Json = {"groupName": "no name!"}
OVER, LATER = "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"
MEMBERS = {"ann": Entry("Ann"), "bob": Entry("bob"), "bot": Entry("bot")}
LIVE = Live(Presence.PRESENT, "staff", "g-1", fields={"members": MEMBERS, "policies": {}})
DENIED = UnknownPart(Stalled(Reason.ACCESS_DENIED, "no right to list members"))
ENDS = {"members[ann]": OVER, "members[bob]": LATER, "members[bot]": OVER}
ACCOUNT_BODY = body(PROD, {"accountId": "1"}, finalizers=[FINALIZER])


def record(owner: str = "staff", **more: Any) -> Json:
    block = {
        "accountId": MANAGED.account_id,
        "kind": "RamGroup",
        "name": "staff",
        "cloudName": "staff",
        "cloudId": "g-1",
        "owner": {"cluster": "blue", "namespace": "apps", "name": owner, "uid": "u"},
        "ends": ENDS,
        "sequence": 7,
        "uid": "r",
        **more,
    }
    meta = {"name": IDENTITY.key.name, "uid": "r", "resourceVersion": "1"}
    return {"kind": RECORD, "metadata": meta, "record": block}


@pytest.fixture
def carried(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What would be taken away, and is."""
    found: list[str] = []

    def carry_out(*arguments: Any) -> Carried:
        decision: Plan = arguments[-1]
        found.extend(step.summary for step in decision.steps)
        return Carried(decision.steps, (), {})

    monkeypatch.setattr(applying, "carry_out", carry_out)
    return found


UNREADABLE: dict[str, tuple[Json, str]] = {
    "a word that is not known": ({"driftPolicy": "Nonsense"}, "NewerVersion"),
    "no name of a policy": ({"policies": [{"type": "System"}]}, "InvalidSpec"),
    "no name": ({"groupName": "no name!"}, "InvalidSpec"),
}


@pytest.mark.parametrize(("spec", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_ended_goes_whatever_the_manifest_says(
    carried: list[str], spec: Json, reason: str
) -> None:
    status = {"written": {"fields": {}, "members": ["ann", "bob"]}, "cloudId": "g-1"}
    observer = Found(LIVE)
    with world(body(KEY, spec, status), ACCOUNT_BODY, record(), observer=observer) as (api, around):
        around.queue.add(KEY)
        run_next(around)
        assert carried == ["expel Ann", "expel bot"]
        ready = api.status(KEY)["conditions"][0]
        assert ready["reason"] == reason
        assert "its agreed end has come: expel Ann; its agreed end" in ready["message"]
        assert api.status(KEY)["written"]["members"] == ["bob"]
        assert api.objects[path(IDENTITY.key)] == record()


LEFT: dict[str, tuple[Json, Json, Live]] = {
    "another's": ({}, record("other"), LIVE),
    "nobody's": ({}, record(cloudId=""), LIVE),
    "of a newer version": ({}, record(format=99), LIVE),
    "another identity of that name": ({}, record(), replace(LIVE, cloud_id="g-2")),
    "gone": ({}, record(), Live(Presence.ABSENT)),
    "not over": ({}, record(ends={"members[bob]": LATER}), LIVE),
    "of another account": ({"accountRef": {"name": "second"}}, record(), LIVE),
}


@pytest.mark.parametrize(("spec", "known", "live"), LEFT.values(), ids=LEFT)
def test_nothing_else_goes(carried: list[str], spec: Json, known: Json, live: Live) -> None:
    invalid = {"driftPolicy": "Nonsense", **spec}
    with world(body(KEY, invalid), ACCOUNT_BODY, known, observer=Found(live)) as (_, around):
        around.queue.add(KEY)
        run_next(around)
        assert carried == []


def test_the_operator_itself_is_not_taken_out(carried: list[str]) -> None:
    itself = replace(MANAGED, own_principal=f"acs:ram::{MANAGED.account_id}:user/bot")
    with world(body(KEY, INVALID), record(), observer=Found(LIVE)) as (_, around):
        around.accounts.set(replace(around.accounts.get("default"), account=itself))
        around.queue.add(KEY)
        run_next(around)
        assert carried == ["expel Ann"]


def test_nobody_goes_in_mode_observe(carried: list[str]) -> None:
    watched = replace(MANAGED, mode=Mode.OBSERVE)
    with world(body(KEY, INVALID), record(), observer=Found(LIVE)) as (_, around):
        around.accounts.set(replace(around.accounts.get("default"), account=watched))
        around.queue.add(KEY)
        run_next(around)
        assert carried == []


FAILURES: dict[str, tuple[Live, str]] = {
    "no answer": (
        Live(Presence.UNKNOWN, error=Retry(Reason.CLOUD_UNAVAILABLE, "no answer", 3.0)),
        "no answer",
    ),
    "no right": (replace(LIVE, fields={"members": DENIED}), "no right to list members"),
}


@pytest.mark.parametrize(("live", "text"), FAILURES.values(), ids=FAILURES)
def test_what_cannot_be_ended_yet_is_told_and_tried_again(
    carried: list[str], live: Live, text: str
) -> None:
    with world(body(KEY, INVALID), record(), observer=Found(live)) as (api, around):
        around.queue.add(KEY)
        run_next(around)
        assert carried == []
        ready = api.status(KEY)["conditions"][0]
        assert f"what was agreed on to end is there still: {text}" in ready["message"]
        assert ready["reason"] == "InvalidSpec"


def test_a_failure_that_does_not_say_when_is_tried_again_soon(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused: RamOperatorError = Stalled(Reason.ACCESS_DENIED, "no")
    monkeypatch.setattr(applying, "carry_out", lambda *_: Carried((), (refused,), {}))
    with world(body(KEY, INVALID), record(), observer=Found(LIVE)) as (_, around):
        found = endings.carry_out(around, KEY, body(KEY, INVALID))
        assert found is not None
        assert (found.done, found.after) == ((), endings.AGAIN)


def test_a_finalizer_of_others_keeps_nobody_in(carried: list[str]) -> None:
    leaving: Json = {"deletionTimestamp": OVER, "finalizers": ["example.com/keep"]}
    with world(body(KEY, {}, **leaving), record(), observer=Found(LIVE)) as (_, around):
        around.queue.add(KEY)
        run_next(around)
        assert carried == ["expel Ann", "expel bot"]
