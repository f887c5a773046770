"""What references name and what policies allow: looked up before the plan is made.

Called by the pass. A policy is harmless only if every document that may stand behind its name is
known and none escalates: the manifest of this namespace and what the cloud has now. Whatever cannot
be read is left out of the answer, and the plan holds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as default
from typing import Final

from .. import documents
from ..constants import Mode
from ..errors import Absent, InvalidSpec
from ..kinds import manifest
from ..kinds.comparison import agreed_value, wider
from ..kinds.entries import only_reads
from ..kinds.record import Identity, facts_of
from ..kinds.role import outsiders
from ..kinds.schema import Escalation, Field
from ..kinds.table import KINDS
from ..model import applied_marks
from ..model.changes import place
from ..model.objects import EMPTY, Entry, FieldValue, Key, Owner, UnknownPart
from ..model.records import Agreed, RecordFacts
from ..model.state import Desired, Live
from ..model.vocabulary import Presence
from . import agreed_denials, judged_policies, moved_policies, policy_lookups, trust_lookups
from .sources import Sources
from .subject import Subject

UNKEPT: Final = "its namespace is no tenant of its RamAccount, or has more objects than are kept"
HELD_CREATION: Final = "its creation waits for an approval, see its status.pending"


def resolve(sources: Sources, key: Key, owner: Owner) -> manifest.Resolved:
    """What a reference names; ready once the record says that the identity was made or found.

    Never believes the status of the object named.
    """
    body = sources.objects.get(key)
    if body is None:
        return manifest.Resolved("", "it does not exist")
    spec = body.get("spec")
    if spec is None:
        return manifest.Resolved("", UNKEPT)
    try:
        name = manifest.cloud_name(KINDS[key.kind], key.name, spec)
    except InvalidSpec as error:
        return manifest.Resolved("", error.message)
    if (spec.get("accountRef") or {}).get("name", "default") != sources.account.name:
        return manifest.Resolved(name, "it lives in another RamAccount")
    if sources.account.mode is Mode.OBSERVE:
        return manifest.Resolved(name)
    if body["metadata"].get("deletionTimestamp"):
        return manifest.Resolved(name, "it is being deleted")
    identity = Identity(sources.account.account_id, key.kind, name)
    facts = facts_of(sources.objects.get(identity.key), identity)
    if facts.owner != Owner(owner.cluster, key.namespace, key.name):
        return manifest.Resolved(name, "it is not ready")
    if not facts.has_identity:
        # A record that somebody owns may be about what nobody has made yet.
        held = facts.pending is not None
        return manifest.Resolved(name, HELD_CREATION if held else "it is not ready")
    return manifest.Resolved(name)


@dataclass(frozen=True, slots=True)
class Rights:
    """Folded keys of policies that are known not to escalate, and why others do."""

    harmless: frozenset[str]
    reasons: Mapping[str, tuple[str, ...]]
    itself: frozenset[str]
    """Those that let the identity change itself."""
    attached: frozenset[str] | None
    """What the identity has now; None where that could not be read."""
    judged: Mapping[str, frozenset[str]]
    """Folded key → digests of all documents that it was judged by."""
    narrowing: tuple[str, ...] = ()
    """Of a policy: roles that have it and whose trust is about to lose something."""
    ways: Mapping[str, tuple[str, ...]] = default(default_factory=lambda: EMPTY)
    """How policies let act as another identity by a detour, by folded key."""
    outsiders: tuple[str, ...] = ()
    """Of a role: who may assume it from outside the account, as it is or as asked for."""
    holds_ways: bool = False
    """Whether such detours wait for a person here."""
    lets: Mapping[str, tuple[str, ...]] = default(default_factory=lambda: EMPTY)
    """Folded key → digests of what of them the gate speaks of."""
    texts: Mapping[str, str] = default(default_factory=lambda: EMPTY)
    """Folded key → identity grants of its documents, see `Agreed`."""
    not_in_force: frozenset[str] = frozenset()
    """Those of them that give a right only by what is asked for, see `Memory.not_in_force`."""
    sent: tuple[documents.Policy, ...] = ()
    """Of a policy: what we wrote so lately that what was read may be older."""
    unread: tuple[str, ...] = ()
    """One sentence for each policy whose document could not be read."""
    denials: Mapping[str, tuple[str, ...]] = default(default_factory=lambda: EMPTY)
    """Which rights to change rights are denied by policies that are about to go, by folded key."""
    gives_nothing: frozenset[str] = frozenset()
    """Policies that only deny, of these and of those that are judged."""
    holders: Mapping[str, Entry] | UnknownPart | None = None
    """Of a policy: who has it, see `Memory.holders`."""
    says: Mapping[str, str] = default(default_factory=lambda: EMPTY)
    """Folded key of a policy that is about to go → stands for its documents."""
    moved: Mapping[str, str] = default(default_factory=lambda: EMPTY)
    """What policies let do by now that moved in other hands, see `Memory.moved`."""
    denying: Mapping[str, str] = default(default_factory=lambda: EMPTY)
    """What policies deny, see `Memory.denying`."""
    gone: Mapping[str, str] = default(default_factory=lambda: EMPTY)
    """What policies denied that are no more, see `Memory.gone`."""
    no_users: frozenset[str] = frozenset()
    """Members whom the cloud does not have any more, see `Memory.no_users`."""
    less: Mapping[str, str] = default(default_factory=lambda: EMPTY)
    """The same of those that let do less, see `Memory.less`."""


UNREAD: Final = "somebody whom nobody can tell, since the trust cannot be read,"
NOTHING: Final = Rights(frozenset(), {}, frozenset(), None, {})
"""Where nothing is attached and nobody joins."""


_MOVED: Final = {
    moved_policies.How.MORE: judged_policies.Judged.add_more,
    moved_policies.How.LESS: judged_policies.Judged.add_less,
    moved_policies.How.DENYING: judged_policies.Judged.add_denying,
}


def look(
    sources: Sources, subject: Subject, wanted: Desired, live: Live, record: RecordFacts
) -> Rights:
    """Judge what is about to be attached or was never agreed on, and what new members are about to
    get. Never raises.
    """
    outside = _outsiders(sources, subject, wanted, live)
    strict = sources.account.hold_indirect or bool(outside)
    policies = judged_policies.Judged(strict, _own(sources, subject, wanted))
    gone = agreed_denials.gone(sources, subject, (wanted, live), record)
    asked = {**_gone(subject, gone, wanted, live), **_asked(subject, wanted, live, record)}
    _read(sources, subject, policies, asked)
    for each in moved_policies.find(sources, subject, (wanted, live), record.agreed):
        _MOVED[each.how](policies, each.key, each.document)
    known = Rights(
        frozenset(policies.harmless),
        policies.reasons,
        frozenset(policies.itself),
        _attached(subject, live),
        policies.judged,
        trust_lookups.blockers(sources, subject, wanted, live),
        ways=policies.ways,
        outsiders=outside,
        holds_ways=strict or trust_lookups.exposed(sources, subject, wanted, live),
        lets=policies.lets,
        texts=policies.texts,
        not_in_force=frozenset(policies.not_in_force),
        sent=_sent(sources, subject, wanted),
        unread=tuple(policies.unread),
        moved=policies.moved,
        gives_nothing=frozenset(policies.nothing),
        denying={**agreed_denials.attached(sources, subject, live, record), **policies.denying},
        gone=gone.policies,
        no_users=gone.no_users,
        less=policies.less,
    )
    going = {**_gone(subject, gone, wanted, live), **_going(subject, wanted, live, record.ends)}
    agreed = agreed_denials.texts(sources, subject, going, record)
    return _with_denials(sources, going, known, agreed)


def _read(
    sources: Sources, subject: Subject, policies: judged_policies.Judged, asked: Mapping[str, Entry]
) -> None:
    """All that stands behind these names."""
    manifests = policy_lookups.manifests(sources, subject)
    for key, entry in sorted(asked.items()):
        try:
            found = policy_lookups.stands_for(sources, manifests.get(key), entry)
        except Absent:
            policies.missing(key)
            continue
        if found:
            policies.add(key, found)
            if key not in policies.harmless:
                policies.in_force(key, policy_lookups.in_force(sources, entry))
        else:
            policies.unread.append(f"the policy {entry.display} to be read")


def _with_denials(
    sources: Sources,
    going: Mapping[str, Entry],
    known: Rights,
    agreed: Mapping[str, tuple[str, ...]],
) -> Rights:
    """What somebody is kept from by policies that he is about to have no more, or has no more: as
    they are, and as was agreed on.
    """
    found = policy_lookups.denied(sources, going)
    keys = found.rights.keys() | agreed.keys()
    return replace(
        known,
        denials={k: tuple(sorted({*found.rights.get(k, ()), *agreed.get(k, ())})) for k in keys},
        gives_nothing=known.gives_nothing | found.gives_nothing,
        says=found.says,
        unread=(*known.unread, *found.unread),
    )


def _outsiders(sources: Sources, subject: Subject, wanted: Desired, live: Live) -> tuple[str, ...]:
    gated = subject.row.gated_field
    if gated is None:
        return ()
    trusts = [fields.get(gated.name) for fields in (wanted.fields, live.fields)]
    known = [trust for trust in trusts if isinstance(trust, documents.Trust)]
    unread = (UNREAD,) if any(isinstance(trust, UnknownPart) for trust in trusts) else ()
    return (*outsiders(sources.account, *known), *unread)


def _sent(sources: Sources, subject: Subject, wanted: Desired) -> tuple[documents.Policy, ...]:
    if any(field.escalates is Escalation.DOCUMENT for field in subject.row.fields):
        return sources.readings.sent(wanted.cloud_name)
    return ()


def _own(sources: Sources, subject: Subject, wanted: Desired) -> tuple[str, ...]:
    """The identity and the custom policies that it is to have, named for `documents.reaches`."""
    where = f"{sources.account.account_id}:"
    names = [f"{subject.row.noun}/{wanted.cloud_name}"]
    for field in subject.row.fields:
        if field.escalates is Escalation.ATTACHMENT:
            shown = [entry.display for entry in _entries(wanted.fields.get(field.name)).values()]
            names += [f"policy/{text[7:]}" for text in shown if text.startswith("Custom/")]
    return tuple(where + name for name in names)


def _asked(subject: Subject, wanted: Desired, live: Live, record: RecordFacts) -> dict[str, Entry]:
    """The policies whose documents matter in this pass; in a steady state there is none."""
    found: dict[str, Entry] = {}
    for field in subject.row.fields:
        if field.escalates is Escalation.ATTACHMENT:
            found.update(_new(field, wanted, live))
            found.update(_unagreed(field, wanted, live, record.agreed))
        elif field.carries and (
            _new(field, wanted, live)
            or _more(field, wanted, live, record)
            or _unlisted(field, wanted, live, record.agreed)
        ):
            found.update(_carried(field, wanted, live))
    return {key: entry for key, entry in found.items() if not only_reads(key)}


def _gone(
    subject: Subject, gone: agreed_denials.Gone, wanted: Desired, live: Live
) -> dict[str, Entry]:
    """What denied something, and is neither there nor asked for any more; of members that, what
    their group has.
    """
    found = gone.entries
    for field in subject.row.fields:
        if field.carries and gone.members and field.escalates is Escalation.MEMBERSHIP:
            found.update(_carried(field, wanted, live))
    return {key: entry for key, entry in found.items() if not only_reads(key)}


def _going(
    subject: Subject, wanted: Desired, live: Live, ends: Mapping[str, str]
) -> dict[str, Entry]:
    """The policies that are about to be detached, or that somebody has who is about to leave, or
    is to leave sooner than was agreed.
    """
    found: dict[str, Entry] = {}
    for field in subject.row.fields:
        if field.escalates is Escalation.ATTACHMENT:
            found.update(_removed(subject, field, wanted, live))
        elif field.escalates is Escalation.MEMBERSHIP and (
            _removed(subject, field, wanted, live) or _sooner(field, wanted, ends)
        ):
            found.update(_carried(field, wanted, live))
    return {key: entry for key, entry in found.items() if not only_reads(key)}


def _removed(subject: Subject, field: Field, wanted: Desired, live: Live) -> dict[str, Entry]:
    """What is there and not asked for, but for what is left as it is in any case."""
    applied = subject.applied_to(live.cloud_id)
    asked, has = _entries(wanted.fields.get(field.name)), _entries(live.fields.get(field.name))
    kept = applied.excess.get(field.name, frozenset())
    marks = applied.entries.get(field.name, frozenset())
    ours = {applied_marks.marked_key(m) for m in marks if not m.startswith(applied_marks.KEPT)}
    foreign = field.name in wanted.additive or not applied.known
    return {
        key: entry
        for key, entry in has.items()
        if key not in asked and (key in ours or not (foreign or key in kept))
    }


def _sooner(field: Field, wanted: Desired, ends: Mapping[str, str]) -> bool:
    """Whether an entry is to end before its agreed end."""
    asked = _entries(wanted.fields.get(field.name))
    agreed = {key: ends.get(place(field.name, key), "") for key in asked}
    return any(entry.until and entry.until < agreed[key] for key, entry in asked.items())


def _carried(field: Field, wanted: Desired, live: Live) -> dict[str, Entry]:
    """What comes with the field's value: policies as they are attached and as asked for."""
    sides = (wanted.fields.get(field.carries), live.fields.get(field.carries))
    return {key: entry for side in sides for key, entry in _entries(side).items()}


def _more(field: Field, wanted: Desired, live: Live, record: RecordFacts) -> bool:
    """Whether the value that is asked for, no list, gives more than what is there, or than what was
    agreed on; where none is asked for, that of what is there.
    """
    asked = wanted.fields.get(field.name, live.fields.get(field.name))
    others = (live.fields.get(field.name), agreed_value(field, record))
    if not isinstance(asked, int | str):
        return False
    return any(isinstance(has, int | str) and wider(field, has, asked) for has in others)


def _unagreed(field: Field, wanted: Desired, live: Live, agreed: Agreed) -> dict[str, Entry]:
    """What is attached and asked for, and nobody has agreed on yet; where nothing was ever agreed
    on, all that is attached.
    """
    has, asked = _entries(live.fields.get(field.name)), _entries(wanted.fields.get(field.name))
    known = agreed.of(field.name)
    if known is None:
        return dict(has)
    return {key: entry for key, entry in has.items() if key in asked and key not in known}


def _unlisted(field: Field, wanted: Desired, live: Live, agreed: Agreed) -> bool:
    """Whether somebody is there, and asked for, whom the record of a group does not name that has a
    right to change rights by it: what its policies let do by now decides whether he is a stranger.
    """
    listed = agreed.of(field.name)
    members = field.escalates is Escalation.MEMBERSHIP
    if not members or listed is None or not agreed.gives(field.carries):
        return False
    has, asked = _entries(live.fields.get(field.name)), _entries(wanted.fields.get(field.name))
    return bool(has.keys() & asked.keys() - listed.keys())


def _new(field: Field, wanted: Desired, live: Live) -> dict[str, Entry]:
    live_part = live.fields.get(field.name)
    if isinstance(live_part, UnknownPart):
        return {}
    has = _entries(live_part)
    asked = _entries(wanted.fields.get(field.name))
    return {key: entry for key, entry in asked.items() if key not in has}


def _entries(value: FieldValue | UnknownPart | None) -> Mapping[str, Entry]:
    return value if isinstance(value, Mapping) else {}


def _attached(subject: Subject, live: Live) -> frozenset[str] | None:
    if live.presence is not Presence.PRESENT:
        return frozenset()
    names = [f.name for f in subject.row.fields if f.escalates is Escalation.ATTACHMENT]
    parts = [live.fields.get(name) for name in names]
    if any(not isinstance(part, Mapping) for part in parts):
        return None
    return frozenset(key for part in parts for key in _entries(part))
