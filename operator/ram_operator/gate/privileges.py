"""What makes more of an identity than an ordinary one: what it has, or who may be it. Pure.

Called by `grants` and `values`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .. import documents
from ..kinds.entries import only_reads
from ..kinds.schema import Field
from ..model.state import Desired
from .inputs import WHATEVER, Inputs, Memory

UNKNOWN_OF: Final = "allows what is not known"
NOT_READ: Final = "what it has attached could not be read"


def privileged(field: Field, desired: Desired, memory: Memory) -> bool:
    """Whether a longer session, or the console, would be that of more than an ordinary role. What
    is not known of a policy counts as the worst.
    """
    return bool(memory.outsiders or suspects(field, desired, memory))


def perhaps(memory: Memory) -> bool:
    """Whether it may be more than an ordinary role, by who may be it and by the policies that it
    has: one that could not be read may let do anything. Not where it is not known which those are.
    """
    if memory.attached is None:
        return False
    return bool(memory.outsiders) or any(not harmless(key, memory) for key in memory.attached)


def surely(inputs: Inputs) -> bool:
    """Whether it is that by what was read, of its trust and of its policies."""
    memory, gated = inputs.memory, inputs.row.gated_field
    read = gated is not None and isinstance(inputs.live.fields.get(gated.name), documents.Trust)
    judged = memory.reasons.keys() | memory.ways.keys()
    has = (memory.attached or frozenset()) & judged
    return (read and bool(memory.outsiders)) or any(not harmless(key, memory) for key in has)


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
