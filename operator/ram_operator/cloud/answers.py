"""What an answer must have to be one: its main part, its lists, and what each row is known by.

Used wherever an answer is read. One that lacks a part is no answer, and never an identity without
that attribute, or a list without rows: what is not known stops writes, what is empty does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from .. import documents
from ..constants import Reason
from ..errors import OutcomeUnknown, Retry
from ..model.objects import UnknownPart
from ..model.secret import Secret


def part(body: Mapping[str, Any], action: str, name: str, *needs: str) -> Mapping[str, Any]:
    """The object that a Get is about, with all that it `needs`, which is text. Raises Retry."""
    found = body.get(name)
    if not isinstance(found, Mapping) or not found:
        raise incomplete(action, name)
    for need in needs:
        if not isinstance(found.get(need), str) or not found[need]:
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


def sealed(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The answer with the secret of a new access key as what shows it nowhere."""
    key = body.get(_KEY)
    if not isinstance(key, Mapping) or not isinstance(text := key.get(_SECRET), str):
        return body
    if not text:
        # None that anybody could sign with.
        return body
    return {**body, _KEY: {**key, _SECRET: Secret(text)}}


_KEY: Final = "AccessKey"
_SECRET: Final = "AccessKeySecret"  # noqa: S105
_DEEPEST: Final = 64
_LARGEST: Final = 2**63
"""Beyond what the service counts in, and far within what everything here can compute with."""


_LONGEST: Final = {
    **dict.fromkeys(("RoleId", "UserId", "GroupId", "CreateDate", "AccountId", "AccessKeyId"), 64),
    **dict.fromkeys(("VersionId", "DefaultVersion"), 16),
    **dict.fromkeys(("RoleName", "UserName", "GroupName", "PolicyName", "TagKey"), 128),
    "Arn": 256,
}
"""Letters of what something is known by. RAM's are shorter; longer ones fit into no status."""


def oddity(body: object) -> str:
    """Why a whole answer is not to be believed, however good its parts look; "" where it is.

    Every answer passes here before anybody reads it, so that nobody else meets such values.
    """
    stack: list[tuple[object, int]] = [(body, 0)]
    while stack:
        item, depth = stack.pop()
        if depth > _DEEPEST:
            return "it is nested too deeply"
        if isinstance(item, Mapping):
            stack += [(part, depth + 1) for pair in item.items() for part in pair]
            for name, most in _LONGEST.items():
                if isinstance(known := item.get(name), str) and len(known) > most:
                    return f"its {name} is too long to be one"
        elif isinstance(item, list | tuple):
            stack += [(part, depth + 1) for part in item]
        elif isinstance(item, int | float):
            if not -_LARGEST <= item <= _LARGEST:
                return "a number in it is none, or too large"
        elif isinstance(item, str):
            if not item.isascii() and any("\ud800" <= symbol <= "\udfff" for symbol in item):
                return "a text in it has half of a character"
        elif item is not None:
            return f"it has a {type(item).__name__}, which JSON does not have"
    return ""


def number(value: object) -> float:
    """A number of an answer that may be anything; 0 where it is none."""
    try:
        found = float(str(value)[:32])
    except ValueError:
        return 0.0
    return found if -_LARGEST <= found <= _LARGEST else 0.0


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
