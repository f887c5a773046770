"""Calls that attach policies to roles, users and groups, and list them."""

from __future__ import annotations

from typing import Any

from ..kinds.entries import ATTACHED_AS, policy_entries, policy_key
from ..model.objects import Entry
from ..model.state import CloudCalls, Live
from ..model.steps import Attach, Detach
from . import answers, write_checks
from .calls import Call, Fields, added, gone_is_done, send
from .jobs import Reply
from .writing import Writer


def read_attachments(calls: CloudCalls, noun: str, live: Live) -> Fields:
    title = noun.capitalize()
    action = f"ListPoliciesFor{title}"
    body = calls.call(action, {f"{title}Name": live.cloud_name})
    rows = answers.rows(body, action, ("Policies", "Policy"), "PolicyType", "PolicyName")
    items = [{"type": row["PolicyType"], "name": row["PolicyName"]} for row in rows]
    marks = {
        policy_key(row["PolicyType"], row["PolicyName"]): Entry(
            str(row.get("DefaultVersion") or ""), str(row.get("AttachDate") or "")
        )
        for row in rows
    }
    return {"policies": policy_entries(items), ATTACHED_AS: marks}


def attach(noun: str, getters: write_checks.Getters) -> Call[Attach]:
    title = noun.capitalize()

    def attach(writer: Writer, name: str, step: Attach) -> Reply:
        (entry,) = step.entries.values()
        names = (f"{noun} {name}", ".Policy", f"policy {entry.display}")
        judged = write_checks.attachment(writer.kept, name, step, getters)
        with added(names):
            parameters = _attachment(title, name, entry)
            send(writer, step, f"AttachPolicyTo{title}", parameters, *judged)
        return {}

    return attach


def detach(noun: str) -> Call[Detach]:
    title = noun.capitalize()

    def detach(writer: Writer, name: str, step: Detach) -> Reply:
        for entry in step.entries.values():
            gone_is_done(writer, step, f"DetachPolicyFrom{title}", _attachment(title, name, entry))
        return {}

    return detach


def _attachment(title: str, name: str, entry: Entry) -> dict[str, Any]:
    policy_type, _, policy = entry.display.partition("/")
    return {f"{title}Name": name, "PolicyType": policy_type, "PolicyName": policy}
