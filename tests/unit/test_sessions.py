"""What opening an account leaves in the cache."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, cast

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from ram_operator.cloud.client import Wiring
from ram_operator.cluster.api import ClusterApi
from ram_operator.config import Settings
from ram_operator.errors import RamOperatorError, Retry
from ram_operator.kinds.record import Identity, stored
from ram_operator.kinds.table import ACCOUNT, RECORD
from ram_operator.model.objects import Key
from ram_operator.runtime.cache import Cache
from ram_operator.runtime.sessions import AccountOpener
from tests.unit.stub_server import Reply, Request, stub

NUMBER = "1234567890123456"
BODY = {
    "kind": ACCOUNT,
    "metadata": {"name": "shop", "uid": "u"},
    "spec": {"accountId": NUMBER, "credentials": {"type": "Environment"}},
    "status": {"accountId": NUMBER},
}


def created(request: Request) -> Reply:
    if request.method != "POST":
        return Reply(404, b"{}")
    body: dict[str, Any] = json.loads(request.body)
    body["metadata"] |= {"uid": "r", "resourceVersion": "7", "generation": 1}
    return Reply(201, json.dumps(body).encode())


class Refusing:
    """It is there already, as somebody's POST whose answer was lost left it; or it was."""

    def __init__(self, there: bool) -> None:
        self.there = there

    def __call__(self, request: Request) -> Reply:
        if request.method == "POST":
            self.body = json.loads(created(request).body)
            return Reply(409, b'{"reason": "AlreadyExists"}')
        return Reply(200, json.dumps(self.body).encode()) if self.there else Reply(404, b"{}")


def opened(answers: Callable[[Request], Reply]) -> tuple[Cache, RamOperatorError]:
    """What the cache has once the account was opened, as far as it goes: it has no credentials,
    which come after the record.
    """
    with stub(answers) as server:
        configuration = Configuration()
        configuration.host = f"http://{server.host}"
        client = ApiClient(configuration)
        cache, settings = Cache(), Settings()
        api = ClusterApi(client, lambda what, kind: None)
        opener = AccountOpener(settings, cache, api, cast(Wiring, None), {})
        with pytest.raises(RamOperatorError) as caught:
            opener.open(BODY, None, "2026-01-01T00:00:00Z", 1)
        client.rest_client.pool_manager.clear()
    return cache, caught.value


KEY: Final = Identity(NUMBER, ACCOUNT, NUMBER).key


@pytest.mark.parametrize("answers", [created, Refusing(there=True)])
def test_a_record_that_was_written_while_no_watch_told_is_missed_once_it_is_gone(
    answers: Callable[[Request], Reply],
) -> None:
    """The definition of the kind may be on its way out: what is written goes with it."""
    cache, error = opened(answers)
    record = cache.get(KEY)
    assert record is not None, error
    assert stored(record).lost
    news = set[Key]()
    cache.resync(RECORD, [(8, [])], news)
    assert news == {KEY}


def test_a_record_that_goes_while_it_is_looked_at_is_waited_for() -> None:
    cache, error = opened(Refusing(there=False))
    assert isinstance(error, Retry)
    assert "is being deleted" in error.message
    assert cache.get(KEY) is None
