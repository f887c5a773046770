"""Step → cloud calls: one dispatch table, every verb safe to repeat.

What exists already or is gone already counts as done. Each call is one job of `writing`, with the
checks of what it rests on. `send_trust` is the only function that sends a trust document; it takes
a `Cleared` value, which only `clearance` can make.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from .. import documents
from ..constants import Reason
from ..errors import Absent, AlreadyExists, Bug, Retry, Stalled
from ..gate import clearance
from ..kinds.table import Kind
from ..model.objects import Entry, Step, UnknownPart
from . import answers, policy_calls, write_checks
from .calls import gone_is_done, send, tags
from .jobs import Reply
from .observe import INACTIVE, read_trust
from .writing import Writer

Verb = Callable[[Writer, str, Step], Reply]


def execute(writer: Writer, row: Kind, cloud_name: str, step: Step) -> Reply:
    """Carry out one step. Returns facts about a created identity, else {}. Raises errors.*.

    A step that rests on an approval is exactly what was approved, or Bug is raised. Raises Retry
    when what the step rests on is no longer as it was judged.
    """
    permit = step.values.get("permit")
    if permit is not None and not (isinstance(permit, clearance.Permit) and permit.allows(step)):
        raise Bug("something else would be sent than was approved")
    return VERBS[(row.noun, step.verb)](writer, cloud_name, step)


def with_cloud_id(step: Step, cloud_id: str) -> Step:
    """The step for an identity whose id is known: some services know identities by id alone."""
    return replace(step, values={**step.values, "cloudId": cloud_id})


def send_trust(writer: Writer, name: str, cleared: clearance.Cleared, step: Step) -> Reply:
    """Create the role with the cleared trust, or replace the trust of the existing one.

    The step's values are the role's other attributes, which the same call must carry, since RAM may
    reset what it omits. Raises Retry when the live document is no longer the one that was judged.
    """
    if not isinstance(cleared, clearance.Cleared):
        raise Bug("a trust document would be sent without the gate's permission")
    text = cleared.trust.to_json()
    if cleared.before is None:
        parameters = {
            "RoleName": name,
            "AssumeRolePolicyDocument": text,
            **_attributes(step.values, "Description", "MaxSessionDuration"),
            **tags(step.values),
        }
        reply = send(writer, step, "CreateRole", parameters)
        made = answers.made(reply, "CreateRole", "Role", "RoleId")
        return {"cloudId": made["RoleId"], "arn": made.get("Arn", "")}
    parameters = {
        "RoleName": name,
        "NewAssumeRolePolicyDocument": text,
        **_attributes(step.values, "NewDescription", "NewMaxSessionDuration"),
    }
    judged = write_checks.trust(name, frozenset({cleared.before.digest}))
    reply = send(writer, step, "UpdateRole", parameters, judged).get("Role") or {}
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


def _create_role(writer: Writer, name: str, step: Step) -> Reply:
    return send_trust(writer, name, step.values["trustPolicy"], step)


def _take_back_trust(writer: Writer, name: str, step: Step) -> Reply:
    return send_trust(writer, name, step.values["cleared"], step)


def _update_role(writer: Writer, name: str, step: Step) -> Reply:
    attributes = _attributes(step.values, "NewDescription", "NewMaxSessionDuration")
    send(writer, step, "UpdateRole", {"RoleName": name, **attributes})
    return {}


def _attach(noun: str) -> Verb:
    title = noun.capitalize()

    def attach(writer: Writer, name: str, step: Step) -> Reply:
        (entry,) = step.values["entries"]
        names = (f"{noun} {name}", ".Policy", f"policy {entry.display}")
        judged = write_checks.attachment(writer.kept, noun, name, step)
        with _added(names):
            parameters = _attachment(title, name, entry)
            send(writer, step, f"AttachPolicyTo{title}", parameters, *judged)
        return {}

    return attach


def _detach(noun: str) -> Verb:
    title = noun.capitalize()

    def detach(writer: Writer, name: str, step: Step) -> Reply:
        for entry in step.values["entries"]:
            gone_is_done(writer, step, f"DetachPolicyFrom{title}", _attachment(title, name, entry))
        return {}

    return detach


def _attachment(title: str, name: str, entry: Entry) -> dict[str, Any]:
    policy_type, _, policy = entry.display.partition("/")
    return {f"{title}Name": name, "PolicyType": policy_type, "PolicyName": policy}


@contextlib.contextmanager
def _added(names: tuple[str, str, str]) -> Iterator[None]:
    """Make a relation; one that exists is done. `names` = (own end, code of the other, other)."""
    own, other_code, other = names
    try:
        yield
    except AlreadyExists:
        return
    except Absent as error:
        if error.code.endswith(other_code):
            text = f"{other} does not exist; create it or correct its name"
            raise Retry(Reason.DEPENDENCY_NOT_READY, text, after=30.0) from None
        raise Retry(Reason.PROGRESSING, f"{own} is not visible yet") from None


def _join(writer: Writer, name: str, step: Step) -> Reply:
    (entry,) = step.values["entries"]
    judged = write_checks.membership(writer.kept, name, step)
    with _added((f"group {name}", ".User", f"user {entry.display}")):
        parameters = {"GroupName": name, "UserName": entry.display}
        send(writer, step, "AddUserToGroup", parameters, *judged)
    return {}


def _expel(writer: Writer, name: str, step: Step) -> Reply:
    for entry in step.values["entries"]:
        parameters = {"GroupName": name, "UserName": entry.display}
        gone_is_done(writer, step, "RemoveUserFromGroup", parameters)
    return {}


def _leave(writer: Writer, name: str, step: Step) -> Reply:
    for entry in step.values["entries"]:
        parameters = {"GroupName": entry.display, "UserName": name}
        gone_is_done(writer, step, "RemoveUserFromGroup", parameters)
    return {}


def _revoke(writer: Writer, name: str, step: Step) -> Reply:
    """A key is made inactive before it is deleted, so that a half-done deletion is a safe one."""
    for entry in step.values["entries"]:
        if not entry.handle:
            gone_is_done(writer, step, "DeleteLoginProfile", {"UserName": name})
            continue
        target = {"UserName": name, "UserAccessKeyId": entry.handle}
        if entry.value != INACTIVE:
            gone_is_done(writer, step, "UpdateAccessKey", {**target, "Status": "Inactive"})
        gone_is_done(writer, step, "DeleteAccessKey", target)
    return {}


def _unbind(writer: Writer, name: str, step: Step) -> Reply:
    return gone_is_done(writer, step, "UnbindMFADevice", {"UserName": name})


_USER_FIELDS: Final = {
    "displayName": "DisplayName",
    "email": "Email",
    "mobilePhone": "MobilePhone",
    "comments": "Comments",
}


def _user_attributes(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """All attributes that are known: what a call omits may be cleared. Empty ones are not sent."""
    return {prefix + wire: values[name] for name, wire in _USER_FIELDS.items() if values.get(name)}


def _create_user(writer: Writer, name: str, step: Step) -> Reply:
    parameters = {"UserName": name, **_user_attributes(step.values, "")}
    reply = send(writer, step, "CreateUser", parameters)
    return {"cloudId": answers.made(reply, "CreateUser", "User", "UserId")["UserId"]}


def _update_user(writer: Writer, name: str, step: Step) -> Reply:
    attributes = _user_attributes(step.values, "New")
    send(writer, step, "UpdateUser", {"UserName": name, "NewUserName": name, **attributes})
    return {}


def _create_group(writer: Writer, name: str, step: Step) -> Reply:
    comments = step.values.get("comments")
    parameters = {"GroupName": name, **({"Comments": comments} if comments else {})}
    reply = send(writer, step, "CreateGroup", parameters)
    return {"cloudId": answers.made(reply, "CreateGroup", "Group", "GroupId")["GroupId"]}


def _update_group(writer: Writer, name: str, step: Step) -> Reply:
    parameters = {"GroupName": name, "NewGroupName": name, "NewComments": step.values["comments"]}
    send(writer, step, "UpdateGroup", parameters)
    return {}


def _delete(action: str, parameter: str) -> Verb:
    def delete(writer: Writer, name: str, step: Step) -> Reply:
        return gone_is_done(writer, step, action, {parameter: name})

    return delete


def _tag(noun: str) -> Verb:
    def tag(writer: Writer, name: str, step: Step) -> Reply:
        entries: tuple[Entry, ...] = step.values["entries"]
        tags = [{"Key": entry.display, "Value": entry.value} for entry in entries]
        target = {"ResourceType": noun, "ResourceNames": [name]}
        send(writer, step, "TagResources", {**target, "Tag": tags})
        return {}

    return tag


def _mark_user(writer: Writer, name: str, step: Step) -> Reply:
    """Tag a user, which only IMS can, by id. Where that is denied the record alone tells."""
    if not step.values["cloudId"]:
        raise Retry(Reason.PROGRESSING, f"the id of user {name} is not known yet")
    tags = [{"Key": entry.display, "Value": entry.value} for entry in step.values["entries"]]
    target = {"ResourceType": "user", "ResourceId": [step.values["cloudId"]]}
    try:
        send(writer, step, "IMS.TagResources", {**target, "Tag": tags})
    except Stalled as error:
        if error.reason is not Reason.ACCESS_DENIED:
            raise
    return {}


def _untag(noun: str) -> Verb:
    def untag(writer: Writer, name: str, step: Step) -> Reply:
        entries: tuple[Entry, ...] = step.values["entries"]
        target = {"ResourceType": noun, "ResourceNames": [name]}
        keys = [entry.display for entry in entries]
        send(writer, step, "UntagResources", {**target, "TagKeys": keys})
        return {}

    return untag


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
    ("policy", "create"): policy_calls.create,
    ("policy", "document"): policy_calls.write_document,
    ("policy", "attributes"): policy_calls.describe,
    ("policy", "delete"): policy_calls.delete,
}
