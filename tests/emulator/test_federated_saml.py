"""AssumeRoleWithSAML: an unsigned call of the real SDK, with responses that are signed for real."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.emulator.calls import invoke, refused, trust
from tests.emulator.conftest import Cloud, Credentials
from tests.emulator.raw import send
from tests.emulator.saml import (
    RECIPIENT,
    Says,
    encoded,
    metadata,
    moment,
    response,
    role_attribute,
    saying,
    set_up,
    signer,
)

ACTION = "AssumeRoleWithSAML"
INVALID = "AuthenticationFail.SAMLAssertion.Invalid"
EXPIRED = "AuthenticationFail.SAMLAssertion.Expired"
SESSION = "InvalidParameter.RoleSessionName"
DENIED = "AuthenticationFail.NoPermission"


def test_a_good_assertion_gets_a_session(cloud: Cloud) -> None:
    call = set_up(cloud)
    given = {"PolicyType": "System", "PolicyName": "AliyunRAMReadOnlyAccess", "RoleName": "Deploy"}
    invoke(cloud.ram(), "AttachPolicyToRole", **given)
    other = f"acs:ram::{cloud.id}:role/other,acs:ram::{cloud.id}:saml-provider/corp"
    assertion = saying(f"{other} {role_attribute(cloud)}")
    found = invoke(cloud.sts(), ACTION, **call, SAMLAssertion=assertion, DurationSeconds=1800)
    assert found["AssumedRoleUser"]["Arn"].endswith(":role/deploy/ann@shop.example")
    assert found["SAMLAssertionInfo"] == {
        "SubjectType": "persistent",
        "Subject": "ann",
        "Recipient": RECIPIENT,
        "Issuer": "https://idp.example/saml",
    }
    # SessionDuration of an assertion is for the console; programs say DurationSeconds.
    assert moment(1700) < found["Credentials"]["Expiration"] < moment(1900)
    keys = found["Credentials"]
    who = Credentials(keys["AccessKeyId"], keys["AccessKeySecret"], keys["SecurityToken"])
    assert invoke(cloud.sts(who), "GetCallerIdentity")["IdentityType"] == "AssumedRoleUser"
    assert invoke(cloud.ram(who), "GetRole", RoleName="Deploy")["Role"]["RoleName"] == "Deploy"
    assert refused(cloud.ram(who), "DeleteRole", RoleName="Deploy").code == "NoPermission"
    entries = [e for e in cloud.admin.journal(cloud.id) if e["action"] == ACTION]
    assert [e["parameters"]["SAMLAssertion"] for e in entries] == ["(redacted)"]


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("another issuer", {"issuer": "https://evil.example"}, INVALID),
    ("another recipient", {"recipient": "https://evil.example/acs"}, INVALID),
    ("that of the other site", {"recipient": RECIPIENT.replace("aliyun", "alibabacloud")}, INVALID),
    ("another audience", {"audience": "urn:amazon:webservices"}, INVALID),
    (
        "the audience of the other site",
        {"audience": "urn:alibaba:cloudcomputing:international"},
        INVALID,
    ),
    ("no audience", {"audience": None}, INVALID),
    (
        "two restrictions of which one is of others",
        {
            "condition": "<saml:AudienceRestriction><saml:Audience>urn:x</saml:Audience>"
            "</saml:AudienceRestriction>"
        },
        INVALID,
    ),
    ("a condition that nobody knows", {"condition": '<x xmlns="urn:x"/>'}, INVALID),
    ("confirmed by a key", {"method": "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"}, INVALID),
    ("a confirmation without an end", {"ends": None}, INVALID),
    ("a confirmation that has ended", {"ends": moment(-1)}, EXPIRED),
    ("conditions that have ended", {"until": moment(-1)}, EXPIRED),
    ("conditions that begin tomorrow", {"begins": moment(86400)}, INVALID),
    ("an end that is no time", {"until": "tomorrow"}, INVALID),
    ("an end without end", {"until": "9999-12-31T23:59:59-14:00"}, ""),
    ("no such month", {"ends": "2030-13-01T00:00:00Z"}, INVALID),
    ("a comment in the name", {"subject": "ann<!-- -->x"}, ""),
    ("an element in the name", {"subject": "ann<saml:x/>"}, INVALID),
    ("an instruction", {"more": "<?do it?>"}, INVALID),
    ("no session name", {"session": None}, SESSION),
    ("two session names", {"session": "ann bob"}, SESSION),
    ("a session name of one letter", {"session": "a"}, SESSION),
    ("a session name that is none", {"session": "ann/bob"}, SESSION),
    ("a session name with a plus", {"session": "ann+ci=1,2"}, ""),
]


@pytest.mark.parametrize(
    ("changes", "code"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG]
)
def test_what_an_assertion_says_decides(cloud: Cloud, changes: dict[str, Any], code: str) -> None:
    call = set_up(cloud)
    assertion = saying(role_attribute(cloud), **changes)
    if not code:
        invoke(cloud.sts(), ACTION, **call, SAMLAssertion=assertion)
        return
    error = refused(cloud.sts(), ACTION, **call, SAMLAssertion=assertion)
    status = 400 if code == SESSION else 401
    assert (error.code, error.status_code) == (code, status)


METADATA: list[tuple[str, str, str]] = [
    ("no XML", "nothing", "Invalid"),
    ("no identity provider", "<EntityDescriptor/>", "Invalid"),
    ("no certificate", metadata(), "Invalid"),
    ("keys to encrypt with", metadata(signer(), use='use="encryption"'), "Invalid"),
    ("no name", metadata(signer(), entity=""), "Invalid"),
    ("a document type", f"<!DOCTYPE x>{metadata(signer())}", "Invalid"),
    ("a certificate that is none", metadata(signer()).replace(">MII", ">AAA"), "Invalid"),
    ("keys for both", metadata(signer(), use=""), ""),
    ("the old key beside the new one", metadata(signer("two"), signer()), ""),
]


@pytest.mark.parametrize(
    ("document", "code"), [row[1:] for row in METADATA], ids=[row[0] for row in METADATA]
)
def test_the_metadata_of_the_provider_decides(cloud: Cloud, document: str, code: str) -> None:
    call = set_up(cloud, document)
    if not code:
        invoke(cloud.sts(), ACTION, **call, SAMLAssertion=saying(role_attribute(cloud)))
        return
    error = refused(cloud.sts(), ACTION, **call, SAMLAssertion=saying(role_attribute(cloud)))
    assert (error.code, error.status_code) == (f"AuthenticationFail.IDPMetadata.{code}", 401)


CALLS: list[tuple[dict[str, Any], str, int]] = [
    ({"SAMLProviderArn": None}, "MissingParameter.SAMLProviderArn", 400),
    ({"RoleArn": None}, "MissingParameter.RoleArn", 400),
    ({"SAMLAssertion": None}, "MissingParameter.SAMLAssertion", 400),
    ({"SAMLProviderArn": "corp"}, "EntityNotExist.SAMLProvider", 404),
    ({"RoleArn": "acs:ram::1:user/x"}, "InvalidParameter.RoleArn", 400),
    ({"RoleArn": "acs:ram::9999999999999999:role/x"}, "EntityNotExist.RoleArn", 404),
    ({"DurationSeconds": 899}, "InvalidParameter.DurationSeconds", 400),
    ({"DurationSeconds": 3601}, "InvalidParameter.DurationSeconds", 400),
    ({"Policy": "[]"}, "InvalidParameter.PolicyGrammar", 400),
    ({"SAMLAssertion": "abc"}, "InvalidParameter.SAMLAssertion.Length", 400),
    ({"SAMLAssertion": "a" * 100_001}, "InvalidParameter.SAMLAssertion.Length", 400),
    ({"SAMLAssertion": "a" * 100_000}, INVALID, 401),
]


@pytest.mark.parametrize(("change", "code", "status"), CALLS)
def test_a_call_that_is_wrong(cloud: Cloud, change: dict[str, Any], code: str, status: int) -> None:
    given = {**set_up(cloud), "SAMLAssertion": saying(role_attribute(cloud)), **change}
    given = {name: value for name, value in given.items() if value is not None}
    error = refused(cloud.sts(), ACTION, **given)
    assert (error.code, error.status_code) == (code, status)


def test_the_role_and_the_provider_belong_together(cloud: Cloud, hostile: Cloud) -> None:
    call = set_up(cloud)
    prefix = f"acs:ram::{cloud.id}"
    for role in (
        f"{prefix}:role/other,{prefix}:saml-provider/Corp",
        f"{prefix}:role/deploy,{prefix}:saml-provider/other",
        f"{prefix}:saml-provider/Corp,{prefix}:role/deploy",
        f"{prefix}:role/deploy",
    ):
        assert refused(cloud.sts(), ACTION, **call, SAMLAssertion=saying(role)).code == INVALID
    other = {**call, "SAMLProviderArn": set_up(hostile)["SAMLProviderArn"]}
    error = refused(cloud.sts(), ACTION, **other, SAMLAssertion=saying(role_attribute(cloud)))
    assert error.code == "EntityNotExist.SAMLProvider"
    invoke(cloud.ram(), "DeleteRole", RoleName="Deploy")
    error = refused(cloud.sts(), ACTION, **call, SAMLAssertion=saying(role_attribute(cloud)))
    assert error.code == "EntityNotExist.RoleArn"


def test_the_trust_decides_last(cloud: Cloud) -> None:
    call = set_up(cloud, recipient="https://signin.alibabacloud.com/saml-role/sso")
    error = refused(cloud.sts(), ACTION, **call, SAMLAssertion=saying(role_attribute(cloud)))
    assert (error.code, error.status_code) == (DENIED, 401)
    provider = call["SAMLProviderArn"]
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Federated": [provider]}}
    deny = {**allow, "Effect": "Deny"}
    others = trust(provider.replace("Corp", "Other"), kind="Federated")
    cloud.set(trust_principals_must_exist=False, trust_accepts_deny=True)
    for document, lets_in in (
        (json.dumps({"Version": "1", "Statement": [allow]}), True),
        (json.dumps({"Version": "1", "Statement": [allow, deny]}), False),
        (others, False),
    ):
        invoke(cloud.ram(), "UpdateRole", RoleName="Deploy", NewAssumeRolePolicyDocument=document)
        if lets_in:
            invoke(cloud.sts(), ACTION, **call, SAMLAssertion=saying(role_attribute(cloud)))
        else:
            error = refused(
                cloud.sts(), ACTION, **call, SAMLAssertion=saying(role_attribute(cloud))
            )
            assert error.code == DENIED


def test_what_the_provider_is_now_decides(cloud: Cloud) -> None:
    call = set_up(cloud)
    text = encoded(metadata(signer("two")))
    given = {"SAMLProviderName": "Corp", "NewEncodedSAMLMetadataDocument": text}
    invoke(cloud.ims(), "UpdateSAMLProvider", **given)
    cloud.admin.load(cloud.admin.save())
    error = refused(cloud.sts(), ACTION, **call, SAMLAssertion=saying(role_attribute(cloud)))
    assert error.code == INVALID
    signed = response(signer("two").sign(Says(role_attribute(cloud)).xml()))
    invoke(cloud.sts(), ACTION, **call, SAMLAssertion=signed)


def test_an_international_account_has_other_names(cloud: Cloud) -> None:
    account = cloud.admin.create_account(site="international", behaviours="friendly")
    abroad = Cloud(cloud.process, account)
    recipient = "https://signin.alibabacloud.com/saml-role/sso"
    call = set_up(abroad, recipient=recipient)
    names = {"recipient": recipient, "audience": "urn:alibaba:cloudcomputing:international"}
    invoke(abroad.sts(), ACTION, **call, SAMLAssertion=saying(role_attribute(abroad), **names))
    error = refused(abroad.sts(), ACTION, **call, SAMLAssertion=saying(role_attribute(abroad)))
    assert error.code == INVALID


def test_it_comes_in_a_form_or_in_the_line_and_answers_in_xml_too(cloud: Cloud) -> None:
    """Documented for what is as long as a response: POST, with everything in the body."""
    call = {**set_up(cloud), "SAMLAssertion": saying(role_attribute(cloud)), "Format": "XML"}
    named = urlencode({"Action": ACTION, "Version": "2015-04-01", **call})
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for target, body in ((f"/?{named}", b""), ("/", named.encode())):
        answer = send(cloud.process.port, "POST", target, form if body else {}, body)
        assert answer.status == 200
        assert "<SAMLAssertionInfo><SubjectType>persistent</SubjectType>" in answer.text
