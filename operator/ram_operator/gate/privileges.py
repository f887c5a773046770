"""What makes more of an identity than an ordinary one: what it has, or who may be it. Pure.

Called by `grants` and `values`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from .. import documents
from ..kinds.entries import only_reads
from ..kinds.role import outsiders
from ..kinds.schema import Field
from ..model.objects import UnknownPart
from ..model.state import Desired
from .inputs import WHATEVER, Inputs, Memory

UNKNOWN_OF: Final = "allows what is not known"
NOT_READ: Final = "what it has attached could not be read"


def privileged(field: Field, desired: Desired, memory: Memory) -> bool:
    """Whether a longer session, or the console, would be that of more than an ordinary role. What
    is not known of a policy counts as the worst.
    """
    return bool(memory.outsiders or suspects(field, desired, memory))


def perhaps(inputs: Inputs) -> bool:
    """Whether it may be more than an ordinary role, by who may be it and by the policies that it
    has: a trust or a policy that could not be read may let anybody do anything. Not where it is not
    known which policies those are. What is only asked for makes no more of it.
    """
    attached = inputs.memory.then.attached
    if attached is None:
        return False
    unread = isinstance(_trust(inputs), UnknownPart)
    return unread or _outside(inputs) or any(_more(inputs.memory, attached))


def presumably(inputs: Inputs) -> bool:
    """The same, where it counts as the worst that nobody knows which policies it has."""
    return inputs.memory.then.attached is None or perhaps(inputs)


def surely(inputs: Inputs) -> bool:
    """Whether it is that by what was read, of its trust and of its policies."""
    memory = inputs.memory
    judged = memory.reasons.keys() | memory.ways.keys()
    return _outside(inputs) or any(_more(memory, (memory.attached or frozenset()) & judged))


def _more(memory: Memory, keys: Iterable[str]) -> Iterator[str]:
    return (key for key in keys if not harmless(key, memory) and key not in memory.not_in_force)


def _outside(inputs: Inputs) -> bool:
    """Whether somebody from outside the account may be it by now."""
    trust = _trust(inputs)
    return isinstance(trust, documents.Trust) and bool(outsiders(inputs.account, trust))


def _trust(inputs: Inputs) -> object:
    gated = inputs.row.gated_field
    return None if gated is None else inputs.live.fields.get(gated.name)


def suspects(field: Field, desired: Desired, memory: Memory) -> tuple[str, ...]:
    """Folded keys of the policies carried by what is in the field that are not known to be
    harmless, as they are attached or asked for; WHATEVER where it is not known which are attached.
    """
    carried = desired.fields.get(field.carries)
    assert isinstance(carried, Mapping)
    if memory.attached is None:
        return (WHATEVER,)
    keys = carried.keys() | memory.attached
    return tuple(sorted(key for key in keys if not harmless(key, memory)))


def harmless(key: str, memory: Memory) -> bool:
    """Known not to escalate: by its document, or as a system policy that only reads."""
    return only_reads(key) or key in memory.harmless_policies


def sentences(field: Field, desired: Desired, memory: Memory) -> tuple[str, ...]:
    """What makes more of the role than an ordinary one, in words."""
    found = [f"{raw} may assume it from outside the account" for raw in memory.outsiders]
    for key in suspects(field, desired, memory):
        if key == WHATEVER:
            found.append(NOT_READ)
            continue
        why = (*memory.reasons.get(key, ()), *memory.ways.get(key, ()))
        found += [f"{key} {reason}" for reason in why or (UNKNOWN_OF,)]
    return tuple(found)
