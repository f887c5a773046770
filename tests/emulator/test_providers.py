"""Identity providers through the SDK of IMS, and through the admin port by somebody's hand."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from ram_emulator.admin import AdminError
from ram_emulator.behaviours import BEHAVIOURS
from tests.emulator.calls import at, invoke, policy, refused, trust
from tests.emulator.conftest import Cloud

ISSUER = "https://token.example.com"
SAML = {"SAMLProviderName": "Corp"}
OIDC = {"OIDCProviderName": "GitHub"}
NEW_OIDC = {**OIDC, "IssuerUrl": ISSUER}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


METADATA = encoded('<EntityDescriptor entityID="https://idp.example.com"/>')
NEW_SAML = {**SAML, "EncodedSAMLMetadataDocument": METADATA}

_SAML_LISTED = {"SAMLProviderName", "Arn", "Description", "CreateDate", "UpdateDate"}
_SAML_WRITTEN = _SAML_LISTED | {"AuthnSignAlgo"}
_OIDC = {
    "OIDCProviderName",
    "Arn",
    "IssuerUrl",
    "ClientIds",
    "Fingerprints",
    "IssuanceLimitTime",
    "Description",
    "CreateDate",
    "UpdateDate",
    "GmtCreate",
    "GmtModified",
}
_DONE = {"RequestId"}

# In this order all of them succeed on one account: action, parameters, path, the fields there.
STEPS: list[tuple[str, dict[str, Any], str, set[str]]] = [
    ("CreateSAMLProvider", NEW_SAML, "SAMLProvider", _SAML_WRITTEN),
    ("UpdateSAMLProvider", {**SAML, "NewDescription": "x"}, "SAMLProvider", _SAML_WRITTEN),
    ("GetSAMLProvider", SAML, "SAMLProvider", _SAML_WRITTEN | {"EncodedSAMLMetadataDocument"}),
    ("ListSAMLProviders", {}, "SAMLProviders.SAMLProvider.0", _SAML_LISTED),
    ("DeleteSAMLProvider", SAML, "", _DONE),
    ("CreateOIDCProvider", NEW_OIDC, "OIDCProvider", _OIDC),
    ("AddClientIdToOIDCProvider", {**OIDC, "ClientId": "a"}, "OIDCProvider", _OIDC),
    ("RemoveClientIdFromOIDCProvider", {**OIDC, "ClientId": "a"}, "OIDCProvider", _OIDC),
    ("AddFingerprintToOIDCProvider", {**OIDC, "Fingerprint": "f1"}, "OIDCProvider", _OIDC),
    ("RemoveFingerprintFromOIDCProvider", {**OIDC, "Fingerprint": "f1"}, "OIDCProvider", _OIDC),
    ("UpdateOIDCProvider", {**OIDC, "ClientIds": "b"}, "OIDCProvider", _OIDC),
    ("GetOIDCProvider", OIDC, "OIDCProvider", _OIDC),
    ("ListOIDCProviders", {}, "OIDCProviders.OIDCProvider.0", _OIDC),
    ("DeleteOIDCProvider", OIDC, "", _DONE),
]


def test_each_action_succeeds_with_its_documented_fields(cloud: Cloud) -> None:
    for action, parameters, path, fields in STEPS:
        body = invoke(cloud.ims(), action, **parameters)
        assert set(at(body, path)) == fields, action


def saml_provider_missing_code(cloud: Cloud, hostile: bool) -> None:
    error = refused(cloud.ims(), "GetSAMLProvider", **SAML)
    code = "EntityNotExist.SAMLProviderError" if hostile else "EntityNotExist.SAMLProvider"
    assert (error.code, error.status_code) == (code, 404)


def saml_metadata_in_lines(cloud: Cloud, hostile: bool) -> None:
    ims = cloud.ims()
    text = encoded("<EntityDescriptor/>" * 10)
    invoke(ims, "CreateSAMLProvider", **SAML, EncodedSAMLMetadataDocument=text)
    shown = invoke(ims, "GetSAMLProvider", **SAML)["SAMLProvider"]["EncodedSAMLMetadataDocument"]
    assert (shown != text) is hostile
    assert shown.replace("\n", "") == text


def provider_entry_repeat(cloud: Cloud, hostile: bool) -> None:
    ims = cloud.ims()
    invoke(ims, "CreateOIDCProvider", **NEW_OIDC, ClientIds="a", Fingerprints="f")
    before = cloud.admin.state(cloud.id)["oidcProviders"]
    for entry, held in (("ClientId", "a"), ("Fingerprint", "f")):
        for action, given, code in (
            (f"Add{entry}ToOIDCProvider", held, f"EntityAlreadyExists.OIDCProvider.{entry}"),
            (f"Remove{entry}FromOIDCProvider", "z", f"EntityNotExist.OIDCProvider.{entry}"),
        ):
            if hostile:
                assert refused(ims, action, **OIDC, **{entry: given}).code == code
            else:
                invoke(ims, action, **OIDC, **{entry: given})
    assert cloud.admin.state(cloud.id)["oidcProviders"] == before


CHECKS: dict[str, Callable[[Cloud, bool], None]] = {
    check.__name__: check
    for check in (saml_provider_missing_code, saml_metadata_in_lines, provider_entry_repeat)
}


@pytest.mark.parametrize("value", ["hostile", "friendly"])
@pytest.mark.parametrize("name", CHECKS)
def test_behaviour(cloud: Cloud, name: str, value: str) -> None:
    cloud.set(**{name: getattr(BEHAVIOURS[name], value)})
    CHECKS[name](cloud, value == "hostile")


def test_lists_are_comma_texts_and_the_issuer_stays(cloud: Cloud) -> None:
    ims = cloud.ims()
    lists = {"ClientIds": "a,b/c:d,a", "Fingerprints": "f1"}
    made = invoke(ims, "CreateOIDCProvider", **NEW_OIDC, **lists)["OIDCProvider"]
    assert made["Arn"] == f"acs:ram::{cloud.id}:oidc-provider/GitHub"
    assert (made["ClientIds"], made["Fingerprints"]) == ("a,b/c:d", "f1")
    assert (made["IssuanceLimitTime"], made["GmtCreate"][-3:].isdigit()) == (12, True)
    cloud.admin.advance_clock(5)
    folded = {"OIDCProviderName": "github"}
    invoke(ims, "AddClientIdToOIDCProvider", **folded, ClientId="e")
    invoke(ims, "AddFingerprintToOIDCProvider", **folded, Fingerprint="f2")
    invoke(ims, "RemoveFingerprintFromOIDCProvider", **folded, Fingerprint="f1")
    found = invoke(ims, "GetOIDCProvider", **folded)["OIDCProvider"]
    assert (found["ClientIds"], found["Fingerprints"]) == ("a,b/c:d,e", "f2")
    assert found["CreateDate"] == made["CreateDate"] < found["UpdateDate"]
    invoke(ims, "UpdateOIDCProvider", **folded, ClientIds="x,y", IssuanceLimitTime=6)
    invoke(ims, "UpdateOIDCProvider", **folded, NewDescription="d")
    assert cloud.admin.state(cloud.id)["oidcProviders"] == {
        "GitHub": {
            "issuerUrl": ISSUER,
            "clientIds": ["x", "y"],
            "fingerprints": ["f2"],
            "issuanceLimitTime": 6,
            "description": "d",
        }
    }
    assert invoke(ims, "UpdateOIDCProvider", **folded, ClientIds="")["OIDCProvider"] == {
        **invoke(ims, "GetOIDCProvider", **folded)["OIDCProvider"],
        "ClientIds": "",
    }


@pytest.mark.parametrize("signature", ["v3", "v2"])
def test_long_metadata_goes_through_the_request_line(cloud: Cloud, signature: str) -> None:
    options: dict[str, Any] = {"signature_algorithm": "v2"} if signature == "v2" else {}
    ims = type(cloud.ims())(cloud.config(**options))
    # `+` and `/` are the letters of Base64 that grow on their way into a URL.
    plain = "<md>" + "\u00fb\u00ef\u00be\u00ff" * 6000 + "</md>"
    long = encoded(plain)
    assert len(long) > 60_000
    invoke(ims, "CreateSAMLProvider", **SAML, EncodedSAMLMetadataDocument=long)
    shown = invoke(ims, "GetSAMLProvider", **SAML)["SAMLProvider"]
    assert (shown["EncodedSAMLMetadataDocument"], shown["AuthnSignAlgo"]) == (long, "rsa-sha1")
    wrapped = "\n".join(long[start : start + 76] for start in range(0, len(long), 76))
    given = {"NewEncodedSAMLMetadataDocument": wrapped, "AuthnSignAlgo": "rsa-sha256"}
    invoke(ims, "UpdateSAMLProvider", **SAML, **given)
    shown = invoke(ims, "GetSAMLProvider", **SAML)["SAMLProvider"]
    assert (shown["EncodedSAMLMetadataDocument"], shown["AuthnSignAlgo"]) == (wrapped, "rsa-sha256")
    assert cloud.admin.state(cloud.id)["samlProviders"] == {
        "Corp": {"metadata": plain, "authnSignAlgo": "rsa-sha256", "description": ""}
    }


def test_lists_show_one_kind_by_pages(cloud: Cloud) -> None:
    names = [f"p{number:02}" for number in range(12)]
    for kind in ("oidc", "saml"):
        for name in names:
            cloud.admin.create_provider(cloud.id, kind, name)
    for kind in ("OIDC", "SAML"):
        pages: list[list[str]] = []
        marker: dict[str, str] = {}
        while len(pages) < 3:
            body = invoke(cloud.ims(), f"List{kind}Providers", MaxItems=5, **marker)
            rows = body[f"{kind}Providers"][f"{kind}Provider"]
            pages.append([row[f"{kind}ProviderName"] for row in rows])
            assert body["IsTruncated"] is (len(pages) < 3)
            marker = {"Marker": body["Marker"]} if body["IsTruncated"] else {}
        assert pages == [names[:5], names[5:10], names[10:]]


def test_reads_lag_behind_and_hands_do_not(hostile: Cloud) -> None:
    ims, admin = hostile.ims(), hostile.admin

    def seen() -> list[str]:
        rows = invoke(ims, "ListOIDCProviders")["OIDCProviders"]["OIDCProvider"]
        return [row["ClientIds"] for row in rows]

    invoke(ims, "CreateOIDCProvider", **NEW_OIDC, ClientIds="a")
    assert refused(ims, "GetOIDCProvider", **OIDC).code == "EntityNotExist.OIDCProvider"
    assert seen() == []
    assert refused(ims, "CreateOIDCProvider", **NEW_OIDC).code == "EntityAlreadyExists.OIDCProvider"
    admin.advance_clock(2)
    invoke(ims, "UpdateOIDCProvider", **OIDC, ClientIds="b")
    assert seen() == ["a"]
    admin.create_provider(hostile.id, "oidc", "github", clientIds=["c", "d"])
    assert seen() == ["c,d"]
    shown = invoke(ims, "GetOIDCProvider", **OIDC)["OIDCProvider"]
    assert (shown["OIDCProviderName"], shown["IssuerUrl"]) == ("GitHub", ISSUER)
    invoke(ims, "DeleteOIDCProvider", **OIDC)
    assert seen() == ["c,d"]
    admin.create_provider(hostile.id, "oidc", "GitHub")
    assert seen() == ["sts.aliyuncs.com"]
    admin.delete_provider(hostile.id, "oidc", "GITHUB")
    assert seen() == []
    assert admin.state(hostile.id)["oidcProviders"] == {}


def test_hands_swap_a_certificate(cloud: Cloud) -> None:
    ims, admin = cloud.ims(), cloud.admin
    arn = admin.create_provider(cloud.id, "saml", "corp", description="d")
    assert arn == f"acs:ram::{cloud.id}:saml-provider/corp"
    default = admin.state(cloud.id)["samlProviders"]["corp"]["metadata"]
    assert default == '<EntityDescriptor entityID="https://corp.example"/>'
    admin.create_provider(cloud.id, "saml", "Corp", metadata="<other/>")
    shown = invoke(ims, "GetSAMLProvider", **SAML)["SAMLProvider"]
    assert shown["EncodedSAMLMetadataDocument"] == encoded("<other/>")
    assert (shown["SAMLProviderName"], shown["Description"]) == ("corp", "d")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "", {"type": "oidc"}, 404),
        ("POST", "", {"type": "oidc", "name": "x", "metadata": "<x/>"}, 400),
        ("POST", "", {"type": "saml", "name": "x", "metadata": 1}, 400),
        ("POST", "", {"type": "oidc", "name": "x", "clientIds": "a"}, 400),
        ("POST", "", {"type": "oidc", "name": "x", "fingerprints": [1]}, 400),
        ("POST", "", {"type": "oidc", "name": "x", "issuerUrl": "https://a.example"}, 400),
        ("DELETE", "/oidc/ghost", None, 404),
        ("DELETE", "/saml/a", None, 404),
        ("DELETE", "/ldap/a", None, 400),
    ],
)
def test_wrong_hands(cloud: Cloud, method: str, path: str, body: Any, status: int) -> None:
    cloud.admin.create_provider(cloud.id, "oidc", "a")
    with pytest.raises(AdminError) as caught:
        cloud.admin.request(method, f"/accounts/{cloud.id}/providers{path}", body)
    assert caught.value.status == status
    assert set(cloud.admin.state(cloud.id)["oidcProviders"]) == {"a"}


def test_save_and_load_keep_providers(cloud: Cloud) -> None:
    invoke(cloud.ims(), "CreateOIDCProvider", **NEW_OIDC, ClientIds="a,b", Fingerprints="f")
    invoke(cloud.ims(), "CreateSAMLProvider", **NEW_SAML, Description="d")
    saved, before = cloud.admin.save(), cloud.admin.state(cloud.id)
    cloud.admin.delete_provider(cloud.id, "oidc", "GitHub")
    cloud.admin.create_provider(cloud.id, "saml", "Corp", metadata="<other/>")
    cloud.admin.load(saved)
    assert cloud.admin.state(cloud.id) == before
    assert cloud.admin.save() == saved
    found = invoke(cloud.ims(), "GetOIDCProvider", **OIDC)["OIDCProvider"]
    assert (found["ClientIds"], found["Fingerprints"]) == ("a,b", "f")


def test_trusts_name_providers_while_they_exist(cloud: Cloud) -> None:
    cloud.set(trust_principals_must_exist=True)
    arn = f"acs:ram::{cloud.id}:oidc-provider/github"
    given = {"AssumeRolePolicyDocument": trust(arn, kind="Federated")}
    error = refused(cloud.ram(), "CreateRole", RoleName="a", **given)
    assert error.code == "MalformedPolicyDocument"
    invoke(cloud.ims(), "CreateOIDCProvider", **NEW_OIDC)
    invoke(cloud.ram(), "CreateRole", RoleName="a", **given)
    invoke(cloud.ims(), "DeleteOIDCProvider", **OIDC)
    error = refused(cloud.ram(), "CreateRole", RoleName="b", **given)
    assert error.code == "MalformedPolicyDocument"
    assert set(cloud.admin.state(cloud.id)["roles"]) == {"a"}


def test_rights(cloud: Cloud) -> None:
    cloud.admin.create_provider(cloud.id, "oidc", "GitHub")
    cloud.admin.create_provider(cloud.id, "saml", "Corp")
    nobody = cloud.ims(cloud.user("nobody"))
    for action, parameters, _, _ in STEPS:
        error = refused(nobody, action, **parameters)
        assert (error.code, error.status_code) == ("NoPermission", 403), action
    oidc = f"acs:ram:*:{cloud.id}:oidc-provider/git*"
    document = json.loads(policy("ram:*", Resource=[oidc, f"acs:ram:*:{cloud.id}:saml-provider/*"]))
    some = cloud.ims(cloud.user("some", document=document))
    invoke(some, "GetSAMLProvider", **SAML)
    invoke(some, "AddClientIdToOIDCProvider", **OIDC, ClientId="a")
    other = {"OIDCProviderName": "other", "IssuerUrl": f"{ISSUER}/other"}
    for action, given in (
        ("GetOIDCProvider", {"OIDCProviderName": "other"}),
        ("ListOIDCProviders", {}),
        ("CreateOIDCProvider", other),
    ):
        assert refused(some, action, **given).code == "NoPermission", action
    whole = json.loads(policy(["ram:ListOIDCProviders", "ram:CreateOIDCProvider"]))
    maker = cloud.ims(cloud.user("maker", document=whole))
    invoke(maker, "CreateOIDCProvider", **other)
    assert len(invoke(maker, "ListOIDCProviders")["OIDCProviders"]["OIDCProvider"]) == 2
    cloud.set(ims_permissions="both")
    error = refused(maker, "ListOIDCProviders")
    assert error.data["AccessDeniedDetail"]["AuthAction"] == "ims:ListOIDCProviders"
