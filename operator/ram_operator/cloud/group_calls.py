"""Calls about groups and their members."""

from __future__ import annotations

from ..kinds.entries import names_entries
from ..model.state import CloudCalls, Live
from ..model.steps import Create, Expel, Join, WriteAttributes
from ..model.vocabulary import Presence
from . import answers, holders, write_checks
from .calls import Fields, added, gone_is_done, send
from .jobs import Reply
from .writing import Writer


def read_group(calls: CloudCalls, name: str) -> Live:
    body = calls.call("GetGroup", {"GroupName": name})
    group = answers.part(body, "GetGroup", "Group", "GroupId")
    return Live(
        presence=Presence.PRESENT,
        cloud_name=str(group.get("GroupName") or name),
        cloud_id=str(group["GroupId"]),
        created_at=str(group.get("CreateDate") or ""),
        fields={"comments": group.get("Comments") or ""},
    )


def read_members(calls: CloudCalls, noun: str, live: Live) -> Fields:
    return {"members": names_entries(holders.members(calls, live.cloud_name))}


def join(writer: Writer, name: str, step: Join) -> Reply:
    (entry,) = step.entries.values()
    judged = write_checks.membership(writer.kept, name, step)
    with added((f"group {name}", ".User", f"user {entry.display}")):
        parameters = {"GroupName": name, "UserName": entry.display}
        send(writer, step, "AddUserToGroup", parameters, *judged)
    return {}


def expel(writer: Writer, name: str, step: Expel) -> Reply:
    for entry in step.entries.values():
        parameters = {"GroupName": name, "UserName": entry.display}
        gone_is_done(writer, step, "RemoveUserFromGroup", parameters)
    return {}


def create_group(writer: Writer, name: str, step: Create) -> Reply:
    comments = step.new.attributes.get("comments")
    parameters = {"GroupName": name, **({"Comments": comments} if comments else {})}
    reply = send(writer, step, "CreateGroup", parameters)
    return {"cloudId": answers.made(reply, "CreateGroup", "Group", "GroupId")["GroupId"]}


def update_group(writer: Writer, name: str, step: WriteAttributes) -> Reply:
    comments = step.attributes["comments"]
    parameters = {"GroupName": name, "NewGroupName": name, "NewComments": comments}
    send(writer, step, "UpdateGroup", parameters)
    return {}
