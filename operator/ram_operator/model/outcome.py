"""What a pass decided and what became of it: Plan → Outcome. Frozen values, without decisions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .. import documents
from ..constants import Reason
from ..errors import RamOperatorError
from .changes import Drift, Finding, Held
from .key_state import KeyReport
from .objects import nothing
from .records import NOTHING_AGREED, Acknowledgement, Agreed, DriftEntry, DriftOffer
from .state import Applied, Live
from .steps import Step
from .traces import Author, Seen
from .vocabulary import DriftAction, HeldKind, Phase


@dataclass(frozen=True, slots=True)
class Plan:
    """The decision of one pass: what to write in order, what is held, what has drifted."""

    steps: tuple[Step, ...] = ()
    held: Held | None = None
    drift: tuple[Drift, ...] = ()
    respelled: tuple[Drift, ...] = ()
    """What differs only in spellings that are assumed to be equal: shown, and no drift."""
    acknowledged: tuple[Drift, ...] = ()
    """Drift that stays for a while since somebody said so: shown, and nothing to be alerted on."""
    acknowledgeable: tuple[DriftEntry, ...] = ()
    """Of what was found, taken back or not, what people may acknowledge."""
    waiting: tuple[str, ...] = ()
    """Sentences: what is not done yet and what it waits for."""
    applied: Applied = field(default_factory=Applied)
    """What status.written is to say once all steps are done."""
    baseline: documents.Trust | None = None
    """The gated state that the record is to hold afterwards; None where the kind has none."""
    agreed: Agreed = NOTHING_AGREED
    """What the first record is to say beside it, see `RecordFacts.agreed`."""
    in_sync: bool = True
    incomplete: bool = False
    """What an approval has to cover, or what is drift, is not all known: nothing is offered."""
    unsure: tuple[str, ...] = ()
    """Sentences: what is not known, or not believed yet. No offer ends by such a look."""
    unread: frozenset[str] = frozenset()
    """Parts that could not be read, or are not believed yet, as `status.drift` names them: of them
    nothing new is known.
    """
    live_digest: str = ""
    """Digest of the trust that the cloud has, or has once the identity is created."""
    error: RamOperatorError | None = None
    """Why something that a trust names could not be looked at."""
    providers: Mapping[str, str] = field(default_factory=nothing)
    """What the first record is to say of identity providers, see `RecordFacts.providers`."""
    noticed: tuple[tuple[str, Finding], ...] = ()  # of what needed no approval, by place
    remarks: tuple[Finding, ...] = ()  # of what is there when the pass is over

    @property
    def found(self) -> bool:
        """Whether the cloud has what is asked for and was never agreed on."""
        return self.held is not None and self.held.kind is HeldKind.FOUND

    @property
    def drift_remaining(self) -> tuple[Drift, ...]:
        """Drift that is still there when the pass is over."""
        return tuple(entry for entry in self.drift if entry.action != DriftAction.CORRECTED)


@dataclass(frozen=True, slots=True)
class Acknowledging:
    """What the record says of acknowledged drift once the pass is over, and of what may be."""

    holds: Acknowledgement | None = None
    ending: bool = False
    """It ends so soon that people have to know."""
    offer: DriftOffer | None = None
    voided: str = ""
    """Why the acknowledgement on the object does not count."""


NOT_ACKNOWLEDGED: Final = Acknowledging()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that one pass found out, the only input of `status`."""

    phase: Phase
    reason: Reason
    message: str
    plan: Plan | None = None
    live: Live | None = None
    account_id: str = ""
    steps_done: tuple[Step, ...] = ()
    applied: Applied | None = None
    observe_only: bool = False
    verified: bool = False
    adopted: bool = False
    recorded: bool = False  # some record spoke of the object before the pass began
    drift_unconfirmed: bool = False
    """Drift was seen but not yet believed: what the status says of drift stays."""
    kept: tuple[Drift, ...] = ()  # what the status shows of parts that could not be read
    shows: Mapping[str, str] = field(default_factory=nothing)  # field → where status lists it
    handled_request: str = ""
    after: float | None = None
    authors: Mapping[Seen, Author] = field(default_factory=dict)  # of what a status shows
    also: tuple[str, ...] = ()  # what is so besides, a sentence each
    acknowledging: Acknowledging = NOT_ACKNOWLEDGED
    keys: KeyReport | None = None  # of the operator's making; None where nothing was looked at

    @property
    def whole(self) -> str:
        """All that is to be said, what weighs most first."""
        return "; ".join((self.message, *self.also))

    @property
    def drift_corrected(self) -> tuple[Drift, ...]:
        """Drift that a step of this pass has put right."""
        settled = frozenset(name for step in self.steps_done for name in step.settles)
        found = self.plan.drift if self.plan is not None else ()
        return tuple(d for d in found if d.action == DriftAction.CORRECTED and d.field in settled)

    @property
    def drift_remaining(self) -> tuple[Drift, ...]:
        """Drift that is still there: left alone, or its correction was not carried out."""
        if self.plan is None:
            return ()
        corrected = self.drift_corrected
        found = (entry for entry in self.plan.drift if entry not in corrected)
        quiet = (DriftAction.RESPELLED, DriftAction.ACKNOWLEDGED)
        return (*found, *(entry for entry in self.kept if entry.action not in quiet))
