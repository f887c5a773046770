"""The real SDK's client against a server that answers as told, for tests of faults and calls."""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from ram_operator.cloud.client import CloudClient, Timeouts, Wiring
from ram_operator.cloud.credentials import Credentials
from ram_operator.cloud.endpoints import Endpoint, Endpoints
from ram_operator.cloud.jobs import Needs
from ram_operator.cloud.limiter import ActionClass, Limiter
from ram_operator.constants import Reason
from ram_operator.errors import OutcomeUnknown, RamOperatorError, Retry
from tests.unit.stub_server import Reply, Stub

KEY_ID, SECRET, TOKEN = "LTAImadeUpKeyId", "made-up-secret", "made-up-token"
DOCUMENT = '{"made-up":"document"}'
HIDDEN = (KEY_ID, SECRET, TOKEN, DOCUMENT, "made-up", "http", "?", "127.0.0.1", "Signature=")
TIMEOUTS = Timeouts(connect=5.0, read=1.0, deadline=20.0, limiter=0.5)
Call = Callable[[], Any]


class World:
    """A client of a server that answers as told, and what the client's observer was told."""

    def __init__(self, server: Stub, timeouts: Timeouts = TIMEOUTS, rate: float = 1000.0) -> None:
        self.server = server
        self.pool = ThreadPoolExecutor(4)
        self.watched: list[tuple[str, str]] = []
        self.may_write: list[RamOperatorError] = []
        self.limiter = Limiter(dict.fromkeys(ActionClass, rate))
        wiring = Wiring(self.pool, timeouts, self._watch, self._before_write)
        endpoint = Endpoint(server.host, "http")
        keys = Credentials(KEY_ID, SECRET, TOKEN)
        self.client = CloudClient(keys, Endpoints(*[endpoint] * 5), self.limiter, wiring)

    def _watch(self, action: str, result: str, seconds: float) -> None:
        assert seconds >= 0.0
        self.watched.append((action, result))

    def _before_write(self) -> None:
        for error in self.may_write:
            raise error

    def read(self) -> Any:
        return self.client.call("GetRole", {"RoleName": "web"})

    def write(self) -> Any:
        parameters = {"RoleName": "web", "NewAssumeRolePolicyDocument": DOCUMENT}
        return self.job("UpdateRole", parameters)

    def job(self, action: str, parameters: Mapping[str, Any], reads: int = 0) -> Any:
        """A job of one writing call alone."""
        needs = Needs(action, reads, action)
        return self.client.run(needs, lambda calls: calls.call(action, parameters))

    def answers(self, status: int, code: str | None, **more: Any) -> None:
        headers = more.pop("headers", {})
        body = {"RequestId": "R-1", "Message": "the service's own words", **more}
        if code is not None:
            body["Code"] = code
        self.says(Reply(status, json.dumps(body).encode(), headers))

    def says(self, reply: Reply) -> None:
        self.server.answer = lambda _: reply


def caught(call: Call) -> RamOperatorError:
    """The error of a call that has to fail; nothing that it prints may hold anything hidden."""
    with pytest.raises(RamOperatorError) as info:
        call()
    error = info.value
    shown = "".join(traceback.format_exception_only(error)) + error.message + repr(error)
    logged = logging.Formatter().formatException((type(error), error, error.__traceback__))
    # Of the traceback all but our own source lines, which hold the names of what is hidden.
    printed = [line for line in logged.splitlines() if not line.startswith("  ")]
    for hidden in HIDDEN:
        assert hidden not in shown
        assert not any(hidden in line for line in printed)
    assert "during handling" not in logged.lower()
    return error


def unavailable(world: World, text: str = "") -> None:
    read, write = caught(world.read), caught(world.write)
    assert (type(read), read.reason) == (Retry, Reason.CLOUD_UNAVAILABLE)
    assert (type(write), write.reason) == (OutcomeUnknown, Reason.OUTCOME_UNKNOWN)
    assert text in read.message
    assert "its outcome is looked at" in write.message
