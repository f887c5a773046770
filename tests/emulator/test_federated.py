"""AssumeRoleWithOIDC: an unsigned call of the real SDK, with tokens that are signed for real."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ram_emulator.jwt import PublicKey, is_signed, read_token
from tests.emulator.calls import invoke, refused, trust
from tests.emulator.conftest import Cloud, Credentials
from tests.emulator.oidc import ISSUER, encoded, key
from tests.emulator.raw import send
from tests.unit.profiles import examples

FINGERPRINT = "ab" * 20
EXPECTED = {"oidc:iss": ISSUER, "oidc:aud": "ci", "oidc:sub": "repo:app"}


def _setup(cloud: Cloud, **details: Any) -> dict[str, Any]:
    """A provider, a role that trusts it, and what a call for it has besides the token."""
    row = {
        "issuerUrl": ISSUER,
        "clientIds": ["ci", "other"],
        "fingerprints": [FINGERPRINT],
        "keys": [key().published],
        **details,
    }
    provider = cloud.admin.create_provider(cloud.id, "oidc", "Git", **row)
    document = trust(provider, kind="Federated", Condition={"StringEquals": EXPECTED})
    invoke(cloud.ram(), "CreateRole", RoleName="Deploy", AssumeRolePolicyDocument=document)
    role = f"acs:ram::{cloud.id}:role/Deploy"
    return {"OIDCProviderArn": provider, "RoleArn": role, "RoleSessionName": "run-7"}


def test_a_good_token_gets_a_session(cloud: Cloud) -> None:
    call = _setup(cloud)
    given = {"PolicyType": "System", "PolicyName": "AliyunRAMReadOnlyAccess", "RoleName": "Deploy"}
    invoke(cloud.ram(), "AttachPolicyToRole", **given)
    token = key().token(aud=["elsewhere", "ci"])
    found = invoke(cloud.sts(), "AssumeRoleWithOIDC", **call, OIDCToken=token, DurationSeconds=900)
    assert found["AssumedRoleUser"]["Arn"] == f"acs:ram::{cloud.id}:role/deploy/run-7"
    info = found["OIDCTokenInfo"]
    assert (info["Subject"], info["Issuer"]) == ("repo:app", ISSUER)
    assert info["ClientIds"] == "elsewhere,ci"
    assert info["IssuanceTime"] < info["ExpirationTime"]
    keys = found["Credentials"]
    who = Credentials(keys["AccessKeyId"], keys["AccessKeySecret"], keys["SecurityToken"])
    assert invoke(cloud.sts(who), "GetCallerIdentity")["IdentityType"] == "AssumedRoleUser"
    assert invoke(cloud.ram(who), "GetRole", RoleName="Deploy")["Role"]["RoleName"] == "Deploy"
    assert refused(cloud.ram(who), "DeleteRole", RoleName="Deploy").code == "NoPermission"
    entries = [e for e in cloud.admin.journal(cloud.id) if e["action"] == "AssumeRoleWithOIDC"]
    assert [e["parameters"]["OIDCToken"] for e in entries] == ["(redacted)"]


def _at(**claims: int) -> dict[str, int]:
    return {name: int(time.time()) + shift for name, shift in claims.items()}


TOKENS: list[tuple[str, Any, str]] = [
    ("expired", lambda: key().token(**_at(exp=-1)), "OIDCToken.Expired"),
    ("issued long ago", lambda: key().token(**_at(iat=-13 * 3600)), "OIDCToken.Invalid"),
    ("issued tomorrow", lambda: key().token(**_at(iat=86400)), "OIDCToken.Invalid"),
    ("another issuer", lambda: key().token(iss="https://evil.example"), "OIDCToken.IssuerNotMatch"),
    ("another audience", lambda: key().token(aud="sts"), "OIDCToken.AudienceNotMatch"),
    ("no audience", lambda: key().token(aud=None), "OIDCToken.AudienceNotMatch"),
    ("no subject", lambda: key().token(sub=None), "OIDCToken.Invalid"),
    ("a subject that is no text", lambda: key().token(sub=7), "OIDCToken.Invalid"),
    ("no end", lambda: key().token(exp=None), "OIDCToken.Invalid"),
    ("an end without end", lambda: key().token(exp=10**30), "OIDCToken.Invalid"),
    ("an end that is no number", lambda: key().token(exp="9"), "OIDCToken.Invalid"),
    (
        "another key of that name",
        lambda: key("two").token({"kid": "one"}),
        "OIDCToken.InvalidSignature",
    ),
    ("an unknown key", lambda: key("two").token(), "OIDCToken.InvalidSignature"),
    ("no method", lambda: key().token({"alg": "none"}), "OIDCToken.InvalidSignature"),
    ("no signature", lambda: key().token().rpartition(".")[0] + ".", "OIDCToken.InvalidSignature"),
    ("no token", lambda: "nothing", "OIDCToken.Invalid"),
    ("claims that are no object", lambda: "e30.W10.e30", "OIDCToken.Invalid"),
    ("another subject", lambda: key().token(sub="repo:fork"), "NoPermission"),
    ("an audience that the trust does not want", lambda: key().token(aud="other"), "NoPermission"),
]


@pytest.mark.parametrize(("token", "code"), [row[1:] for row in TOKENS], ids=[r[0] for r in TOKENS])
def test_a_token_that_is_not_believed(cloud: Cloud, token: Any, code: str) -> None:
    error = refused(cloud.sts(), "AssumeRoleWithOIDC", **_setup(cloud), OIDCToken=token())
    assert (error.code, error.status_code) == (f"AuthenticationFail.{code}", 401)


CALLS: list[tuple[dict[str, Any], str]] = [
    ({"OIDCProviderArn": "git"}, "AuthenticationFail.NoPermission"),
    ({"OIDCProviderArn": None}, "MissingParameter"),
    ({"RoleArn": "acs:ram::1:user/x"}, "InvalidParameter.RoleArn"),
    ({"RoleArn": "acs:ram::9999999999999999:role/x"}, "EntityNotExist.Role"),
    ({"RoleArn": None}, "MissingParameter"),
    ({"RoleSessionName": "a b"}, "InvalidParameter.RoleSessionName"),
    ({"DurationSeconds": 899}, "InvalidParameter.DurationSeconds"),
    ({"DurationSeconds": 3601}, "InvalidParameter.DurationSeconds"),
    ({"Policy": "[]"}, "InvalidParameter.PolicyGrammar"),
    ({"OIDCToken": "abc"}, "InvalidParameter.OIDCToken.Length"),
    ({"OIDCToken": "a" * 20_001}, "InvalidParameter.OIDCToken.Length"),
]


@pytest.mark.parametrize(("change", "code"), CALLS)
def test_a_call_that_is_wrong(cloud: Cloud, change: dict[str, Any], code: str) -> None:
    given = {**_setup(cloud), "OIDCToken": key().token(), **change}
    given = {name: value for name, value in given.items() if value is not None}
    assert refused(cloud.sts(), "AssumeRoleWithOIDC", **given).code == code


def test_another_account_and_a_role_that_is_gone(cloud: Cloud, hostile: Cloud) -> None:
    call, token = _setup(cloud), key().token()
    other = {**call, "OIDCProviderArn": _setup(hostile)["OIDCProviderArn"]}
    error = refused(cloud.sts(), "AssumeRoleWithOIDC", **other, OIDCToken=token)
    assert error.code == "AuthenticationFail.NoPermission"
    invoke(cloud.ram(), "DeleteRole", RoleName="Deploy")
    error = refused(cloud.sts(), "AssumeRoleWithOIDC", **call, OIDCToken=token)
    assert error.code == "EntityNotExist.Role"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"siteFingerprint": "cd" * 20}, "OIDCToken.PublicKeyFingerprintMismatch"),
        ({"siteFingerprint": FINGERPRINT}, ""),
        ({"clientIds": ["other"]}, "OIDCToken.AudienceNotMatch"),
        ({"keys": []}, "OIDCToken.InvalidSignature"),
        ({"keys": [key("two").published, key().published]}, ""),
        ({"keys": [{**key().published, "e": "!"}]}, "OIDCToken.InvalidSignature"),
        ({"keys": [{**key().published, "n": encoded(3)}]}, "OIDCToken.InvalidSignature"),
    ],
)
def test_what_the_provider_is_now_decides(cloud: Cloud, change: dict[str, Any], code: str) -> None:
    call, token = _setup(cloud), key().token()
    cloud.admin.create_provider(cloud.id, "oidc", "git", **change)
    cloud.admin.load(cloud.admin.save())
    if not code:
        invoke(cloud.sts(), "AssumeRoleWithOIDC", **call, OIDCToken=token)
        return
    error = refused(cloud.sts(), "AssumeRoleWithOIDC", **call, OIDCToken=token)
    assert error.code == f"AuthenticationFail.{code}"


def test_a_denial_in_the_trust_counts_for_tokens(cloud: Cloud) -> None:
    call = _setup(cloud)
    provider = call["OIDCProviderArn"]
    allow = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Federated": [provider]}}
    deny = {**allow, "Effect": "Deny", "Condition": {"StringEquals": {"oidc:aud": "other"}}}
    document = json.dumps({"Version": "1", "Statement": [allow, deny]})
    cloud.set(trust_accepts_deny=True)
    invoke(cloud.ram(), "UpdateRole", RoleName="Deploy", NewAssumeRolePolicyDocument=document)
    invoke(cloud.sts(), "AssumeRoleWithOIDC", **call, OIDCToken=key().token(aud="ci"))
    both = key().token(aud=["ci", "other"])
    error = refused(cloud.sts(), "AssumeRoleWithOIDC", **call, OIDCToken=both)
    assert error.code == "AuthenticationFail.NoPermission"


def test_nothing_else_comes_in_without_a_signature(cloud: Cloud) -> None:
    for name in ("GetCallerIdentity", "AssumeRole", "assumerolewithoidc"):
        target = f"/?Action={name}&Version=2015-04-01&RoleArn=acs:ram::{cloud.id}:role/x"
        assert send(cloud.process.port, "POST", target, {}).status in (400, 404)


@examples(60)
@given(st.data())
def test_a_token_that_was_changed_anywhere_is_not_signed(data: st.DataObject) -> None:
    good = key().token(iat=0, exp=1)
    keys = [PublicKey(**key().published)]
    assert is_signed(read_token(good), keys)
    at = data.draw(st.integers(0, len(good) - 2))
    letter = data.draw(st.sampled_from("ABCabc019-_"))
    bent = good[:at] + letter + good[at + 1 :]
    with contextlib.suppress(ValueError):
        assert bent == good or not is_signed(read_token(bent), keys)
