"""Each first day from its beginning to its end; with -s what was typed and how long it took."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.first_days import (
    administrator,
    developer,
    four_hundred,
    platform_engineer,
    security_engineer,
)
from tests.first_days.day import Day, day
from tests.support import documented

DAYS: dict[str, Callable[[Day], None]] = {
    "developer": developer.live,
    "security engineer": security_engineer.live,
    "platform engineer": platform_engineer.live,
    "four hundred identities": four_hundred.live,
    "administrator": administrator.live,
}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("who", DAYS)
def test_a_first_day(tmp_path: Path, who: str) -> None:
    print(f"\n== {who}", flush=True)
    with day(tmp_path) as today:
        DAYS[who](today)
        file = f"{DAYS[who].__module__.replace('.', '/')}.py"
        assert documented.untyped(file, today.typed) == [], "commands.yaml says that it types them"
