"""The API server's admission forgets, every 30 s, which kinds there are, and looks them up anew.

Where it is too busy to answer itself it does not find a kind that has been served all the time, and
refuses all writes of it with 503 until it looks again. Nothing was done then: whoever asks by
connection.py asks again, as anybody would.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from lab.waiting import Deadline

Answer = tuple[int, bytes]
"""Status and content."""
NOT_FOUND_NOW: Final = b"There can be a delay between when CustomResourceDefinitions are created"
PAUSE: Final = 0.25


def asked_again(ask: Callable[[], Answer], pause: float = PAUSE) -> Answer:
    """The answer once the kind is found; that it is not, where it is so for a minute."""
    deadline = Deadline()
    while True:
        status, content = ask()
        if status != 503 or NOT_FOUND_NOW not in content or deadline.over:
            return status, content
        time.sleep(pause)
