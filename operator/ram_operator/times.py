"""Times and lengths of time as texts: the only module that parses or prints them. Pure.

A time in code is a number of seconds since the epoch. As a text it is RFC 3339, as Kubernetes and
RAM write it. A time without a zone would be another one on each machine, so it is none here.
Whoever needs the time now has a clock and passes on what that says.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

DAY: Final = 86_400.0
"""Seconds."""

_SECONDS: Final = "%Y-%m-%dT%H:%M:%SZ"
_MICROSECONDS: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
_DURATION: Final = re.compile(r"(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_IN_CONDITIONS: Final = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{3}|\.\d{6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
LAST: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""The last time that can be written, in microseconds since the epoch."""


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return found


def seconds(text: str) -> float:
    """A time as seconds since the epoch. Raises ValueError."""
    return _moment(text).timestamp()


def seconds_or_none(text: str) -> float | None:
    """As `seconds`; None for what is no time."""
    try:
        return seconds(text)
    except ValueError:
        return None


def microseconds(text: str) -> int:
    """A time as microseconds since the epoch, exactly. Raises ValueError."""
    return (_moment(text) - _EPOCH) // _MICROSECOND


def stamp(at: float) -> str:
    """RFC 3339 in UTC, whole seconds: the form of Kubernetes' `Time`. Fractions are dropped."""
    return datetime.fromtimestamp(at, UTC).strftime(_SECONDS)


def stamp_with_microseconds(at: float) -> str:
    """RFC 3339 in UTC: the form of Kubernetes' `MicroTime`."""
    return datetime.fromtimestamp(at, UTC).strftime(_MICROSECONDS)


def stamp_with_milliseconds(at: float) -> str:
    """RFC 3339 in UTC, with the offset spelled out: the form of the log."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def is_condition_time(text: str) -> bool:
    """Whether a text has the form of a time in the conditions of RAM's documents.

    The day or the hour may be none all the same: `microseconds` raises ValueError then.
    """
    return _IN_CONDITIONS.fullmatch(text) is not None


def check_day(text: str) -> None:
    """Raises ValueError for what is no day such as 2026-11-28."""
    date.fromisoformat(text)


def duration(text: str) -> float:
    """`1h30m`, `45s` → seconds. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if not text or match is None:
        raise ValueError(f"{text!r} is no duration")
    hours, minutes, rest = (int(part or 0) for part in match.groups())
    return float(hours * 3600 + minutes * 60 + rest)


def span(length: float) -> str:
    """Seconds as kubectl rounds a length of time: 45s, 12m, 3h, 6d; of a negative one its size."""
    whole = abs(int(length))
    for limit, size, unit in ((120, 1, "s"), (7200, 60, "m"), (172800, 3600, "h")):
        if whole < limit:
            return f"{whole // size}{unit}"
    return f"{whole // 86400}d"
