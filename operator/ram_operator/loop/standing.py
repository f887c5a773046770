"""Who owns a cloud identity: the record decides, the tags in the cloud help after a loss.

Called by the pass before it plans: may this object manage that identity? Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from .. import documents, times
from ..constants import AdoptionPolicy, Reason
from ..errors import Retry, Stalled
from ..kinds import sign_in
from ..kinds.record import Identity, facts_of
from ..model.objects import Owner, UnknownPart
from ..model.records import (
    ABANDONED,
    ADOPTED,
    CREATED,
    MANAGED,
    RecordFacts,
    instead_of_creation,
)
from ..model.state import Live
from ..model.vocabulary import Presence

CLOCKS_APART: Final = 60.0
"""Seconds that the cloud's clock and ours may differ."""
CREATION_MAY_TAKE: Final = 900.0
"""Seconds from the announcement of a creation, which may wait for the rate limit, to its end."""
HAND_OVER: Final = "; to hand it over, let that object give it up: annotation abandon"
OLD_ANSWER: Final = 1.0
"""Seconds after which an identity that was deleted and is still shown is looked at again."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """The object that wants to manage the identity."""

    owner: Owner
    uid: str
    noun: str
    adoption: AdoptionPolicy
    may_adopt: bool
    """The tenant may adopt."""
    observe: bool
    unsettled: float
    """Seconds until a look can be trusted after our own last write."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How the object stands towards the identity."""

    facts: RecordFacts
    completing: bool = False
    claim_first: bool = False
    needs_record: bool = False
    gone_by_hand: bool = False
    verb: str = MANAGED


def stand(
    claimant: Claimant, record: Mapping[str, Any] | None, identity: Identity, live: Live
) -> Standing:
    """Raises Stalled(Conflict | NotAdopted) when the identity is somebody else's."""
    facts = facts_of(record, identity)
    if facts.owner is not None and facts.owner != claimant.owner:
        raise Stalled(
            Reason.CONFLICT,
            f"{claimant.noun} {identity.cloud_name} is managed by {facts.owner};"
            f" only one object may manage an identity{HAND_OVER}",
        )
    ours = facts.owner == claimant.owner
    if live.presence is Presence.ABSENT:
        same_object = facts.owner_uid == claimant.uid
        gone = ours and same_object and bool(facts.cloud_id) and not facts.deleted
        return Standing(facts, gone_by_hand=gone)
    if facts.deleted and facts.cloud_id and facts.cloud_id == live.cloud_id:
        # No identity comes back under its id, so this answer is older than the deletion.
        text = f"{claimant.noun} {live.cloud_name} was just deleted; it is looked at again"
        raise Retry(Reason.PROGRESSING, text, max(claimant.unsettled, OLD_ANSWER))
    held = facts.pending is not None or bool(facts.never_made)
    offered = held and facts.in_flight is None
    claimed = ours and not facts.cloud_id and live.owner in (None, claimant.owner)
    made = may_have_made(facts, live) or _sent(claimant, facts, live)
    if claimed and not offered and made:
        # Claimed before it was created, and the pass did not get as far as saying so.
        made_now = replace(facts, never_made="")
        return Standing(made_now, completing=True, needs_record=True, verb=CREATED)
    if ours and facts.cloud_id == live.cloud_id:
        moved = facts.owner_uid != claimant.uid or facts.in_flight is not None
        return Standing(facts, needs_record=moved)
    return _found(claimant, facts, live, replaced=ours)


def _sent(claimant: Claimant, facts: RecordFacts, live: Live) -> bool:
    """Whether it is what an approved creation was to send, and bears our mark."""
    flight = facts.in_flight
    if flight is None or not flight.approval or live.owner != claimant.owner:
        return False
    trusts = [part.digest for part in live.fields.values() if isinstance(part, documents.Trust)]
    return trusts == [flight.digest]


def may_have_made(facts: RecordFacts, live: Live) -> bool:
    """Whether an identity of that creation date can be the one whose creation was announced.

    What somebody makes by hand long after an announcement that came to nothing is not ours. Where
    a date is missing or cannot be read it is not, either.
    """
    return _followed(live, facts.claimed_at)


def _made_since(facts: RecordFacts, live: Live) -> bool:
    """Whether it was made after its name was looked up among those that were let go, which may be
    in there by chance, and nothing else was said of it since: as what nobody ever offered.
    """
    return not facts.history and _followed(live, facts.never_made)


def _followed(live: Live, since: str) -> bool:
    try:
        late = times.seconds(live.created_at) - times.seconds(since)
    except ValueError:
        return False
    return -CLOCKS_APART <= late <= CREATION_MAY_TAKE


def _found(claimant: Claimant, facts: RecordFacts, live: Live, *, replaced: bool) -> Standing:
    """An identity that exists although no record of ours covers it."""
    tags = next((v for v in live.fields.values() if isinstance(v, UnknownPart)), None)
    if live.owner is None and tags is not None:
        raise tags.error
    if claimant.observe:
        return Standing(facts, needs_record=False)
    unmade = bool(facts.never_made) and not _made_since(facts, live)
    if live.owner == claimant.owner and not replaced and not unmade:
        # Created by us, and the pass did not get as far as its record. Or it was taken over or
        # given up since, or its record was lost: the mark does not say that we made it.
        made_now, again = replace(facts, never_made=""), facts.turn in (ABANDONED, ADOPTED, CREATED)
        verb = MANAGED if again or not facts.exists else CREATED
        return Standing(made_now, completing=True, needs_record=True, verb=verb)
    if claimant.unsettled > 0:
        text = f"{claimant.noun} {live.cloud_name} was just written; it is looked at again"
        raise Retry(Reason.PROGRESSING, text, claimant.unsettled)
    if live.owner not in (None, claimant.owner) and not _given_up(facts, live):
        raise Stalled(
            Reason.CONFLICT,
            f"{claimant.noun} {live.cloud_name} bears the mark of {live.owner};"
            f" only one object may manage an identity{HAND_OVER}",
        )
    if claimant.adoption is AdoptionPolicy.IF_EXISTS and claimant.may_adopt:
        # What was agreed on for another identity of that name says nothing about this one.
        # But of how it may sign in: by ids, which no other identity has.
        afresh = replace(facts, baseline=None, agreed=facts.agreed.only(sign_in.FIELD))
        if facts.never_made and facts.cloud_id != live.cloud_id:
            afresh = replace(afresh, rejections=instead_of_creation(facts))
        return Standing(afresh, claim_first=True, verb=ADOPTED)
    raise Stalled(Reason.NOT_ADOPTED, _not_adopted(claimant, live, replaced))


def _given_up(facts: RecordFacts, live: Live) -> bool:
    """Whether the mark that the identity bears is that of who let go of this very identity."""
    # In full: a name that the record had to cut proves nothing.
    mine = live.owner is not None and str(live.owner) == facts.given_up_by
    return mine and bool(facts.cloud_id) and facts.cloud_id == live.cloud_id


def _not_adopted(claimant: Claimant, live: Live, replaced: bool) -> str:
    what = f"{claimant.noun} {live.cloud_name}"
    how = (
        f"{what} was deleted and created again by hand"
        if replaced
        else f"{what} exists already and was not created by this object"
    )
    if claimant.adoption is not AdoptionPolicy.IF_EXISTS:
        return how + "; set spec.adoptionPolicy to IfExists to take it over, or choose another name"
    return how + "; the namespace may not adopt, see spec.tenants[].adoption of the RamAccount"
