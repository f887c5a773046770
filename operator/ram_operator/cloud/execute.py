"""Step → cloud calls: one dispatch table, every verb safe to repeat.

What exists already or is gone already counts as done. `send_trust` is the only function that sends
a trust document; it takes a `Cleared` value, which only `approval` can make, and for an existing
role reads the live document in the same call path before it writes.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from .. import approval, documents
from ..constants import Reason
from ..errors import Absent, AlreadyExists, Bug, Retry, Stalled
from ..kinds import Kind
from ..model import CloudCalls, Entry, Step, UnknownPart
from . import answers
from .observe import INACTIVE, read_trust

Reply = Mapping[str, Any]
Verb = Callable[[CloudCalls, str, Step], Reply]
ROTATE: Final = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


def execute(calls: CloudCalls, row: Kind, cloud_name: str, step: Step) -> Reply:
    """Carry out one step. Returns facts about a created identity, else {}. Raises errors.*.

    A step that rests on an approval is exactly what was approved, or Bug is raised.
    """
    permit = step.values.get("permit")
    if permit is not None and not (isinstance(permit, approval.Permit) and permit.allows(step)):
        raise Bug("something else would be sent than was approved")
    return VERBS[(row.noun, step.verb)](calls, cloud_name, step)


def with_cloud_id(step: Step, cloud_id: str) -> Step:
    """The step for an identity whose id is known: some services know identities by id alone."""
    return replace(step, values={**step.values, "cloudId": cloud_id})


def send_trust(
    calls: CloudCalls, name: str, cleared: approval.Cleared, values: Mapping[str, Any]
) -> Reply:
    """Create the role with the cleared trust, or replace the trust of the existing one.

    `values` are the role's other attributes, which the same call must carry, since RAM may reset
    what it omits. Raises Retry when the live document is no longer the one that was judged.
    """
    if not isinstance(cleared, approval.Cleared):
        raise Bug("a trust document would be sent without the gate's permission")
    text = cleared.trust.to_json()
    if cleared.before is None:
        parameters = {
            "RoleName": name,
            "AssumeRolePolicyDocument": text,
            **_attributes(values, "Description", "MaxSessionDuration"),
            **_tags(values),
        }
        made = answers.made(calls.call("CreateRole", parameters), "CreateRole", "Role", "RoleId")
        return {"cloudId": made["RoleId"], "arn": made.get("Arn", "")}
    role = calls.call("GetRole", {"RoleName": name}).get("Role") or {}
    live = read_trust(role.get("AssumeRolePolicyDocument"), name)
    if isinstance(live, UnknownPart) or live.digest != cleared.before.digest:
        text = f"the trust of role {name} moved while it was judged; it is looked at again"
        raise Retry(Reason.PROGRESSING, text)
    parameters = {
        "RoleName": name,
        "NewAssumeRolePolicyDocument": text,
        **_attributes(values, "NewDescription", "NewMaxSessionDuration"),
    }
    reply = calls.call("UpdateRole", parameters).get("Role") or {}
    _check_reply(name, cleared.trust, reply.get("AssumeRolePolicyDocument"))
    return {}


def _check_reply(name: str, sent: documents.Trust, answered: Any) -> None:
    """The reply shows the stored document. Another one means that somebody wrote at once.

    Other letters do not: RAM may spell a name in its own way, and would do so each time.
    """
    if not answered:
        return
    stored = read_trust(answered, name)
    if isinstance(stored, UnknownPart) or not _alike(sent, stored):
        text = f"role {name} holds another trust than was written; it is looked at again"
        raise Retry(Reason.PROGRESSING, text)


def _alike(sent: documents.Trust, stored: documents.Trust) -> bool:
    return documents.compare_trust(sent, stored).same_for_display


def _attributes(values: Mapping[str, Any], description: str, session: str) -> dict[str, Any]:
    """Both attributes whenever they are known; an empty description is never sent.

    RAM does not promise that a description can be cleared, nor what an omitted one becomes.
    """
    parameters: dict[str, Any] = {}
    if values.get("description"):
        parameters[description] = values["description"]
    if values.get("maxSessionDurationSeconds"):
        parameters[session] = values["maxSessionDurationSeconds"]
    return parameters


def _tags(values: Mapping[str, Any]) -> dict[str, Any]:
    entries = values.get("tags") or {}
    tags = [{"Key": entry.display, "Value": entry.value} for entry in entries.values()]
    return {"Tag": tags} if tags else {}


def _create_role(calls: CloudCalls, name: str, step: Step) -> Reply:
    return send_trust(calls, name, step.values["trustPolicy"], step.values)


def _take_back_trust(calls: CloudCalls, name: str, step: Step) -> Reply:
    return send_trust(calls, name, step.values["cleared"], step.values)


def _update_role(calls: CloudCalls, name: str, step: Step) -> Reply:
    attributes = _attributes(step.values, "NewDescription", "NewMaxSessionDuration")
    calls.call("UpdateRole", {"RoleName": name, **attributes})
    return {}


def _attach(noun: str) -> Verb:
    title = noun.capitalize()

    def attach(calls: CloudCalls, name: str, step: Step) -> Reply:
        for entry in step.values["entries"]:
            what = f"policy {entry.display}"
            parameters = _attachment(title, name, entry)
            _add(calls, f"AttachPolicyTo{title}", parameters, (f"{noun} {name}", ".Policy", what))
        return {}

    return attach


def _detach(noun: str) -> Verb:
    title = noun.capitalize()

    def detach(calls: CloudCalls, name: str, step: Step) -> Reply:
        for entry in step.values["entries"]:
            _gone_is_done(calls, f"DetachPolicyFrom{title}", _attachment(title, name, entry))
        return {}

    return detach


def _attachment(title: str, name: str, entry: Entry) -> dict[str, Any]:
    policy_type, _, policy = entry.display.partition("/")
    return {f"{title}Name": name, "PolicyType": policy_type, "PolicyName": policy}


def _add(
    calls: CloudCalls, action: str, parameters: Mapping[str, Any], names: tuple[str, str, str]
) -> None:
    """Make a relation; one that exists is done. `names` = (own end, code of the other, other)."""
    own, other_code, other = names
    try:
        calls.call(action, parameters)
    except AlreadyExists:
        return
    except Absent as error:
        if error.code.endswith(other_code):
            text = f"{other} does not exist; create it or correct its name"
            raise Retry(Reason.DEPENDENCY_NOT_READY, text, after=30.0) from None
        raise Retry(Reason.PROGRESSING, f"{own} is not visible yet") from None


def _join(calls: CloudCalls, name: str, step: Step) -> Reply:
    for entry in step.values["entries"]:
        parameters = {"GroupName": name, "UserName": entry.display}
        names = (f"group {name}", ".User", f"user {entry.display}")
        _add(calls, "AddUserToGroup", parameters, names)
    return {}


def _expel(calls: CloudCalls, name: str, step: Step) -> Reply:
    for entry in step.values["entries"]:
        parameters = {"GroupName": name, "UserName": entry.display}
        _gone_is_done(calls, "RemoveUserFromGroup", parameters)
    return {}


def _leave(calls: CloudCalls, name: str, step: Step) -> Reply:
    for entry in step.values["entries"]:
        parameters = {"GroupName": entry.display, "UserName": name}
        _gone_is_done(calls, "RemoveUserFromGroup", parameters)
    return {}


def _revoke(calls: CloudCalls, name: str, step: Step) -> Reply:
    """A key is made inactive before it is deleted, so that a half-done deletion is a safe one."""
    for entry in step.values["entries"]:
        if not entry.handle:
            _gone_is_done(calls, "DeleteLoginProfile", {"UserName": name})
            continue
        target = {"UserName": name, "UserAccessKeyId": entry.handle}
        if entry.value != INACTIVE:
            _gone_is_done(calls, "UpdateAccessKey", {**target, "Status": "Inactive"})
        _gone_is_done(calls, "DeleteAccessKey", target)
    return {}


def _unbind(calls: CloudCalls, name: str, step: Step) -> Reply:
    return _gone_is_done(calls, "UnbindMFADevice", {"UserName": name})


_USER_FIELDS: Final = {
    "displayName": "DisplayName",
    "email": "Email",
    "mobilePhone": "MobilePhone",
    "comments": "Comments",
}


def _user_attributes(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """All attributes that are known: what a call omits may be cleared. Empty ones are not sent."""
    return {prefix + wire: values[name] for name, wire in _USER_FIELDS.items() if values.get(name)}


def _create_user(calls: CloudCalls, name: str, step: Step) -> Reply:
    parameters = {"UserName": name, **_user_attributes(step.values, "")}
    reply = calls.call("CreateUser", parameters)
    return {"cloudId": answers.made(reply, "CreateUser", "User", "UserId")["UserId"]}


def _update_user(calls: CloudCalls, name: str, step: Step) -> Reply:
    attributes = _user_attributes(step.values, "New")
    calls.call("UpdateUser", {"UserName": name, "NewUserName": name, **attributes})
    return {}


def _create_group(calls: CloudCalls, name: str, step: Step) -> Reply:
    comments = step.values.get("comments")
    parameters = {"GroupName": name, **({"Comments": comments} if comments else {})}
    reply = calls.call("CreateGroup", parameters)
    return {"cloudId": answers.made(reply, "CreateGroup", "Group", "GroupId")["GroupId"]}


def _update_group(calls: CloudCalls, name: str, step: Step) -> Reply:
    parameters = {"GroupName": name, "NewGroupName": name, "NewComments": step.values["comments"]}
    calls.call("UpdateGroup", parameters)
    return {}


def _delete(action: str, parameter: str) -> Verb:
    def delete(calls: CloudCalls, name: str, step: Step) -> Reply:
        return _gone_is_done(calls, action, {parameter: name})

    return delete


def _gone_is_done(calls: CloudCalls, action: str, parameters: Mapping[str, Any]) -> Reply:
    with contextlib.suppress(Absent):
        calls.call(action, parameters)
    return {}


def _tag(noun: str) -> Verb:
    def tag(calls: CloudCalls, name: str, step: Step) -> Reply:
        entries: tuple[Entry, ...] = step.values["entries"]
        tags = [{"Key": entry.display, "Value": entry.value} for entry in entries]
        target = {"ResourceType": noun, "ResourceNames": [name]}
        calls.call("TagResources", {**target, "Tag": tags})
        return {}

    return tag


def _mark_user(calls: CloudCalls, name: str, step: Step) -> Reply:
    """Tag a user, which only IMS can, by id. Where that is denied the record alone tells."""
    if not step.values["cloudId"]:
        raise Retry(Reason.PROGRESSING, f"the id of user {name} is not known yet")
    tags = [{"Key": entry.display, "Value": entry.value} for entry in step.values["entries"]]
    target = {"ResourceType": "user", "ResourceId": [step.values["cloudId"]]}
    try:
        calls.call("IMS.TagResources", {**target, "Tag": tags})
    except Stalled as error:
        if error.reason is not Reason.ACCESS_DENIED:
            raise
    return {}


def _untag(noun: str) -> Verb:
    def untag(calls: CloudCalls, name: str, step: Step) -> Reply:
        entries: tuple[Entry, ...] = step.values["entries"]
        target = {"ResourceType": noun, "ResourceNames": [name]}
        keys = [entry.display for entry in entries]
        calls.call("UntagResources", {**target, "TagKeys": keys})
        return {}

    return untag


def _create_policy(calls: CloudCalls, name: str, step: Step) -> Reply:
    document: documents.Policy = step.values["document"]
    parameters: dict[str, Any] = {"PolicyName": name, "PolicyDocument": document.to_json()}
    if step.values.get("description"):
        parameters["Description"] = step.values["description"]
    reply = calls.call("CreatePolicy", {**parameters, **_tags(step.values)})
    policy = answers.made(reply, "CreatePolicy", "Policy", "CreateDate")
    return {
        "cloudId": policy["CreateDate"],
        "defaultVersion": policy.get("DefaultVersion", ""),
    }


def _policy_document(calls: CloudCalls, name: str, step: Step) -> Reply:
    """Make the document the default version. A version with the same meaning is used again.

    CreatePolicyVersion never answers `exists already`, so a lost reply would leave a second copy
    and rotate a good version away.
    """
    wanted: documents.Policy = step.values["document"]
    listed = calls.call("ListPolicyVersions", {"PolicyName": name, "PolicyType": "Custom"})
    names = ("PolicyVersions", "PolicyVersion")
    for version in answers.rows(listed, "ListPolicyVersions", names, "VersionId"):
        if _same_document(_version_text(calls, name, version), wanted):
            target = {"PolicyName": name, "VersionId": version["VersionId"]}
            calls.call("SetDefaultPolicyVersion", target)
            return {"defaultVersion": version["VersionId"]}
    parameters = {
        "PolicyName": name,
        "PolicyDocument": wanted.to_json(),
        "SetAsDefault": True,
        "RotateStrategy": ROTATE,
    }
    reply = calls.call("CreatePolicyVersion", parameters)
    return {"defaultVersion": (reply.get("PolicyVersion") or {}).get("VersionId", "")}


def _version_text(calls: CloudCalls, name: str, version: Mapping[str, Any]) -> Any:
    """The row's document, which RAM may leave out of the list."""
    if version.get("PolicyDocument"):
        return version["PolicyDocument"]
    target = {"PolicyName": name, "PolicyType": "Custom", "VersionId": version["VersionId"]}
    found = calls.call("GetPolicyVersion", target)
    return answers.part(found, "GetPolicyVersion", "PolicyVersion", "PolicyDocument")[
        "PolicyDocument"
    ]


def _same_document(text: Any, wanted: documents.Policy) -> bool:
    if not text:
        return False
    try:
        return documents.parse_policy(text, lenient=True).digest == wanted.digest
    except documents.DocumentError:
        return False


def _update_policy(calls: CloudCalls, name: str, step: Step) -> Reply:
    parameters = {"PolicyName": name, "NewDescription": step.values["description"]}
    calls.call("UpdatePolicyDescription", parameters)
    return {}


def _delete_policy(calls: CloudCalls, name: str, step: Step) -> Reply:
    parameters = {"PolicyName": name, "CascadingDelete": True}
    return _gone_is_done(calls, "DeletePolicy", parameters)


VERBS: Final[Mapping[tuple[str, str], Verb]] = {
    **{(noun, "attach"): _attach(noun) for noun in ("role", "user", "group")},
    **{(noun, "detach"): _detach(noun) for noun in ("role", "user", "group")},
    **{(noun, "tag"): _tag(noun) for noun in ("role", "policy")},
    **{(noun, "untag"): _untag(noun) for noun in ("role", "policy")},
    ("user", "create"): _create_user,
    ("user", "attributes"): _update_user,
    ("user", "mark"): _mark_user,
    ("user", "leave"): _leave,
    ("user", "revoke"): _revoke,
    ("user", "unbind"): _unbind,
    ("user", "delete"): _delete("DeleteUser", "UserName"),
    ("group", "create"): _create_group,
    ("group", "attributes"): _update_group,
    ("group", "join"): _join,
    ("group", "expel"): _expel,
    ("group", "delete"): _delete("DeleteGroup", "GroupName"),
    ("role", "create"): _create_role,
    ("role", "trust"): _take_back_trust,
    ("role", "attributes"): _update_role,
    ("role", "delete"): _delete("DeleteRole", "RoleName"),
    ("policy", "create"): _create_policy,
    ("policy", "document"): _policy_document,
    ("policy", "attributes"): _update_policy,
    ("policy", "delete"): _delete_policy,
}
