"""`python -m lab.shifted SECONDS [flags]`: the operator with a clock that is wrong.

The product's own start with another clock for its decisions; nothing else differs.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime

from ram_operator import config, startup
from ram_operator.loop.ports import Clock
from ram_operator.observability import logs


def clock(shift: float) -> Clock:
    """The machine's, so many seconds ahead."""

    def wall() -> float:
        return time.time() + shift

    def stamp() -> str:
        return datetime.fromtimestamp(wall(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    return Clock(time.monotonic, wall, stamp)


if __name__ == "__main__":
    settings = config.load(sys.argv[2:], os.environ)
    logs.configure(settings.log_format, settings.log_level)
    startup.main(settings, clock(float(sys.argv[1])))
