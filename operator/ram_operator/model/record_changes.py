"""What a write changes of a RamRecord; its JSON is the business of `kinds.record` alone. Pure.

Made by `cluster.record_writer`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .. import documents
from .key_state import KeyState
from .objects import Owner
from .records import (
    NOTHING_AGREED,
    Acknowledgement,
    Agreed,
    DriftOffer,
    HistoryEntry,
    InFlight,
    Pending,
    Rejection,
)


class Part(StrEnum):
    """What a write can take out of a record."""

    OWNER = "owner"
    CLOUD_ID = "cloudId"
    DELETED_AT = "deletedAt"
    LOST_AT = "lostAt"
    PENDING = "pending"
    IN_FLIGHT = "inFlight"
    REJECTIONS = "rejections"
    BRAKE = "brake"
    BASELINE = "baseline"
    NEVER_MADE = "neverMade"
    DRIFT_OFFER = "driftOffer"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True, slots=True)
class RecordChange:
    """What a write changes of a record. What it does not name stays as it is."""

    clear: frozenset[Part] = frozenset()
    sequence: int | None = None
    owner: Owner | None = None
    owner_uid: str = ""
    """Of the owner that is named."""
    cloud_id: str | None = None
    baseline: documents.Trust | None = None
    deleted_at: str = ""
    lost_at: str = ""
    pending: Pending | None = None
    rejections: tuple[Rejection, ...] = ()
    """All that are known from now on."""
    in_flight: InFlight | None = None
    sends: int | None = None
    """How often the write counts as sent that was begun before."""
    history: tuple[HistoryEntry, ...] = ()
    """All of it."""
    ends: Mapping[str, str] = field(default_factory=dict)
    """By name; "" removes one."""
    providers: Mapping[str, str] = field(default_factory=dict)
    """By name; "" removes one."""
    agreed: Agreed = NOTHING_AGREED
    brakes: Mapping[str, str] = field(default_factory=dict)
    """By namespace, "" for all of them; a time of "" lets deletions go on."""
    never_made: str = ""
    forgotten: str = ""
    drift_offer: DriftOffer | None = None
    acknowledged: Acknowledgement | None = None
    keys: KeyState | None = None
    """All of it."""
