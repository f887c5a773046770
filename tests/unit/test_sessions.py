"""What opening an account leaves in the cache."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from ram_operator.cloud.client import Wiring
from ram_operator.cluster.api import ClusterApi
from ram_operator.config import Settings
from ram_operator.errors import RamOperatorError
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


def test_a_record_that_was_written_while_no_watch_told_is_missed_once_it_is_gone() -> None:
    """The definition of the kind may be on its way out: what is written goes with it."""
    with stub(created) as server:
        configuration = Configuration()
        configuration.host = f"http://{server.host}"
        client = ApiClient(configuration)
        cache, settings = Cache(), Settings()
        api = ClusterApi(client, lambda what, kind: None)
        opener = AccountOpener(settings, cache, api, cast(Wiring, None), {})
        with pytest.raises(RamOperatorError):  # it has no credentials, which come after the record
            opener.open(BODY, None, "2026-01-01T00:00:00Z", 1)
        key = Identity(NUMBER, ACCOUNT, NUMBER).key
        record = cache.get(key)
        assert record is not None
        assert stored(record).lost
        news = set[Key]()
        cache.resync(RECORD, [(8, [])], news)
        assert news == {key}
        client.rest_client.pool_manager.clear()
