"""Whatever the API server answers, only our own errors come of it; over real HTTP."""

from __future__ import annotations

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from ram_operator.cluster.api import ClusterApi
from ram_operator.errors import Retry
from ram_operator.model.objects import Key
from tests.unit.stub_server import Reply, stub

ROLE = Key("RamRole", "apps", "web")


@pytest.mark.parametrize("body", [b"", b"<html>sign in</html>", b"\xff\xfe", b"[]", b"null"])
def test_an_answer_that_is_no_object_is_tried_again_and_never_taken_for_none(body: bytes) -> None:
    with stub(lambda _: Reply(200, body)) as running:
        configuration = Configuration()
        configuration.host = f"http://{running.host}"
        client = ApiClient(configuration)
        api = ClusterApi(client, lambda what, kind: None)
        with pytest.raises(Retry, match="no object in JSON"):
            api.get(ROLE)
        with pytest.raises(Retry, match="no object in JSON"):
            list(api.pages("RamRole"))
        client.rest_client.pool_manager.clear()
