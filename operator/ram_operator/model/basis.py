"""What a step rests on in the cloud, as it was when it was judged. A value; pure.

Made by `bases` when the plan is made, carried by the step, and compared with the cloud once more
by `cloud.checks` in the very job that writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NEVER: float = float("-inf")


def _nothing() -> Mapping[str, frozenset[str]]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Basis:
    """None where a part was not known. Digests are those of `documents`."""

    policies: Mapping[str, frozenset[str]] = field(default_factory=_nothing)
    """Folded key of a policy → digests of every document that was judged as its."""
    attached: frozenset[str] | None = None
    """Folded keys of the policies that the identity has when the step is carried out."""
    members: frozenset[str] | None = None
    """Folded names of those who get what is attached."""
    trusts: frozenset[str] | None = None
    """Digests of the trust that the role has, and of the one that it gets in the same plan."""
    documents: frozenset[str] | None = None
    """Digests of the document that is about to be replaced."""
    holders: frozenset[str] | None = None
    """Who has the policy whose document it is, see `Memory.holders`."""
    identity: str = ""
    """Id of the identity that was judged."""
    read_at: float = NEVER
    """When the look began that all this is from, in monotonic seconds."""
