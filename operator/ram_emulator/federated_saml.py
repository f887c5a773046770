"""STS for who comes with a response of a SAML identity provider: AssumeRoleWithSAML.

The call is not signed. Verified are the signature of the assertion with the certificates of the
provider's metadata, its issuer, subject, recipient, audience and times, then that it names the role
together with the provider, and then the trust of the role.
"""

from __future__ import annotations

import dataclasses
import re

from .entities import Provider, Role, fold
from .errors import invalid, not_exist
from .evaluate import Decision
from .federated import MISSING_ROLE, ROLE_ARN, SKEW_SECONDS, refusal
from .params import Param
from .registry import STS, Action, Body, Call
from .saml import Assertion, SamlError, read_metadata, read_response
from .sts import ASSUME, check_session_policy, issue, role_as_known, session_seconds
from .trust import federated_decision

_PROVIDER_ARN = re.compile(r"acs:ram::([0-9]+):(saml-provider/[^/]+)")
_SESSION_NAME = re.compile(r"[A-Za-z0-9_.@=,+-]{2,64}")
_ATTRIBUTES = "https://www.aliyun.com/SAML-Role/Attributes/"
_NAME_ID = "urn:oasis:names:tc:SAML:2.0:nameid-format:"

# By the site of the account: who the service is to identity providers, and where they send to.
_AUDIENCE = {
    "china": "urn:alibaba:cloudcomputing",
    "international": "urn:alibaba:cloudcomputing:international",
}
_RECIPIENT = {
    "china": "https://signin.aliyun.com/saml-role/sso",
    "international": "https://signin.alibabacloud.com/saml-role/sso",
}


def _assume(call: Call) -> Body:
    provider = _provider(call)
    check_session_policy(call)
    arn = f"acs:ram::{call.account.account_id}:{provider.key}"
    assertion = _believed(call, provider)
    if not _names_role(call, assertion, arn):
        raise _wrong("The assertion does not name the role with this provider.")
    role = _role(call)
    context = {**call.context, "saml:recipient": assertion.recipient}
    if federated_decision(role.document, arn, ASSUME, context) is not Decision.ALLOW:
        raise refusal("NoPermission", "The trust of the role does not let this assertion in.")
    named = {**call.values, "RoleSessionName": _session_name(assertion)}
    seconds = session_seconds(call, role)
    given = issue(dataclasses.replace(call, values=named), call.account, role, seconds)
    return {**given, "SAMLAssertionInfo": _shown(assertion)}


def _provider(call: Call) -> Provider:
    match = _PROVIDER_ARN.fullmatch(call.text("SAMLProviderArn"))
    mine = match is not None and match[1] == call.account.account_id
    provider = call.account.providers.get(fold(match[2])) if match and mine else None
    if provider is None:
        raise not_exist("SAMLProvider", call.text("SAMLProviderArn"))
    return provider


def _role(call: Call) -> Role:
    match = ROLE_ARN.fullmatch(call.text("RoleArn"))
    role = role_as_known(call.account, match[2] if match else "", call.now)
    if role is None:
        raise not_exist(MISSING_ROLE["AssumeRoleWithSAML"], call.text("RoleArn"))
    return role


def _believed(call: Call, provider: Provider) -> Assertion:
    """The assertion of the call, signed by the provider, meant for this service and for now."""
    try:
        metadata = read_metadata(provider.metadata)
    except SamlError as error:
        raise refusal("IDPMetadata.Invalid", f"The provider's metadata: {error}.") from None
    try:
        found = read_response(call.text("SAMLAssertion"), metadata.certificates, call.now)
    except SamlError as error:
        raise _wrong(f"The response: {error}.") from None
    if found.issuer != metadata.entity_id:
        raise _wrong("The issuer is not that of the provider.")
    site = call.account.site
    if found.recipient != _RECIPIENT[site]:
        raise _wrong("The recipient is not this service.")
    if not found.audiences or any(_AUDIENCE[site] not in each for each in found.audiences):
        raise _wrong("The audience is not this service.")
    if any(begin > call.now + SKEW_SECONDS for begin in found.begins):
        raise _wrong("The assertion is still to come.")
    if any(end <= call.now for end in found.ends):
        raise refusal("SAMLAssertion.Expired", "The assertion has expired.")
    return found


def _names_role(call: Call, assertion: Assertion, provider: str) -> bool:
    wanted = [fold(call.text("RoleArn")), fold(provider)]
    entries = assertion.attributes.get(f"{_ATTRIBUTES}Role", ())
    return any([fold(part) for part in entry.split(",")] == wanted for entry in entries)


def _session_name(assertion: Assertion) -> str:
    names = assertion.attributes.get(f"{_ATTRIBUTES}RoleSessionName", ())
    if len(names) != 1 or not _SESSION_NAME.fullmatch(names[0]):
        raise invalid(
            "RoleSessionName", "", "The assertion has no RoleSessionName, or a wrong one."
        )
    return names[0]


def _shown(assertion: Assertion) -> dict[str, str]:
    return {
        "SubjectType": assertion.subject_format.removeprefix(_NAME_ID),
        "Subject": assertion.subject,
        "Recipient": assertion.recipient,
        "Issuer": assertion.issuer,
    }


def _wrong(message: str) -> Exception:
    return refusal("SAMLAssertion.Invalid", message)


ACTIONS = (
    Action(
        "AssumeRoleWithSAML",
        _assume,
        params=(
            Param("SAMLProviderArn", required=True, missing="MissingParameter.SAMLProviderArn"),
            Param("RoleArn", required=True, missing="MissingParameter.RoleArn"),
            Param(
                "SAMLAssertion",
                required=True,
                low=4,
                high=100_000,
                missing="MissingParameter.SAMLAssertion",
            ),
            Param("DurationSeconds", "int", code=""),
            Param("Policy"),
        ),
        version=STS,
        signed=False,
    ),
)
