"""What a write rests on, as checks that run right before it is sent. Used by `execute`.

Each compares the cloud with the `Basis` that the step carries. A step that lacks what its kind of
write has to rest on is a defect, and is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from .. import documents
from ..constants import Reason
from ..documents import digests
from ..errors import Bug, Retry
from ..kinds.entries import only_reads
from ..model.basis import Basis
from ..model.objects import UnknownPart
from ..model.state import CloudCalls
from ..model.steps import Attach, Join, WriteDocument
from . import answers
from . import holders as policy_holders
from .answers import read_trust
from .cached_reads import CUSTOM
from .writing import Check, Kept

_PAGE: Final = 1000
"""Users on a page of ListUsersForGroup."""


Getters = Callable[[str, Attach], tuple[Check, ...]]
"""Who gets what is attached to the identity of that name."""


def attachment(kept: Kept, name: str, step: Attach, getters: Getters) -> tuple[Check, ...]:
    """The documents of the policies; where they are rights to change rights, also who gets them."""
    found = _documents(kept, step, step.entries)
    return found if step.permit is None else (*found, *getters(name, step))


def itself(name: str, step: Attach) -> tuple[Check, ...]:
    """Nobody besides the identity."""
    return ()


def members(group: str, step: Attach) -> tuple[Check, ...]:
    """Who is in the group."""
    judged = _basis(step).members
    if judged is None:
        raise _nothing(step, "the members")
    return (_members(group, judged),)


def assuming(role: str, step: Attach) -> tuple[Check, ...]:
    """Who may assume the role."""
    judged = _basis(step).trusts
    if judged is None:
        raise _nothing(step, "the trust")
    return (trust(role, judged),)


def membership(kept: Kept, name: str, step: Join) -> tuple[Check, ...]:
    """Which policies the group has, and what they say."""
    rests = _basis(step)
    if rests.attached is not None:
        return (_attached(kept, name, rests), *_documents(kept, step, sorted(rests.attached)))
    if step.permit is None:
        raise _nothing(step, "the group's policies")
    return ()


def document(kept: Kept, name: str, step: WriteDocument) -> Check:
    """The document that the policy has now, and that it is still the same policy."""
    rests = _basis(step)
    if rests.documents is None:
        raise _nothing(step, "the document")

    def made(calls: CloudCalls) -> None:
        body = calls.call("GetPolicy", {"PolicyName": name, "PolicyType": CUSTOM})
        policy = answers.part(body, "GetPolicy", "Policy", "CreateDate")
        version = answers.part(body, "GetPolicy", "DefaultPolicyVersion", "PolicyDocument")
        try:
            live = documents.parse_policy(version["PolicyDocument"], lenient=True)
        except documents.DocumentError:
            raise _moved(f"the document of policy {name}") from None
        if str(policy["CreateDate"]) != rests.identity:
            # Deleted and made again: what was found in its versions belongs to another one.
            raise _moved(f"policy {name}")
        if not digests((live, *kept.policies.sent(name))) <= (rests.documents or frozenset()):
            raise _moved(f"the document of policy {name}")

    return Check(made, 1)


def holders(name: str, step: WriteDocument) -> tuple[Check, ...]:
    """Who gets what people approved of a document: nobody whom they have not seen."""
    judged = _basis(step).holders
    if step.permit is None:
        return ()
    if judged is None:
        raise _nothing(step, "who has the policy")

    inside = {
        key: frozenset(
            each.removeprefix(f"{key}/") for each in judged if each.startswith(key + "/")
        )
        for key in judged
        if key.startswith("group/") and key.count("/") == 1
    }

    def made(calls: CloudCalls) -> None:
        found = policy_holders.direct(calls, name)
        if not found.keys() <= judged:
            raise _moved(f"who has policy {name}")
        for key, group in policy_holders.groups(found).items():
            _confirm_members(calls, group, inside[key])

    return (Check(made, 1 + sum(map(_pages, inside.values()))),)


def trust(name: str, judged: frozenset[str]) -> Check:
    """The trust that the role has now, by the digests of those that were judged."""

    def made(calls: CloudCalls) -> None:
        role = calls.call("GetRole", {"RoleName": name}).get("Role") or {}
        live = read_trust(role.get("AssumeRolePolicyDocument"))
        if isinstance(live, UnknownPart) or live.digest not in judged:
            raise _moved(f"the trust of role {name}")

    return Check(made, 1)


def _documents(kept: Kept, step: Attach | Join, keys: Iterable[str]) -> tuple[Check, ...]:
    """One check for each custom policy. Those of the system may be believed since they were read.

    What nobody could read goes out only if exactly that was approved.
    """
    rests, found = _basis(step), []
    for key in keys:
        kind, _, name = key.partition("/")
        judged = rests.policies.get(key)
        if only_reads(key) or (judged is not None and kind != CUSTOM):
            continue
        if judged is not None:
            found.append(_policy(kept, name, judged))
        elif step.permit is None:
            raise _nothing(step, f"policy {key}")
    return tuple(found)


def _policy(kept: Kept, name: str, judged: frozenset[str]) -> Check:
    return Check(lambda calls: kept.policies.confirm(calls, name, judged), 1, (name,))


def _attached(kept: Kept, group: str, rests: Basis) -> Check:
    def made(calls: CloudCalls) -> None:
        # Where nothing had to wait, the look that the decision was made on is the reading.
        if kept.groups.fresh(rests.read_at):
            return
        if not kept.groups.read(calls, group) <= (rests.attached or frozenset()):
            raise _moved(f"what group {group} has attached")

    return Check(made, 1)


def _members(group: str, judged: frozenset[str]) -> Check:
    return Check(lambda calls: _confirm_members(calls, group, judged), _pages(judged))


def _pages(judged: frozenset[str]) -> int:
    return 1 + len(judged) // _PAGE


def _confirm_members(calls: CloudCalls, group: str, judged: frozenset[str]) -> None:
    """Raises Retry where somebody is in the group who was not judged. At most `_pages` calls."""
    query: dict[str, Any] = {"GroupName": group, "MaxItems": _PAGE}
    found: set[str] = set()
    for _ in range(_pages(judged)):
        body = calls.call("ListUsersForGroup", query)
        rows = answers.rows(body, "ListUsersForGroup", ("Users", "User"), "UserName")
        found |= {str(row["UserName"]).lower() for row in rows}
        query["Marker"] = body.get("Marker") or ""
        if not (body.get("IsTruncated") and query["Marker"]):
            break
    else:
        raise _moved(f"who is in group {group}")
    if not found <= judged:
        raise _moved(f"who is in group {group}")


def _basis(step: Attach | Join | WriteDocument) -> Basis:
    if step.rests is None:
        raise _nothing(step, "anything")
    return step.rests


def _nothing(step: Attach | Join | WriteDocument, what: str) -> Bug:
    return Bug(f"{step.summary}: {what} that it rests on was not judged")


def _moved(what: str) -> Retry:
    text = f"{what} moved while it was judged; it is looked at again"
    return Retry(Reason.PROGRESSING, text, after=0.5)
