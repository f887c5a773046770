"""STS: GetCallerIdentity and AssumeRole.

AssumeRole asks both gates, the caller's identity policies and the role's trust, and issues
credentials that sign further calls until they expire on the emulator's clock.
"""

from __future__ import annotations

import re

from .authorize import IDENTITY, TRUST, demand, no_permission
from .clock import iso
from .diagnostics import Refusal
from .entities import Caller, Role, Session, fold
from .errors import ApiError, invalid, not_exist
from .evaluate import Decision
from .grammar import check_policy
from .params import Param
from .registry import STS, Action, Body, Call
from .state import Account, random_text
from .trust import trust_decision

_ROLE_ARN = re.compile(r"acs:ram::(\d+):role/([A-Za-z0-9._@-]{1,64})")
_SESSION_NAME = re.compile(r"[A-Za-z0-9.@_-]{2,64}")
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}")
_POLICY_BYTES = 2048

ASSUME = "sts:AssumeRole"

_KINDS = {"account": "Account", "user": "RAMUser", "role": "AssumedRoleUser"}


def _identity(call: Call) -> Body:
    caller = call.caller
    body = {
        "AccountId": caller.account_id,
        "IdentityType": _KINDS[caller.kind],
        "PrincipalId": caller.principal_id,
        "Arn": caller.arn,
    }
    if caller.kind == "user":
        body["UserId"] = caller.principal_id
    if caller.session is not None:
        body["RoleId"] = caller.session.role_id
    return body


def _assume(call: Call) -> Body:
    caller = call.caller
    match = _ROLE_ARN.fullmatch(call.text("RoleArn"))
    if match is None:
        raise invalid("RoleArn", "", "The parameter RoleArn is wrongly formed.")
    check_texts(call)
    if caller.kind == "account":
        raise no_permission(call, Refusal(ASSUME, Decision.IMPLICIT_DENY, IDENTITY))
    resource = f"acs:ram:*:{match[1]}:role/{match[2]}"
    demand(call, ASSUME, resource)
    owner = call.universe.accounts.get(match[1])
    role = role_as_known(owner, match[2], call.now)
    if owner is None or role is None:
        raise not_exist("Role", call.text("RoleArn"))
    context = _context(call)
    for action in _trust_actions(call):
        decision = trust_decision(role.document, caller, action, context)
        if decision is not Decision.ALLOW:
            raise no_permission(call, Refusal(ASSUME, decision, TRUST, resource))
    return issue(call, owner, role, session_seconds(call, role))


def session_seconds(call: Call, role: Role) -> int:
    """How long the session is to last, within what the role allows."""
    seconds = call.number("DurationSeconds", 3600)
    if not 900 <= seconds <= role.max_session:
        raise invalid("DurationSeconds", "", f"DurationSeconds must be 900 to {role.max_session}.")
    return seconds


def role_as_known(owner: Account | None, name: str, now: float) -> Role | None:
    """The role as STS knows it; a role that is gone is gone at once."""
    if owner is None or owner.roles.get(fold(name)) is None:
        return None
    return owner.roles.seen(fold(name), now - owner.seconds("trust_effective_after_seconds"))


def check_texts(call: Call) -> None:
    """Refuse a session name, external id or session policy that is wrongly formed."""
    if not _SESSION_NAME.fullmatch(call.text("RoleSessionName")):
        raise invalid("RoleSessionName", "", "The parameter RoleSessionName is wrongly formed.")
    external = call.optional("ExternalId")
    if external is not None and not _EXTERNAL_ID.fullmatch(external):
        raise invalid("ExternalId", "", "The parameter ExternalId is wrongly formed.")
    check_session_policy(call)


def check_session_policy(call: Call) -> None:
    """Refuse a session policy that is too long or breaks the grammar."""
    policy = call.optional("Policy")
    if policy is None:
        return
    if not 1 <= len(policy.encode()) <= _POLICY_BYTES:
        raise invalid("PolicySize", "", f"Policy must be at most {_POLICY_BYTES} bytes.")
    try:
        check_policy(policy, strict=call.universe.strict)
    except ApiError as error:
        raise invalid("PolicyGrammar", "", error.message) from None


def _context(call: Call) -> dict[str, str]:
    context = dict(call.context)
    for parameter, key in (
        ("ExternalId", "sts:ExternalId"),
        ("SourceIdentity", "sts:SourceIdentity"),
    ):
        value = call.optional(parameter)
        if value is not None:
            context[key] = value
    return context


def _trust_actions(call: Call) -> tuple[str, ...]:
    if call.optional("SourceIdentity") is None:
        return (ASSUME,)
    return (ASSUME, "sts:SetSourceIdentity")


def issue(call: Call, owner: Account, role: Role, seconds: int) -> Body:
    """Keep a session and answer with its credentials."""
    session = Session(
        key_id=f"STS.{random_text(24)}",
        secret=random_text(40),
        token=random_text(120),
        account_id=owner.account_id,
        role=role.name,
        role_id=role.role_id,
        name=call.text("RoleSessionName"),
        expires=call.now + seconds,
        policy=call.optional("Policy") or "",
        source_identity=call.optional("SourceIdentity") or "",
    )
    call.universe.add_session(session)
    body: Body = {
        "Credentials": {
            "AccessKeyId": session.key_id,
            "AccessKeySecret": session.secret,
            "SecurityToken": session.token,
            "Expiration": iso(session.expires),
        },
        "AssumedRoleUser": {
            "Arn": f"acs:ram::{owner.account_id}:role/{fold(role.name)}/{session.name}",
            "AssumedRoleId": f"{role.role_id}:{session.name}",
        },
    }
    if session.source_identity:
        body["SourceIdentity"] = session.source_identity
    return body


def session_caller(session: Session) -> Caller:
    """Temporary credentials as the caller of further calls."""
    prefix = f"acs:ram::{session.account_id}:assumed-role"
    return Caller(
        kind="role",
        account_id=session.account_id,
        name=session.role,
        principal_id=f"{session.role_id}:{session.name}",
        arn=f"{prefix}/{fold(session.role)}/{session.name}",
        session=session,
    )


ACTIONS = (
    Action("GetCallerIdentity", _identity, version=STS),
    Action(
        "AssumeRole",
        _assume,
        params=(
            Param("RoleArn", required=True),
            Param("RoleSessionName", required=True),
            Param("DurationSeconds", "int", code=""),
            Param("Policy"),
            Param("ExternalId"),
            Param("SourceIdentity"),
        ),
        version=STS,
    ),
)
