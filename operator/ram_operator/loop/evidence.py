"""What one decision is made on, brought together: lookups, providers, and what is remembered.

Called by the pass once it knows what is asked for and what the cloud has. Decides nothing.
"""

from __future__ import annotations

from typing import Final

from ..constants import ConditionType, Reason
from ..gate.inputs import Approval, Inputs, Memory
from ..model.state import Desired, Live
from ..model.vocabulary import HeldKind
from ..reporting import carryover, conditions
from ..runtime.sessions import Session
from . import coverage, holder_lookups, lookups, trust_lookups
from .ports import Ports
from .standing import Standing
from .subject import Subject

_NOT_LOOKING: Final = frozenset({Reason.SUSPENDED, Reason.OBSERVE_ONLY})


class Evidence:
    """Of one pass over one object."""

    def __init__(self, ports: Ports, subject: Subject, session: Session) -> None:
        self._ports = ports
        self._subject = subject
        self._session = session

    def rights(self, wanted: Desired, live: Live, standing: Standing) -> lookups.Rights:
        """What is attached, what it is to be, and what all that allows."""
        sources, agreed = self._ports.sources(self._session), standing.facts.agreed
        known = lookups.look(sources, self._subject, wanted, live, standing.facts)
        sides = (wanted, live)
        return holder_lookups.with_holders(sources, self._subject, sides, agreed, known)

    def inputs(
        self, sides: tuple[Desired, Live], standing: Standing, known: lookups.Rights, said: Approval
    ) -> Inputs:
        """All of it, for what is asked for and what is there."""
        subject, account, (wanted, live) = self._subject, self._session.account, sides
        sources = self._ports.sources(self._session)
        urgent = trust_lookups.wants_fresh_read(said, standing.facts, live)
        seen = trust_lookups.provider_states(sources, subject, (wanted, live), urgent)
        memory = Memory(
            options=subject.options,
            applied=subject.applied_to(live.cloud_id),
            record=standing.facts,
            completing=standing.completing,
            harmless_policies=known.harmless,
            reasons=known.reasons,
            itself=known.itself,
            attached=known.attached,
            narrowing=known.narrowing,
            ways=known.ways,
            outsiders=known.outsiders,
            holds_ways=known.holds_ways,
            judged=known.judged,
            lets=known.lets,
            sent=known.sent,
            denials=known.denials,
            gives_nothing=known.gives_nothing,
            says=known.says,
            holders=known.holders,
            texts=known.texts,
            not_in_force=known.not_in_force,
            moved=known.moved,
            denying=known.denying,
            gone=known.gone,
            no_users=known.no_users,
            less=known.less,
            watched=self._watched(standing),
        )
        return Inputs(subject.row, account, wanted, live, memory, said, providers=seen)

    def _watched(self, standing: Standing) -> bool:
        """Whether no look was left out since the identity was last as agreed on.

        Of what another process saw the status tells: it decides only what is done at once, and
        never what is agreed on.
        """
        subject = self._subject
        within = coverage.watched(self._ports, self._session, subject.key.kind, subject.options)
        known = self._ports.consistency.watched(subject.key, subject.uid, within)
        if known is not None:
            return known
        ready = conditions.find(subject.status.get("conditions") or (), ConditionType.READY)
        same = standing.facts.owner_uid == subject.uid
        if ready is None or not same or ready.get("reason") in _NOT_LOOKING:
            return False
        held = (subject.status.get("pending") or {}).get("kind")
        if held == HeldKind.FOUND or ready.get("reason") == Reason.FOUND_IN_CLOUD:
            # What others widened came while somebody was looking: it shields nothing else.
            return carryover.widened_alone(subject.status)
        return True
