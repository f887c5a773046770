"""May this caller do this to that? The identity side of the decision.

Used by the gateway for every action and by STS for AssumeRole. Root may do everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .diagnostics import PRINCIPAL_TYPES, Refusal, denying, encoded, shown_name
from .entities import Caller, fold, principal_key
from .errors import ApiError
from .evaluate import Decision, Statement, compile_document, decide, on_resource
from .registry import IMS, Action, Call
from .state import Account

IDENTITY = "AccountLevelIdentityBasedPolicy"
SESSION = "SessionPolicy"
TRUST = "AssumeRolePolicy"


def authorize(call: Call, action: Action) -> None:
    """Raise NoPermission unless the caller may do the action on all its resources."""
    if call.caller.kind == "account":
        return
    # Key actions without a user name are about the caller.
    own = {"UserName": call.caller.name} if call.caller.kind == "user" else {}
    fields = {**own, **_text_values(call), "account": call.account.account_id}
    for template in action.resources:
        resource = _expand(template, fields)
        if action.version == IMS:
            _demand_ims(call, action, resource)
        else:
            demand(call, action.permission, resource)


def _demand_ims(call: Call, action: Action, resource: str) -> None:
    """IMS actions are published under two names; the account says whether one is enough."""
    as_ims = (action.permission, resource.replace("acs:ram:", "acs:ims:", 1))
    as_ram = (f"ram:{action.name}", resource)
    if call.account.text("ims_permissions") == "both":
        demand(call, *as_ims)
        demand(call, *as_ram)
        return
    refusals = []
    for name in (as_ims, as_ram):
        try:
            demand(call, *name)
        except ApiError as error:
            refusals.append(error)
    denied = [e for e in refusals if (e.detail or {}).get("NoPermissionType") == "ExplicitDeny"]
    if denied or len(refusals) == 2:
        raise (denied or refusals)[0]


def demand(call: Call, permission: str, resource: str) -> None:
    """Raise NoPermission unless identity policies, and the session policy if any, allow."""
    caller = call.caller
    matches = on_resource(resource)
    decision = decide(_identity(call.account, caller), permission, call.context, matches)
    if decision is not Decision.ALLOW:
        matched = tuple(denying(call, permission, matches, IDENTITY))
        raise no_permission(call, Refusal(permission, decision, IDENTITY, resource, matched))
    if caller.session is not None and caller.session.policy:
        statements = compile_document(caller.session.policy)
        decision = decide(statements, permission, call.context, matches)
        if decision is not Decision.ALLOW:
            raise no_permission(call, Refusal(permission, decision, SESSION, resource))


def no_permission(call: Call, refusal: Refusal) -> ApiError:
    """The 403 with the detail that tells which layer said no."""
    caller = call.caller
    return ApiError(
        "NoPermission",
        "You are not authorized to do this action. "
        f"You should be authorized by RAM. Action: {refusal.permission}",
        detail={
            "AuthAction": refusal.permission,
            "AuthPrincipalType": PRINCIPAL_TYPES[caller.kind],
            "AuthPrincipalOwnerId": caller.account_id,
            "AuthPrincipalDisplayName": shown_name(caller),
            "NoPermissionType": refusal.decision.value,
            "PolicyType": refusal.layer,
            "EncodedDiagnosticMessage": encoded(call, refusal),
        },
    )


def _identity(account: Account, caller: Caller) -> Iterator[Statement]:
    """The statements of every policy that the caller holds, directly or by a group.

    What is for a resource group does not count: nothing here is in one.
    """
    holders = [principal_key("role" if caller.kind == "role" else "user", caller.name)]
    if caller.session is not None:
        role = account.roles.get(fold(caller.name))
        # A session outlives its role, but not its rights, and a new role of that name is another.
        if role is None or role.role_id != caller.session.role_id:
            return
    if caller.kind == "user":
        name = fold(caller.name)
        holders += [f"group/{m.key}" for m in account.memberships.get(name) or ()]
        user = account.users.get(name)
        if user is not None and user.inline:
            yield from compile_document(user.inline)
    for holder in holders:
        for attachment in account.attachments(holder, float("inf")):
            policy = account.policy_by_key(attachment.policy_key, float("inf"))
            if policy is not None:
                yield from compile_document(policy.default_version.document)


def _text_values(call: Call) -> dict[str, str]:
    return {name: value for name, value in call.values.items() if isinstance(value, str)}


def _expand(template: str, fields: Mapping[str, str]) -> str:
    text = template
    if fields.get("PolicyType") == "System":
        text = text.replace("{account}:policy/", "system:policy/")
    for name, value in fields.items():
        text = text.replace("{" + name + "}", value)
    return text
