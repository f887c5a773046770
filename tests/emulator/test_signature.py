"""Who is believed: both signature forms, and each code of the gateway."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.emulator.calls import SERVICE_TRUST, invoke, policy, refused, trust
from tests.emulator.conftest import Cloud, Credentials
from tests.emulator.raw import Acs3, Answer, now_text, send, v1


def _acs3(**bend: Any) -> Callable[[Cloud], Answer]:
    return lambda cloud: Acs3(cloud.process.port, cloud.operator, **bend).send()


def _with(who: Callable[[Cloud], Credentials]) -> Callable[[Cloud], Answer]:
    return lambda cloud: Acs3(cloud.process.port, who(cloud)).send()


def _v1(**bend: str | None) -> Callable[[Cloud], Answer]:
    parameters = {"Action": "GetRole", "RoleName": "none"}
    return lambda cloud: v1(cloud.process.port, cloud.operator, parameters, bend=bend)


CASES: list[tuple[str, Callable[[Cloud], Answer], str, int]] = [
    ("good", _acs3(), "EntityNotExist.Role", 404),
    (
        "wrong secret",
        _with(lambda c: Credentials(c.operator.key_id, "x")),
        "SignatureDoesNotMatch",
        400,
    ),
    (
        "unknown key",
        _with(lambda c: Credentials("LTAInone", "x")),
        "InvalidAccessKeyId.NotFound",
        404,
    ),
    (
        "token with a plain key",
        _with(lambda c: Credentials(c.operator.key_id, c.operator.secret, "t")),
        "InvalidSecurityToken.MismatchWithAccessKey",
        400,
    ),
    ("old date", _acs3(date=now_text(-100_000)), "InvalidTimeStamp.Expired", 400),
    ("future date", _acs3(date=now_text(100_000)), "InvalidTimeStamp.Expired", 400),
    ("within the skew", _acs3(date=now_text(-60)), "EntityNotExist.Role", 404),
    ("date in another form", _acs3(date="today"), "InvalidTimeStamp.Format", 400),
    ("no nonce", _acs3(nonce=""), "MissingParameter", 400),
    ("host not signed", _acs3(unsigned=("host",)), "IncompleteSignature", 400),
    ("nonce not signed", _acs3(unsigned=("x-acs-signature-nonce",)), "IncompleteSignature", 400),
    ("hash not signed", _acs3(unsigned=("x-acs-content-sha256",)), "IncompleteSignature", 400),
    ("no nonce at all", _acs3(without=("x-acs-signature-nonce",)), "IncompleteSignature", 400),
    ("no hash of the body", _acs3(without=("x-acs-content-sha256",)), "IncompleteSignature", 400),
    (
        "hash of nothing",
        _acs3(extra={"x-acs-content-sha256": ""}),
        "SignatureDoesNotMatch",
        400,
    ),
    (
        "token not signed",
        _acs3(after_signing={"x-acs-security-token": "x"}),
        "IncompleteSignature",
        400,
    ),
    (
        "no header for the action",
        _acs3(parameters={"Action": "GetRole", "RoleName": "none"}, without=("x-acs-action",)),
        "MissingParameter",
        400,
    ),
    ("action not signed", _acs3(unsigned=("x-acs-action",)), "IncompleteSignature", 400),
    (
        "more headers signed",
        _acs3(extra={"user-agent": "a b", "accept": "x"}),
        "EntityNotExist.Role",
        404,
    ),
    (
        "signed header changed",
        _acs3(extra={"user-agent": "a"}, after_signing={"user-agent": "b"}),
        "SignatureDoesNotMatch",
        400,
    ),
    (
        "body not as hashed",
        _acs3(body=b"x", extra={"x-acs-content-sha256": hashlib.sha256(b"y").hexdigest()}),
        "SignatureDoesNotMatch",
        400,
    ),
    (
        "half an Authorization",
        _acs3(after_signing={"Authorization": "ACS3-HMAC-SHA256 Credential=x"}),
        "IncompleteSignature",
        400,
    ),
    (
        "odd characters",
        _acs3(parameters={"RoleName": "中 ~*+/&=%"}),
        "InvalidParameter.RoleName.InvalidChars",
        400,
    ),
    ("unknown action", _acs3(action="FlyToTheMoon"), "InvalidAction.NotFound", 404),
    ("unknown version", _acs3(version="1999-01-01"), "InvalidVersion", 400),
    ("V1 good", _v1(), "EntityNotExist.Role", 404),
    ("V1 wrong signature", _v1(Signature="AAAA"), "SignatureDoesNotMatch", 400),
    ("V1 no signature", _v1(Signature=""), "IncompleteSignature", 400),
    ("V1 no key", _v1(AccessKeyId=None), "IncompleteSignature", 400),
    ("V1 unknown key", _v1(AccessKeyId="LTAInone"), "InvalidAccessKeyId.NotFound", 404),
    ("V1 old date", _v1(Timestamp=now_text(-100_000)), "InvalidTimeStamp.Expired", 400),
    ("V1 other method", _v1(SignatureMethod="HMAC-MD5"), "InvalidSignatureMethod", 400),
    ("V1 no action", _v1(Action=None), "MissingParameter", 400),
    (
        "unsigned",
        lambda c: send(c.process.port, "GET", "/?Action=GetRole&Version=2015-05-01", {}),
        "IncompleteSignature",
        400,
    ),
    (
        "another path",
        lambda c: send(c.process.port, "GET", "/console", {}),
        "InvalidApi.NotFound",
        404,
    ),
    (
        "another method",
        lambda c: send(c.process.port, "PUT", "/", {}),
        "UnsupportedHTTPMethod",
        403,
    ),
    (
        "endless line",
        lambda c: send(c.process.port, "GET", f"/?A={'x' * 1200000}", {}),
        "InvalidParameter.Format",
        400,
    ),
]


@pytest.mark.parametrize(
    ("attempt", "code", "status"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_gateway_code(
    cloud: Cloud, attempt: Callable[[Cloud], Answer], code: str, status: int
) -> None:
    answer = attempt(cloud)
    assert (answer.code, answer.status) == (code, status)
    assert answer.content_type.startswith("application/json")
    assert set(answer.body) >= {"RequestId", "HostId", "Code", "Message", "Recommend"}


def test_a_nonce_is_good_for_one_request(cloud: Cloud) -> None:
    request = Acs3(cloud.process.port, cloud.operator)
    assert request.send().code == "EntityNotExist.Role"
    assert request.send().code == "SignatureNonceUsed"
    bend: dict[str, str | None] = {"SignatureNonce": request.nonce}
    parameters = {"Action": "GetRole", "RoleName": "none"}
    answer = v1(cloud.process.port, cloud.operator, parameters, bend=bend)
    assert answer.code == "SignatureNonceUsed"


def test_a_forged_request_does_not_use_up_a_nonce(cloud: Cloud) -> None:
    forged = Acs3(cloud.process.port, Credentials(cloud.operator.key_id, "wrong"))
    assert forged.send().code == "SignatureDoesNotMatch"
    true = Acs3(cloud.process.port, cloud.operator, nonce=forged.nonce)
    assert true.send().code == "EntityNotExist.Role"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_headers_that_v1_does_not_sign_say_nothing(cloud: Cloud, method: str) -> None:
    """Node's SDK sends them besides, spelled otherwise; who relays a request could add them."""
    who, port = cloud.operator, cloud.process.port
    cloud.user("victim")
    names = {"Action": "GetUser", "UserName": "victim"}
    for name in ("x-acs-action", "X-Acs-Action"):
        headers = {name: "UpdateUser", "x-acs-version": "2019-08-15"}
        answer = v1(port, who, names, method=method, headers=headers)
        assert answer.body["User"]["UserName"] == "victim"
    last = cloud.admin.journal(cloud.id)[-1]
    assert (last["action"], last["service"], last["effect"]) == ("GetUser", "ram", "read")
    assert v1(port, who, {"Action": ""}, headers={"x-acs-action": "GetUser"}).status == 400
    # A header form that is cut short is not read as the parameter form, or the other way round.
    blank = v1(port, who, names, headers={"Authorization": " ", "x-acs-action": "DeleteUser"})
    assert blank.body["User"]["UserName"] == "victim"


def test_a_wrong_signature_tells_the_text_that_was_expected(cloud: Cloud) -> None:
    """The older Python SDK takes the message apart at these words."""
    words = "server string to sign is:"
    parameters = {"Action": "GetRole", "RoleName": "a b"}
    told = v1(cloud.process.port, cloud.operator, parameters, bend={"Signature": "AAAA"})
    assert told.body["Message"].split(words)[1].startswith("GET&%2F&AccessKeyId%3DLTAI")
    assert "RoleName%3Da%2520b" in told.body["Message"].split(words)[1]
    request = Acs3(cloud.process.port, Credentials(cloud.operator.key_id, "wrong"))
    assert request.send().body["Message"].split(words)[1].startswith("ACS3-HMAC-SHA256\n")
    body = Acs3(cloud.process.port, cloud.operator, extra={"x-acs-content-sha256": "0"})
    assert words in body.send().body["Message"]


def test_inactive_key(cloud: Cloud) -> None:
    cloud.admin.set_key_status(cloud.id, cloud.operator.key_id, "Inactive")
    assert Acs3(cloud.process.port, cloud.operator).send().code == "InvalidAccessKeyId.Inactive"
    cloud.admin.set_key_status(cloud.id, cloud.operator.key_id, "Active")
    assert Acs3(cloud.process.port, cloud.operator).send().code == "EntityNotExist.Role"


@pytest.mark.parametrize(
    "kind",
    ["application/x-www-form-urlencoded", "Application/X-WWW-Form-URLEncoded; charset=UTF-8"],
)
def test_parameters_in_a_form_body(cloud: Cloud, kind: str) -> None:
    form = "AssumeRolePolicyDocument=%7B"
    answer = Acs3(
        cloud.process.port,
        cloud.operator,
        action="CreateRole",
        parameters={"RoleName": "in-the-query"},
        body=form.encode(),
        content_type=kind,
    ).send()
    assert answer.code == "MalformedPolicyDocument"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_v1_with_flattened_lists(cloud: Cloud, method: str) -> None:
    port, who = cloud.process.port, cloud.operator
    create = {
        "Action": "CreateRole",
        "RoleName": "old-style",
        "AssumeRolePolicyDocument": SERVICE_TRUST,
        "Tag.1.Key": "a",
        "Tag.1.Value": "b c*~+/",
        "Tag.2.Key": "d",
    }
    assert v1(port, who, create, method=method).status == 200
    target = {"ResourceType": "role", "ResourceNames.1": "old-style"}
    answer = v1(port, who, {"Action": "ListTagResources", **target}, method=method)
    rows = [(r["TagKey"], r["TagValue"]) for r in answer.body["TagResources"]]
    assert rows == [("a", "b c*~+/"), ("d", "")]
    untag = {"Action": "UntagResources", **target, "TagKeys.1": "a"}
    assert v1(port, who, untag, method=method).status == 200
    assert cloud.admin.state(cloud.id)["roles"]["old-style"]["tags"] == {"d": ""}


def test_the_sdk_in_the_older_form(cloud: Cloud) -> None:
    ram = cloud.ram(signature_algorithm="v2")
    invoke(ram, "CreateRole", RoleName="sdk-old", AssumeRolePolicyDocument=SERVICE_TRUST)
    assert invoke(ram, "GetRole", RoleName="sdk-old")["Role"]["RoleName"] == "sdk-old"


def test_large_documents_travel_in_the_request_line(process: Any) -> None:
    account = process.admin.create_account(behaviours="friendly", quotas={"policyBytes": 400000})
    cloud = Cloud(process, account)
    actions = [f"oss:Get{number}" for number in range(20000)]
    document = policy(actions)
    assert len(document) > 250000
    invoke(cloud.ram(), "CreatePolicy", PolicyName="large", PolicyDocument=document)
    found = invoke(cloud.ram(), "GetPolicy", PolicyName="large", PolicyType="Custom")
    assert found["DefaultPolicyVersion"]["PolicyDocument"] == document


def test_text_beyond_ascii_survives(cloud: Cloud) -> None:
    text = "审计 *~+/ “x” 🙂"
    invoke(
        cloud.ram(),
        "CreateRole",
        RoleName="r",
        AssumeRolePolicyDocument=SERVICE_TRUST,
        Description=text,
    )
    assert invoke(cloud.ram(), "GetRole", RoleName="r")["Role"]["Description"] == text


def test_sts_tokens(cloud: Cloud) -> None:
    invoke(
        cloud.ram(),
        "CreateRole",
        RoleName="r",
        AssumeRolePolicyDocument=trust(f"acs:ram::{cloud.id}:root"),
    )
    given = {"RoleArn": f"acs:ram::{cloud.id}:role/r", "DurationSeconds": 900}
    rows = [
        invoke(cloud.sts(), "AssumeRole", **given, RoleSessionName=f"s{n}")["Credentials"]
        for n in range(2)
    ]
    first, second = (
        Credentials(row["AccessKeyId"], row["AccessKeySecret"], row["SecurityToken"])
        for row in rows
    )
    port = cloud.process.port
    assert Acs3(port, first, action="GetCallerIdentity", version="2015-04-01").send().status == 200
    identity = {"Action": "GetCallerIdentity"}
    bend: dict[str, str | None] = {"Version": "2015-04-01"}
    assert v1(port, first, identity, bend=bend).status == 200
    cases = [
        (None, "MissingSecurityToken"),
        ("invented", "InvalidSecurityToken.Malformed"),
        (second.token, "InvalidSecurityToken.MismatchWithAccessKey"),
    ]
    for token, code in cases:
        assert Acs3(port, Credentials(first.key_id, first.secret, token)).send().code == code
    assert refused(cloud.ram(first), "GetRole", RoleName="r").code == "NoPermission"
    cloud.admin.advance_clock(901)
    assert refused(cloud.ram(first), "GetRole", RoleName="r").code == "InvalidSecurityToken.Expired"


def test_accounts_are_told_apart_by_the_key(cloud: Cloud, hostile: Cloud) -> None:
    invoke(cloud.ram(), "CreateRole", RoleName="mine", AssumeRolePolicyDocument=SERVICE_TRUST)
    assert refused(hostile.ram(), "GetRole", RoleName="mine").code == "EntityNotExist.Role"
    assert json.dumps(hostile.admin.state(hostile.id)["roles"]) == "{}"
