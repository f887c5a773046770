"""Calls about custom policies and the versions of their documents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .. import documents
from ..errors import Retry
from ..model.objects import FieldValue, UnknownPart
from ..model.state import CloudCalls, Live
from ..model.steps import CreateWithDocument, Delete, WriteAttributes, WriteDocument
from ..model.vocabulary import Presence
from . import answers, write_checks
from .cached_reads import CUSTOM
from .calls import gone_is_done, send, tags, turn
from .jobs import Reply
from .writing import Write, Writer


def read_policy(calls: CloudCalls, name: str) -> Live:
    body = calls.call("GetPolicy", {"PolicyName": name, "PolicyType": CUSTOM})
    policy = answers.part(body, "GetPolicy", "Policy", "CreateDate")
    document: FieldValue | UnknownPart
    version: Mapping[str, Any] = {}
    needs = ("DefaultPolicyVersion", "VersionId", "PolicyDocument")
    try:
        version = answers.part(body, "GetPolicy", *needs)
        document = documents.parse_policy(version["PolicyDocument"], lenient=True)
    except Retry as error:
        document = UnknownPart(error)
    except documents.DocumentError:
        document = documents.unreadable_policy(str(version["PolicyDocument"]))
    return Live(
        presence=Presence.PRESENT,
        cloud_name=str(policy.get("PolicyName") or name),
        # A policy has neither id nor ARN in RAM; its creation date tells a re-created one apart.
        cloud_id=str(policy["CreateDate"]),
        created_at=str(policy["CreateDate"]),
        fields={"document": document, "description": policy.get("Description") or ""},
        default_version=str(version.get("VersionId") or ""),
    )


ROTATE: Final = "DeleteOldestNonDefaultVersionWhenLimitExceeded"


def create(writer: Writer, name: str, step: CreateWithDocument) -> Reply:
    """Whoever named the policy before has judged something else: the writer sees to that."""
    parameters: dict[str, Any] = {
        "PolicyName": name,
        "PolicyDocument": step.document.to_json(),
        **tags(step.new.tags),
    }
    if description := step.new.attributes.get("description"):
        parameters["Description"] = description
    reply = writer.send(Write("CreatePolicy", parameters, turn(step), document=step.document))
    policy = answers.made(reply, "CreatePolicy", "Policy", "CreateDate")
    return {
        "cloudId": policy["CreateDate"],
        "defaultVersion": policy.get("DefaultVersion", ""),
    }


def write_document(writer: Writer, name: str, step: WriteDocument) -> Reply:
    """Make the document the default version. A version with the same meaning is used again.

    CreatePolicyVersion never answers `exists already`, so a lost reply would leave a second copy
    and rotate a good version away. A version never changes while the policy is the same one, which
    the check makes sure of.
    """
    wanted = step.document
    judged = (
        write_checks.document(writer.kept, name, step),
        *write_checks.holders(name, step),
    )
    version = _version_of(writer, name, wanted)
    if version:
        target = {"PolicyName": name, "VersionId": version}
        writer.send(Write("SetDefaultPolicyVersion", target, turn(step), judged, wanted))
        return {"defaultVersion": version}
    parameters = {
        "PolicyName": name,
        "PolicyDocument": wanted.to_json(),
        "SetAsDefault": True,
        "RotateStrategy": ROTATE,
    }
    reply = writer.send(Write("CreatePolicyVersion", parameters, turn(step), judged, wanted))
    return {"defaultVersion": (reply.get("PolicyVersion") or {}).get("VersionId", "")}


def _version_of(writer: Writer, name: str, wanted: documents.Policy) -> str:
    """Id of a version with that meaning, or ""."""
    listed = writer.read("ListPolicyVersions", {"PolicyName": name, "PolicyType": CUSTOM})
    names = ("PolicyVersions", "PolicyVersion")
    for version in answers.rows(listed, "ListPolicyVersions", names, "VersionId"):
        if _same_document(_version_text(writer, name, version), wanted):
            return str(version["VersionId"])
    return ""


def _version_text(writer: Writer, name: str, version: Mapping[str, Any]) -> Any:
    """The row's document, which RAM may leave out of the list."""
    if version.get("PolicyDocument"):
        return version["PolicyDocument"]
    target = {"PolicyName": name, "PolicyType": CUSTOM, "VersionId": version["VersionId"]}
    found = writer.read("GetPolicyVersion", target)
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


def describe(writer: Writer, name: str, step: WriteAttributes) -> Reply:
    """The description alone."""
    parameters = {"PolicyName": name, "NewDescription": step.attributes["description"]}
    send(writer, step, "UpdatePolicyDescription", parameters)
    return {}


def delete(writer: Writer, name: str, step: Delete) -> Reply:
    """With all its versions. RAM refuses it while anybody has it."""
    parameters = {"PolicyName": name, "CascadingDelete": True}
    return gone_is_done(writer, step, "DeletePolicy", parameters)
