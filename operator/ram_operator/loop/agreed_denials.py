"""What was agreed on of what policies deny, whatever became of them since: by records alone.

Called by the lookups. Who takes a denial away in manifest and cloud alike leaves nothing that
differs; the records say what there was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .. import documents
from ..errors import RamOperatorError
from ..kinds.entries import is_custom
from ..kinds.policy import POLICY
from ..kinds.record import Identity, facts_of
from ..kinds.schema import Escalation, Field
from ..model.objects import Entry
from ..model.records import NOT_READ, RecordFacts, denying
from ..model.state import Desired, Live
from .sources import Sources
from .subject import Subject


@dataclass(frozen=True, slots=True)
class Gone:
    """What is neither there nor asked for any more: `policies` by folded key, with what was agreed
    on of what each denies; whether `members` of a group that denied something are among it, and
    which of them are no users any more.
    """

    policies: Mapping[str, str]
    members: bool
    no_users: frozenset[str] = frozenset()

    @property
    def entries(self) -> dict[str, Entry]:
        return {key: Entry(key) for key in self.policies}


def of(sources: Sources, key: str, noted: str) -> str:
    """What the policy denies as was agreed on, as a document; "" for nothing. Where an object owns
    the policy its own record says it, else that of the holder has it `noted`.
    """
    if is_custom(key):
        identity = Identity(sources.account.account_id, POLICY.kind, key.partition("/")[2])
        facts = facts_of(sources.objects.get(identity.key), identity)
        if facts.owner is not None and facts.agreed.document is not None:
            return documents.denied_text(facts.agreed.document)
    return noted


def gone(
    sources: Sources, subject: Subject, sides: tuple[Desired, Live], record: RecordFacts
) -> Gone:
    """In a steady state there is nothing, and nothing is looked up."""
    policies: dict[str, str] = {}
    members, users_gone = False, frozenset[str]()
    for field in subject.row.fields:
        noted = record.agreed.entries.get(denying(field.name), {})
        if field.escalates is Escalation.ATTACHMENT:
            agreed = record.agreed.entries.get(field.name, {})
            for key in _missing(field, sides, (*noted, *agreed)):
                if text := of(sources, key, noted.get(key, "")):
                    policies[key] = text
        elif field.escalates is Escalation.MEMBERSHIP:
            left = _missing(field, sides, noted)
            members = bool(left)
            users_gone = _no_users(sources, left)
    return Gone(policies, members, users_gone)


def no_users(sources: Sources, subject: Subject, live: Live, record: RecordFacts) -> frozenset[str]:
    """Who is in the group no more whom it denied something, since the cloud has no such user."""
    left: set[str] = set()
    for field in subject.row.fields:
        has = live.fields.get(field.name)
        if field.escalates is Escalation.MEMBERSHIP and isinstance(has, Mapping):
            left |= record.agreed.entries.get(denying(field.name), {}).keys() - has.keys()
    return _no_users(sources, left)


def _no_users(sources: Sources, names: Iterable[str]) -> frozenset[str]:
    return frozenset(name for name in names if not _is_user(sources, name))


def _is_user(sources: Sources, name: str) -> bool:
    """A user who is gone is kept from nothing. Of whom cannot be read nobody knows that."""
    try:
        return sources.readings.has_user(name)
    except RamOperatorError:
        return True


def _missing(field: Field, sides: tuple[Desired, Live], keys: Iterable[str]) -> set[str]:
    asked, has = (side.fields.get(field.name) for side in sides)
    if not isinstance(has, Mapping) or not isinstance(asked, Mapping):
        return set()
    return set(keys) - has.keys() - asked.keys() - {NOT_READ}


def attached(sources: Sources, subject: Subject, live: Live, record: RecordFacts) -> dict[str, str]:
    """What the policies of a group deny its members, by folded key, as was agreed on."""
    rows = subject.row.fields
    if not any(field.escalates is Escalation.MEMBERSHIP for field in rows):
        return {}
    found: dict[str, str] = {}
    for field in rows:
        has = live.fields.get(field.name)
        if field.escalates is Escalation.ATTACHMENT and isinstance(has, Mapping):
            noted = record.agreed.entries.get(denying(field.name), {})
            found |= {key: of(sources, key, noted.get(key, "")) for key in has}
    return {key: text for key, text in found.items() if text}


def texts(
    sources: Sources, subject: Subject, keys: Iterable[str], record: RecordFacts
) -> dict[str, tuple[str, ...]]:
    """What these policies deny as was agreed on, in words; nothing of those that deny nothing."""
    rows = (field for field in subject.row.fields if field.escalates is Escalation.ATTACHMENT)
    noted: dict[str, str] = {}
    for field in rows:
        noted |= record.agreed.entries.get(denying(field.name), {})
    found = {key: of(sources, key, noted.get(key, "")) for key in keys}
    return {key: words(text) for key, text in found.items() if text}


def words(text: str) -> tuple[str, ...]:
    """What a document denies of rights to change rights, a sentence each."""
    return documents.denies(documents.parse_policy(text, lenient=True))
