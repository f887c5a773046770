"""Step → cloud calls: one dispatch table, every verb safe to repeat.

A step that rests on an approval is exactly what was approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ..errors import Bug
from ..gate import clearance
from ..kinds.schema import Kind
from ..model.changes import Step
from . import policy_calls
from .attachment_calls import attach, detach
from .calls import Verb, delete
from .group_calls import create_group, expel, join, update_group
from .jobs import Reply
from .role_calls import create_role, take_back_trust, update_role
from .tag_calls import mark_user, tag, untag
from .user_calls import create_user, leave, revoke, unbind, update_user
from .writing import Writer


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


VERBS: Final[Mapping[tuple[str, str], Verb]] = {
    **{(noun, "attach"): attach(noun) for noun in ("role", "user", "group")},
    **{(noun, "detach"): detach(noun) for noun in ("role", "user", "group")},
    **{(noun, "tag"): tag(noun) for noun in ("role", "policy")},
    **{(noun, "untag"): untag(noun) for noun in ("role", "policy")},
    ("user", "create"): create_user,
    ("user", "attributes"): update_user,
    ("user", "mark"): mark_user,
    ("user", "leave"): leave,
    ("user", "revoke"): revoke,
    ("user", "unbind"): unbind,
    ("user", "delete"): delete("DeleteUser", "UserName"),
    ("group", "create"): create_group,
    ("group", "attributes"): update_group,
    ("group", "join"): join,
    ("group", "expel"): expel,
    ("group", "delete"): delete("DeleteGroup", "GroupName"),
    ("role", "create"): create_role,
    ("role", "trust"): take_back_trust,
    ("role", "attributes"): update_role,
    ("role", "delete"): delete("DeleteRole", "RoleName"),
    ("policy", "create"): policy_calls.create,
    ("policy", "document"): policy_calls.write_document,
    ("policy", "attributes"): policy_calls.describe,
    ("policy", "delete"): policy_calls.delete,
}
