"""What a pass knows of the policies that matter in it: what their documents let do, and so whether
they wait for a person.

Called by the lookups, which read them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from .. import documents
from ..model.records import NO_RIGHTS

MISSING: Final = (
    "it does not exist, so nobody knows what it will allow; create it or correct its name"
)
_SPOKEN_OF: Final = (documents.identity_grants, documents.indirect_grants)


@dataclass(slots=True)
class Judged:
    """By folded key; see `lookups.Rights`."""

    strict: bool
    """A detour waits for a person, too."""
    own: tuple[str, ...]
    """What is the holder itself, named for `documents.reaches`."""
    harmless: set[str] = field(default_factory=set)
    reasons: dict[str, tuple[str, ...]] = field(default_factory=dict)
    itself: set[str] = field(default_factory=set)
    ways: dict[str, tuple[str, ...]] = field(default_factory=dict)
    judged: dict[str, frozenset[str]] = field(default_factory=dict)
    lets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    not_in_force: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    denying: dict[str, str] = field(default_factory=dict)
    nothing: set[str] = field(default_factory=set)
    """Those that only deny."""
    less: dict[str, str] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    _found: dict[str, tuple[documents.Policy, ...]] = field(default_factory=dict)

    def missing(self, key: str) -> None:
        """A typing error, most likely; who makes such a policy later decides what it allows."""
        self.reasons[key], self.judged[key] = (MISSING,), frozenset()

    def add(self, key: str, found: tuple[documents.Policy, ...]) -> None:
        """All that may stand behind its name."""
        self.texts[key] = identity_text(found)
        self._judge(key, found)

    def in_force(self, key: str, found: tuple[documents.Policy, ...]) -> None:
        """Of one that was added: what of it is in the cloud, as far as that is known."""
        if not any(self._gives(document) for document in found):
            self.not_in_force.add(key)

    def add_less(self, key: str, document: documents.Policy) -> None:
        """One that lets do less than was agreed on: nobody gets more by that."""
        self.less[key] = identity_text((document,))

    def add_denying(self, key: str, document: documents.Policy) -> None:
        """One that lets do what was agreed on, and denies what was never noted."""
        if key not in self.judged:
            self._judge_denials(key, (document,))

    def add_more(self, key: str, document: documents.Policy) -> None:
        """One that lets do more than was agreed on. Where it was added, too, this was read later,
        and is judged together with it.
        """
        if key not in self.judged:
            self.moved[key] = identity_text((document,))
            self._judge(key, (document,))
        elif document.digest not in self.judged[key]:
            self.harmless.discard(key)
            self.not_in_force.discard(key)
            self.add(key, (*self._found.get(key, ()), document))

    def _gives(self, document: documents.Policy) -> bool:
        detours = self.strict and documents.indirect(document)
        return bool(detours or documents.escalates(document))

    def _judge(self, key: str, found: tuple[documents.Policy, ...]) -> None:
        self._found[key] = found
        self._judge_denials(key, found)
        self.judged[key], self.lets[key] = documents.digests(found), _lets(found)
        why = {reason for document in found for reason in documents.escalates(document)}
        detours = {way for document in found for way in documents.indirect(document)}
        if detours:
            self.ways[key] = tuple(sorted(detours))
        if not why:
            if not (detours and self.strict):
                self.harmless.add(key)
            return
        self.reasons[key] = tuple(sorted(why))
        if any(documents.reaches(document, self.own) for document in found):
            self.itself.add(key)

    def _judge_denials(self, key: str, found: tuple[documents.Policy, ...]) -> None:
        self.denying.pop(key, None)
        self.nothing.discard(key)
        if text := documents.denied_text(documents.together(found)):
            self.denying[key] = text
        if all(map(documents.only_denies, found)):
            self.nothing.add(key)


def identity_text(found: tuple[documents.Policy, ...]) -> str:
    """What a record says of what they let do."""
    return documents.identity_text(documents.together(found)) or NO_RIGHTS


def _lets(found: tuple[documents.Policy, ...]) -> tuple[str, ...]:
    """Stands for all that the documents let do of what the gate speaks of."""
    parts = [part(each) for each in found for part in _SPOKEN_OF]
    return tuple(sorted({part.digest for part in parts if part.grants}))
