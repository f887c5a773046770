"""What a document comes to let do is agreed on for all who had its policy when it was approved.

Called before an approved document is sent: nobody who comes in while its end is not known counts as
one whom the approver has seen. And where the record of the policy is written, before that.
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import documents
from ..kinds.entries import policy_key
from ..kinds.record import Identity, facts_of
from ..kinds.schema import Escalation, Kind
from ..kinds.table import KINDS
from ..model.changes import place
from ..model.objects import Key
from ..model.records import NO_RIGHTS, Agreed, RecordFacts
from ..model.vocabulary import PolicyType
from ..runtime.queue import Lane
from .ports import Ports


def follow(ports: Ports, policy: Identity, agreed: Agreed) -> None:
    """Have the records of the holders say what the policy lets do now. Raises errors.*.

    Only of whom it was agreed before that he has the policy, and only what is more than that.
    """
    if agreed.document is None or not agreed.holders:
        return
    text = documents.identity_text(documents.together((agreed.document,))) or NO_RIGHTS
    key = policy_key(PolicyType.CUSTOM, policy.cloud_name)
    for row in KINDS.values():
        for name in _names(row.noun, agreed.holders):
            identity = Identity(policy.account_id, row.kind, name)
            known = facts_of(ports.cache.get(identity.key), identity)
            members = _names(f"{row.noun}/{name}", agreed.holders)
            if text == NO_RIGHTS or not _says(row, known, key, text, members):
                continue
            body = ports.records.read(identity)
            facts = facts_of(body, identity)
            says = _says(row, facts, key, text, members)
            if body is not None and says:
                ports.cache.put(ports.records.agree(body, agreed=Agreed(says)))
                if facts.owner is not None and facts.owner.cluster == ports.settings.cluster_name:
                    # Who has come in unseen, since an answer was old, is found soon.
                    owner = Key(row.kind, facts.owner.namespace, facts.owner.name)
                    ports.queue.add(owner, Lane.PERIODIC, ports.consistency.settle)


def _names(under: str, holders: Mapping[str, object]) -> list[str]:
    """The next part of the keys below `under`."""
    start = f"{under}/"
    rest = (key.removeprefix(start) for key in holders if key.startswith(start))
    return sorted(name for name in rest if "/" not in name)


def _says(
    row: Kind, facts: RecordFacts, key: str, text: str, members: list[str]
) -> dict[str, dict[str, str]]:
    """What is new to a holder's record; who is in a group that gets its first right is listed. In
    one that has a right already they are, and whoever is not came in unseen.
    """
    found: dict[str, dict[str, str]] = {}
    first = True
    for field in row.fields:
        if field.escalates is not Escalation.ATTACHMENT:
            continue
        known = facts.agreed.entries.get(field.name, {})
        first = first and not facts.agreed.gives(field.name)
        if known.get(key, text) != text:
            found[field.name] = {key: text}
    if not found or not first:
        return found
    for field in row.fields:
        if field.escalates is Escalation.MEMBERSHIP:
            listed = facts.agreed.entries.get(field.name, {})
            guests = _let_be(facts)
            news = (n for n in members if n not in listed and place(field.name, n) not in guests)
            found[field.name] = dict.fromkeys(news, NO_RIGHTS)
    return {name: says for name, says in found.items() if says}


def _let_be(facts: RecordFacts) -> frozenset[str]:
    """Places of drift that is acknowledged for a while: nobody agrees on that meanwhile."""
    held = facts.acknowledged
    return frozenset(each.field for each in held.entries) if held is not None else frozenset()
