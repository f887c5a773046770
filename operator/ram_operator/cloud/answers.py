"""What an answer must have to be one: its main part, its lists, and what each row is known by.

Used wherever an answer is read. One that lacks a part is no answer, and never an identity without
that attribute, or a list without rows: what is not known stops writes, what is empty does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import documents
from ..constants import Reason
from ..errors import OutcomeUnknown, Retry
from ..model.objects import UnknownPart


def part(body: Mapping[str, Any], action: str, name: str, *needs: str) -> Mapping[str, Any]:
    """The object that a Get is about, with all that it `needs`. Raises Retry."""
    found = body.get(name)
    if not isinstance(found, Mapping) or not found:
        raise incomplete(action, name)
    for need in needs:
        if not found.get(need):
            raise incomplete(action, need)
    return found


def rows(
    body: Mapping[str, Any], action: str, names: tuple[str, ...], *needs: str
) -> Sequence[Mapping[str, Any]]:
    """The rows under `names`, one for each level, each row with all that it `needs`.

    Raises Retry, for a list that is not there as well: one without rows comes as an empty one.
    """
    found: Any = body
    for name in names:
        found = found.get(name) if isinstance(found, Mapping) else None
    if not isinstance(found, Sequence) or isinstance(found, str):
        raise incomplete(action, names[-1])
    for row in found:
        part({"row": row}, action, "row", *needs)
    return found


def made(body: Mapping[str, Any], action: str, name: str, need: str) -> Mapping[str, Any]:
    """What a creation answers about what it made. Raises OutcomeUnknown: it is looked at then."""
    try:
        return part(body, action, name, need)
    except Retry as error:
        raise OutcomeUnknown(f"{error.message}; its outcome is looked at") from None


def incomplete(action: str, what: str) -> Retry:
    return Retry(Reason.CLOUD_UNAVAILABLE, f"{action} got an answer without its {what}")


def read_trust(text: Any) -> documents.Trust | UnknownPart:
    """The live trust document. One that is missing is unknown, and not empty; one that is there and
    no JSON object is a document of which nobody knows what it allows.
    """
    if text is None:
        return UnknownPart(incomplete("GetRole", "AssumeRolePolicyDocument"))
    try:
        return documents.parse_trust(text, lenient=True)
    except documents.DocumentError:
        return documents.unreadable_trust(str(text))
