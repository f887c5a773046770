"""Whatever the API server answers, only our own errors come of it; over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes.client import Configuration
from kubernetes.client.api_client import ApiClient

from ram_operator.cluster.api import PAGE_BYTES, ClusterApi
from ram_operator.errors import Retry
from ram_operator.model.objects import Key
from tests.unit.stub_server import Reply, Request, Stub, stub

ROLE = Key("RamRole", "apps", "web")


@contextmanager
def asking(answer: Callable[[Request], Reply]) -> Iterator[tuple[ClusterApi, Stub]]:
    with stub(answer) as running:
        configuration = Configuration()
        configuration.host = f"http://{running.host}"
        client = ApiClient(configuration)
        yield ClusterApi(client, lambda what, kind: None), running
        client.rest_client.pool_manager.clear()


@pytest.mark.parametrize(("size", "most"), [(200, 500), (4_000, 500), (100_000, 20), (900_000, 20)])
def test_a_list_comes_in_pages_of_so_many_bytes(size: int, most: int) -> None:
    """So that two hundred objects of a megabyte are never in memory at once."""
    bodies = [
        {"metadata": {"name": f"o{n}"}, "x": "y" * size}
        for n in range(1_200 if size < 5_000 else 40)
    ]
    sent: list[int] = []

    def answer(request: Request) -> Reply:
        asked = parse_qs(urlsplit(request.path).query)
        start, limit = int(asked.get("continue", ["0"])[0]), int(asked["limit"][0])
        page = bodies[start : start + limit]
        more = str(start + limit) if start + limit < len(bodies) else ""
        reply = json.dumps({"metadata": {"continue": more, "resourceVersion": "7"}, "items": page})
        sent.append(len(reply))
        assert limit <= most
        return Reply(200, reply.encode())

    with asking(answer) as (api, running):
        found = [item for version, page in api.pages("RamRole") for item in page if version == 7]
        assert found == bodies
        # The first one is asked for without knowing how large they are.
        assert max(sent[1:]) <= max(1.1 * PAGE_BYTES, size + 200)
        assert len(running.asked) < 60


def test_a_list_that_does_not_end_is_given_up() -> None:
    page = json.dumps({"metadata": {"continue": "again"}, "items": []}).encode()
    with asking(lambda _: Reply(200, page)) as (api, running):
        with pytest.raises(Retry, match="twice"):
            list(api.pages("RamRole"))
        assert len(running.asked) == 2


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
