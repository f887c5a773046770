"""Whether the console lets a user in: only IMS says it, which knows users by the account's domain.

Over real HTTP with the real SDK.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ram_operator.cloud.kept_answers import KEPT_SECONDS, KeptAnswers
from ram_operator.cloud.user_calls import read_access
from ram_operator.constants import Reason
from ram_operator.errors import Retry
from ram_operator.kinds.sign_in import UNREAD, identifier
from ram_operator.model.objects import Entry
from ram_operator.model.state import Live
from ram_operator.model.vocabulary import Presence
from tests.unit.cloud_world import World
from tests.unit.stub_server import Reply, Request, stub

MADE = "2026-01-01T00:00:00Z"
IMS = "2019-08-15"
GONE = (404, "EntityNotExist.User")


@dataclass
class Cloud:
    """Answers by version and action; `asked` are the calls to IMS."""

    world: World
    domain: str = "corp"
    status: Any = "Active"
    refused: dict[str, tuple[int, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)

    def answer(self, request: Request) -> Reply:
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = parse_qs(urlsplit(request.path).query)
        action = headers.get("x-acs-action") or query["Action"][0]
        ims = (headers.get("x-acs-version") or query["Version"][0]) == IMS
        if ims:
            self.asked.append(action)
        if action in self.refused and ims:
            status, code = self.refused[action]
            return self._reply(status, {"Code": code})
        named = query.get("UserPrincipalName", [""])[0]
        if ims and named and named != f"ann@{self.domain}.onaliyun.com":
            return self._reply(GONE[0], {"Code": GONE[1]})
        profile = {"Status": self.status} if ims else {"UserName": "ann", "CreateDate": MADE}
        of_user = {"UserPrincipalName": f"ann@{self.domain}.onaliyun.com"} if ims else {}
        answers: dict[str, Any] = {
            "GetDefaultDomain": {"DefaultDomainName": f"{self.domain}.onaliyun.com"},
            "GetLoginProfile": {"LoginProfile": profile},
            "GetUser": {"User": {"UserId": "1", "UserName": "ann", **of_user}},
            "ListAccessKeys": {
                "AccessKeys": {"AccessKey": [{"AccessKeyId": key} for key in self.keys]}
            },
        }
        return self._reply(200, answers[action])

    @staticmethod
    def _reply(status: int, body: dict[str, Any]) -> Reply:
        content = json.dumps({"RequestId": "R", "Message": "m", **body}).encode()
        return Reply(status, content, {"Content-Type": "application/json"})

    def profile(self, cloud_id: str = "1") -> Entry:
        live = Live(Presence.PRESENT, "ann", cloud_id=cloud_id)
        found = read_access(self.world.client, "user", live)["access"]
        assert isinstance(found, dict)
        entry = found["loginProfile"]
        assert isinstance(entry, Entry)
        return entry


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with stub() as server:
        world = World(server)
        found = Cloud(world)
        server.answer = found.answer
        yield found
        world.pool.shutdown()


@pytest.mark.parametrize(("status", "value"), [("Active", ""), ("Inactive", "inactive")])
def test_a_login_that_is_off_is_told_from_one_that_is_on(
    cloud: Cloud, status: str, value: str
) -> None:
    cloud.status = status
    assert cloud.profile() == Entry("loginProfile", value, handle=MADE)


def test_a_state_that_nobody_knows_is_on(cloud: Cloud) -> None:
    cloud.status = "Dormant"
    assert cloud.profile().value == ""


def test_the_domain_is_asked_for_once(cloud: Cloud) -> None:
    for _ in range(3):
        cloud.profile()
    assert cloud.asked == ["GetDefaultDomain", *["GetLoginProfile"] * 3]


@pytest.mark.parametrize("cloud_id", ["1", ""])
def test_a_domain_that_was_changed_meanwhile_hides_nothing(cloud: Cloud, cloud_id: str) -> None:
    cloud.profile()
    cloud.domain, cloud.status = "renamed", "Inactive"
    assert cloud.profile(cloud_id).value == "inactive"


@pytest.mark.parametrize("action", ["GetDefaultDomain", "GetLoginProfile"])
def test_who_may_not_ask_says_so(cloud: Cloud, action: str) -> None:
    cloud.refused[action] = (403, "NoPermission")
    found = cloud.profile()
    assert found == Entry("loginProfile (on or off is not known)", UNREAD, handle=MADE)
    # It is the same one to records.
    assert identifier(found) == identifier(Entry("loginProfile", "", handle=MADE))


@pytest.mark.parametrize(
    "refused",
    [
        {"GetLoginProfile": (500, "InternalError")},
        {"GetDefaultDomain": (503, "ServiceUnavailable")},
        {"GetLoginProfile": GONE},
        {"GetLoginProfile": (404, "EntityNotExist.User.LoginProfile")},
        {"GetLoginProfile": GONE, "GetUser": GONE},
    ],
    ids=str,
)
def test_what_is_not_known_is_not_off(cloud: Cloud, refused: dict[str, tuple[int, str]]) -> None:
    """Nor is there no login where IMS knows less than RAM."""
    cloud.refused.update(refused)
    with pytest.raises(Retry) as found:
        cloud.profile()
    assert found.value.reason is Reason.CLOUD_UNAVAILABLE


def test_an_answer_is_kept_for_its_time_and_a_failure_never() -> None:
    (action,), now = KEPT_SECONDS, [0.0]
    kept, answers = KeptAnswers(lambda: now[0]), iter([{"a": 1}, {"a": 2}])

    def fails() -> dict[str, int]:
        raise Retry(Reason.CLOUD_UNAVAILABLE, "no")

    for _ in range(2):
        with pytest.raises(Retry):
            kept.answer(action, fails)
    assert kept.answer(action, lambda: next(answers)) == {"a": 1}
    now[0] = KEPT_SECONDS[action] - 1.0
    assert kept.answer(action, lambda: next(answers)) == {"a": 1}
    now[0] = KEPT_SECONDS[action]
    assert kept.answer(action, lambda: next(answers)) == {"a": 2}


@pytest.mark.parametrize("keys", [["ABC1234", "ABD1234"], ["ABD1234", "ABC1234"], ["X1", "1"]])
def test_no_key_hides_behind_another_that_ends_alike(cloud: Cloud, keys: list[str]) -> None:
    cloud.keys = [*keys, "XYZ5678"]
    found = read_access(cloud.world.client, "user", Live(Presence.PRESENT, "ann"))["access"]
    assert isinstance(found, dict)
    assert {entry.handle for entry in found.values()} == {*cloud.keys, MADE}
    assert "accessKey/…5678" in found
    assert found.keys() - {"loginProfile", "accessKey/…5678"} in (
        {"accessKey/…C1234", "accessKey/…D1234"},
        {"accessKey/…X1", "accessKey/…1"},
    )
