"""Calls about roles. `send_trust` is the only function that sends a trust document.

It takes a step with a `Cleared` value, which only the gate can make, and for an existing role reads
the live document in the same call path before it writes.
"""

from __future__ import annotations

from typing import Any, Final

from .. import documents
from ..constants import Reason
from ..errors import Bug, Retry
from ..model.objects import FieldValue, UnknownPart
from ..model.permissions import Cleared
from ..model.state import CloudCalls, Live
from ..model.steps import Attributes, CreateWithTrust, Trusting, WriteAttributes
from ..model.vocabulary import Presence
from . import answers, write_checks
from .answers import read_trust
from .calls import Fields, alike, send, tags
from .jobs import Reply
from .writing import Writer

CONSOLE: Final = "consoleLogin"
ALLOW: Final = "Allow"
DENY: Final = "Deny"
DEFAULT_SESSION: Final = 3600
"""Seconds, where RAM names none."""


def read_role(calls: CloudCalls, name: str) -> Live:
    body = calls.call("GetRole", {"RoleName": name})
    role = answers.part(body, "GetRole", "Role", "RoleId")
    fields: Fields = {
        "trustPolicy": read_trust(role.get("AssumeRolePolicyDocument")),
        "description": role.get("Description") or "",
        "maxSessionDurationSeconds": _seconds(role.get("MaxSessionDuration")),
        **_console(role.get("AllowConsoleLogin")),
    }
    return Live(
        presence=Presence.PRESENT,
        cloud_name=str(role.get("RoleName") or name),
        cloud_id=str(role["RoleId"]),
        arn=str(role.get("Arn") or ""),
        created_at=str(role.get("CreateDate") or ""),
        fields=fields,
        service_linked=bool(role.get("IsServiceLinkedRole")),
    )


def _seconds(value: Any) -> FieldValue | UnknownPart:
    try:
        return int(value or DEFAULT_SESSION)
    except (TypeError, ValueError):
        return UnknownPart(answers.incomplete("GetRole", "MaxSessionDuration as a number"))


def _console(value: Any) -> Fields:
    """Nothing where this RAM does not tell: it may not have such a setting."""
    return {} if value is None else {CONSOLE: ALLOW if value else DENY}


def send_trust(writer: Writer, name: str, step: Trusting) -> Reply:
    """Create the role with the cleared trust, or replace the trust of the existing one.

    The same call must carry the role's other attributes, since RAM may reset what it omits. Raises
    Retry when the live document is no longer the one that was judged.
    """
    cleared = step.cleared
    if not isinstance(cleared, Cleared):
        raise Bug("a trust document would be sent without the gate's permission")
    text = cleared.trust.to_send()
    if isinstance(step, CreateWithTrust):
        parameters = {
            "RoleName": name,
            "AssumeRolePolicyDocument": text,
            **_attributes(step.new.attributes, "Description", "MaxSessionDuration"),
            # Always: RAM may allow it where nothing is said.
            "AllowConsoleLogin": step.new.attributes.get(CONSOLE) == ALLOW,
            **tags(step.new.tags),
        }
        reply = send(writer, step, "CreateRole", parameters)
        made = answers.made(reply, "CreateRole", "Role", "RoleId")
        told = _console(made.get("AllowConsoleLogin"))
        return {"cloudId": made["RoleId"], "arn": made.get("Arn", ""), **told}
    if cleared.before is None:
        raise Bug("a trust document would replace one that nobody has judged")
    parameters = {
        "RoleName": name,
        "NewAssumeRolePolicyDocument": text,
        **_replaced(step.attributes),
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
    stored = read_trust(answered)
    if isinstance(stored, UnknownPart) or not alike(sent, stored):
        text = f"role {name} holds another trust than was written; it is looked at again"
        raise Retry(Reason.PROGRESSING, text)


def _attributes(values: Attributes, description: str, session: str) -> dict[str, Any]:
    """Both attributes whenever they are known; an empty description is never sent.

    RAM does not promise that a description can be cleared, nor what an omitted one becomes.
    """
    parameters: dict[str, Any] = {}
    if values.get("description"):
        parameters[description] = values["description"]
    if values.get("maxSessionDurationSeconds"):
        parameters[session] = values["maxSessionDurationSeconds"]
    return parameters


def _replaced(values: Attributes) -> dict[str, Any]:
    """All attributes of a role that exists, as they are to be. What is not known of console login
    is left out: this RAM has not told it.
    """
    found = _attributes(values, "NewDescription", "NewMaxSessionDuration")
    if values.get(CONSOLE):
        found["NewAllowConsoleLogin"] = values[CONSOLE] == ALLOW
    return found


def update_role(writer: Writer, name: str, step: WriteAttributes) -> Reply:
    send(writer, step, "UpdateRole", {"RoleName": name, **_replaced(step.attributes)})
    return {}
