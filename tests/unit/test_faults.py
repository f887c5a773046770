"""What the real SDK makes of a bad answer, and what we make of that: over real HTTP.

Each test asks a server for a read and for a write, since the outcome of a write may be unknown.
"""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_tea_openapi.exceptions import ClientException

from lab import waiting
from ram_operator.cloud import faults
from ram_operator.cloud.client import CloudClient, Wiring
from ram_operator.cloud.credentials import Credentials
from ram_operator.cloud.endpoints import Endpoint, Endpoints
from ram_operator.cloud.limiter import ActionClass
from ram_operator.constants import Reason
from ram_operator.errors import (
    Absent,
    AlreadyExists,
    Bug,
    DeleteConflict,
    InvalidSpec,
    OutcomeUnknown,
    RamOperatorError,
    Refused,
    Retry,
    Stalled,
)
from tests.unit.cloud_world import KEY_ID, SECRET, TIMEOUTS, World, caught, unavailable
from tests.unit.stub_server import Reply, Request, Stub, stub
from tests.unit.test_limiter import drain


@pytest.fixture(scope="module")
def server() -> Iterator[Stub]:
    with stub() as running:
        yield running


@pytest.fixture
def world(server: Stub) -> Iterator[World]:
    made = World(server)
    yield made
    made.pool.shutdown()


ROWS: list[tuple[int, str, type[RamOperatorError], Reason]] = [
    (400, "Throttling", Retry, Reason.THROTTLED),
    (400, "Throttling.User", Retry, Reason.THROTTLED),
    (429, "Throttling.Api", Retry, Reason.THROTTLED),
    (503, "Rejected.Throttling", Retry, Reason.THROTTLED),
    (429, "TooManyRequests", Retry, Reason.THROTTLED),
    (404, "EntityNotExist", Absent, Reason.NOT_FOUND),
    (404, "EntityNotExist.Role", Absent, Reason.NOT_FOUND),
    (404, "EntityNotExist.Role.Policy", Absent, Reason.NOT_FOUND),
    (409, "EntityAlreadyExists", AlreadyExists, Reason.CONFLICT),
    (409, "EntityAlreadyExists.Role", AlreadyExists, Reason.CONFLICT),
    (409, "EntityAlreadyExists.Role.Policy", AlreadyExists, Reason.CONFLICT),
    (409, "DeleteConflict.Role.Policy", DeleteConflict, Reason.DELETE_CONFLICT),
    (409, "DeleteConflict.Policy.Version", DeleteConflict, Reason.DELETE_CONFLICT),
    (409, "LimitExceeded.Role", Stalled, Reason.QUOTA_EXCEEDED),
    (409, "LimitExceeded.Policy.Version", Stalled, Reason.QUOTA_EXCEEDED),
    (403, "NoPermission", Stalled, Reason.ACCESS_DENIED),
    (403, "Forbidden.RAM", Stalled, Reason.ACCESS_DENIED),
    (403, "Inactive", Stalled, Reason.ACCESS_DENIED),
    (403, "AuthenticationFail.NoPermission", Stalled, Reason.ACCESS_DENIED),
    (404, "InvalidAccessKeyId.NotFound", Stalled, Reason.CREDENTIALS_INVALID),
    (400, "InvalidAccessKeyId.Inactive", Stalled, Reason.CREDENTIALS_INVALID),
    (400, "SignatureDoesNotMatch", Stalled, Reason.CREDENTIALS_INVALID),
    (400, "IncompleteSignature", Stalled, Reason.CREDENTIALS_INVALID),
    (400, "InvalidSecurityToken.Expired", Stalled, Reason.CREDENTIALS_INVALID),
    (400, "InvalidSecurityToken.Malformed", Stalled, Reason.CREDENTIALS_INVALID),
    (400, "MissingSecurityToken", Stalled, Reason.CREDENTIALS_INVALID),
    (400, "InvalidSecurityToken.MismatchWithAccessKey", Stalled, Reason.CREDENTIALS_INVALID),
    (400, "InvalidSignatureMethod", Stalled, Reason.CREDENTIALS_INVALID),
    (403, "Forbidden.AccessKeyDisabled", Stalled, Reason.CREDENTIALS_INVALID),
    (403, "Forbidden.RiskControl", Stalled, Reason.ACCESS_DENIED),
    (403, "Forbidden", Stalled, Reason.ACCESS_DENIED),
    (403, "Forbidden.NoPermission", Stalled, Reason.ACCESS_DENIED),
    (403, "NotAuthorized", Stalled, Reason.ACCESS_DENIED),
    (403, "NotAuthorized.Role", Stalled, Reason.ACCESS_DENIED),
    (409, "OperationConflict", Retry, Reason.CLOUD_UNAVAILABLE),
    (409, "ConcurrentUpdate", Retry, Reason.CLOUD_UNAVAILABLE),
    (403, "LastTokenProcessing", Retry, Reason.CLOUD_UNAVAILABLE),
    (400, "OperationFailed.LastTokenProcessing", Retry, Reason.CLOUD_UNAVAILABLE),
    (400, "SystemBusy", Retry, Reason.CLOUD_UNAVAILABLE),
    (409, "Invalid.ResourceGroup.Status", Retry, Reason.CLOUD_UNAVAILABLE),
    (404, "InvalidApi.NotFound", Stalled, Reason.INVALID_SPEC),
    (404, "InvalidProduct.NotFound", Stalled, Reason.INVALID_SPEC),
    (404, "InvalidAction.NotFound", Stalled, Reason.INVALID_SPEC),
    (400, "InvalidVersion", Stalled, Reason.INVALID_SPEC),
    (404, "InvalidProtocol.NeedSsl", Stalled, Reason.INVALID_SPEC),
    (403, "UnsupportedHTTPMethod", Stalled, Reason.INVALID_SPEC),
    (400, "InvalidTimeStamp.Format", Stalled, Reason.CREDENTIALS_INVALID),
    (400, "InvalidTimeStamp.Expired", Stalled, Reason.CREDENTIALS_INVALID),
    (400, "IllegalTimestamp", Stalled, Reason.CREDENTIALS_INVALID),
    (400, "MalformedPolicyDocument", Refused, Reason.INVALID_SPEC),
    (400, "InvalidParameter", InvalidSpec, Reason.INVALID_SPEC),
    (400, "InvalidParameter.RoleName.InvalidChars", InvalidSpec, Reason.INVALID_SPEC),
    (400, "InvalidParameter.Format", InvalidSpec, Reason.INVALID_SPEC),
    (400, "InvalidRoleName", InvalidSpec, Reason.INVALID_SPEC),
    (400, "MissingRoleName", InvalidSpec, Reason.INVALID_SPEC),
    (400, "MissingParameter", InvalidSpec, Reason.INVALID_SPEC),
    (400, "NotSupport.ServiceLinkedRole", InvalidSpec, Reason.INVALID_SPEC),
]


@pytest.mark.parametrize(("status", "code", "kind", "reason"), ROWS, ids=[row[1] for row in ROWS])
def test_each_code_of_the_table(
    world: World, status: int, code: str, kind: type[RamOperatorError], reason: Reason
) -> None:
    world.answers(status, code)
    for action, call in (("GetRole", world.read), ("UpdateRole", world.write)):
        error = caught(call)
        assert isinstance(error, kind)
        assert error.reason is reason
        assert world.watched[-1] == (action, reason.value)
        assert error.message.strip()


def test_the_table_has_no_row_without_a_test() -> None:
    codes = [code for _, code, _, _ in ROWS] + UNAVAILABLE
    for pattern, _ in faults.TABLE:
        # Each by the first row that knows it, as `classify` goes.
        here = [code for code in codes if _row(code) == pattern.pattern]
        for part in pattern.pattern.split("|"):
            assert any(re.fullmatch(part, code) for code in here), part


def _row(code: str) -> str:
    return next(pattern.pattern for pattern, _ in faults.TABLE if pattern.fullmatch(code))


REMEDIES = [
    ("Forbidden.RiskControl", "support"),
    ("NotAuthorized", "grant it in the RAM policy of the operator"),
    ("Forbidden", "grant it in the RAM policy of the operator"),
    ("OperationConflict", "it is tried again"),
    ("ConcurrentUpdate", "it is tried again"),
    ("LastTokenProcessing", "it is tried again"),
    ("InvalidAction.NotFound", "correct spec.endpoints of the RamAccount"),
    ("InvalidProtocol.NeedSsl", "correct spec.endpoints of the RamAccount"),
    ("InvalidSignatureMethod", "renew them"),
]


@pytest.mark.parametrize(("code", "remedy"), REMEDIES)
def test_a_code_of_the_gateway_comes_with_what_to_do(world: World, code: str, remedy: str) -> None:
    world.answers(next(status for status, known, _, _ in ROWS if known == code), code)
    message = caught(world.write).message
    assert code in message or "Forbidden" in code or code == "NotAuthorized"
    assert remedy in message


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, Reason.CREDENTIALS_INVALID),
        (403, Reason.ACCESS_DENIED),
        (429, Reason.THROTTLED),
    ],
)
@pytest.mark.parametrize("code", ["BrandNewCode", None])
def test_of_an_unknown_code_the_status_says_what_it_means(
    world: World, status: int, reason: Reason, code: str | None
) -> None:
    world.answers(status, code)
    for call in (world.read, world.write):
        assert caught(call).reason is reason


UNAVAILABLE = ["SignatureNonceUsed", "ServiceUnavailable", "InternalError"]


@pytest.mark.parametrize(
    ("status", "code"),
    [(400, "SignatureNonceUsed"), (503, "ServiceUnavailable"), (500, "InternalError")]
    + [(status, "Whatever") for status in (500, 502, 503, 504)]
    + [(503, None)],
)
def test_trouble_of_the_service_is_retried_and_leaves_a_write_unknown(
    world: World, status: int, code: str | None
) -> None:
    world.answers(status, code)
    unavailable(world, code or f"HTTP {status}")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(502, b"<html>bad gateway</html>"),
        Reply(502, b""),
        Reply(502, b'["json"]'),
        Reply(400, b"null"),
        Reply(200, b"<html>made-up portal</html>", {"Content-Type": "text/html"}),
        Reply(200, b""),
        Reply(200, b"{}"),
        Reply(200, b"[]"),
        Reply(200, b'{"Role": {"RoleName": "web"}}'),
        Reply(204),
        Reply(cut=True),
    ],
    ids=lambda reply: f"{reply.status} {reply.body.decode()[:20]}{' cut' * reply.cut}",
)
def test_what_is_no_answer_of_the_service_means_nothing(world: World, reply: Reply) -> None:
    world.says(reply)
    unavailable(world)


def test_nobody_listens(world: World) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    unavailable(World(Stub(port, lambda _: Reply())))


def test_a_name_that_does_not_resolve(server: Stub) -> None:
    made = World(server)
    endpoint = Endpoint("no-such-host.invalid", "http")
    wiring = Wiring(made.pool, TIMEOUTS, lambda *_: None, lambda: None)
    keys = Credentials(KEY_ID, SECRET)
    made.client = CloudClient(keys, Endpoints(*[endpoint] * 5), made.limiter, wiring)
    unavailable(made)
    made.pool.shutdown()


def test_no_answer_in_time(world: World) -> None:
    def slow(_: Request) -> Reply:
        time.sleep(0.8)
        return Reply()

    world.server.answer = slow
    started = waiting.seconds()
    unavailable(world)
    assert waiting.seconds() - started < 2.5


@pytest.mark.parametrize(
    ("status", "reason", "written", "remedy"),
    [
        (400, Reason.INVALID_SPEC, Reason.INVALID_SPEC, "correct it there"),
        (404, Reason.CLOUD_UNAVAILABLE, Reason.OUTCOME_UNKNOWN, "correct spec.endpoints"),
        (409, Reason.CLOUD_UNAVAILABLE, Reason.OUTCOME_UNKNOWN, "look in the console"),
    ],
)
@pytest.mark.parametrize("code", ["BrandNewCode", "XThrottling", "EntityNotExistX", None])
def test_an_unknown_code_is_taken_for_one_of_its_family_and_says_what_to_do(
    world: World, status: int, reason: Reason, written: Reason, remedy: str, code: str | None
) -> None:
    """Never for an identity that is not there, or is there already: nothing follows from it."""
    world.answers(status, code)
    for call, wanted in ((world.read, reason), (world.write, written)):
        error = caught(call)
        assert error.reason is wanted
        assert not isinstance(error, Absent | AlreadyExists | DeleteConflict | Refused)
        for words in (remedy, code or "without a code", str(status), "the service's own words"):
            assert words in error.message


@pytest.mark.parametrize("status", [402, 418])
@pytest.mark.parametrize("code", ["BrandNewCode", "XThrottling", "EntityNotExistX", None])
def test_unknown_answers_are_bugs_and_named(world: World, status: int, code: str | None) -> None:
    world.answers(status, code)
    error = caught(world.read)
    assert (type(error), error.reason) == (Bug, Reason.INTERNAL_ERROR)
    assert (code or "without a code") in error.message
    assert str(status) in error.message


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("1500", 1.5), ("1", 0.001), ("3600000", 60.0), ("0", None), ("-5", None), ("soon", None)],
)
def test_the_services_own_waiting_time_is_honoured_up_to_a_minute(
    world: World, header: str, seconds: float | None
) -> None:
    world.answers(400, "Throttling.User", headers={"x-acs-retry-after": header})
    for call in (world.read, world.write):
        error = caught(call)
        assert isinstance(error, Retry)
        assert (error.reason, error.after) == (Reason.THROTTLED, seconds)


def test_the_waiting_time_does_not_turn_another_fault_into_throttling(world: World) -> None:
    world.answers(404, "EntityNotExist.Role", headers={"x-acs-retry-after": "1500"})
    assert isinstance(caught(world.read), Absent)


def test_throttling_slows_the_class_of_the_call_only(world: World) -> None:
    world.answers(400, "Throttling.User")
    caught(world.read)
    world.answers(404, "EntityNotExist.Role")
    caught(world.write)
    saved = [drain(world.limiter, name) for name in (ActionClass.READ, ActionClass.WRITE)]
    assert saved[0] < 500 < saved[1]


@pytest.mark.parametrize(
    ("code", "relation"), [("EntityNotExist.Role", False), ("EntityNotExist.Role.Policy", True)]
)
def test_a_missing_relation_is_told_from_a_missing_end(
    world: World, code: str, relation: bool
) -> None:
    world.answers(404, code)
    error = caught(world.write)
    assert isinstance(error, Absent)
    assert (error.code, error.relation) == (code, relation)


def test_codes_are_kept_for_who_understands_them(world: World) -> None:
    world.answers(409, "EntityAlreadyExists.Role")
    exists = caught(world.write)
    world.answers(409, "DeleteConflict.Role.Policy")
    conflict = caught(world.write)
    assert isinstance(exists, AlreadyExists)
    assert isinstance(conflict, DeleteConflict)
    assert (exists.code, conflict.code) == (
        "EntityAlreadyExists.Role",
        "DeleteConflict.Role.Policy",
    )


def test_a_refused_document_is_told_from_other_wrong_parameters(world: World) -> None:
    world.answers(400, "MalformedPolicyDocument")
    document = caught(world.write)
    # Of a principal that was just created the service says the same.
    assert isinstance(document, Refused)
    assert "the service's own words" in document.message
    assert "MalformedPolicyDocument" in document.message
    world.answers(400, "InvalidParameter.Description")
    assert not isinstance(caught(world.write), Refused)


@pytest.mark.parametrize(
    ("detail", "named"),
    [
        ({"AuthAction": "ram:PassRole"}, "ram:PassRole"),
        ({"AuthAction": ""}, "ram:UpdateRole"),
        ({}, "ram:UpdateRole"),
        (None, "ram:UpdateRole"),
        ("a text", "ram:UpdateRole"),
    ],
)
def test_a_denial_names_the_action_to_grant(world: World, detail: Any, named: str) -> None:
    world.answers(403, "NoPermission", AccessDeniedDetail=detail)
    assert named in caught(world.write).message


def test_the_gateways_small_letters_are_understood(world: World) -> None:
    body = {"code": "LimitExceeded.Role", "message": "too many", "requestId": "R-1"}
    world.says(Reply(409, json.dumps(body).encode()))
    error = caught(world.write)
    assert error.reason is Reason.QUOTA_EXCEEDED
    assert "too many" in error.message


def test_too_many_tags_are_told_by_their_field(world: World) -> None:
    world.answers(409, "LimitExceeded.Tag", Message="too many")
    error = caught(world.write)
    assert (error.reason, "spec.tags" in error.message) == (Reason.QUOTA_EXCEEDED, True)
    world.answers(409, "LimitExceeded.Policy.Version", Message="too many")
    assert "spec.tags" not in caught(world.write).message


def test_what_the_service_echoes_of_a_signature_is_not_passed_on(world: World) -> None:
    echo = f"server string to sign is: GET&%2F&AccessKeyId%3D{KEY_ID}&Signature={SECRET} made-up"
    for code in ("SignatureDoesNotMatch", "IncompleteSignature", "InvalidAccessKeyId.NotFound"):
        world.answers(400, code, Message=echo)
        caught(world.write)


def test_long_messages_are_cut(world: World) -> None:
    world.answers(400, "InvalidParameter", Message="x" * 5000)
    assert len(caught(world.write).message) < 700


def test_an_error_that_is_none_of_the_sdks_is_a_bug_without_its_text() -> None:
    error = faults.classify(KeyError(SECRET), "GetRole", writes=False)
    assert isinstance(error, Bug)
    assert "KeyError" in error.message
    assert SECRET not in error.message


def test_a_refusal_that_says_nothing_is_none_of_ours() -> None:
    silent = ClientException(status_code=0, code="None", message="")
    assert faults.classify(silent, "GetRole", writes=False).reason is Reason.CLOUD_UNAVAILABLE
    assert isinstance(faults.classify(silent, "UpdateRole", writes=True), OutcomeUnknown)
