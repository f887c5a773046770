"""Each documented error of actions on identity providers, by the SDK of IMS."""

from __future__ import annotations

from typing import Any

import pytest

from lab.emulator_process import EmulatorProcess
from tests.emulator.calls import invoke
from tests.emulator.conftest import Cloud
from tests.emulator.errors import Row, assert_refused, bad_names
from tests.emulator.test_providers import ISSUER, METADATA, NEW_OIDC, NEW_SAML, OIDC, SAML, STEPS

OIDC_GHOST = {"OIDCProviderName": "ghost"}
SAML_GHOST = {"SAMLProviderName": "ghost"}

_INVALID = "InvalidParameter"
_ISSUERS = (
    "http://token.example.com",
    "https://",
    f"{ISSUER}?a=b",
    f"{ISSUER}#a",
    "https://me@token.example.com",
    "https://token example.com",
)
_SECOND = {"OIDCProviderName": "second", "IssuerUrl": f"{ISSUER}/second"}
_CHANGES: dict[str, dict[str, Any]] = {
    "AddClientIdToOIDCProvider": {"ClientId": "a"},
    "RemoveClientIdFromOIDCProvider": {"ClientId": "a"},
    "AddFingerprintToOIDCProvider": {"Fingerprint": "f"},
    "RemoveFingerprintFromOIDCProvider": {"Fingerprint": "f"},
    "UpdateOIDCProvider": {},
    "GetOIDCProvider": {},
    "DeleteOIDCProvider": {},
}
_DOCUMENT, _NEW_DOCUMENT = "EncodedSAMLMetadataDocument", "NewEncodedSAMLMetadataDocument"
ROWS: list[Row] = [
    *bad_names("CreateOIDCProvider", {"IssuerUrl": ISSUER}, "OIDCProviderName", 128),
    *bad_names("CreateSAMLProvider", {_DOCUMENT: METADATA}, "SAMLProviderName", 128),
    *(
        (f"Create{kind}Provider", {f"{kind}ProviderName": name, **rest}, code)
        for kind, rest in (("OIDC", {"IssuerUrl": ISSUER}), ("SAML", {_DOCUMENT: METADATA}))
        for name in (".a", "a-", "_")
        for code in (f"{_INVALID}.{kind}ProviderName.InvalidChars",)
    ),
    ("CreateOIDCProvider", _SECOND | {"OIDCProviderName": "GITHUB"}, "EntityAlreadyExists"),
    ("CreateOIDCProvider", _SECOND | {"IssuerUrl": ISSUER}, "EntityAlreadyExists.Url"),
    ("CreateOIDCProvider", {"OIDCProviderName": "second"}, "MissingParameter"),
    *(
        ("CreateOIDCProvider", _SECOND | {"IssuerUrl": issuer}, f"{_INVALID}.IssuerUrl.Format")
        for issuer in _ISSUERS
    ),
    (
        "CreateOIDCProvider",
        _SECOND | {"IssuerUrl": f"{ISSUER}/{'x' * 240}"},
        f"{_INVALID}.IssuerUrl.Length",
    ),
    ("CreateOIDCProvider", _SECOND, "LimitExceeded"),
    ("CreateOIDCProvider", _SECOND | {"ClientIds": "a,,b"}, f"{_INVALID}.ClientIds.Length"),
    ("CreateOIDCProvider", _SECOND | {"ClientIds": "x" * 129}, f"{_INVALID}.ClientIds.Length"),
    ("CreateOIDCProvider", _SECOND | {"ClientIds": "a, b"}, f"{_INVALID}.ClientIds.InvalidChars"),
    ("CreateOIDCProvider", _SECOND | {"ClientIds": "/a"}, f"{_INVALID}.ClientIds.InvalidChars"),
    ("CreateOIDCProvider", _SECOND | {"ClientIds": "a,b,c,d"}, "LimitExceeded.ClientId"),
    (
        "CreateOIDCProvider",
        _SECOND | {"Fingerprints": "a:b"},
        f"{_INVALID}.Fingerprints.InvalidChars",
    ),
    ("CreateOIDCProvider", _SECOND | {"Fingerprints": "a,b,c"}, "LimitExceeded.Fingerprint"),
    *(
        (action, {**OIDC, **rest}, code)
        for action, name in (("CreateOIDCProvider", ""), ("UpdateOIDCProvider", "New"))
        for rest, code in (
            ({"IssuerUrl": ISSUER, "IssuanceLimitTime": 0}, f"{_INVALID}.IssuanceLimitTime"),
            ({"IssuerUrl": ISSUER, "IssuanceLimitTime": 169}, f"{_INVALID}.IssuanceLimitTime"),
            (
                {"IssuerUrl": ISSUER, f"{name}Description": "x" * 257},
                f"{_INVALID}.{name}Description.Length",
            ),
        )
    ),
    ("UpdateOIDCProvider", {**OIDC, "ClientIds": "a,b,c,d"}, "LimitExceeded.ClientId"),
    ("AddClientIdToOIDCProvider", {**OIDC, "ClientId": "d"}, "LimitExceeded.ClientId"),
    ("AddClientIdToOIDCProvider", {**OIDC, "ClientId": "-d"}, f"{_INVALID}.ClientId.InvalidChars"),
    ("AddFingerprintToOIDCProvider", {**OIDC, "Fingerprint": "f3"}, "LimitExceeded.Fingerprint"),
    *((action, {**OIDC_GHOST, **rest}, "EntityNotExist") for action, rest in _CHANGES.items()),
    *((action, OIDC, "MissingParameter") for action, rest in _CHANGES.items() if rest),
    ("CreateSAMLProvider", {**NEW_SAML, "SAMLProviderName": "CORP"}, "EntityAlreadyExists"),
    ("CreateSAMLProvider", {**NEW_SAML, "SAMLProviderName": "second"}, "LimitExceeded"),
    ("CreateSAMLProvider", SAML, "MissingParameter"),
    ("CreateSAMLProvider", {**NEW_SAML, "AuthnSignAlgo": "md5"}, f"{_INVALID}.AuthnSignAlgo"),
    ("CreateSAMLProvider", {**SAML, _DOCUMENT: "<xml/>"}, f"{_INVALID}.{_DOCUMENT}"),
    ("CreateSAMLProvider", {**SAML, _DOCUMENT: ""}, f"{_INVALID}.{_DOCUMENT}"),
    ("UpdateSAMLProvider", {**SAML, _NEW_DOCUMENT: "安"}, f"{_INVALID}.{_NEW_DOCUMENT}"),
    ("UpdateSAMLProvider", {**SAML, "AuthnSignAlgo": "rsa-sha256"}, "MissingParameter"),
    ("UpdateSAMLProvider", {**SAML_GHOST, "NewDescription": "x"}, "EntityNotExist"),
    ("GetSAMLProvider", SAML_GHOST, "EntityNotExist"),
    ("DeleteSAMLProvider", SAML_GHOST, "EntityNotExist"),
    *(
        (f"List{kind}Providers", given, f"{_INVALID}.{name}")
        for kind in ("OIDC", "SAML")
        for name, given in (("Marker", {"Marker": "bad"}), ("MaxItems", {"MaxItems": 101}))
    ),
]


@pytest.fixture(scope="module")
def stage(process: EmulatorProcess) -> Cloud:
    """An account whose quotas are used up by one provider of each kind."""
    names = ("oidcProviders", "samlProviders", "clientIdsPerProvider", "fingerprintsPerProvider")
    quotas = dict(zip(names, (1, 1, 3, 2), strict=True))
    account = process.admin.create_account(behaviours="friendly", quotas=quotas)
    cloud = Cloud(process, account)
    cloud.set(max_items_out_of_range="refuse")
    lists = {"ClientIds": "a,b,c", "Fingerprints": "f1,f2"}
    invoke(cloud.ims(), "CreateOIDCProvider", **NEW_OIDC, **lists)
    invoke(cloud.ims(), "CreateSAMLProvider", **NEW_SAML)
    return cloud


def _whole(action: str, code: str) -> str:
    """The code with the entity that the action is about, which the rows leave out."""
    family, _, detail = code.partition(".")
    if not family.startswith(("Entity", "Limit")):
        return code
    entity = "OIDCProvider" if "OIDC" in action else "SAMLProvider"
    return ".".join(filter(None, (family, entity, detail)))


@pytest.mark.parametrize(
    ("action", "parameters", "code"), ROWS, ids=[f"{r[0]}-{r[2]}-{n}" for n, r in enumerate(ROWS)]
)
def test_refused(stage: Cloud, action: str, parameters: dict[str, Any], code: str) -> None:
    assert_refused(stage, f"ims:{action}", parameters, _whole(action, code))


def test_every_action_has_an_error_row() -> None:
    assert {action for action, *_ in ROWS} == {action for action, *_ in STEPS}
