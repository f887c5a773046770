"""What a trust depends on, looked up before the plan is made: providers, and narrowings that wait.

Called by the pass. `blockers` are roles whose trust is about to be narrowed, seen from a policy
that they have: a narrowing may wait for a person while a wider document of the policy would need
nobody. Then whoever is about to be cut off would get more first, so the policy waits with it. The
gate judges what `provider_states` finds. In a steady state each provider is looked at once in a
while, and right before a change that people approved is written. Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from .. import documents
from ..errors import InvalidSpec, RamOperatorError
from ..gate.inputs import Approval
from ..kinds import manifest
from ..kinds.record import Identity, facts_of
from ..kinds.role import ROLE, TRUST, outsiders
from ..kinds.schema import Escalation
from ..model.objects import Entry, Key, Owner, UnknownPart
from ..model.provider_states import named
from ..model.records import RecordFacts
from ..model.state import Desired, Live
from ..model.vocabulary import Presence
from .sources import Sources
from .subject import Subject


def provider_states(
    sources: Sources, subject: Subject, trusts: tuple[Desired, Live], urgent: bool
) -> Mapping[str, Entry | UnknownPart]:
    """What the providers are that the wanted and the live trust name, by name. Never raises.

    Not from memory when it is `urgent`, or when a person has asked for a look.
    """
    gated = subject.row.gated_field
    if gated is None:
        return {}
    account_id = sources.account.account_id
    names = {name for side in trusts for name in named(side.fields.get(gated.name), account_id)}
    asked = subject.request != str(subject.status.get("lastHandledReconcileAt") or "")
    found: dict[str, Entry | UnknownPart] = {}
    for name in sorted(names):
        try:
            text = sources.readings.provider(name, fresh=urgent or asked)
        except RamOperatorError as error:
            found[name] = UnknownPart(error)
        else:
            found[name] = Entry(name, text)
    return found


def wants_fresh_read(approval: Approval, record: RecordFacts, live: Live) -> bool:
    """Whether a trust may be about to be sent: the role is created, or the object bears an approval
    that was not used up yet.
    """
    approved = bool(approval.approve) and approval.approve not in record.used
    return approved or live.presence is Presence.ABSENT


_NO_LOSS: Final = frozenset({documents.Verdict.SAME, documents.Verdict.WIDER})


def blockers(sources: Sources, subject: Subject, wanted: Desired, live: Live) -> tuple[str, ...]:
    """Cloud names of roles that have the policy and whose trust is to lose something.

    Roles whose manifests name the policy, each against what its record last held. A manifest that
    cannot be read counts, since nobody knows what it is to lose. Never raises.
    """
    if live.presence is not Presence.PRESENT or not _differs(subject, wanted, live):
        return ()
    found = set()
    for key, body in _holders(sources, subject, wanted.cloud_name):
        found.update(_narrowed(sources, key, body))
    return tuple(sorted(found))


def exposed(sources: Sources, subject: Subject, wanted: Desired, live: Live) -> bool:
    """Whether a role that has the policy can be assumed from outside the account.

    Roles whose manifests name the policy, by what they ask for and by what their records last held.
    What cannot be read counts. Looked up only where the document comes to allow a detour. Never
    raises.
    """
    if live.presence is not Presence.PRESENT or not _differs(subject, wanted, live):
        return False
    asked = [wanted.fields.get(field.name) for field in subject.row.fields]
    if not any(isinstance(d, documents.Policy) and documents.indirect(d) for d in asked):
        return False
    return any(
        _outside(sources, key, body) for key, body in _holders(sources, subject, wanted.cloud_name)
    )


def _outside(sources: Sources, key: Key, body: Mapping[str, Any]) -> bool:
    spec = body.get("spec") or {}
    try:
        name = manifest.cloud_name(ROLE, key.name, spec)
        asked = documents.parse_trust(spec.get(TRUST.spec))
    except (InvalidSpec, documents.DocumentError):
        return True
    identity = Identity(sources.account.account_id, ROLE.kind, name)
    facts = facts_of(sources.objects.get(identity.key), identity)
    if facts.baseline_unreadable:
        return True
    return bool(outsiders(sources.account, asked, facts.baseline))


def _holders(
    sources: Sources, subject: Subject, cloud_name: str
) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    """Roles of the account whose manifests name the policy."""
    name = sources.account.name
    for key in sources.objects.attaching(subject.key, name, cloud_name):
        body = sources.objects.get(key) if key.kind == ROLE.kind else None
        if body is not None:
            yield key, body


def _differs(subject: Subject, wanted: Desired, live: Live) -> bool:
    for field in subject.row.fields:
        if field.escalates is Escalation.DOCUMENT:
            asked, live_part = wanted.fields.get(field.name), live.fields.get(field.name)
            if not isinstance(asked, documents.Policy) or not isinstance(
                live_part, documents.Policy
            ):
                return True
            return not documents.documents_equal_policy(live_part, asked)
    return False


def _narrowed(sources: Sources, key: Key, body: Mapping[str, Any]) -> list[str]:
    """The role's name in the cloud, if it is this object's and its trust is to lose something."""
    spec = body.get("spec") or {}
    try:
        name = manifest.cloud_name(ROLE, key.name, spec)
    except InvalidSpec:
        return []
    identity = Identity(sources.account.account_id, ROLE.kind, name)
    facts = facts_of(sources.objects.get(identity.key), identity)
    if facts.owner != Owner(sources.cluster, key.namespace, key.name):
        return []
    if facts.pending is not None and facts.pending.providers and facts.cloud_id:
        # Who comes in by a provider that nobody agreed on gets no more either.
        return [name]
    if facts.baseline is None:
        return [name] if facts.baseline_unreadable else []
    try:
        asked = documents.parse_trust(spec.get(TRUST.spec))
    except documents.DocumentError:
        return [name]
    return [] if documents.compare_trust(facts.baseline, asked).verdict in _NO_LOSS else [name]
