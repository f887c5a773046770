"""Secrets that are gone wake the users whose keys they held."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

import pytest

from ram_operator.constants import Mode
from ram_operator.loop import kept_secrets
from ram_operator.loop.ports import Ports
from tests.unit.stub_server import Reply, Request
from tests.unit.test_endings import ACCOUNT_BODY
from tests.unit.test_left_keys import HOLDS, KEY, record
from tests.unit.test_reconcile_ends import Api, Found, body, world

Json = dict[str, Any]
WHERE: Final = "/api/v1/namespaces/apps/secrets/kept"


def sweep(around: Ports, **account: Any) -> None:
    session = around.accounts.get("default")
    kept_secrets.run(around, replace(session, account=replace(session.account, **account)))


@pytest.mark.parametrize(
    ("metadata", "woken"),
    [
        (None, 1),
        ({"uid": "s"}, 0),
        ({"uid": "another"}, 1),
        ({"uid": "s", "deletionTimestamp": "2026-01-01T00:00:00Z"}, 1),
    ],
)
def test_whoever_has_none_any_more_is_looked_at(metadata: Json | None, woken: int) -> None:
    with world(record(), body(KEY, {}), ACCOUNT_BODY) as (api, around):
        if metadata is not None:
            api.objects[WHERE] = {"metadata": metadata}
        sweep(around)
        assert around.queue.depth() == woken


@pytest.mark.parametrize(
    ("spec", "known", "account"),
    [
        ({"suspend": True}, record(), {}),
        ({}, record({**HOLDS, "secretUid": None}), {}),
        ({}, record(owner=None), {}),
        ({}, record(), {"mode": Mode.OBSERVE}),
    ],
)
def test_nobody_else_is(spec: Json, known: Json, account: Json) -> None:
    with world(known, body(KEY, spec), ACCOUNT_BODY) as (_, around):
        sweep(around, **account)
        assert around.queue.depth() == 0


@pytest.mark.parametrize("status", [403, 503])
def test_what_cannot_be_asked_wakes_nobody(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    usual = Api.answer

    def answer(self: Api, request: Request) -> Reply:
        if request.path.startswith(WHERE):
            asked.append(request.headers.get("Accept", ""))
            return Reply(status, json.dumps({"message": "no"}).encode())
        return usual(self, request)

    monkeypatch.setattr(Api, "answer", answer)
    with world(record(), body(KEY, {}), ACCOUNT_BODY, observer=Found) as (_, around):
        sweep(around)
        assert around.queue.depth() == 0
    (accept,) = asked
    assert "PartialObjectMetadata" in accept, "what it holds is not asked for"
