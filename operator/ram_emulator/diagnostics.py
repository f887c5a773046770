"""Why a call was refused: the encoded message of a refusal, and DecodeDiagnosticMessage.

A message names a refusal that is kept in memory: the last ten thousand, for a day. It can be
decoded in the account whose permissions were asked.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .entities import Caller, fold, principal_key
from .errors import ApiError
from .evaluate import Decision, Matches, compile_document, decide
from .params import Param
from .principals import WHOLE_ACCOUNT
from .registry import Action, Body, Call

MOST = 10_000
_LASTS_SECONDS = 86_400

PRINCIPAL_TYPES = {
    "user": "SubUser",
    "role": "AssumedRoleUser",
    "account": "Account",
    "federated": "Federated",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What was asked and which layer said no.

    layer: a policy type as AccessDeniedDetail has it. matched: rows of the policies that denied.
    """

    permission: str
    decision: Decision
    layer: str
    resource: str = ""
    matched: tuple[Mapping[str, str], ...] = ()


def shown_name(caller: Caller) -> str:
    """The principal as refusals name it."""
    if caller.session is not None:
        return f"{caller.name}:{caller.session.name}"
    return caller.principal_id


def encoded(call: Call, refusal: Refusal) -> str:
    """The message under which the refusal can be looked up."""
    message, caller, refusals = secrets.token_urlsafe(48), call.caller, call.account.refusals
    refusals[message] = {
        "time": call.now,
        "ExplicitDeny": refusal.decision is Decision.EXPLICIT_DENY,
        "NoPermissionPolicyType": refusal.layer,
        "AuthAction": refusal.permission,
        "AuthResource": refusal.resource,
        "AuthPrincipal": {
            "AuthPrincipalType": PRINCIPAL_TYPES[caller.kind],
            "AuthPrincipalOwnerId": caller.account_id,
            "AuthPrincipalDisplayName": shown_name(caller),
        },
        "AuthConditions": [
            {"ConditionKey": key, "ConditionValues": [value]}
            for key, value in sorted(call.context.items())
        ],
        "MatchedPolicies": [dict(row) for row in refusal.matched],
    }
    while len(refusals) > MOST:
        del refusals[next(iter(refusals))]
    return message


def denying(call: Call, permission: str, matches: Matches, layer: str) -> Iterator[dict[str, str]]:
    """The policies of the caller, by attachment, with a statement that denies."""
    account, caller = call.account, call.caller
    name = fold(caller.name)
    holders = [principal_key("role" if caller.kind == "role" else "user", name)]
    if caller.kind == "user":
        holders += [f"group/{m.key}" for m in account.memberships.get(name) or ()]
    for holder in holders:
        for attachment in account.attachments(holder, float("inf")):
            policy = account.policy_by_key(attachment.policy_key, float("inf"))
            if policy is None:
                continue
            statements = compile_document(policy.default_version.document)
            if decide(statements, permission, call.context, matches) is Decision.EXPLICIT_DENY:
                custom = policy.type == "Custom"
                version = {"PolicyVersion": policy.default_version.version_id} if custom else {}
                yield {
                    "Effect": "Deny",
                    "PolicyIdentifier": policy.name,
                    "PolicyType": layer,
                    "AttachedEntityType": holder.partition("/")[0].capitalize(),
                    "AttachedScope": account.account_id,
                    **version,
                }


def _decode(call: Call) -> Body:
    found: dict[str, Any] | None = call.account.refusals.get(call.text("EncodedDiagnosticMessage"))
    if found is None:
        raise ApiError("EntityNotExist", "The encoded message is not one that is known here.")
    if found["time"] + _LASTS_SECONDS < call.now:
        raise ApiError("EncodedMessageExpire", "The encoded message has expired.")
    shown = {key: value for key, value in found.items() if key != "time"}
    return {"DecodedDiagnosticMessage": shown}


ACTIONS = (
    Action(
        "DecodeDiagnosticMessage",
        _decode,
        "read",
        (Param("EncodedDiagnosticMessage", required=True, low=1),),
        WHOLE_ACCOUNT,
        "attachmentsPerSecond",
    ),
)
