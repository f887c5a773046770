"""STS for who comes with a token of an identity provider: AssumeRoleWithOIDC.

The call is not signed. Verified are the token's signature with the keys that the issuer publishes
(given through the admin port), its issuer, audience and times, and then the trust of the role.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .clock import iso
from .entities import Caller, Provider, fold
from .errors import ApiError, invalid, not_exist
from .evaluate import Decision
from .jwt import Token, is_signed, read_token
from .params import Param
from .registry import STS, Action, Body, Call
from .state import Universe
from .sts import ASSUME, check_texts, issue, role_as_known, session_seconds
from .trust import federated_decision

ROLE_ARN = re.compile(r"acs:ram::([0-9]+):role/([A-Za-z0-9._@-]{1,64})")
_PROVIDER_ARN = re.compile(r"acs:ram::([0-9]+):(oidc-provider/[^/]+)")
SKEW_SECONDS = 300
_MOST_TIME = 2**33

# What the tables of the two actions call a role that is not there.
MISSING_ROLE = {"AssumeRoleWithOIDC": "Role", "AssumeRoleWithSAML": "RoleArn"}


def federated_caller(universe: Universe, action: Action, parameters: Mapping[str, str]) -> Caller:
    """Who an unsigned call is from, before its token is looked at: nobody of the role's account."""
    arn = parameters.get("RoleArn")
    if not arn:
        (spec,) = (each for each in action.params if each.name == "RoleArn")
        raise ApiError(spec.missing, "Parameter RoleArn is required.")
    match = ROLE_ARN.fullmatch(arn)
    if match is None:
        raise invalid("RoleArn", "", "The parameter RoleArn is wrongly formed.")
    if match[1] not in universe.accounts:
        raise not_exist(MISSING_ROLE[action.name], arn)
    return Caller("federated", match[1], "", "", "")


def _assume(call: Call) -> Body:
    provider = _provider(call)
    check_texts(call)
    token = _token(call, provider)
    match = ROLE_ARN.fullmatch(call.text("RoleArn"))
    role = role_as_known(call.account, match[2] if match else "", call.now)
    if role is None:
        raise not_exist(MISSING_ROLE["AssumeRoleWithOIDC"], call.text("RoleArn"))
    arn = f"acs:ram::{call.account.account_id}:{provider.key}"
    context = {**call.context, "oidc:iss": provider.issuer, "oidc:sub": token.claims["sub"]}
    decisions = {
        federated_decision(role.document, arn, ASSUME, {**context, "oidc:aud": audience})
        for audience in _audiences(token)
    }
    if Decision.ALLOW not in decisions or Decision.EXPLICIT_DENY in decisions:
        raise refusal("NoPermission", "The trust of the role does not let this token in.")
    seconds = session_seconds(call, role)
    return {**issue(call, call.account, role, seconds), "OIDCTokenInfo": _shown(token)}


def _provider(call: Call) -> Provider:
    match = _PROVIDER_ARN.fullmatch(call.text("OIDCProviderArn"))
    mine = match is not None and match[1] == call.account.account_id
    provider = call.account.providers.get(fold(match[2])) if match and mine else None
    if provider is None:
        raise refusal("NoPermission", "Parameter OIDCProviderArn is not valid.")
    return provider


def _token(call: Call, provider: Provider) -> Token:
    """The token of the call, verified; its claims have the types that are read."""
    try:
        token = read_token(call.text("OIDCToken"))
    except ValueError:
        raise refusal("OIDCToken.Invalid", "The token cannot be read.") from None
    subject, issuer = token.claims.get("sub"), token.claims.get("iss")
    issued, expires = (_seconds(token.claims.get(name)) for name in ("iat", "exp"))
    if not isinstance(subject, str) or issued is None or expires is None:
        raise refusal("OIDCToken.Invalid", "The token lacks sub, iat or exp.")
    if issuer != provider.issuer:
        raise refusal("OIDCToken.IssuerNotMatch", "The issuer is not that of the provider.")
    if provider.site_fingerprint and provider.site_fingerprint not in provider.fingerprints:
        raise refusal(
            "OIDCToken.PublicKeyFingerprintMismatch",
            "The issuer's certificate has none of the fingerprints of the provider.",
        )
    if not is_signed(token, provider.keys):
        raise refusal(
            "OIDCToken.InvalidSignature", "The signature is not one of the issuer's keys."
        )
    if expires <= call.now:
        raise refusal("OIDCToken.Expired", "The token has expired.")
    oldest = call.now - provider.issuance_limit * 3600
    if not oldest <= issued <= call.now + SKEW_SECONDS:
        raise refusal("OIDCToken.Invalid", "The token was issued too long ago, or is to come.")
    if not set(_audiences(token)) & set(provider.client_ids):
        raise refusal("OIDCToken.AudienceNotMatch", "The audience is no client id of the provider.")
    return token


def _audiences(token: Token) -> list[str]:
    given = token.claims.get("aud")
    return [row for row in (given if isinstance(given, list) else [given]) if isinstance(row, str)]


def _seconds(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value < _MOST_TIME else None


def _shown(token: Token) -> dict[str, str]:
    return {
        "Subject": token.claims["sub"],
        "Issuer": token.claims["iss"],
        "ClientIds": ",".join(_audiences(token)),
        "ExpirationTime": iso(token.claims["exp"]),
        "IssuanceTime": iso(token.claims["iat"]),
        "VerificationInfo": "Success",
    }


def refusal(code: str, message: str) -> ApiError:
    """401 for who does not prove to be let in."""
    return ApiError(f"AuthenticationFail.{code}", message)


ACTIONS = (
    Action(
        "AssumeRoleWithOIDC",
        _assume,
        params=(
            Param("OIDCProviderArn", required=True),
            Param("RoleArn", required=True),
            Param("OIDCToken", required=True, low=4, high=20_000),
            Param("RoleSessionName", required=True),
            Param("DurationSeconds", "int", code=""),
            Param("Policy"),
        ),
        version=STS,
        signed=False,
    ),
)
