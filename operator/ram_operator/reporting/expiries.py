"""What ends or is due of an object, and where its status says when. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .. import times
from ..model.records import RecordFacts
from ..model.vocabulary import Expiry

FIELDS: Final[Mapping[Expiry, str]] = {
    Expiry.CREDENTIALS: "credentialsExpireAt",
    Expiry.ACCESS_KEY: "accessKeyRotatesAt",
    Expiry.MEMBER: "nextEndAt",
}
"""Fields of the status."""


def of_record(record: RecordFacts, rotate: float | None, now: float) -> dict[str, str]:
    """What the status says by a record. rotate: at which age in seconds a key is replaced."""
    found = dict[str, str]()
    issued = times.seconds_or_none(record.keys.issued) if record.keys.current else None
    if rotate is not None and issued is not None:
        found[FIELDS[Expiry.ACCESS_KEY]] = times.stamp(issued + rotate)
    ends = [times.seconds_or_none(end) for end in record.ends.values()]
    coming = [end for end in ends if end is not None and end > now]
    if coming:
        found[FIELDS[Expiry.MEMBER]] = times.stamp(min(coming))
    return found


def of_credentials(end: float | None) -> dict[str, str]:
    """What the status says of the operator's own."""
    return {FIELDS[Expiry.CREDENTIALS]: times.stamp(end)} if end is not None else {}


def told(status: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """What a status says of all this, in seconds since the epoch."""
    ends = ((what, times.seconds_or_none(str(status.get(name)))) for what, name in FIELDS.items())
    return tuple((what.value, at) for what, at in ends if at is not None)
