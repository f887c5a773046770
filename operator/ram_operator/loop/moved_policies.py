"""Custom policies that no object here owns, and that let their holders do more than was agreed on,
or less by now: then that counts as agreed on, so that it is told once they let do more again. And
those that deny something of which the record knows nothing: it was written by an older version, or
they deny it since; from then on the end of that is a gain.

Called by the lookups. In a steady state nothing is read: the list of what is attached tells which
version is in force, and each is compared once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from .. import documents
from ..errors import RamOperatorError
from ..kinds.comparison import NOTHING
from ..kinds.entries import ATTACHED_AS, is_custom
from ..kinds.policy import POLICY
from ..kinds.record import Identity, facts_of
from ..kinds.schema import Escalation
from ..model.objects import Entry
from ..model.records import NO_RIGHTS, UNKNOWN_RIGHTS, Agreed, denying
from ..model.state import Desired, Live
from .sources import Sources
from .subject import Subject


class How(Enum):
    """What became of it since it was agreed on."""

    MORE = auto()
    LESS = auto()
    DENYING = auto()
    """It lets do the same, and nobody has noted what it denies."""


@dataclass(frozen=True, slots=True)
class Moved:
    """One of them by its folded key, and what it says now."""

    key: str
    document: documents.Policy
    how: How = How.MORE


def find(
    sources: Sources, subject: Subject, sides: tuple[Desired, Live], agreed: Agreed
) -> Iterator[Moved]:
    """Never raises: what cannot be read is looked at again."""
    wanted, live = sides
    marks = live.fields.get(ATTACHED_AS)
    if not isinstance(marks, Mapping):
        return
    holder = f"{subject.row.noun}/{live.cloud_name.lower()}"
    for key, entry, *texts in _settled(subject, wanted, live, agreed):
        mark = marks.get(key, Entry(""))
        state = (live.cloud_id, mark.display, mark.value, *texts)
        if sources.readings.compared(holder, key, state) or _owned(sources, entry):
            continue
        try:
            version, document = sources.readings.version(_name(entry))
        except RamOperatorError:
            continue
        if not isinstance(document, documents.Policy):
            continue
        if documents.exceeds_rights(_agreed(*texts), document):
            yield Moved(key, document)
        elif version == mark.display:
            # What was read may be older than the list, and then it says nothing of that version.
            if _less(document, texts[0]):
                yield Moved(key, document, How.LESS)
            elif not texts[1] and documents.denied_text(document):
                yield Moved(key, document, How.DENYING)
            else:
                sources.readings.note(holder, key, state)


def _settled(
    subject: Subject, wanted: Desired, live: Live, agreed: Agreed
) -> Iterator[tuple[str, Entry, str, str]]:
    """Custom policies that are attached, asked for, and agreed on, with what was agreed of what
    they give and of what they deny.
    """
    for field in subject.row.fields:
        has, asked = live.fields.get(field.name), wanted.fields.get(field.name)
        if field.escalates is not Escalation.ATTACHMENT:
            continue
        if not isinstance(has, Mapping) or not isinstance(asked, Mapping):
            continue
        known = agreed.entries.get(field.name, {})
        denies = agreed.entries.get(denying(field.name), {})
        for key in sorted(has.keys() & asked.keys() & known.keys()):
            if is_custom(key) and known[key] != UNKNOWN_RIGHTS:
                yield key, has[key], known[key], denies.get(key, "")


def _owned(sources: Sources, entry: Entry) -> bool:
    """Whether an object owns the policy: its document is put back there."""
    identity = Identity(sources.account.account_id, POLICY.kind, _name(entry))
    return facts_of(sources.objects.get(identity.key), identity).owner is not None


def _less(document: documents.Policy, text: str) -> bool:
    if documents.identity_text(document) == text:
        return False
    return not documents.within_identity_grants(document, _agreed(text, ""))


def _name(entry: Entry) -> str:
    return entry.display.partition("/")[2]


def _agreed(gives: str, denies: str) -> documents.Policy:
    texts = [text for text in (gives, denies) if text not in ("", NO_RIGHTS)]
    parts = [documents.parse_policy(text, lenient=True) for text in texts]
    return documents.together(parts) if parts else NOTHING
