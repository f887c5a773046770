"""The gate: what may be sent to the cloud. Pure; the only maker of what lets it.

`cloud.execute` sends a trust document only inside a `Cleared` value, and only the functions here
make one. A trust is cleared in three cases and no other:
- a new role whose trust has no critical finding and means what its record (if any) last held;
- drift that widened a trust is taken back, to a document that is provably within what was agreed on
  and takes something from the live one; it adds nothing to that, unless letters make a difference;
- a person approved exactly this change, by the digest that the record offers.
Every other change of meaning is held.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from .. import documents
from ..kinds.role import TRUST
from ..model.changes import Change, Held, Judged
from ..model.objects import Account, Entry, FieldValue
from ..model.permissions import SEAL, Cleared, Passed, Permit
from ..model.records import InFlight, RecordFacts
from ..model.steps import CloudStep
from ..model.vocabulary import Direction, HeldKind, HeldVerdict
from . import approvals, remaining, rules
from .inputs import Approval

NEVER: Final = "1970-01-01T00:00:00Z"
ASSUME: Final = "sts:AssumeRole"

SENDS: Final = approvals.SENDS
_DIRECTIONS: Final = {
    documents.Verdict.NARROWER: Direction.NARROWER,
    documents.Verdict.WIDER: Direction.WIDER,
    documents.Verdict.MIXED: Direction.MIXED,
}


def allows(permit: object, step: CloudStep) -> bool:
    """Whether the step writes what was approved, in every part that needed it.

    What the gate did not make allows nothing.
    """
    if not isinstance(permit, Permit):
        return False
    sent = step.sent
    wanted = {(c.field, c.entry): c.after for c in permit.changes}
    shared = sent.keys() & wanted.keys()
    return bool(shared) and all(same(sent[part], wanted[part]) for part in shared)


def passing(changes: Iterable[Change]) -> Passed:
    """What was judged and needs no approval."""
    return Passed(SEAL, {(c.field, c.entry): c.after for c in changes})


def same(sent: object, approved: object) -> bool:
    """What is sent is what was approved, and for no longer."""
    ends = [item.until if isinstance(item, Entry) else "" for item in (sent, approved)]
    return sent == approved and ends[0] == ends[1]


def weigh(
    held: Held,
    approval: Approval,
    record: RecordFacts,
    whole: Mapping[str, FieldValue] | None = None,
) -> Permit | None:
    """Whether a held change was approved: exactly it, as the record offers it now, by the rules.

    `whole` is what an approver of all that was begun would see beside it now; None where that is
    not known.
    """
    if not record.exists or not record.settled or not approval.approve or not approval.honoured:
        return None
    held = approvals.knowing(held, record.rejections)
    flight = record.in_flight
    if approval.rejects(approval.approve) or not approvals.overrules(held, approval):
        return None
    if flight is not None and flight.approval:
        return _again(held, approval, record, whole)
    stands = approvals.digest(held, approval.scope, record.sequence)
    pending = record.pending
    if pending is None or pending.digest != stands or approval.approve != stands:
        return None
    if pending.rejected or approvals.expired(pending, approval.now):
        return None
    return _permit(held, approval, record, pending.expires)


def _again(
    held: Held, approval: Approval, record: RecordFacts, whole: Mapping[str, FieldValue] | None
) -> Permit | None:
    """Begun and not known to have ended: what is left of it is sent once more. A deletion goes on
    however often that is refused: the identity goes only once.
    """
    begun = record.in_flight
    assert begun is not None
    if not approvals.goes_on(begun, approval):
        return None
    permit = _permit(held, approval, record, begun.expires)
    if begun.operation == HeldKind.DELETION == held.kind:
        return replace(permit, sends=max(begun.sends, 1)) if _remains(held, begun) else None
    same = begun.change == approvals.change_digest(held)
    left = whole is not None and remaining.is_left(held, whole, begun, record.agreed)
    return replace(permit, sends=begun.sends + 1) if same or left else None


def _remains(held: Held, begun: InFlight) -> bool:
    """Whether it is what is left of a deletion that was approved and begun: it takes nothing away
    that was not approved. Where there was too much to tell, it is not.
    """
    told = 0 < len(begun.wishes) < approvals.PARTS
    left = told and set(approvals.wishes(held)) <= set(begun.wishes)
    return left or begun.change == approvals.change_digest(held)


def _permit(held: Held, approval: Approval, record: RecordFacts, expires: str) -> Permit:
    parts, seen = remaining.told(held)
    return Permit(
        SEAL,
        approval.approve,
        record.sequence,
        held.kind,
        approvals.change_digest(held),
        held.changes,
        by=approval.approver,
        expires=expires,
        context=held.context,
        parts=parts,
        seen=seen,
    )


def clear(permit: Permit, field: str) -> Cleared:
    """The approved trust, as it was approved and no other."""
    change = next(c for c in permit.changes if c.field == field)
    before, after = change.before, change.after
    assert before is None or isinstance(before, documents.Trust)
    assert isinstance(after, documents.Trust)
    operation = HeldKind.ROLE_CREATION if before is None else HeldKind.TRUST_CHANGE
    return Cleared(SEAL, operation, after, before, permit)


def direction(cleared: Cleared) -> Direction:
    """What sending it does to access."""
    before = in_force(cleared.before or documents.NOBODY)
    return _direction(documents.compare_trust(before, cleared.trust).verdict)


def _direction(verdict: documents.Verdict) -> Direction:
    return _DIRECTIONS.get(verdict, Direction.UNKNOWN)


def judge_creation(
    trust: documents.Trust, account: Account, record: RecordFacts, moved: Sequence[Judged] = ()
) -> Cleared | Held:
    """May a role be created with this trust? Deleting and re-creating is no way round the gate.

    `moved` are its identity providers that are not what they were when the role existed last.
    """
    verdict = _judge_creation(trust, account, record)
    if isinstance(verdict, Cleared):
        stays = record.pending is not None and record.pending.trust == trust.digest
        if not stays and not moved:
            return verdict
        # Neither other settings nor a second look release what waits for a person.
        summary = "it was held before the settings of the account changed"
        if not stays:
            summary = "the role existed before, with its identity providers as they were then"
        gains = documents.compare_trust(documents.NOBODY, trust).gain_sentences
        kind = HeldKind.ROLE_CREATION if stays else HeldKind.PROVIDER_CHANGE
        verdict = Held(kind, summary, gains, (), rules.assess(trust, account))
    change = Change(TRUST.name, None, trust, Direction.WIDER)
    return replace(verdict, changes=(change,), verdict=HeldVerdict.NEW)


def _judge_creation(
    trust: documents.Trust, account: Account, record: RecordFacts
) -> Cleared | Held:
    findings = rules.assess(trust, account)
    gains = documents.compare_trust(documents.NOBODY, trust).gain_sentences
    if lost(account, record):
        summary = "records of this account were lost: it may have been held before"
        return Held(HeldKind.RECORDS_LOST, summary, gains, (), findings)
    if record.baseline_unreadable:
        return Held(
            HeldKind.ROLE_CREATION, "the record of this role cannot be read", gains, (), findings
        )
    if record.baseline is not None:
        comparison = documents.compare_trust(record.baseline, trust)
        if comparison.verdict is not documents.Verdict.SAME:
            return Held(
                HeldKind.ROLE_CREATION,
                "the role existed before with another trust",
                comparison.gain_sentences,
                comparison.loss_sentences,
                findings,
            )
    if rules.dangerous(findings):
        summary = "creating the role would trust somebody dangerous"
        return Held(HeldKind.ROLE_CREATION, summary, gains, (), findings)
    return Cleared(SEAL, HeldKind.ROLE_CREATION, trust)


def lost(account: Account, record: RecordFacts) -> bool:
    """Whether records are gone, and this one knows no more of the identity than that its creation
    is asked for.
    """
    remembers = record.exists and bool(record.cloud_id or record.baseline or record.deleted)
    return account.records_lost and not remembers


def judge_take_back(
    live: documents.Trust, wanted: documents.Trust, account: Account
) -> Cleared | Held:
    """Drift: may what was added by hand be taken away at once?

    `wanted` is what the record holds. Where the live document only adds to it, it is restored;
    where parts were also removed by hand, only what both have in common stays, and where they have
    nothing in common nobody is trusted until a person decides. Who is agreed on and is there in
    other letters stays, in the letters that were agreed on.
    """
    # RAM takes no trust that names nobody.
    if wanted.grants and _within(wanted, live):
        return Cleared(SEAL, HeldKind.TRUST_TAKEN_BACK, wanted, live)
    if documents.compare_trust(live, wanted).losses:
        try:
            common = documents.intersect_trust(live, wanted)
        except documents.TooComplex:
            # Nobody knows whom it would shut out, so nobody is.
            return hold_change(live, wanted, account)
        if common is not None:
            if _takes(common, live) and not documents.compare_trust(wanted, common).gains:
                return Cleared(SEAL, HeldKind.TRUST_TAKEN_BACK, common, live)
        else:
            for target in itertools.islice(_closed(live), _TRIED):
                if _within(target, live):
                    return Cleared(SEAL, HeldKind.TRUST_TAKEN_BACK, target, live)
    return hold_change(live, wanted, account)


_TRIED: Final = 4
"""Closed trusts: the first one is within the live one, or there is a reason that holds for all."""


def _takes(target: documents.Trust, live: documents.Trust) -> bool:
    """Whether `target` takes more from the live document than a spelling."""
    comparison = documents.compare_trust(live, target)
    less = comparison.verdict in (documents.Verdict.NARROWER, documents.Verdict.UNKNOWN)
    return less and bool(comparison.losses) and not comparison.respelled


def _within(target: documents.Trust, live: documents.Trust) -> bool:
    """Whether `target` provably gives nothing that `live` does not, and perhaps less.

    What is taken away need not be understood: a stranger under a condition that nobody can read
    goes, too.
    """
    comparison = documents.compare_trust(live, target)
    if comparison.verdict is documents.Verdict.UNKNOWN:
        return not comparison.gains and bool(comparison.losses)
    return comparison.verdict is documents.Verdict.NARROWER


def _closed(live: documents.Trust) -> Iterator[documents.Trust]:
    """Trusts that nobody can use any more, most likely within `live`: RAM takes no empty one.

    One grant of the live document each, under the condition that the time is before 1970. What may
    not be asked for, like the action `*`, may well be live, and then the one action in it that
    matters is named.
    """
    for grant in live.grants:
        if (
            grant.effect != documents.Effect.ALLOW
            or grant.tokens
            or grant.all_but
            or grant.principal is None
        ):
            continue
        conditions: dict[str, dict[str, list[str]]] = {}
        for condition in grant.conditions:
            conditions.setdefault(condition.operator, {})[condition.key] = list(condition.values)
        conditions.setdefault("DateLessThan", {})["acs:CurrentTime"] = [NEVER]
        for actions in (grant.actions, (ASSUME,)):
            statement = {
                "Effect": str(documents.Effect.ALLOW),
                "Action": list(actions),
                "Principal": {grant.principal.spelled: [grant.principal.raw]},
                "Condition": conditions,
            }
            with contextlib.suppress(documents.DocumentError):
                yield documents.parse_trust({"Version": "1", "Statement": [statement]})


def in_force(trust: documents.Trust) -> documents.Trust:
    """The trust without what `_closed` left of it, which nobody can use.

    Otherwise the way back from it would look as if it took something away.
    """
    return documents.NOBODY if trust.grants and all(map(_never, trust.grants)) else trust


def _never(grant: documents.Grant) -> bool:
    return not grant.tokens and any(
        condition.operator == "DateLessThan"
        and condition.key.lower() == "acs:currenttime"
        and tuple(condition.values) == (NEVER,)
        for condition in grant.conditions
    )


def hold_found(change: Change, account: Account) -> Held:
    """The Held value of a trust that is in the cloud and in the manifest, and was never agreed on;
    `change` is from what was to what is.
    """
    before, found = change.before, change.after
    assert isinstance(before, documents.Trust)
    assert isinstance(found, documents.Trust)
    held = hold_change(before, found, account)
    return replace(held, kind=HeldKind.FOUND, summary=approvals.FOUND_SAYS)


def hold_change(
    live: documents.Trust,
    wanted: documents.Trust,
    account: Account,
    session: tuple[int, int] | None = None,
) -> Held:
    """The Held value of a change of an existing role's trust; `session` changes beside it."""
    comparison = documents.compare_trust(in_force(live), wanted)
    summary = f"trust change ({comparison.verdict})"
    return Held(
        HeldKind.TRUST_CHANGE,
        summary,
        comparison.gain_sentences,
        comparison.loss_sentences,
        rules.assess(wanted, account, in_force(live), session),
        (Change(TRUST.name, live, wanted, _direction(comparison.verdict)),),
        HeldVerdict(comparison.verdict),
    )
