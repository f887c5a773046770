"""Calls about tags, in which the cloud remembers whose an identity is."""

from __future__ import annotations

from typing import Any

from ..constants import Reason
from ..errors import Retry, Stalled
from ..kinds.entries import tag_entries
from ..model.objects import Entries
from ..model.state import CloudCalls, Live
from ..model.steps import Mark, Tag, Untag
from . import answers
from .calls import Call, Fields, next_page, send
from .jobs import Reply
from .writing import Writer


def read_user_tags(calls: CloudCalls, noun: str, live: Live) -> Fields:
    """IMS knows users by id; a user has at most 20 tags, so one page holds them."""
    query = {"ResourceType": noun, "ResourceId": [live.cloud_id], "PageSize": 100}
    body = calls.call("IMS.ListTagResources", query)
    action = "ListTagResources"
    rows = answers.rows(body, action, ("TagResources", "TagResource"), "TagKey")
    return {"tags": tag_entries({str(row["TagKey"]): row.get("TagValue") or "" for row in rows})}


def read_tags(calls: CloudCalls, noun: str, live: Live) -> Fields:
    tags: dict[str, str] = {}
    marker = ""
    while True:
        query: dict[str, Any] = {
            "ResourceType": noun,
            "ResourceNames": [live.cloud_name],
            "PageSize": 100,
        }
        if marker:
            query["NextToken"] = marker
        body = calls.call("ListTagResources", query)
        for row in answers.rows(body, "ListTagResources", ("TagResources",), "TagKey"):
            tags[str(row["TagKey"])] = str(row.get("TagValue") or "")
        following = next_page(body, "NextToken", marker)
        if not following:
            entries: Entries = tag_entries(tags)
            return {"tags": entries}
        marker = following


def tag(noun: str) -> Call[Tag]:
    def tag(writer: Writer, name: str, step: Tag) -> Reply:
        tags = [{"Key": entry.display, "Value": entry.value} for entry in step.entries.values()]
        target = {"ResourceType": noun, "ResourceNames": [name]}
        send(writer, step, "TagResources", {**target, "Tag": tags})
        return {}

    return tag


def mark_user(writer: Writer, name: str, step: Mark) -> Reply:
    """Tag a user, which only IMS can, by id. Where that is denied the record alone tells."""
    if not step.cloud_id:
        raise Retry(Reason.PROGRESSING, f"the id of user {name} is not known yet")
    tags = [{"Key": entry.display, "Value": entry.value} for entry in step.entries.values()]
    target = {"ResourceType": "user", "ResourceId": [step.cloud_id]}
    try:
        send(writer, step, "IMS.TagResources", {**target, "Tag": tags})
    except Stalled as error:
        if error.reason is not Reason.ACCESS_DENIED:
            raise
    return {}


def untag(noun: str) -> Call[Untag]:
    def untag(writer: Writer, name: str, step: Untag) -> Reply:
        target = {"ResourceType": noun, "ResourceNames": [name]}
        keys = [entry.display for entry in step.entries.values()]
        send(writer, step, "UntagResources", {**target, "TagKeys": keys})
        return {}

    return untag
