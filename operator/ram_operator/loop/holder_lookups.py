"""Who gets what the document of a policy comes to let do, looked up before the plan is made.

Called by the pass. In a steady state nobody has to be asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from .. import documents
from ..errors import RamOperatorError
from ..kinds.record import Identity, facts_of
from ..kinds.schema import Escalation
from ..kinds.table import KINDS
from ..model.objects import UnknownPart
from ..model.records import Agreed
from ..model.state import Desired, Live
from ..model.vocabulary import Presence
from .lookups import Rights
from .sources import Sources
from .subject import Subject

UNREAD: Final = "who has the policy to be read"
UNMANAGED: Final = "no object here"


def with_holders(
    sources: Sources, subject: Subject, sides: tuple[Desired, Live], agreed: Agreed, known: Rights
) -> Rights:
    """What is known, with who has the policy where that matters. Never raises."""
    wanted, live = sides
    if live.presence is not Presence.PRESENT or not _may_be_held(subject, sides, agreed, known):
        return known
    try:
        found = sources.readings.holders(wanted.cloud_name)
    except RamOperatorError as error:
        return replace(known, holders=UnknownPart(error), unread=(*known.unread, UNREAD))
    named = {key: replace(e, value=_object(sources, key)) for key, e in sorted(found.items())}
    return replace(known, holders=named)


def _may_be_held(
    subject: Subject, sides: tuple[Desired, Live], agreed: Agreed, known: Rights
) -> bool:
    """Whether the document may have to wait for a person: it moves, and lets change rights or
    denies less of that than one that is or was in force.
    """
    for asked, before in _documents(subject, sides, agreed, known):
        moved = [each for each in before if each.digest != asked.digest]
        if moved and (documents.escalates(asked) or documents.indirect(asked)):
            return True
        if any(documents.given_free(documents.compare_policy(each, asked)) for each in moved):
            return True
    return False


def _documents(
    subject: Subject, sides: tuple[Desired, Live], agreed: Agreed, known: Rights
) -> Iterator[tuple[documents.Policy, list[documents.Policy]]]:
    wanted, live = sides
    for field in subject.row.fields:
        if field.escalates is not Escalation.DOCUMENT:
            continue
        asked = wanted.fields.get(field.name)
        others = (live.fields.get(field.name), agreed.document, *known.sent)
        assert isinstance(asked, documents.Policy)
        yield asked, [each for each in others if isinstance(each, documents.Policy)]


def _object(sources: Sources, key: str) -> str:
    """The object that manages the identity, by its record; members are named in their groups."""
    noun, _, name = key.partition("/")
    kind = next((row.kind for row in KINDS.values() if row.noun == noun), None)
    if kind is None or "/" in name:
        return ""
    identity = Identity(sources.account.account_id, kind, name)
    owner = facts_of(sources.objects.get(identity.key), identity).owner
    if owner is None:
        return UNMANAGED
    cluster = "" if owner.cluster == sources.cluster else f" of cluster {owner.cluster}"
    return f"{kind} {owner.namespace}/{owner.name}{cluster}"
