"""Moments that a test waits for by the operator's clock, which is the one on the wall."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from lab import waiting

FORM = "%Y-%m-%dT%H:%M:%SZ"


def moment(seconds: float) -> str:
    """So many seconds from now."""
    return datetime.fromtimestamp(time.time() + seconds, UTC).strftime(FORM)


def soon(seconds: float) -> str:
    """What takes less than so many seconds elsewhere is done before. It may be some minutes."""
    return moment(seconds * waiting.slowness())


def come(end: str) -> None:
    """Sleep until it is so late: no patience of a test that waits for what follows is used up."""
    at = datetime.strptime(end, FORM).replace(tzinfo=UTC).timestamp()
    time.sleep(max(0.0, at - time.time()))
