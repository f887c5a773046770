"""Keys that go although nothing else may be written of their object, and those that do not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator.cloud import key_calls
from ram_operator.cloud.writing import Writer
from ram_operator.cluster.api import path
from ram_operator.cluster.secrets import Secrets
from ram_operator.constants import FINALIZER, Mode, Reason
from ram_operator.errors import Retry, Stalled
from ram_operator.kinds.record import stored
from ram_operator.loop import key_endings
from ram_operator.model.objects import Entry, UnknownPart
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Presence
from tests.unit.test_endings import ACCOUNT_BODY
from tests.unit.test_left_keys import (
    ACCESS,
    DEFINITION,
    HOLDS,
    IDENTITY,
    KEY,
    LIVE,
    OWNER,
    SERVED,
    record,
)
from tests.unit.test_reconcile_ends import MANAGED, Found, body, run_next, world

Json = dict[str, Any]
NONE: Final[Json] = {"accessMode": "None", "driftPolicy": "Nonsense"}


@pytest.fixture
def disabled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []

    def disable(writer: Writer, user: str, key_id: str) -> None:
        writer.wanted()
        found.append(key_id)

    monkeypatch.setattr(key_calls, "disable", disable)
    return found


def test_none_takes_the_key_whatever_else_the_manifest_says(disabled: list[str]) -> None:
    observer = Found(LIVE)
    with world(record(), body(KEY, NONE), ACCOUNT_BODY, observer=observer) as (api, around):
        around.queue.add(KEY)
        run_next(around)
        assert disabled == ["LTAI-mine"]
        ready = api.status(KEY)["conditions"][0]
        assert ready["reason"] == "NewerVersion"
        assert "its access key …mine is inactive now" in ready["message"]
        assert not stored(api.objects[path(IDENTITY.key)]).keys.opens
        # The key rests, and nothing of the cloud is asked for that.
        asked = observer.asked
        around.queue.add(KEY)
        run_next(around)
        assert (disabled, observer.asked) == (["LTAI-mine"], asked)


DENIED: Final = UnknownPart(Stalled(Reason.ACCESS_DENIED, "no right to list keys"))
OWN: Final = f"acs:ram::{MANAGED.account_id}:user/Ann"
STAYS: Final[dict[str, tuple[Json, Json, Live, Json]]] = {
    "asked for": ({"accessMode": "AccessKey"}, record(), LIVE, {}),
    "left out": ({"accessMode": None}, record(), LIVE, {}),
    "a word that is not known": ({"accessMode": "none"}, record(), LIVE, {}),
    "suspended": ({"suspend": True}, record(), LIVE, {}),
    "of another account": ({"accountRef": {"name": "other"}}, record(), LIVE, {}),
    "of another object": ({}, record(owner={**OWNER, "name": "bob"}), LIVE, {}),
    "of a newer version": ({}, record(format=99), LIVE, {}),
    "of one that was never seen": ({}, record(cloudId=""), replace(LIVE, cloud_id=""), {}),
    "another user of that name": ({}, record(), replace(LIVE, cloud_id="u-2"), {}),
    "gone in the cloud": ({}, record(), Live(Presence.ABSENT), {}),
    "in mode Observe": ({}, record(), LIVE, {"mode": Mode.OBSERVE}),
    "whom the operator runs as": ({}, record(), LIVE, {"own_principal": OWN}),
    "not read": ({}, record(), Live(Presence.UNKNOWN, error=Retry(Reason.RETRYING, "no")), {}),
    "keys not read": ({}, record(), replace(LIVE, fields={"access": DENIED}), {}),
}


@pytest.mark.parametrize(("spec", "known", "live", "account"), STAYS.values(), ids=STAYS)
def test_nothing_else_goes(
    disabled: list[str], spec: Json, known: Json, live: Live, account: Json
) -> None:
    manifest = body(KEY, {**NONE, **spec})
    with world(known, manifest, ACCOUNT_BODY, observer=Found(live)) as (_, around):
        session = around.accounts.get("default")
        around.accounts.set(replace(session, account=replace(session.account, **account)))
        around.queue.add(KEY)
        run_next(around)
        assert disabled == []


def test_what_was_just_written_is_waited_for(
    disabled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with world(record(), body(KEY, NONE), ACCOUNT_BODY, observer=Found(LIVE)) as (_, around):
        monkeypatch.setattr(type(around.consistency), "unsettled", lambda *_: 5.0)
        around.queue.add(KEY)
        run_next(around)
        assert disabled == []


def test_what_is_said_of_several_is_said_of_each() -> None:
    error = Retry(Reason.RETRYING, "no answer")
    both = key_endings.Taken(("…mine",), after=5.0).joined(
        key_endings.Taken(errors=(error,), after=3.0)
    )
    assert both.said == (
        "its access key …mine is inactive now",
        "its access key has to go, and is there still: no answer",
    )
    assert both.after == 3.0


def test_nothing_is_given_while_the_rest_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that had ended is deleted; the one in the Secret, which is gone, is not made anew."""
    deleted: list[str] = []
    monkeypatch.setattr(key_calls, "delete", lambda *found: deleted.append(found[-1]))
    old = {"id": "LTAI-old", "since": "2020-01-01T00:00:00Z"}
    known = record({**HOLDS, "issuedAt": "2020-01-01T00:00:00Z", "ending": [old]})
    off = Entry("accessKey …old", "inactive", handle="LTAI-old")
    live = replace(LIVE, fields={"access": {**ACCESS, "accessKey/…old": off}})
    asked = body(KEY, {**NONE, "accessMode": "AccessKey"})
    with world(known, asked, ACCOUNT_BODY, observer=Found(live)) as (api, around):
        around.queue.add(KEY)
        run_next(around)
        assert deleted == ["LTAI-old"]
        kept = stored(api.objects[path(IDENTITY.key)]).keys
        assert (kept.current, kept.secret_uid) == ("LTAI-mine", "s")
        assert "/api/v1/namespaces/apps/secrets/kept" not in api.objects


LONG_AGO: Final = "2020-01-01T00:00:00Z"
REPLACED: Final = {"id": "LTAI-old", "since": LONG_AGO, "active": True}
OLD: Final = Entry("accessKey …old", handle="LTAI-old")
BOTH: Final = replace(LIVE, fields={"access": {**ACCESS, "accessKey/…old": OLD}})


def replaced() -> Json:
    return record({**HOLDS, "issuedAt": LONG_AGO, "ending": [REPLACED]})


def test_one_that_was_replaced_goes_while_a_deletion_waits(
    disabled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever deletes an object that may not be deleted would else keep the key for ever."""
    monkeypatch.setattr(key_calls, "last_used", lambda *_: 0.0)
    leaves = body(
        KEY, {"driftPolicy": "Nonsense"}, deletionTimestamp=LONG_AGO, finalizers=[FINALIZER]
    )
    with world(replaced(), leaves, ACCOUNT_BODY, observer=Found(BOTH)) as (api, around):
        api.objects[DEFINITION] = SERVED
        around.queue.add(KEY)
        run_next(around)
        assert disabled == ["LTAI-old"]
        assert stored(api.objects[path(IDENTITY.key)]).keys.current == "LTAI-mine"


def test_one_that_was_replaced_goes_although_the_secret_cannot_be_read(
    disabled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may take the right to Secrets from the operator would else keep it for ever."""
    monkeypatch.setattr(key_calls, "last_used", lambda *_: 0.0)

    def denied(*_: Any) -> Any:
        raise Stalled(Reason.ACCESS_DENIED, "no right to Secrets")

    monkeypatch.setattr(Secrets, "read", denied)
    asked = body(KEY, {**NONE, "accessMode": "AccessKey"})
    lost = {"id": "LTAI-lost"}
    known = record({**HOLDS, "issuedAt": LONG_AGO, "ending": [REPLACED, lost]})
    lets_in = Entry("accessKey …lost", handle="LTAI-lost")
    live = replace(BOTH, fields={"access": {**ACCESS, "accessKey/…old": OLD, "x": lets_in}})
    with world(known, asked, ACCOUNT_BODY, observer=Found(live)) as (api, around):
        around.queue.add(KEY)
        run_next(around)
        # What may have been stored in the Secret waits until that is known.
        assert disabled == ["LTAI-old"]
        assert "no right to Secrets" in api.status(KEY)["conditions"][0]["message"]
