"""Step → cloud calls: one table, by the class of the step. Every call is safe to repeat.

A step that rests on an approval is exactly what was approved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from ..errors import Bug
from ..gate import clearance
from ..kinds.schema import Kind
from ..model.steps import (
    Approvable,
    Attach,
    CloudStep,
    Create,
    Created,
    CreateWithDocument,
    CreateWithTrust,
    Delete,
    Detach,
    Expel,
    Join,
    Leave,
    Mark,
    Revoke,
    Tag,
    Unbind,
    Untag,
    WriteAttributes,
    WriteDocument,
    WriteTrust,
)
from . import policy_calls, write_checks
from .attachment_calls import attach, detach
from .calls import Call, S, delete
from .group_calls import create_group, expel, join, update_group
from .jobs import Reply
from .role_calls import send_trust, update_role
from .tag_calls import mark_user, tag, untag
from .user_calls import create_user, leave, revoke, unbind, update_user
from .writing import Writer


def execute(writer: Writer, row: Kind, cloud_name: str, step: CloudStep) -> Reply:
    """Carry out one step. Returns facts about a created identity, else {}. Raises errors.*.

    A step that rests on an approval is exactly what was approved, or Bug is raised. Raises Retry
    when what the step rests on is no longer as it was judged.
    """
    permit = step.permit if isinstance(step, Approvable | Created) else None
    if permit is not None and not clearance.allows(permit, step):
        raise Bug("something else would be sent than was approved")
    return CALLS[type(step)][row.noun](writer, cloud_name, step)


def with_cloud_id(step: CloudStep, cloud_id: str) -> CloudStep:
    """The step for an identity whose id is known: some services know identities by id alone."""
    return replace(step, cloud_id=cloud_id) if isinstance(step, Mark) else step


def _calls(kind: type[S], **by_noun: Call[S]) -> tuple[type[Any], Mapping[str, Call[Any]]]:
    """A row of the table: each call takes exactly this class of steps."""
    return kind, by_noun


CALLS: Final[Mapping[type[CloudStep], Mapping[str, Call[Any]]]] = dict(
    (
        _calls(Create, user=create_user, group=create_group),
        _calls(CreateWithTrust, role=send_trust),
        _calls(CreateWithDocument, policy=policy_calls.create),
        _calls(WriteTrust, role=send_trust),
        _calls(WriteDocument, policy=policy_calls.write_document),
        _calls(
            WriteAttributes,
            user=update_user,
            group=update_group,
            role=update_role,
            policy=policy_calls.describe,
        ),
        _calls(
            Attach,
            user=attach("user", write_checks.itself),
            group=attach("group", write_checks.members),
            role=attach("role", write_checks.assuming),
        ),
        _calls(Detach, user=detach("user"), group=detach("group"), role=detach("role")),
        _calls(Join, group=join),
        _calls(Expel, group=expel),
        _calls(Leave, user=leave),
        _calls(Revoke, user=revoke),
        _calls(Unbind, user=unbind),
        _calls(Mark, user=mark_user),
        _calls(Tag, role=tag("role"), policy=tag("policy")),
        _calls(Untag, role=untag("role"), policy=untag("policy")),
        _calls(
            Delete,
            user=delete("DeleteUser", "UserName"),
            group=delete("DeleteGroup", "GroupName"),
            role=delete("DeleteRole", "RoleName"),
            policy=policy_calls.delete,
        ),
    )
)
"""By the class of the step and the noun of the kind."""
