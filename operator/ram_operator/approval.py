"""The gate: which trust document may be sent to the cloud. Pure; the only maker of `Cleared`.

`cloud.execute` sends a trust document only inside a `Cleared` value, and only the functions here
make one. A trust is cleared in two cases and no other:
- a new role whose trust has no critical finding and means what its record (if any) last held;
- drift that widened a trust is taken back, to a document that is provably narrower than the live.
Every other change of meaning is held. No annotation opens the gate.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from . import documents, risk
from .errors import Bug
from .model import Account, Held, RecordFacts

_SEAL: Final = object()

NEVER: Final = "1970-01-01T00:00:00Z"
ASSUME: Final = "sts:AssumeRole"

CREATION: Final = "RoleCreation"
TAKE_BACK: Final = "TrustTakenBack"
CHANGE: Final = "TrustChange"


@dataclass(frozen=True, slots=True)
class Cleared:
    """Permission to send exactly `trust`, for `operation`, while the live document is `before`.

    `before` is None for a creation. Making one outside this module raises Bug.
    """

    seal: object
    operation: str
    trust: documents.Trust
    before: documents.Trust | None = None

    def __post_init__(self) -> None:
        if self.seal is not _SEAL:
            raise Bug("a trust document was cleared outside the gate")


def judge_creation(trust: documents.Trust, account: Account, record: RecordFacts) -> Cleared | Held:
    """May a role be created with this trust? Deleting and re-creating is no way round the gate."""
    findings = risk.assess(trust, account)
    gains = documents.compare_trust(documents.NOBODY, trust).gain_sentences
    if record.baseline_unreadable:
        return Held(CREATION, "the record of this role cannot be read", gains, (), findings)
    if record.baseline is not None:
        comparison = documents.compare_trust(record.baseline, trust)
        if comparison.verdict is not documents.Verdict.SAME:
            return Held(
                CREATION,
                "the role existed before with another trust",
                comparison.gain_sentences,
                comparison.loss_sentences,
                findings,
            )
    if risk.dangerous(findings):
        summary = "creating the role would trust somebody dangerous"
        return Held(CREATION, summary, gains, (), findings)
    return Cleared(_SEAL, CREATION, trust)


def judge_take_back(
    live: documents.Trust, wanted: documents.Trust, account: Account
) -> Cleared | Held:
    """Drift: may what was added by hand be taken away at once?

    `wanted` is what the record holds. Where the live document only adds to it, it is restored;
    where parts were also removed by hand, only what both have in common stays, and where they have
    nothing in common nobody is trusted until a person decides.
    """
    if _within(wanted, live):
        return Cleared(_SEAL, TAKE_BACK, wanted, live)
    if documents.compare_trust(live, wanted).verdict is not documents.Verdict.WIDER:
        common = documents.intersect_trust(live, wanted)
        for target in [common] if common is not None else _closed(live):
            if _within(target, live):
                return Cleared(_SEAL, TAKE_BACK, target, live)
    return hold_change(live, wanted, account)


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
        if grant.effect != "Allow" or grant.tokens or grant.all_but or grant.principal is None:
            continue
        conditions: dict[str, dict[str, list[str]]] = {}
        for condition in grant.conditions:
            conditions.setdefault(condition.operator, {})[condition.key] = list(condition.values)
        conditions.setdefault("DateLessThan", {})["acs:CurrentTime"] = [NEVER]
        for actions in (grant.actions, (ASSUME,)):
            statement = {
                "Effect": "Allow",
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


def hold_change(live: documents.Trust, wanted: documents.Trust, account: Account) -> Held:
    """The Held value of a change of an existing role's trust."""
    comparison = documents.compare_trust(in_force(live), wanted)
    summary = f"trust change ({comparison.verdict})"
    return Held(
        CHANGE,
        summary,
        comparison.gain_sentences,
        comparison.loss_sentences,
        risk.assess(wanted, account),
    )
